"""What a step says of its own run."""

import os

import mlflow
import pytest

from tests.lab.runs.steps import execute


def test_a_step_without_mlflow_run_records_its_parameters_and_name(store):
    status, run = execute(store, lambda step: None)
    assert (status, run.info.status) == (0, "FINISHED")
    assert run.data.params == {"working_directory": str(store)}
    assert run.info.run_name == "step"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@host", "https://host/#/experiments/{}/runs/{}"),
        ("http://me:secret@host:5000/", "http://host:5000/#/experiments/{}/runs/{}"),
        (
            "postgresql://me:secret@host/db",
            "mlflow ui --backend-store-uri postgresql://host/db"
            "   then open /#/experiments/{}/runs/{}",
        ),
    ],
)
def test_where_to_look_shows_no_password(store, monkeypatch, address, shown):
    def function(step):
        monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: address)
        assert step.where_to_look() == shown.format(step.experiment.id, step.run_id)

    assert execute(store, function)[0] == 0


def test_no_tag_of_a_run_keeps_a_password(store):
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("tests").experiment_id
    source = {"mlflow.source.name": "https://me:secret@host/project.git"}
    run = client.create_run(
        experiment, tags=source | {"mlflow.source.git.repoURL": "a"}
    )
    os.environ["MLFLOW_RUN_ID"] = run.info.run_id
    found = execute(store, lambda step: None)[1].data.tags
    assert found["mlflow.source.name"] == "https://host/project.git"
    assert found["mlflow.source.git.repoURL"] == "a"
