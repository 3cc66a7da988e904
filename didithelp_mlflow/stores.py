"""Reads a store of MLflow's or says in one line why not, and makes none.

MLflow makes an empty store where a path is wrong, asks a server that does not answer
for minutes, and then says so at length.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import mlflow
import requests
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

# How the first request of all is made, where the user has not said otherwise.
IMPATIENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",  # seconds
}
WAY_OUT = "give another tracking_uri, or set MLFLOW_TRACKING_URI"
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?!file:)([^?]*)")


@contextlib.contextmanager
def readable(tracking_uri: str | None) -> Iterator[None]:
    """Make sure that a store is there and answers; then read it within the block.

    Args:
        tracking_uri: of the store; MLflow's present one if None.

    Raises:
        ValueError: it is not there, does not answer, or fails within the block.
    """
    uri = mlflow.get_tracking_uri() if tracking_uri is None else tracking_uri
    if fault := _fault_of(uri):
        raise _unreadable(uri, fault)
    try:
        with _impatience():
            mlflow.MlflowClient(uri).search_experiments(max_results=1)
        yield
    except (MlflowException, SQLAlchemyError, ModuleNotFoundError) as error:
        raise _unreadable(uri, _reason(error)) from None


def _unreadable(uri: str, why: str) -> ValueError:
    return ValueError(
        "tracking_uri must be a store of MLflow that can be read, got "
        f"{_without_password(uri)}: {_without_password(why)}; {WAY_OUT}"
    )


def _fault_of(uri: str) -> str | None:
    """What is wrong with a store on this machine; None if nothing, or elsewhere."""
    if database := _SQLITE.match(uri):
        path = Path(urllib.parse.unquote(database[1]))
        if not path.is_file():
            return f"there is no file {path.absolute()}"
        return None if _has_experiments(path) else "it has no experiments"
    parts = urllib.parse.urlsplit(uri)
    folder = Path(urllib.request.url2pathname(parts.path))
    if parts.scheme == "file" and not folder.is_dir():
        return f"there is no folder {folder}"
    return None


def _has_experiments(path: Path) -> bool:
    """Whether a file is a database with MLflow's tables; without one, MLflow adds it.

    One that cannot be read at present, such as a locked one, is taken to be.
    """
    uri = f"file:{urllib.parse.quote(str(path))}?mode=ro"
    question = "SELECT 1 FROM sqlite_master WHERE name = 'experiments'"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            return database.execute(question).fetchone() is not None
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


@contextlib.contextmanager
def _impatience() -> Iterator[None]:
    """Let MLflow give up early, unless the user has set for how long it tries."""
    added = IMPATIENT.keys() - os.environ.keys()
    os.environ.update({name: IMPATIENT[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _reason(error: BaseException) -> str:
    """Why a store failed, on one line and without what the request was."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, requests.ConnectionError | requests.Timeout):
            return "it does not answer"
        cause = cause.__cause__ or cause.__context__
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(said).split()).removesuffix(".")


def _without_password(text: str) -> str:
    """The text without what is before the host of an address, or in its query."""
    return re.sub(r"(?<=://)[^\s'\"?]*@|\?[^\s'\";]+", "", text)
