"""Puts errors of steps and of MLflow into words for people, without passwords."""

import re
import traceback

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from lab.engines.protocol import TrialError

# Lines that SQLAlchemy adds to what the database says.
_SQL_DETAILS = ("[SQL", "[parameters", "(Background on", "(raised as a result")

_LOGIN = re.compile(
    r"""(?<=://)
    ( [^/?#\s'"]*                               # up to the last @ before the path
    | [^:/?#\s'"]*:(?!\d*([/?#]|$))[^@\s'"]*    # no port follows: a password with /
    )@""",
    re.VERBOSE,
)
# In a query, or in one that is quoted within another, where = is %3D and ; is %3B.
_SECRET = re.compile(
    r"""((?:[?&;]|%3B)
        [\w.-]*(?:password|passwd|pwd|token|secret|signature|credential)[\w.-]*
        (?:=|%3D))
    (?:(?!%3B)[^&;\s'"])+""",
    re.VERBOSE | re.IGNORECASE,
)


class StepError(RuntimeError):
    """A step that was launched did not finish, or a step got no run."""


def in_words(error: BaseException) -> str:
    """Put an error on one line; a mistake in the code keeps its whole traceback.

    So does a mistake in a worker, whose traceback is the message of a `TrialError`.
    """
    of_the_store = MlflowException | SQLAlchemyError | ModuleNotFoundError  # its driver
    known = ValueError | OSError | StepError | of_the_store
    if isinstance(error, TrialError):
        return without_password(str(error))
    if not isinstance(error, known):
        return without_password("".join(traceback.format_exception(error)))
    lines = str(error).splitlines()
    words = " ".join(line for line in lines if not line.startswith(_SQL_DETAILS))
    return without_password(" ".join(words.split()))


def without_password(text: str) -> str:
    """The text with every scheme://name:password@host as scheme://host.

    A password may hold "@" or "/", though it should not, and may be in the query, as
    that of a database or of a signed address.
    """
    return _SECRET.sub(r"\1***", _LOGIN.sub("", text))
