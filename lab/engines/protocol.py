"""The protocol of engines: jobs go in, epochs and trials come out as they are done."""

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

    recipe: the hyperparameters.
    seed: 0 to 2**32 - 1; jobs of several recipes may share one.
    data: the folder of a prepared data set; it must not change during the training.
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
    """A trial could not be trained; the message has its seed and the cause.

    Args:
        job: that failed.
        detail: the cause.
        arm: that the trial is one of, where there are several.
    """

    def __init__(self, job: Job, detail: str, arm: str = ""):
        self.job, self.detail = job, detail
        trial = f"trial of {arm}" if arm else "trial"
        super().__init__(f"the {trial} with seed {job.seed} failed: {detail}")


class Engine(Protocol):
    """Trains trials; a context manager, whose end stops whatever still runs.

    It needs neither recipe nor data set to be made: made early, it gets ready while the
    caller does other things.
    """

    @property
    def slots(self) -> int:
        """The most jobs that are trained at once, and so the most that a stop loses."""

    def train(self, jobs: Sequence[Job]) -> Iterator[EpochDone | TrialDone]:
        """Train all jobs, and yield each epoch and each trial as soon as it is done.

        - Jobs of one recipe and data set start in the order given, and end in any; of
          several, those come first that an engine is prepared for, then by that order.
        - At most `slots` run at once.
        - The same job gives the same trial to the last bit on one kind of processor,
          whatever is trained before and beside it.
        - Each trial has the versions that trained it.
        - Closing the iterator stops the jobs that run and starts no other; then the
          engine can be given new jobs. Before that, it must not.

        Raises:
            TrialError: a job failed; the others that run are stopped.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
