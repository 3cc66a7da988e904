"""Data sets for engines to train on."""

import pytest

from lab.data import dataset as data
from lab.data.prepare import prepare
from lab.data.split import Split
from tests.make_data import save_images


def prepared(folder, **given):
    save_images(folder / "images.npz", **given)
    split = Split(validation_fraction=0.2, split_seed=0, train_size=0)
    data.save(prepare("images.npz", split, folder), folder / "dataset")
    return folder / "dataset"


@pytest.fixture(scope="session")
def dataset_folder(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def other_dataset_folder(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("images"), seed=5, shape=(6, 6))
