"""Locks between processes of one machine: files, which the system lets go of.

However its holder ends, a lock is free again.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def folder() -> Path:
    """Where this user's locks are, and what processes say of themselves.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    path = Path(tempfile.gettempdir()) / f"tp2-locks-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.lstat().st_uid != os.getuid():
        raise PermissionError(f"{path} must be yours, it is another user's; remove it")
    return path


def take(name: str, *, wait: bool) -> int | None:
    """An open file that is the lock as long as it is open; None if another has it."""
    file = os.open(folder() / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:  # an interruption while it waited
        os.close(file)
        raise
    return file


@contextmanager
def held(name: str, when_waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock; where another has it, call `when_waiting`, then wait for it."""
    lock = take(name, wait=False)
    while lock is None:
        when_waiting()
        lock = take(name, wait=True)
    try:
        yield
    finally:
        os.close(lock)
