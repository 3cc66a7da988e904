"""A fresh store that several processes want at once."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing

import mlflow
import pytest

from lab import mlproject
from lab.runs import store

MAKE = "from lab.runs import store; store.make()"


@pytest.mark.slow
def test_a_store_is_made_once_and_whole(tmp_path):
    environment = {"PYTHONPATH": str(mlproject.PROJECT_DIRECTORY)}
    command = [sys.executable, "-c", MAKE]
    with ExitStack() as started:
        processes = [
            started.enter_context(
                subprocess.Popen(command, cwd=tmp_path, env=environment)
            )
            for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/{store.DATABASE}")
    run = client.create_run("0")
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert [path.name for path in tmp_path.iterdir()] == [store.DATABASE]


def change(path, statement):
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE alembic_version SET version_num = '0'", "is of another MLflow than"),
        (
            "UPDATE alembic_version SET version_num = '451aebb31d03'",
            "is of an older MLflow than",
        ),
        ("DROP TABLE alembic_version", "must be a database of MLflow, but has other"),
        (
            "UPDATE experiments SET lifecycle_stage = 'deleted'",
            "the experiment Default was deleted in",
        ),
        (None, "must be a database of MLflow, but file is not a database; move it"),
    ],
)
def test_a_store_that_is_of_no_use_is_told_in_a_line(
    empty_database, tmp_path, monkeypatch, capsys, statement, says
):
    path = tmp_path / "a store #1.db"
    shutil.copy(empty_database, path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    for name in store.EXPERIMENTS:
        monkeypatch.delenv(name, raising=False)
    assert store.main() is None
    if statement is None:
        path.write_text("something else " * 100)
    else:
        change(path, statement)
    with pytest.raises(SystemExit) as leaving:
        store.main()
    assert leaving.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
    assert says in message and str(path) in message


def test_an_experiment_of_ones_own_needs_no_default(
    empty_database, tmp_path, monkeypatch
):
    path = shutil.copy(empty_database, tmp_path)
    change(path, "UPDATE experiments SET lifecycle_stage = 'deleted'")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    assert store.fault_of(f"sqlite:///{path}") is None


def test_a_store_that_cannot_be_written_is_told(empty_database, tmp_path, monkeypatch):
    path = shutil.copy(empty_database, tmp_path)
    monkeypatch.setattr(os, "access", lambda place, mode: place != tmp_path)
    assert "must be writable" in store.fault_of(f"sqlite:///{path}")


@pytest.mark.parametrize("uri", ["http://host", "postgresql://h/db", "sqlite:///no.db"])
def test_of_other_stores_nothing_is_said(uri):
    assert store.fault_of(uri) is None
