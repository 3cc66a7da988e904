"""The errors for users' arms and data sets, each of one line."""


class DataError(ValueError):
    """One line on a data set: what was expected, what was received, how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # a path may hold a line break


def reason(error: BaseException) -> str:
    """The text of an exception on one line."""
    return " ".join(str(error).split()) or type(error).__name__


class Refusal(ValueError):
    """Arms that cannot be used, or must not be compared.

    Attributes:
        reason: a word for programs to branch on, such as "duplicate_seed".
        message: one line: what was expected, what was received, how to fix it.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = " ".join(message.split())
        super().__init__(f"{reason}: {self.message}")


class ArmError(Refusal):
    """An arm that cannot be used."""

    def __init__(self, message: str, reason: str = "unusable_arm") -> None:
        super().__init__(reason, message)
