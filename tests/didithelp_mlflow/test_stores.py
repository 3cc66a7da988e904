"""A store that is not there, or does not answer, is told in one line."""

import os
import shutil
import sqlite3
import time

import mlflow
import pytest

from didithelp_mlflow import stores

DEAD = "http://127.0.0.1:9"


def refused(uri):
    """The one line about a store."""
    with pytest.raises(ValueError) as caught, stores.readable(uri):
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("tracking_uri must be a store of MLflow that can be read")
    assert message.endswith(stores.WAY_OUT)
    return message


def test_a_server_that_does_not_answer_is_given_up_early(monkeypatch):
    for name in stores.IMPATIENT:
        monkeypatch.delenv(name, raising=False)
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    message = refused(DEAD)
    assert f"got {DEAD}: it does not answer;" in message and len(message) < 200
    assert len(waits) <= 2
    assert not stores.IMPATIENT.keys() & os.environ.keys()


def test_how_long_a_server_is_asked_may_be_set(monkeypatch):
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    monkeypatch.setenv(name, "0")
    refused(DEAD)
    assert os.environ[name] == "0"


def test_the_present_store_is_told_too():
    mlflow.set_tracking_uri(DEAD)
    assert DEAD in refused(None)


def test_a_password_is_not_repeated():
    for address in ("http://me:secret@127.0.0.1:9", "http://me:se/cr@et@127.0.0.1:9"):
        message = refused(f"{address}?token=hidden")
        assert "http://127.0.0.1:9" in message
        assert not [part for part in ("secret", "cr@et", "hidden") if part in message]


@pytest.mark.parametrize("start", ["sqlite:///", "sqlite+pysqlite:///"])
def test_no_store_is_made_where_there_is_none(tmp_path, start):
    message = refused(f"{start}{tmp_path}/new/mlflow.db")
    assert f"there is no file {tmp_path}/new/mlflow.db;" in message
    assert not any(tmp_path.iterdir())


def test_a_relative_path_is_told_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"there is no file {tmp_path}/wrong.db;" in refused("sqlite:///wrong.db")
    assert not any(tmp_path.iterdir())


def test_a_store_in_a_folder_with_a_space_is_found(tmp_path, sqlite):
    """MLflow writes its default store so; SQLAlchemy takes both."""
    folder = tmp_path / "my runs"
    folder.mkdir()
    shutil.copy(sqlite.removeprefix("sqlite:///"), folder / "mlflow.db")
    for name in ("my%20runs", "my runs"):
        with stores.readable(f"sqlite:///{tmp_path}/{name}/mlflow.db"):
            pass


def test_no_folder_is_made_where_there_is_none(tmp_path):
    assert "there is no folder" in refused(f"file://{tmp_path}/mlruns")
    assert not any(tmp_path.iterdir())


def test_another_database_stays_as_it_is(tmp_path):
    path = tmp_path / "mine.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (number)")
    before = path.read_bytes()
    assert "it has no experiments" in refused(f"sqlite:///{path}")
    assert path.read_bytes() == before
    path.write_text("no database at all, but a text")
    assert "it has no experiments" in refused(f"sqlite:///{path}")


def test_what_mlflow_cannot_open_is_told():
    assert "foo://bar" in refused("foo://bar")


def test_a_store_that_fails_later_is_told(sqlite):
    with pytest.raises(ValueError, match="that can be read, got sqlite:.*: it broke; "):
        with stores.readable(sqlite):
            raise mlflow.exceptions.MlflowException("it\nbroke.")
