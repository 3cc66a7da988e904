"""Begins and ends the process of a step: signals, exit codes, work not to be cut."""

import gc
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

# Read before anything slow loads: the system replaces a parent that dies by init, and
# `lab.host.process.watch_parent` compares.
PARENT_PROCESS = os.getppid()

# What ends this process: a signal, what the step raised, or None when it is done.
endings: "queue.SimpleQueue[signal.Signals | BaseException | None]"
endings = queue.SimpleQueue()

# So many objects more than before, and Python looks for cycles of garbage among them
# (its own number is 700). MLflow and a store make 340,000 as they load, and keep most:
# to look at those again and again is a sixth of loading them.
OBJECTS_BETWEEN_COLLECTIONS = 500_000

# Ctrl-C and the end of a terminal send these to every process that was started there.
TO_ALL = (signal.SIGINT, signal.SIGHUP)

EXIT_FAILURE = 1
EXIT_USAGE = 2  # what argparse and most Unix tools answer to a wrong command line
EXIT_REFUSED = 3  # arms that must not be compared
EXIT_MISSED = 4  # an answer that is not what was required


class Failure(SystemExit):
    """The end of a process that has said why.

    Attributes:
        message: what it has said.
    """

    def __init__(self, message: str, status: int):
        super().__init__(status)
        self.message = message


def fail(message: str, status: int) -> NoReturn:
    """Print what went wrong, and raise SystemExit with that status."""
    say(f"error: {message.strip()}")
    raise Failure(message.strip(), status)


def leave_at_once(status: int) -> NoReturn:
    """End the process and its workers, and wait for nothing.

    An interrupted step still has a thread at work, which nothing else can stop. A
    finished one would take seconds to unload TensorFlow.
    """
    for worker in multiprocessing.active_children():
        worker.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def collect_seldom() -> None:
    """Let Python look for cycles of garbage after more new objects than it would."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def unload_nothing() -> None:
    """Let Python leave what is loaded alone when this process ends.

    It would look for cycles among all of it, which takes as long as loading half of
    it. Threads, open files and whatever has asked to be called still come to their end.
    """
    gc.freeze()


def note_interruptions() -> None:
    """Let signals that ask for an end put themselves into `endings`, not raise.

    They are Ctrl-C, SIGTERM, and SIGHUP where the terminal or the SSH session is gone;
    but `nohup` has a process ignore the last, and then it stays so. The step then ends
    where `lab.runs.execution` waits for that, not in the middle of what it is doing.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        signal.signal(number, lambda number, _: endings.put(signal.Signals(number)))


@contextmanager
def left_to_the_parent() -> Iterator[None]:
    """Let processes that are started within ignore TO_ALL; their parent acts on it."""
    handlers = {number: signal.getsignal(number) for number in TO_ALL}
    ignore_what_reaches_all()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def ignore_what_reaches_all() -> None:
    """Ignore TO_ALL in this process, whose parent acts on it."""
    for number in TO_ALL:
        signal.signal(number, signal.SIG_IGN)


class WholeWork:
    """Keeps an interruption from cutting work in half, such as storing a trial.

    The step's thread does such work within `piece`; the thread that ends the step calls
    `stop`, after which no piece begins.
    """

    def __init__(self) -> None:
        self._is_over = False
        self._unfinished = threading.Lock()  # held while a piece is being done

    @contextmanager
    def piece(self) -> Iterator[None]:
        """Do the work of the context as a whole; after `stop`, wait for ever."""
        if self._is_over:  # checked first: `stop` may still be waiting for the lock
            threading.Event().wait()  # until the process ends
        with self._unfinished:
            yield

    def stop(self, seconds: float) -> None:
        """Let no other piece begin, and wait at most so long for the one being done."""
        self._is_over = True
        self._unfinished.acquire(timeout=seconds)  # and never released
