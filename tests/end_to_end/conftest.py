"""Tests of this folder are slow; one pipeline that has finished serves all of them."""

from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest
from mlflow.entities import Run

from tests.end_to_end.pipeline import MAIN, STEPS
from tests.make_data import save_images
from tests.place import Place

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


class Pipeline(NamedTuple):
    """`main` as it ended on a fresh store, and each entry point's run then."""

    place: Place
    process: CompletedProcess
    runs: dict[str, Run]


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory) -> Pipeline:
    """From a folder that is not the project's, with a name as people give them."""
    folder = tmp_path_factory.mktemp("pipeline") / "mes données"
    folder.mkdir()
    save_images(folder / "images.npz")
    save_images(folder / "other images.npz", seed=50)
    place = Place(folder)
    process = place.run("main", seeds="3", **MAIN)
    assert process.returncode == 0, process.stderr
    assert {run.info.status for run in place.runs()} == {"FINISHED"}
    return Pipeline(
        place, process, {name: place.last(name) for name in ["main", *STEPS]}
    )


@pytest.fixture
def place(pipeline) -> Place:
    return pipeline.place


@pytest.fixture
def finished(pipeline) -> CompletedProcess:
    return pipeline.process


@pytest.fixture
def last(pipeline) -> dict[str, Run]:
    return pipeline.runs
