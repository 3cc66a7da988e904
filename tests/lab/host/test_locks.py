"""Locks as other processes see them; `tests/test_cores.py` has more of that."""

import os
import tempfile

import pytest

from lab.host import locks


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_lock_is_held_once_and_free_when_it_is_closed():
    first = locks.take("a", wait=False)
    assert locks.take("a", wait=False) is None
    other = locks.take("b", wait=False)
    os.close(first)
    again = locks.take("a", wait=True)
    assert None not in (again, other)
    os.close(again)
    os.close(other)


def test_nobody_else_can_enter_the_folder():
    assert locks.folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted():
    os.chown(locks.folder(), 12345, -1)
    with pytest.raises(PermissionError, match="must be yours"):
        locks.folder()


def test_who_finds_a_lock_held_says_so_and_waits():
    first = locks.take("a", wait=False)

    def let_go():
        os.close(first)

    with locks.held("a", let_go):
        assert locks.take("a", wait=False) is None
    with locks.held("a"):
        pass
