"""A store of its own for each test of runs."""

import os
import shutil

import mlflow
import pytest

from lab.host import process


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """Made once, because MLflow takes seconds to make it."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(tmp_path, monkeypatch, empty_database):
    """A fresh store, and a process that looks as it did before."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    previous = mlflow.get_tracking_uri()
    monkeypatch.setattr(process, "watch_parent", lambda: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("tests", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment("tests")
    yield tmp_path
    mlflow.set_tracking_uri(previous)
