"""What an engine is: jobs go in, epochs and trials come out as they are done."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lab.training.recipe import Recipe
from lab.training.trial import Trial


@dataclasses.dataclass(frozen=True)
class Job:
    """One trial to train.

    recipe: how.
    seed: 0 to 2**32 - 1; jobs of several recipes may share one.
    data: the folder of a prepared data set, which must not change meanwhile.
    """

    recipe: Recipe
    seed: int
    data: Path


@dataclasses.dataclass(frozen=True)
class EpochDone:
    """A trial is one epoch further; `row` is the latest of its history."""

    job: Job
    row: dict[str, float]


@dataclasses.dataclass(frozen=True)
class TrialDone:
    """A trial is finished or has diverged; either is a result."""

    job: Job
    trial: Trial


class TrialError(RuntimeError):
    """A trial could not be trained; the message has its seed and the cause."""

    def __init__(self, seed: int, detail: str):
        self.seed = seed
        super().__init__(f"the trial with seed {seed} failed: {detail}")


class Engine(Protocol):
    """Whatever trains trials, for as long as it is open; used as a context manager.

    It can be made before any recipe and data set is known, and made early it has time
    to get ready. Leaving the context ends whatever still runs.
    """

    @property
    def slots(self) -> int:
        """How many jobs are in flight at most, so how many are lost by stopping."""

    def train(self, jobs: Sequence[Job]) -> Iterator[EpochDone | TrialDone]:
        """Train all jobs, and tell of each epoch and each trial as soon as it is done.

        Jobs start in the order given and end in any. The same job gives the same trial
        to the last bit on one kind of processor, whatever was trained before it and
        beside it; the trial has the versions that trained it. No more than `slots`
        jobs are in flight, and each slot that gets free takes the next. Closing the
        iterator stops those in flight and starts no other; the engine can then be
        given new jobs. One call at a time.

        Raises:
            TrialError: a job failed; those in flight are stopped as well.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
