"""Puts errors of steps and of MLflow into words for people, without passwords."""

import re
import traceback

from mlflow.exceptions import MlflowException

from lab.engines.protocol import TrialError

# Lines that SQLAlchemy adds to what the database says.
_SQL_DETAILS = ("[SQL", "[parameters", "(Background on", "(raised as a result")


class StepError(RuntimeError):
    """A step that was launched did not finish, or a step got no run."""


def in_words(error: BaseException) -> str:
    """Put an error on one line; a mistake in the code keeps its whole traceback.

    So does a mistake in a worker, whose traceback is the message of a `TrialError`.
    """
    known = ValueError | OSError | StepError | TrialError | MlflowException
    if not isinstance(error, known):
        return "".join(traceback.format_exception(error))
    if isinstance(error, TrialError):
        return str(error)
    lines = str(error).splitlines()
    words = " ".join(line for line in lines if not line.startswith(_SQL_DETAILS))
    return without_password(" ".join(words.split()))


def without_password(text: str) -> str:
    """The text with every https://name:password@host/ as https://host/."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)
