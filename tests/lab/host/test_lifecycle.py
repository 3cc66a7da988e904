"""Work that is whole, or not begun."""

import threading
import time

from lab.host.lifecycle import WholeWork


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
