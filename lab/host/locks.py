"""Locks between the processes of one user on one machine.

A lock is a locked file. The system unlocks it however its holder ends, so that a killed
process blocks nobody.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def folder() -> Path:
    """The folder of this user's locks, and of the claims of `lab.host.process`.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    path = Path(tempfile.gettempdir()) / f"tp2-locks-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.lstat().st_uid != os.getuid():
        raise PermissionError(f"{path} must be yours, it is another user's; remove it")
    return path


def take(name: str | Path, *, wait: bool) -> int | None:
    """Take a lock.

    Args:
        name: of the lock, a file name; or the absolute path of a file elsewhere.
        wait: for whoever has it; else the answer comes at once.

    Returns:
        an open file, which holds the lock until it is closed; None if another process
        has it and `wait` is False.
    """
    file = os.open(folder() / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:  # interrupted while it waited
        os.close(file)
        raise
    return file


@contextmanager
def held(
    name: str | Path, when_waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold a lock; if another process has it, call `when_waiting`, then wait for it."""
    lock = take(name, wait=False)
    while lock is None:
        when_waiting()
        lock = take(name, wait=True)
    try:
        yield
    finally:
        os.close(lock)
