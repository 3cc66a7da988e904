"""Cores as locks between processes."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack

import pytest

from lab import mlproject
from lab.host import cores

# Holds a core until its standard input ends, and says which.
HOLD = """
import os, sys
from lab.host import cores
with cores.hold_one():
    print(*cores.available(), flush=True)
    sys.stdin.read()
print(*cores.available(), flush=True)
"""


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    """Trials of others must not be waited for."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def hold():
    """Starts a process that holds a core; none outlives the test."""
    with ExitStack() as started:

        def start():
            holder = subprocess.Popen(
                [sys.executable, "-c", HOLD],
                cwd=mlproject.PROJECT_DIRECTORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            started.enter_context(holder)
            started.callback(holder.kill)
            return holder

        yield start


def test_each_process_has_a_core_of_its_own_and_gives_it_back(hold):
    everything = cores.available()
    holders = [hold() for _ in everything]
    held = [holder.stdout.readline().split() for holder in holders]
    if hasattr(os, "sched_setaffinity"):
        assert sorted(held) == sorted([str(core)] for core in everything)
    waiting = hold()
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    rest, _ = holders[0].communicate()
    assert rest.split() == [str(core) for core in everything]
    assert waiting.stdout.readline().split() == held[0]


def test_a_core_is_free_again_when_its_holder_is_killed(hold):
    holders = [hold() for _ in cores.available()]
    for holder in holders:
        holder.stdout.readline()
    holders[0].send_signal(signal.SIGKILL)
    with cores.hold_one():
        pass


def test_who_no_longer_wants_a_core_does_not_wait_for_one(hold):
    holders = [hold() for _ in cores.available()]
    for holder in holders:
        holder.stdout.readline()
    with pytest.raises(EOFError), cores.hold_one(lambda: False):
        pass
