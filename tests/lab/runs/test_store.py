"""A fresh store that several processes want at once."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing

import mlflow
import pytest

from lab import mlproject
from lab.runs import store


@pytest.mark.slow
@pytest.mark.parametrize("uri", [None, "sqlite:///a%20folder/new.db"])
def test_a_store_is_made_once_and_whole(tmp_path, uri):
    environment = {"PYTHONPATH": str(mlproject.PROJECT_DIRECTORY)}
    if uri is not None:
        environment["MLFLOW_TRACKING_URI"] = uri
    command = [sys.executable, "-m", "lab.runs.store"]
    with ExitStack() as started:
        processes = [
            started.enter_context(
                subprocess.Popen(command, cwd=tmp_path, env=environment)
            )
            for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    made = tmp_path / (store.DATABASE if uri is None else "a folder/new.db")
    client = mlflow.MlflowClient(f"sqlite:///{made}")
    run = client.create_run("0")
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert [path.name for path in made.parent.iterdir()] == [made.name]


def test_who_finds_a_store_in_the_making_waits(empty_database, tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "mlflow.db"
    path.parent.mkdir()
    path.touch()  # as a process leaves it that was killed early
    os.utime(path, (0, 0))
    uri = f"sqlite:///{path}"
    second = threading.Thread(target=store.make, args=[uri])
    made = []

    def make_database(unfinished):
        made.append(unfinished)
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive() and not path.exists()
        shutil.copy(empty_database, unfinished)

    monkeypatch.setattr(store, "_make_database", make_database)
    store.make(uri)
    second.join(timeout=60)
    assert not second.is_alive()
    assert len(made) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_store_that_mlflow_is_making_is_waited_for(tmp_path, monkeypatch):
    """A bare `mlflow run` takes no lock, and makes its tables one after the other."""
    path = tmp_path / "mlflow.db"
    path.touch()
    states = iter(
        [
            "CREATE TABLE experiments (experiment_id, lifecycle_stage)",
            "CREATE TABLE alembic_version (version_num)",
            "INSERT INTO alembic_version VALUES ('451aebb31d03')",
            f"UPDATE alembic_version SET version_num = '{store._revisions()[1]}'",
        ]
    )
    monkeypatch.setattr(time, "sleep", lambda _: change(path, next(states)))
    monkeypatch.setattr(store, "_make_database", None)
    store.make(f"sqlite:///{path}")
    assert next(states, None) is None


def test_an_old_store_that_is_written_to_is_not_waited_for_without_end(
    empty_database, tmp_path, monkeypatch
):
    path, sleep = tmp_path / "mlflow.db", time.sleep
    shutil.copy(empty_database, path)
    change(path, "UPDATE alembic_version SET version_num = '451aebb31d03'")
    monkeypatch.setattr(time, "sleep", lambda seconds: (path.touch(), sleep(seconds)))
    monkeypatch.setattr(store, "LONGEST_WAIT", 0.3)
    store.make(f"sqlite:///{path}")
    assert "is of an older MLflow than" in store.fault_of(f"sqlite:///{path}")


def test_a_store_that_mlflow_has_made_meanwhile_is_kept(
    empty_database, tmp_path, monkeypatch
):
    path = tmp_path / "mlflow.db"

    def make_database(unfinished):
        shutil.copy(empty_database, unfinished)
        shutil.copy(empty_database, path)
        change(path, "UPDATE experiments SET name = 'of the other'")

    monkeypatch.setattr(store, "_make_database", make_database)
    store.make(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM experiments").fetchall() == [
            ("of the other",)
        ]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("uri", ["http://host", "sqlite://", "sqlite:///:memory:"])
def test_of_other_stores_none_is_made(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)
    store.make(uri)
    assert not any(tmp_path.iterdir())


def test_a_store_that_cannot_be_made_is_told_in_a_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/file/new.db")
    with pytest.raises(SystemExit):
        store.main()
    message = capsys.readouterr().err
    assert message.startswith("error: no store can be made: ")
    assert f"{tmp_path}/file" in message and message.count("\n") == 1


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
    monkeypatch.setattr(store, "SECONDS_QUIET", 0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/a%20store%20#1.db")
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
