"""Artifact folders by every kind of location, and what is wrong with the others."""

import functools

import mlflow
import pytest

from lab.runs import locations
from tests.lab.runs.steps import execute, leave_folder, raise_


@pytest.mark.parametrize("spelling", ["{}", "runs:/{}", "runs:/{}/", "runs:/{}/trials"])
def test_a_folder_is_found_by_every_name_of_its_run(store, spelling):
    location = spelling.format(leave_folder(store))

    def function(step):
        assert locations.names_run(location)
        assert locations.run_of(location) in location
        folder = step.artifacts.fetch(location, "trials")
        assert (folder / "file.txt").read_text() == "content"

    assert execute(store, function)[0] == 0


def test_a_relative_folder_starts_from_the_callers_directory(store):
    (store / "my trials").mkdir()

    def function(step):
        assert not locations.names_run("my trials")
        assert locations.run_of("my trials") is None
        assert step.artifacts.fetch("my trials", "trials") == store / "my trials"

    assert execute(store, function)[0] == 0


def test_what_is_wrong_with_a_folder_is_told_of_its_location(store, capsys):
    location = leave_folder(store)

    def refuse(path):
        raise ValueError(f"{path} must be better")

    status, _ = execute(
        store, lambda step: step.artifacts.load(location, "trials", refuse)
    )
    assert status == 1
    assert capsys.readouterr().err == f"error: {location} must be better\n"


def test_locations_without_the_folder_are_explained(store, capsys):
    other = leave_folder(store, "dataset")
    failing = functools.partial(raise_, ValueError("no disk"))
    failed = execute(store, failing)[1].info.run_id
    deleted = leave_folder(store)
    stays = f"artifacts/{deleted}/artifacts/trials"  # of the files
    assert (store / stays).is_dir()
    client = mlflow.MlflowClient()
    client.delete_run(deleted)
    running = client.create_run("1").info.run_id
    restore = (
        "which was deleted; give another, or restore it: mlflow runs restore"
        f" --run-id {deleted}"
    )
    capsys.readouterr()
    for location, part in [
        ("absent folder", "expected a runs:/ URI, a run id or a folder"),
        ("0" * 32, "which is not there; check MLFLOW_TRACKING_URI"),
        ("runs:/nonsense/trials", "which is not there"),
        (failed, f"{failed} (step), which is FAILED; repeat that step first (no disk)"),
        (running, "which is RUNNING; wait for its end"),
        (deleted, f"{deleted} (step), {restore}"),
        (f"runs:/{deleted}/trials", restore),
        (stays, restore),
        (f"file://{store}/{stays}", restore),
        (other, "must have an artifact folder 'trials', it has dataset"),
        (f"runs:/{other}/trials", "must have an artifact folder 'trials'"),
    ]:
        status, _ = execute(
            store, lambda step, at=location: step.artifacts.fetch(at, "trials")
        )
        message = capsys.readouterr().err
        assert status == 1
        assert part in message
        assert message.count("\n") == 1
