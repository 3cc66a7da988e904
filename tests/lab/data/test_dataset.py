"""The folder of a data set: what is saved is loaded, what is damaged is refused."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS
from didithelp.errors import DataError
from lab.data import dataset as data
from tests.lab.data.drawing import draw, sha256

pytestmark = pytest.mark.usefixtures("keras_home")


@pytest.fixture
def dataset(prepare, tmp_path):
    np.savez(tmp_path / "set.npz", **draw())
    return prepare("set.npz")


@pytest.fixture
def saved(dataset, tmp_path) -> Path:
    folder = tmp_path / "out" / "dataset"
    data.save(dataset, folder)
    return folder


def edit_description(folder: Path, **changes):
    path = folder / data.DESCRIPTION_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_saved_is_what_is_loaded(dataset, saved):
    loaded = data.verify(saved)
    assert loaded.description == dataset.description
    for name in ARRAYS:
        array = getattr(loaded, name)
        assert isinstance(array, np.memmap) and not array.flags.writeable
        np.testing.assert_array_equal(array, getattr(dataset, name))


def test_the_digests_are_those_of_the_files(dataset, saved):
    files = {name: (saved / f"{name}.npy").read_bytes() for name in ARRAYS}
    digests = {name: sha256(content) for name, content in files.items()}
    assert digests == dataset.description.sha256


def test_saving_twice_gives_the_same_bytes_and_nothing_else(dataset, saved, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    data.save(dataset, empty)
    names = sorted([*(f"{name}.npy" for name in ARRAYS), "dataset.json"])
    assert sorted(os.listdir(saved)) == sorted(os.listdir(empty)) == names
    for name in names:
        assert (saved / name).read_bytes() == (empty / name).read_bytes()
    text = (saved / "dataset.json").read_text()
    content = dataset.description.to_json()
    assert text == json.dumps(content, indent=2, sort_keys=True) + "\n"


def test_a_folder_in_use_is_left_alone(dataset, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="absent or empty"):
        data.save(dataset, tmp_path / "used")
    assert os.listdir(tmp_path / "used") == ["notes.txt"]


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(OSError("No space left"), DataError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_an_interrupted_save_leaves_nothing(
    dataset, tmp_path, monkeypatch, failure, raised
):
    write, calls = np.save, []

    def fail_on_third(path, *args, **kwargs):
        calls.append(path)
        if len(calls) == 3:
            raise failure
        write(path, *args, **kwargs)

    monkeypatch.setattr(np, "save", fail_on_third)
    with pytest.raises(raised):
        data.save(dataset, tmp_path / "out" / "dataset")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "No such file"),
        (lambda folder: (folder / "dataset.json").write_text("{"), "describe"),
        (lambda folder: (folder / "dataset.json").write_text("[]"), "fields"),
        (lambda folder: (folder / "dataset.json").write_bytes(b"\xff"), "utf-8"),
        (lambda folder: edit_description(folder, counts={}), "fields"),
        (lambda folder: edit_description(folder, fallback=3), "fields"),
        (lambda folder: edit_description(folder, sha256={"x": ""}), "fields"),
        (lambda folder: edit_description(folder, source=None), "fields"),
        (lambda folder: edit_description(folder, split_seed="0"), "fields"),
        (lambda folder: edit_description(folder, train_size=None), "fields"),
        (lambda folder: edit_description(folder, image_shape=[5, 6]), "of shape"),
        (lambda folder: (folder / "x_test.npy").unlink(), "No such file"),
        (lambda folder: (folder / "x_test.npy").write_bytes(b""), "readable .npy"),
        (lambda folder: os.truncate(folder / "x_test.npy", 300), "readable .npy"),
        (lambda folder: np.save(folder / "y_test.npy", np.arange(15.0)), "float64"),
        (lambda folder: np.save(folder / "y_test.npy", np.arange(9)), "shape (9,)"),
    ],
)
def test_a_damaged_folder_is_refused(saved, damage, words):
    damage(saved)
    with pytest.raises(DataError) as caught:
        data.load(saved)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_changed_contents_are_found_by_verify(saved):
    content = bytearray((saved / "x_train.npy").read_bytes())
    content[-1] ^= 1
    (saved / "x_train.npy").write_bytes(content)
    data.load(saved)
    with pytest.raises(DataError, match="x_train.npy must have the SHA-256"):
        data.verify(saved)
