"""How a step's process begins and ends: signals, endings, exit codes."""

import os
import queue
import signal
from typing import NoReturn

from lab.host.console import say

# Noted before anything slow loads: a parent that dies meanwhile is replaced by init.
PARENT_PROCESS = os.getppid()

# Why this process is to end: a signal, what the step raised, or None where it is done.
endings: "queue.SimpleQueue[signal.Signals | BaseException | None]"
endings = queue.SimpleQueue()

EXIT_FAILURE = 1
EXIT_USAGE = 2  # what argparse and most Unix tools answer to a wrong command line
EXIT_REFUSED = 3  # arms that must not be compared


def fail(message: str, status: int) -> NoReturn:
    """Say what went wrong, and leave."""
    say(f"error: {message.strip()}")
    raise SystemExit(status)


def note_interruptions() -> None:
    """Ctrl-C and SIGTERM end the step where it waits for that, not wherever it is."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: endings.put(signal.Signals(number)))
