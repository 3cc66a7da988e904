"""How a step's process begins and ends: signals, endings, exit codes."""

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from lab.host.console import say

# Noted before anything slow loads: a parent that dies meanwhile is replaced by init.
PARENT_PROCESS = os.getppid()

# Why this process is to end: a signal, what the step raised, or None where it is done.
endings: "queue.SimpleQueue[signal.Signals | BaseException | None]"
endings = queue.SimpleQueue()

# Ctrl-C and the end of a terminal reach every process that was started there.
TO_ALL = (signal.SIGINT, signal.SIGHUP)

EXIT_FAILURE = 1
EXIT_USAGE = 2  # what argparse and most Unix tools answer to a wrong command line
EXIT_REFUSED = 3  # arms that must not be compared


def fail(message: str, status: int) -> NoReturn:
    """Say what went wrong, and leave."""
    say(f"error: {message.strip()}")
    raise SystemExit(status)


def leave_at_once(status: int) -> NoReturn:
    """End the process and its workers, and wait for nothing.

    Nothing else stops the thread of a step that is interrupted. And where all is
    stored, to unload TensorFlow would take seconds.
    """
    for worker in multiprocessing.active_children():
        worker.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def note_interruptions() -> None:
    """Signals that ask for an end get it where the step waits for them.

    They are Ctrl-C, SIGTERM, and SIGHUP where the terminal or the SSH session is gone;
    but `nohup` has a process ignore the last, and then it stays so.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        signal.signal(number, lambda number, _: endings.put(signal.Signals(number)))


@contextmanager
def left_to_the_parent() -> Iterator[None]:
    """Processes started within ignore TO_ALL; only their parent acts on it."""
    handlers = {number: signal.getsignal(number) for number in TO_ALL}
    ignore_what_reaches_all()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def ignore_what_reaches_all() -> None:
    """Leave TO_ALL to the parent of this process."""
    for number in TO_ALL:
        signal.signal(number, signal.SIG_IGN)


class WholeWork:
    """Pieces of work that are done whole, or not begun once the step is to stop."""

    def __init__(self) -> None:
        self._is_over = False
        self._unfinished = threading.Lock()  # held while a piece is not whole

    @contextmanager
    def piece(self) -> Iterator[None]:
        """What is done within is whole; a thread that comes too late stands still."""
        if self._is_over:  # the lock alone would go to whoever is quickest
            threading.Event().wait()  # until the process ends
        with self._unfinished:
            yield

    def stop(self, seconds: float) -> None:
        """Wait for the piece that is being done, at most so long; no other begins."""
        self._is_over = True
        self._unfinished.acquire(timeout=seconds)  # for good
