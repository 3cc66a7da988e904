"""Make MLflow's store in this folder, if there is none: `python -m lab.runs.store`.

Two `mlflow run` that open a fresh SQLite store at once break each other (MLflow 3.17),
before any code of ours runs. Whoever calls this first makes it, the others wait.
"""

import hashlib
import os
from pathlib import Path

from lab.host import locks

DATABASE = "mlflow.db"  # MLflow's own default


def make() -> None:
    """Make the store, or wait until whoever makes it is done."""
    place = hashlib.sha256(os.getcwdb()).hexdigest()[:16]
    lock = locks.take(f"store-{place}", wait=True)
    try:
        if not Path(DATABASE).exists():
            from lab.runs import step as tracking  # takes seconds

            # Renamed at the end, so that what has this name is whole.
            unfinished = Path(f".{DATABASE}.unfinished")
            unfinished.unlink(missing_ok=True)
            tracking.open_store(f"sqlite:///{unfinished}")
            unfinished.rename(DATABASE)
    finally:
        os.close(lock)


if __name__ == "__main__" and "MLFLOW_TRACKING_URI" not in os.environ:
    make()
