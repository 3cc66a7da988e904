"""Shares the cores of this machine among all trials on it: each holds one at a time.

Arms that train at once, and pipelines that do not know of each other, would otherwise
put several trials on one core, where they empty each other's caches. Each core has a
lock; who holds the lock may use the core.

Within a pipeline the longest trial that waits goes first, whatever its arm, so that no
core is left alone with a long one in the end. Pipelines take no heed of each other.
"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.host import locks, process

SECONDS_BETWEEN_TRIES = 0.05


def available() -> list[int]:
    """Numbers of the cores for trials: as many as this process is granted.

    A container may be on all cores of a large host, but be granted the time of two.
    """
    return _allowed()[: granted()]


def granted(root: Path = Path("/")) -> int | None:
    """The cores' worth of time that control groups grant this process, rounded up.

    A group has at most what the groups around it have. In a container, the path of its
    group may be that on the host, of which the container sees only the inner end.

    Args:
        root: the folder that has `proc` and `sys`.

    Returns:
        1 or more; None if there is no limit.
    """
    limits = []
    with suppress(OSError):  # not Linux
        text = (root / "proc/self/cgroup").read_text("utf-8", "surrogateescape")
        for line in text.splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            mount = root / "sys/fs/cgroup" / controllers
            inner = mount / group.lstrip("/")
            folders = [inner, *inner.parents]
            for folder in folders[: folders.index(mount) + 1]:
                limits += _limit(folder)
    return min(limits, default=None)


def _limit(group: Path) -> list[int]:
    """The cores that one control group, of version 2 or 1, grants; [] for no limit."""
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        with suppress(OSError, ValueError):  # not this version; "max" is no number
            texts = [(group / name).read_text("utf-8") for name in names]
            quota, period = map(int, " ".join(texts).split())
            return [max(1, math.ceil(quota / period))] if quota > 0 else []
    return []


def _allowed() -> list[int]:
    """The cores this process may be on, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextmanager
def hold_one(
    is_wanted: Callable[[], bool] = lambda: True, *, epochs: int = 0
) -> Iterator[None]:
    """Wait for a free core and keep this process on it until the context is left.

    A trial that stays on its core keeps its weights in that core's cache, which saves
    a fifth of the time. Where fewer cores are granted than allowed, the system chooses:
    other containers would stay on the same ones.

    Args:
        is_wanted: asked again and again while no core is free; False ends the wait.
        epochs: of what is going to run. Of the processes that one driver has launched,
            those with more go first.

    Raises:
        EOFError: `is_wanted` answered False.
    """
    cores, allowed = available(), _allowed()
    with _in_line(epochs) as is_next:
        file, core = _wait_for_one(cores, is_wanted, is_next)
    try:
        _stay_on([core] if cores == allowed else allowed)
        yield
    finally:
        _stay_on(allowed)
        os.close(file)


@contextmanager
def _in_line(epochs: int) -> Iterator[Callable[[], bool]]:
    """Let the processes of one driver know that this one waits, and for how much.

    A file that is locked stands for who waits; its name has the epochs.

    Yields:
        whether none of the others has more epochs.
    """
    driver = os.environ.get(process.DRIVER)
    if driver is None:
        yield lambda: True
        return
    line = f"line-{hashlib.sha256(driver.encode()).hexdigest()[:16]}"
    place = locks.folder() / f"{line}-{epochs}-{os.getpid()}"

    def is_next() -> bool:
        for other in place.parent.glob(f"{line}-*"):
            if int(other.name.split("-")[-2]) > epochs:
                left = locks.take(other.name, wait=False)
                if left is None:
                    return False
                other.unlink(missing_ok=True)  # it was killed while it waited
                os.close(left)
        return True

    with locks.held(place):
        try:
            yield is_next
        finally:
            place.unlink(missing_ok=True)


def _wait_for_one(
    cores: list[int], is_wanted: Callable[[], bool], is_next: Callable[[], bool]
) -> tuple[int, int]:
    """The open lock file of a core (closing it frees the core), and its number."""
    while True:
        for core in cores if is_next() else ():
            file = locks.take(f"core-{core}", wait=False)
            if file is not None:
                return file, core
        if not is_wanted():
            raise EOFError("the core is no longer wanted")
        time.sleep(SECONDS_BETWEEN_TRIES)


def _stay_on(cores: list[int]) -> None:
    """Bind all threads of this process, TensorFlow's too, to these cores."""
    if not hasattr(os, "sched_setaffinity"):  # not Linux
        return
    for thread in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(thread), cores)
        except ProcessLookupError:  # it has ended meanwhile
            continue
