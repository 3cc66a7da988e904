"""Telling live processes from dead ones, and tidying up after those."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from lab import mlproject
from lab.host import process


@pytest.fixture
def sleeper():
    """A process that lives until its standard input is closed."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        yield child


def identity_of(pid):
    return f"{process._host()} {process._local_identity(pid)}"


def test_this_process_is_alive():
    assert process.is_alive(process.identity()) is True


def test_a_process_is_alive_until_it_ends(sleeper):
    identity = identity_of(sleeper.pid)
    assert process.is_alive(identity) is True
    sleeper.kill()
    # Ended, but nobody has asked for its exit status yet.
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert process.is_alive(identity) is False
    sleeper.wait()
    assert process.is_alive(identity) is False


def test_a_later_process_with_the_same_number_is_another(sleeper):
    earlier = identity_of(sleeper.pid).rpartition(" ")[0] + " 1"
    assert process.is_alive(earlier) is False


def test_nothing_is_known_of_other_hosts():
    assert process.is_alive(f"elsewhere {os.getpid()} 1") is None


def test_scratch_folders_of_dead_processes_are_removed(tmp_path, monkeypatch, sleeper):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    host, pid = process._host_mark(), sleeper.pid
    living = process._local_identity(pid).replace(" ", "-")
    kept = ["notes", f"tp2-{host}-{living}-abc", f"tp2-00000000-{pid}-1-abc", "tp2-a-b"]
    left = [f"tp2-{host}-{pid}-1-abc", f"tp2-{host}-999999999-7-x_y"]
    kept, left = ([tmp_path / name for name in names] for names in (kept, left))
    for folder in kept + left:
        folder.mkdir()
        (folder / "file").write_text("content")
    with process.scratch_folder() as mine:
        (mine / "file").write_text("content")
        assert sorted(tmp_path.iterdir()) == sorted([*kept, mine])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_process_can_be_told_to_stop_and_no_later_one(sleeper):
    identity = identity_of(sleeper.pid)
    process.terminate(identity.rpartition(" ")[0] + " 1")  # an earlier one's identity
    process.terminate("")
    assert process.is_alive(identity) is True
    process.terminate(identity)
    assert sleeper.wait(30) == -signal.SIGTERM


def test_a_claim_lasts_until_it_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert process.claimed_by("0123") is None
    process.claim("0123")
    assert process.claimed_by("0123") == process.identity()
    process.drop_claim("0123")
    process.drop_claim("0123")
    assert process.claimed_by("0123") is None


def test_a_step_whose_driver_died_while_it_started_stops(sleeper):
    """Its parent is another process from the beginning."""
    driver = identity_of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    watch = (
        "import time; from lab.host import process;"
        " process.watch_parent(); time.sleep(60)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch],
        check=False,
        cwd=mlproject.PROJECT_DIRECTORY,
        env=os.environ | {process.DRIVER: driver},
    )
    assert done.returncode == -signal.SIGTERM
