"""What a step says of its own run."""

import mlflow
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
    return mlflow.MlflowClient().create_run("1", run_name=name).info.run_id


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
