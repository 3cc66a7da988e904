"""The variables that MLflow and the steps that it starts find in the environment."""

import os
import sys
from pathlib import Path

# Standard output is for results, and a bar per downloaded file would break ours.
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# While a server is away MLflow tries again for minutes; not when all is lost.
IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


def prepare() -> None:
    """Set what has to be set before MLflow is imported, once per process.

    MLflow 3.17 sends telemetry from a thread that sets and removes a variable of the
    environment, which every HTTP request iterates over: requests fail at random then.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.update(QUIET)
    # Steps that this process launches must not find another environment's Python.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )


def give_up_early() -> None:
    """Let MLflow try again only once where a server does not answer."""
    os.environ.update(IMPATIENT)
