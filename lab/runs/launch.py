"""Describes a step to run, a launch, and the protocol of what runs launches."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol


@dataclasses.dataclass(frozen=True)
class Launch:
    """One step to run.

    Attributes:
        entry_point: its name in MLproject.
        parameters: text by name; those left out have MLproject's defaults.
        name: of its run and on the console; if empty, that of the entry point.
    """

    entry_point: str
    parameters: Mapping[str, str]
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.entry_point)


class Launcher(Protocol):
    """Runs launches, as `Step` does, or notes what they would do, as `Plan` does."""

    def launch(self, launch: Launch) -> str:
        """Take one launch and wait for its end.

        Returns:
            the URI of its run, to which a folder can be appended: "runs:/<run id>".
        """

    def launch_all(self, launches: Sequence[Launch]) -> list[str]:
        """Take several launches at once, also of one entry point.

        Returns:
            the URIs of their runs, in the order of the launches.
        """

    def arms_of(self, uri: str, names: Sequence[str]) -> list[str]:
        """The runs of arms that a train_arms run has left.

        Args:
            uri: of that run, as `launch` has returned it.
            names: of the arms.

        Returns:
            the URIs of their runs, in the order of the names.
        """
