"""Cores as locks between processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

import pytest

from lab import mlproject
from lab.host import cores

# Holds a core until its standard input ends, and says which.
HOLD = """
import os, sys
from lab.host import cores
with cores.hold_one(epochs=int(os.environ.get("EPOCHS", 0))):
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

        def start(**variables):
            holder = subprocess.Popen(
                [sys.executable, "-c", HOLD],
                cwd=mlproject.PROJECT_DIRECTORY,
                env=os.environ | variables,
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
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) == len(
        holders
    ):
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


@pytest.fixture
def waiting(hold, tmp_path):
    """Starts a process that waits for a core, as all are held."""

    def start(driver, epochs):
        holder = hold(TP2_DRIVER=driver, EPOCHS=str(epochs))
        while not [*tmp_path.glob(f"tp2-locks-*/line-*-{epochs}-{holder.pid}")]:
            time.sleep(0.01)
        return holder

    return start


def test_of_one_pipeline_the_longest_trial_that_waits_goes_first(hold, waiting):
    holders = [hold(TP2_DRIVER="a") for _ in cores.available()]
    for holder in holders:
        holder.stdout.readline()
    short, long = waiting("a", 5), waiting("a", 20)
    holders[0].communicate()
    assert long.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        short.wait(1)
    long.communicate()
    assert short.stdout.readline()


def test_other_pipelines_and_the_dead_are_not_waited_for(hold, waiting, tmp_path):
    holders = [hold(TP2_DRIVER="a") for _ in cores.available()]
    for holder in holders:
        holder.stdout.readline()
    short, dead = waiting("a", 5), waiting("a", 20)
    os.kill(dead.pid, signal.SIGKILL)
    dead.wait()
    other = waiting("b", 30)
    os.kill(other.pid, signal.SIGSTOP)  # it waits, and takes no core
    holders[0].communicate()
    assert short.stdout.readline()
    assert not [*tmp_path.glob("tp2-locks-*/line-*-20-*")]


# --- what a container is granted ------------------------------------------------------

V1 = "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "200000 100000"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000"}, 2),
        ("0::/\n", {"cpu.max": "5000 100000"}, 1),
        ("0::/\n", {"cpu.max": "max 100000"}, None),
        ("0::/\n", {}, None),
        ("0::/\n", {"cpu.max": "what is this"}, None),
        # A group has what those around it grant, and may itself say no more.
        (
            "0::/a.slice/b.scope\n",
            {
                "cpu.max": "800000 100000",
                "a.slice/cpu.max": "300000 100000",
                "a.slice/b.scope/cpu.max": "max 100000",
                "a.slice/other/cpu.max": "100000 100000",
            },
            3,
        ),
        # The path of the host, in a container that sees its own group as the root.
        ("0::/docker/abc\n", {"cpu.max": "400000 200000"}, 2),
        ("0::/../../other\n", {"cpu.max": "400000 200000"}, 2),
        (
            V1,
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            V1,
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "100000",
                "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "50000",
            },
            2,
        ),
        (V1, {"memory/cpu.max": "100000 100000"}, None),
        (None, {"cpu.max": "200000 100000"}, None),
    ],
)
def test_control_groups_grant_time(tmp_path, groups, files, expected):
    if groups is not None:
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    assert cores.granted(tmp_path) == expected


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="only Linux binds to cores"
)
def test_trials_take_as_many_cores_as_are_granted_and_choose_none(monkeypatch):
    allowed = os.sched_getaffinity(0)
    if len(allowed) == 1:
        pytest.skip("one core: no fewer can be granted")
    monkeypatch.setattr(cores, "granted", lambda: 1)
    assert cores.available() == [min(allowed)]
    with cores.hold_one():
        assert os.sched_getaffinity(0) == allowed
        with pytest.raises(EOFError), cores.hold_one(lambda: False):
            pass
    monkeypatch.setattr(cores, "granted", lambda: 1000)
    assert cores.available() == sorted(allowed)
