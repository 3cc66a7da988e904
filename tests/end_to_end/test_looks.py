"""Seeds until it is clear: `main` looks as it goes, and goes on where it was."""

import json

import pytest

from tests.end_to_end.pipeline import MAIN
from tests.make_data import save_images
from tests.place import Place

PLAN = {"seeds": "5..7", "margin": "0.9"}  # so wide that the first look is enough


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """`main` as it ended on a fresh store: what it printed, and where."""
    folder = tmp_path_factory.mktemp("looks")
    save_images(folder / "images.npz")
    place = Place(folder)
    process = place.run("main", **MAIN | PLAN)
    assert process.returncode == 0, process.stderr
    return place, process


def test_the_first_look_that_is_sure_is_the_last(looked):
    place, process = looked
    assert "look at 5 of 7 seeds: equivalent (p" in process.stderr
    assert "stopped: 4 trainings saved" in process.stderr
    assert "sure after 5 of 7 seeds. That saved 4 trainings." in " ".join(
        process.stdout.split()
    )
    run = place.last("main")
    assert run.data.params["planned_looks"] == "5,7"
    assert run.data.params["look_levels"].split(",")[0] < "0.05"
    assert run.info.run_name.startswith("hidden_units=16, epochs=4, batch_size=32, ")
    assert "looks=5..7" in run.info.run_name
    path = place.artifacts(run, "comparison") / "comparison.json"
    looks = json.loads(path.read_text("utf-8"))["looks"]
    assert [look["num_seeds"] for look in looks["taken"]] == [5]
    assert len(place.runs("tags.seed != ''")) == 10


def test_a_later_plan_trains_the_missing_seeds_and_tells_of_the_look_before(looked):
    place, _ = looked
    process = place.run("main", **MAIN, seeds="6")
    assert process.returncode == 0, process.stderr
    assert "5 of 6 trials reused, 1 to train" in process.stderr
    assert "compared before with 5 of these 6 seeds" in " ".join(process.stdout.split())
