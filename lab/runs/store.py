"""Makes MLflow's store where there is none: `python -m lab.runs.store`.

In MLflow 3.17 two processes that find a new SQLite store, and make its tables at once,
break each other ("duplicate column name"). Here the first makes it and others wait; but
a bare `mlflow run` opens the store before any code of ours runs. And where a store
cannot be used, it prints a traceback; this says why.
"""

import contextlib
import functools
import importlib.metadata
import os
import re
import sqlite3
import time
import urllib.parse
from pathlib import Path

from lab.host import lifecycle, locks
from lab.runs import environment

DATABASE = "mlflow.db"  # MLflow's own default
SQLITE = "sqlite:///"
# Variables that name an experiment to use instead of Default.
EXPERIMENTS = {"MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"}
# Longer than a process that makes tables writes nothing; it has about 70 steps.
SECONDS_QUIET = 5.0
# Then it is no new store that is being made, but an old one that somebody writes to.
LONGEST_WAIT = 60.0


def make(uri: str) -> None:
    """Make an SQLite store, or wait until the process that is making it is done.

    Args:
        uri: of the store; of another kind, it is left alone.

    Raises:
        OSError: its folder cannot be made or written.
    """
    path = _file_of(uri)
    if path is None:
        return
    _wait_for_others(path)
    if not _is_empty(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.absolute().with_name(f".{path.name}.lock")  # for containers as well
    with locks.held(lock):
        if _is_empty(path):
            path.unlink(missing_ok=True)
            # SQLite fills the file bit by bit; under its name it is whole.
            unfinished = path.with_name(f".{path.name}.unfinished")
            unfinished.unlink(missing_ok=True)
            _make_database(unfinished)
            if path.exists():  # a bare `mlflow run` was faster
                unfinished.unlink()
            else:
                unfinished.rename(path)
        lock.unlink(missing_ok=True)  # who waits for it finds the store
    _wait_for_others(path)


def _make_database(path: Path) -> None:
    environment.prepare()
    import mlflow  # takes seconds

    uri = f"{SQLITE}{urllib.parse.quote(str(path))}"
    mlflow.MlflowClient(uri).search_experiments(max_results=1)


def _is_empty(path: Path) -> bool:
    return not path.exists() or not path.stat().st_size


def _wait_for_others(path: Path) -> None:
    """Wait while a process makes tables in a file, as a bare `mlflow run` does."""
    deadline = time.monotonic() + LONGEST_WAIT
    while _is_being_made(path) and time.monotonic() < deadline:
        time.sleep(0.1)


def _is_being_made(path: Path) -> bool:
    if not path.exists() or abs(time.time() - path.stat().st_mtime) > SECONDS_QUIET:
        return False
    try:
        return _state_of(path)[0] != _revisions()[1]
    except sqlite3.DatabaseError:  # locked, or some of the tables are there
        return True


def _file_of(uri: str) -> Path | None:
    """The file of an SQLite store; None for a store of another kind or in memory."""
    name = urllib.parse.unquote(uri.removeprefix(SQLITE).partition("?")[0])
    if not uri.startswith(SQLITE) or name.startswith((":memory:", "file:")):
        return None
    return Path(name) if name else None


def fault_of(uri: str) -> str | None:
    """What keeps MLflow from storing runs in an SQLite store, and the way out.

    Args:
        uri: of the store.

    Returns:
        one line; None where nothing is wrong that can be told without MLflow, where
        there is no file yet, or where the store is of another kind.
    """
    path = _file_of(uri)
    if path is None or not path.is_file():
        return None
    other = "or take another store: MLFLOW_TRACKING_URI=sqlite:////path/to/other.db"
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return f"{path} and its folder must be writable; change that, {other}"
    try:
        revision, is_deleted = _state_of(path)
    except sqlite3.OperationalError:  # such as a lock; what comes next will tell
        return None
    except sqlite3.DatabaseError as error:
        return f"{path} must be a database of MLflow, but {error}; move it, {other}"
    here = importlib.metadata.version("mlflow")
    known, newest = _revisions()
    if revision and known and revision not in known:
        return f"{path} is of another MLflow than {here}; use that MLflow, {other}"
    if revision and known and revision != newest:
        upgrade = f"mlflow db upgrade {SQLITE}{path}"
        return f"{path} is of an older MLflow than {here}; copy it, then {upgrade}"
    if is_deleted and not EXPERIMENTS & os.environ.keys():
        restore = f"MLFLOW_TRACKING_URI={SQLITE}{path} mlflow experiments restore -x 0"
        return f"the experiment Default was deleted in {path}; restore it: {restore}"
    return None


def _state_of(path: Path) -> tuple[str | None, bool]:
    """The revision of the tables, if there are any, and whether Default was deleted.

    Raises:
        sqlite3.DatabaseError: it is no database, or has other tables than MLflow's.
    """
    uri = f"file:{urllib.parse.quote(str(path))}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        tables = {
            name for (name,) in database.execute("SELECT name FROM sqlite_master")
        }
        if not tables:
            return None, False
        if not {"alembic_version", "experiments"} <= tables:
            raise sqlite3.DatabaseError("has other tables")
        revision = database.execute(
            "SELECT version_num FROM alembic_version"
        ).fetchone()
        deleted = database.execute(
            "SELECT 1 FROM experiments"
            " WHERE experiment_id = 0 AND lifecycle_stage = 'deleted'"
        )
        return revision and revision[0], deleted.fetchone() is not None


@functools.cache
def _revisions() -> tuple[set[str], str]:
    """Every revision of the tables that the installed MLflow knows, and the newest."""
    mlflow = Path(str(importlib.metadata.distribution("mlflow").locate_file("mlflow")))
    migrations = mlflow.glob("store/db_migrations/versions/*.py")
    text = "\n".join(file.read_text("utf-8") for file in migrations)
    known = set(re.findall(r"^revision = [\"'](\w+)", text, re.MULTILINE))
    before = set(re.findall(r"^down_revision = [\"'](\w+)", text, re.MULTILINE))
    return known, "".join(known - before)


def main() -> None:
    """Make the store if need be; where it is of no use, say so and leave.

    Raises:
        SystemExit: it cannot be made, or MLflow cannot use it.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{DATABASE}"
    try:
        make(uri)
    except OSError as error:
        lifecycle.fail(f"no store can be made: {error}", lifecycle.EXIT_FAILURE)
    if fault := fault_of(uri):
        lifecycle.fail(fault, lifecycle.EXIT_FAILURE)


if __name__ == "__main__":
    main()
