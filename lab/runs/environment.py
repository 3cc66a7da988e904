"""Sets the environment variables that MLflow reads, and the steps that it starts."""

import os
import sys
from pathlib import Path

# Nothing but results goes to standard output, and no bar but ours to the terminal.
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow asks a server that does not answer for minutes. A step that ends does not wait.
IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


def prepare() -> None:
    """Set what has to be set before MLflow is imported, once per process.

    Telemetry is off unless the user has set its variable: in MLflow 3.17 its thread
    sets and removes an environment variable while HTTP requests iterate over all of
    them, which makes requests fail at random.
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
