"""Preparing a data set in a folder of the test, and the errors of that."""

import numpy as np
import pytest

from didithelp.errors import DataError
from lab.data import prepare as preparation
from lab.data.split import Split
from tests.lab.data.drawing import draw


@pytest.fixture
def prepare(tmp_path):
    """`prepare` with defaults, its working directory a folder of this test."""

    def call(dataset, working_directory=tmp_path, **changes):
        parameters = {
            "validation_fraction": 0.1,
            "split_seed": 0,
            "train_size": 0,
        } | changes
        return preparation.prepare(dataset, Split(**parameters), working_directory)

    return call


@pytest.fixture
def error_of(prepare):
    """The text of the DataError that preparing raises: one line, three parts."""

    def call(dataset, **changes) -> str:
        with pytest.raises(DataError) as caught:
            prepare(dataset, **changes)
        text = str(caught.value)
        assert "\n" not in text
        assert "must" in text and "got" in text and ";" in text
        return text

    return call


@pytest.fixture
def error_of_npz(tmp_path, error_of):
    """The same for an `.npz` of drawn arrays with some of them replaced."""

    def call(**changes) -> str:
        np.savez(tmp_path / "set.npz", **draw() | changes)
        return error_of("set.npz")

    return call
