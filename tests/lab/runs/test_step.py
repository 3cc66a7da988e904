"""What a step says of its own run."""

import functools
import os

import mlflow
import pandas as pd
import pytest

from lab.host import process
from lab.runs import tags
from tests.lab.runs.steps import execute

TRAINING = "?workflowType=machine_learning"


def test_a_step_without_mlflow_run_records_its_parameters_and_name(store):
    status, run = execute(store, lambda step: None)
    assert (status, run.info.status) == (0, "FINISHED")
    assert run.data.params == {"working_directory": str(store)}
    assert run.info.run_name == "step"


def run_named(name):
    client, found = mlflow.MlflowClient(), {tags.ENTRY_POINT: "main"}
    run_id = client.create_run("1", tags=found, run_name=name).info.run_id
    client.log_param(run_id, "working_directory", ".")
    return run_id


def concluded_name(store, name, monkeypatch):
    """The name of a run that was called `name` when its step began."""
    if name is not None:
        monkeypatch.setenv("MLFLOW_RUN_ID", run_named(name))
    return execute(store, lambda step: step.conclude("better"))[1].info.run_name


def test_what_came_of_a_step_is_in_its_name_unless_a_person_has_named_it(
    store, monkeypatch
):
    assert concluded_name(store, None, monkeypatch) == "step: better"
    assert concluded_name(store, "bold-fish-12", monkeypatch) == "step: better"
    assert concluded_name(store, "my own", monkeypatch) == "my own"
    assert concluded_name(store, "step", monkeypatch) == "step"
    monkeypatch.setenv(process.DRIVER, process.identity())  # launched, so named, by us
    assert concluded_name(store, "train_wide", monkeypatch) == "train_wide: better"


def test_a_name_that_was_changed_meanwhile_stays(store):
    def function(step):
        step.set_tags(**{tags.NAME: "renamed in the browser"})
        step.conclude("better")

    run = execute(store, function)[1]
    assert run.info.run_name == "renamed in the browser"
    assert run.data.tags["outcome"] == "better"


def test_arms_that_are_open_when_a_step_fails_are_ended_too(store):
    arms = []

    def function(step):
        done, cut_short = step.open_arm("plain", {}), step.open_arm("wide", {})
        done.end()
        arms.extend([done.run_id, cut_short.run_id])
        raise ValueError("no such thing")

    status, run = execute(store, function)
    assert (status, run.info.status) == (1, "FAILED")
    states = [mlflow.get_run(run_id).info.status for run_id in arms]
    assert states == ["FINISHED", "KILLED"]


def test_a_run_that_answers_twice_is_called_after_the_last_answer(store):
    def function(step):
        step.conclude("worse, -0.57 points")
        step.conclude("l2_lambda hurts")

    assert execute(store, function)[1].info.run_name == "step: l2_lambda hurts"


def test_a_name_is_as_long_as_mlflow_takes_it(store):
    run = execute(store, lambda step: step.conclude("x" * 400))[1]
    assert run.info.run_name == "step: " + "x" * 244
    assert len(run.data.tags["outcome"]) == 400


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "custom_model_development"),
        ("", "custom_model_development"),
        ("no_inferred_type", "custom_model_development"),
        ("genai_development_inferred", "custom_model_development"),
        ("genai_development", "genai_development"),
    ],
)
def test_the_interface_shows_training_runs_unless_somebody_has_chosen(
    store, before, after
):
    client = mlflow.MlflowClient()
    if before is not None:
        client.set_experiment_tag("1", "mlflow.experimentKind", before)
    execute(store, lambda step: None)
    assert client.get_experiment("1").tags["mlflow.experimentKind"] == after


