"""Makes MLflow's store in this folder, if there is none: `python -m lab.runs.store`.

In MLflow 3.17 two `mlflow run` that both find no store, and make it at once, break each
other before any code of ours runs. Here the first process makes it and others wait.
And where a store cannot be used, `mlflow run` prints a traceback; this says why.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import re
import sqlite3
import urllib.parse
from pathlib import Path

from lab.host import lifecycle, locks
from lab.runs import environment

DATABASE = "mlflow.db"  # MLflow's own default
SQLITE = "sqlite:///"
# Variables that name an experiment to use instead of Default.
EXPERIMENTS = {"MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"}


def make() -> None:
    """Make the store, or wait until the process that is making it is done."""
    place = hashlib.sha256(os.getcwdb()).hexdigest()[:16]
    with locks.held(f"store-{place}"):
        if not Path(DATABASE).exists():
            # SQLite fills the file bit by bit; under its name it is whole.
            unfinished = Path(f".{DATABASE}.unfinished")
            unfinished.unlink(missing_ok=True)
            _make_database(unfinished)
            unfinished.rename(DATABASE)


def _make_database(path: Path) -> None:
    environment.prepare()
    import mlflow  # takes seconds

    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)


def fault_of(uri: str) -> str | None:
    """What keeps MLflow from storing runs in an SQLite store, and the way out.

    Args:
        uri: of the store.

    Returns:
        one line; None where nothing is wrong that can be told without MLflow, where
        there is no file yet, or where the store is of another kind.
    """
    path = Path(uri.removeprefix(SQLITE).partition("?")[0])
    if not uri.startswith(SQLITE) or not path.is_file():
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


def _revisions() -> tuple[set[str], str]:
    """Every revision of the tables that the installed MLflow knows, and the newest."""
    mlflow = Path(str(importlib.metadata.distribution("mlflow").locate_file("mlflow")))
    migrations = mlflow.glob("store/db_migrations/versions/*.py")
    text = "\n".join(file.read_text("utf-8") for file in migrations)
    known = set(re.findall(r"^revision = [\"'](\w+)", text, re.MULTILINE))
    before = set(re.findall(r"^down_revision = [\"'](\w+)", text, re.MULTILINE))
    return known, "".join(known - before)


def main() -> None:
    """Make the store unless another is chosen; where it is of no use, say so and leave.

    Raises:
        SystemExit: a store is there that MLflow cannot use.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri is None:
        make()
    if fault := fault_of(uri or f"{SQLITE}{DATABASE}"):
        lifecycle.fail(fault, lifecycle.EXIT_FAILURE)


if __name__ == "__main__":
    main()
