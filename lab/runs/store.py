"""Makes MLflow's store in this folder, if there is none: `python -m lab.runs.store`.

In MLflow 3.17 two `mlflow run` that both find no store, and make it at once, break each
other before any code of ours runs. Here the first process makes it and others wait.
"""

import hashlib
import os
from pathlib import Path

from lab.host import locks
from lab.runs import environment

DATABASE = "mlflow.db"  # MLflow's own default


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


if __name__ == "__main__" and "MLFLOW_TRACKING_URI" not in os.environ:
    make()