def test_more_metrics_than_mlflow_takes_at_once_are_logged(store):
    metrics = {f"m{number}": float(number) for number in range(1001)}
    status, run = execute(store, lambda step: step.log_metrics(metrics))
    assert status == 0
    assert run.data.metrics == metrics


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@host", "https://host/#/experiments/{}/runs/{}" + TRAINING),
        (
            "http://me:secret@host:5000/",
            "http://host:5000/#/experiments/{}/runs/{}" + TRAINING,
        ),
        (
            "postgresql://me:secret@host/db",
            "mlflow ui --backend-store-uri postgresql://host/db"
            "   then open /#/experiments/{}/runs/{}" + TRAINING,
        ),
    ],
)
def test_where_to_look_shows_no_password(store, monkeypatch, address, shown):
    def function(step):
        monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: address)
        assert step.where_to_look() == shown.format(step.experiment.id, step.run_id)

    assert execute(store, function)[0] == 0


def as_mlflow_run_makes_it(**found):
    """A run with these tags, which the next step takes; others it has by itself."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("tests").experiment_id
    run_id = client.create_run(experiment, tags=found).info.run_id
    client.log_param(run_id, "working_directory", ".")
    os.environ["MLFLOW_RUN_ID"] = run_id


def nested_in(parent, entry_point):
    """As `mlflow run` makes a run while `parent` is active."""
    found = {tags.ENTRY_POINT: entry_point, tags.PARENT: parent}
    as_mlflow_run_makes_it(**found, **{tags.SOURCE: "https://host/project.git"})


def test_no_tag_of_a_run_keeps_a_password(store):
    given = {tags.ENTRY_POINT: "main", "mlflow.source.git.repoURL": "a"}
    source = {tags.SOURCE: "https://me:secret@host/project.git"}
    as_mlflow_run_makes_it(**given, **source)
    found = execute(store, lambda step: None)[1].data.tags
    assert found[tags.SOURCE] == "https://host/project.git"
    assert found["mlflow.source.git.repoURL"] == "a"


def answer(found, step):
    """What compare leaves, and which code it names."""
    folder = step.scratch / "comparison"
    folder.mkdir()
    (folder / "report.html").write_text("")
    metrics, table = {"delta": 0.1}, pd.DataFrame({"arm": ["a"]})
    step.answers.log(folder, table, metrics, {"verdict": "better"}, "better", "a note")
    found.append(step.provenance())


def test_the_run_of_a_person_is_given_no_answer(store, monkeypatch):
    monkeypatch.setenv(process.DRIVER, "of a driver around the person's program")
    client, found = mlflow.MlflowClient(), []
    with mlflow.start_run() as mine:
        mlflow.set_tag(tags.SOURCE, "notebook.py")
    before = client.get_run(mine.info.run_id).to_dictionary()
    nested_in(mine.info.run_id, "compare")
    status, run = execute(store, functools.partial(answer, found))
    assert status == 0
    assert client.get_run(mine.info.run_id).to_dictionary() == before
    assert client.list_artifacts(mine.info.run_id) == []
    assert run.data.tags["verdict"] == "better"
    assert run.data.tags[tags.SOURCE] == found[0].source == "https://host/project.git"
    assert "-e compare " in found[0].command


def test_the_run_of_a_driver_is_given_the_answer_too(store, monkeypatch):
    client, found, drivers = mlflow.MlflowClient(), [], []

    as_mlflow_run_makes_it(
        **{tags.ENTRY_POINT: "main", tags.SOURCE: "file:///home/me/project"}
    )
    execute(store, lambda step: drivers.append(step.run_id), overrides={"a": "b c"})
    monkeypatch.setenv(process.DRIVER, process.identity())
    nested_in(drivers[0], "compare")
    run = execute(store, functools.partial(answer, found))[1]
    for run_id in (run.info.run_id, drivers[0]):
        assert client.get_run(run_id).data.tags["verdict"] == "better"
        assert [item.path for item in client.list_artifacts(run_id)] == ["comparison"]
    assert run.data.tags[tags.SOURCE] == found[0].source == "file:///home/me/project"
    assert found[0].command.endswith(" -e main --env-manager local -P 'a=b c'")
