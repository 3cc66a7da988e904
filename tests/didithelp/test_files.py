"""Writing whole files and folders: all of it or nothing, and nothing beside it."""

import os
import stat
from pathlib import Path

import pytest

from didithelp.files import whole_folder, write_whole

FAILURES = [OSError("No space left"), KeyboardInterrupt()]


def fill(folder: Path, text: str) -> None:
    (folder / "file.txt").write_text(text)


def test_a_file_is_replaced(tmp_path):
    for content in (b"old", b"new"):
        write_whole(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_file_that_could_not_be_written_is_as_it_was(tmp_path, monkeypatch, failure):
    def write_half(path, content):
        with open(path, "wb") as file:
            file.write(content[:2])
        raise failure

    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(type(failure)):
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_takes_its_place_when_it_is_full(tmp_path, is_there):
    folder = tmp_path / "above" / "folder"
    if is_there:
        folder.mkdir(parents=True)
        (folder / "older.txt").write_text("old")
    with whole_folder(folder) as fresh:
        fill(fresh, "new")
        assert folder.exists() == is_there
    assert os.listdir(folder) == ["file.txt"]
    assert os.listdir(folder.parent) == ["folder"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_was_not_filled_is_as_it_was(tmp_path, failure, is_there):
    folder = tmp_path / "folder"
    if is_there:
        folder.mkdir()
        fill(folder, "old")
    with pytest.raises(type(failure)), whole_folder(folder) as fresh:
        fill(fresh, "new")
        raise failure
    assert os.listdir(tmp_path) == ["folder"] * is_there
    assert not is_there or (folder / "file.txt").read_text() == "old"


def test_a_folder_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "any other").mkdir()
    with whole_folder(tmp_path / "folder"):
        pass
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_the_working_directory_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r"^\. is the working directory; choose"):
        with whole_folder(Path()) as fresh:
            fill(fresh, "new")
    assert os.listdir(tmp_path) == []
    with whole_folder(Path("trials")) as fresh:
        fill(fresh, "new")
    assert os.listdir() == ["trials"]
