"""Make MLflow's store in this folder, if there is none: `python -m lab.store`.

Two `mlflow run` that open a fresh SQLite store at once break each other (MLflow 3.17),
before any code of ours runs. Whoever calls this first makes it, the others wait.
"""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

DATABASE = "mlflow.db"  # MLflow's own default


def make() -> None:
    """Make the store, or wait until whoever makes it is done."""
    place = hashlib.sha256(os.getcwdb()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"tp2-store-{os.getuid()}-{place}.lock"
    with open(lock, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        if not Path(DATABASE).exists():
            from lab import tracking  # takes seconds

            tracking.open_store(f"sqlite:///{DATABASE}")


if __name__ == "__main__" and "MLFLOW_TRACKING_URI" not in os.environ:
    make()
