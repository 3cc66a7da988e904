"""Sets the environment variables that MLflow reads, and the steps that it starts."""

import importlib.metadata
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from lab.host import packages

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


def without_pandas() -> AbstractContextManager[None]:
    """Let MLflow load as it does where pandas is not installed, as `mlflow-skinny`.

    It loads pandas, a quarter of all that it loads, for data sets and models alone.
    Whoever asks for pandas later gets it. Nothing is hidden from plugins of others,
    which load with MLflow and may need it.
    """
    return nullcontext() if _has_plugins() else packages.hidden("pandas")


def _has_plugins() -> bool:
    """Whether a package other than MLflow adds to MLflow."""
    return any(
        entry.group.startswith("mlflow.") and not entry.value.startswith("mlflow.")
        for distribution in importlib.metadata.distributions()
        for entry in distribution.entry_points
    )


def give_up_early() -> None:
    """Let MLflow try again only once where a server does not answer."""
    os.environ.update(IMPATIENT)
