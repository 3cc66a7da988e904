"""Signals that end a step, and work that is whole, or not begun."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from lab import mlproject
from lab.host.lifecycle import WholeWork

# Says which signals have asked for its end: the last is always SIGTERM.
PROGRAM = """
from lab import command_line
from lab.host import lifecycle

command_line.read([], [])
print("now", flush=True)
name = ""
while name != "SIGTERM":
    name = lifecycle.endings.get().name
    print(name, flush=True)
"""


@pytest.mark.parametrize(
    ("before", "heard"),
    [((), ["SIGHUP", "SIGTERM"]), (("nohup",), ["SIGTERM"])],
    ids=["terminal", "nohup"],
)
def test_the_end_of_a_terminal_is_an_end_unless_nohup_says_no(before, heard):
    with subprocess.Popen(
        [*before, sys.executable, "-c", PROGRAM],
        cwd=mlproject.PROJECT_DIRECTORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "now\n"
            process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out.split()) == (0, heard)


def test_the_process_of_an_entry_point_seldom_looks_for_garbage():
    program = """
import gc
from lab import command_line
from lab.host import lifecycle

usual = gc.get_threshold()[0]
command_line.read([], [])
lifecycle.unload_nothing()
print(gc.get_threshold()[0] > 10 * usual, gc.get_freeze_count() > 10_000)
"""
    out = subprocess.check_output(
        [sys.executable, "-c", program], cwd=mlproject.PROJECT_DIRECTORY, text=True
    )
    assert out == "True True\n"


def test_a_piece_is_finished_before_the_end_and_no_other_is_begun():
    work, done = WholeWork(), []
    is_begun, may_finish = threading.Event(), threading.Event()

    def first():
        with work.piece():
            is_begun.set()
            may_finish.wait(30)
            done.append("first")

    def second():
        with work.piece():
            done.append("second")

    threading.Thread(target=first, daemon=True).start()
    assert is_begun.wait(30)
    ending = threading.Thread(target=work.stop, args=(30,))
    ending.start()
    while not work._is_over:
        time.sleep(0.001)
    late = threading.Thread(target=second, daemon=True)
    late.start()
    may_finish.set()
    ending.join()
    late.join(0.2)
    assert late.is_alive()
    assert done == ["first"]


def test_the_end_waits_only_so_long_for_a_piece():
    work = WholeWork()
    with work.piece():
        work.stop(0.01)
