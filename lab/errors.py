"""The error of everything about data sets, and how errors are put into words."""


class DataError(ValueError):
    """One line on a data set: what was expected, what was received, how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # a path may hold a line break


def reason(error: BaseException) -> str:
    """The text of an exception on one line."""
    return " ".join(str(error).split()) or type(error).__name__
