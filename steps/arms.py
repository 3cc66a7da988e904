"""What the steps that train share: arms side by side, stored trial by trial.

It is no step of its own. A trial is stored as soon as it ends, so that whatever ends
the process loses the trials in flight alone, and is not trained again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import texts_of
from lab.data import dataset as data
from lab.engines.protocol import EpochDone, Job, TrialDone, TrialError
from lab.host import console
from lab.runs import keys, locations
from lab.runs.launch import Launch
from lab.training.arm_list import WantedArm
from lab.training.recipe import Recipe
from lab.training.trial import Trial

if TYPE_CHECKING:
    from lab.engines.protocol import Engine
    from lab.runs.open_run import OpenRun
    from lab.runs.step import Step


def prepared(location: str, step: "Step") -> tuple[str, Path, data.Dataset]:
    """Fetch and check the data set; a nested prepare_data run makes it if need be.

    Args:
        location: of a `dataset/`, or a data set to prepare first.
        step: that trains.

    Returns:
        the location of its run or folder, the path of its files here, the data set.
    """
    if not locations.names_run(location):
        location = step.launch(Launch("prepare_data", {"dataset": location}))
    folder, dataset = step.artifacts.load(
        location, "dataset", lambda path: (path, data.verify(path))
    )
    return location, folder, dataset


class Training:
    """An arm that is being trained: its run, and the trials that are stored there.

    Args:
        arm: what is to be trained.
        run: of the arm.
        location: of the data set.
        dataset: that it is trained on.

    Attributes:
        arm, run: as given.
        key: of the arm's trials.
        missing: the seeds whose trials are not there yet.
        seconds: what each trial that is there took on its core.
    """

    def __init__(
        self, arm: WantedArm, run: "OpenRun", location: str, dataset: data.Dataset
    ):
        self.arm, self.run = arm, run
        self.key = keys.trial_key(arm.recipe, dataset.description)
        self.missing = list(arm.seeds)
        self.seconds: list[float] = []
        self._dataset = dataset
        self._trials: list[Trial] = []
        is_regularized = arm.recipe.regularization_applied
        run.log_arm(arm.name, location, is_regularized=is_regularized)
        run.log_dataset(dataset)

    def add(self, trial: Trial) -> None:
        """Store a trial of the arm."""
        texts = texts_of(Recipe, self.arm.recipe)
        self.run.trials.log(self.arm.name, trial, texts, self.key)
        self.missing.remove(trial.seed)
        self.seconds.append(trial.metrics["train_seconds"])
        self._trials.append(trial)

    def reuse(self) -> int:
        """Take over the trials that are stored in any run; return how many."""
        stored = self.run.trials.find(self.key, self.arm.seeds)
        for trial in stored:
            self.add(trial)
        return len(stored)

    def store(self) -> Trial:
        """Store the arm's `trials/` and its aggregates, once no trial is missing.

        The trials are not kept in memory after that.

        Returns:
            the trial that is best on the validation set.

        Raises:
            ValueError: all trials have diverged.
        """
        from didithelp import trials_folder
        from lab.training import arm

        trials = sorted(self._trials, key=lambda each: self.arm.seeds.index(each.seed))
        self._trials.clear()
        best = arm.best(self.arm.name, trials)
        aggregates = arm.aggregates(arm.metrics_table(trials))
        self.run.log_metrics(aggregates)
        folder = self.run.scratch / f"arm-{self.run.run_id}" / "trials"
        whole = arm.assemble(self.arm.name, self.arm.recipe, self._dataset, trials)
        trials_folder.save(whole, folder)
        self.run.log_folder(folder, "trials")
        self.run.conclude(f"test accuracy {aggregates['test_accuracy']:.2%}")
        return best


def train(
    arms: Sequence[Training],
    step: "Step",
    engine: "Engine",
    folder: Path,
    *,
    title: str,
    reuses: bool,
) -> Iterator[Training]:
    """Train the trials that are not stored yet, and store each as soon as it ends.

    Args:
        arms: to train; of two with the same recipe, the seeds differ.
        step: its run has the sums; what stored trials took says what is trained first.
        engine: that trains.
        folder: of the data set.
        title: of the progress.
        reuses: whether trials that are stored anywhere are not trained again.

    Yields:
        an arm whenever it has one more trial, and once where all its trials are reused.
    """
    sole = step.trials.sole_trainer([arm.key for arm in arms])
    with sole if reuses else nullcontext(lambda _: None) as release:
        num_reused = sum(arm.reuse() for arm in arms) if reuses else 0
        if num_reused:
            num_missing = sum(len(arm.missing) for arm in arms)
            count = f"{num_reused} of {num_reused + num_missing} trials reused"
            console.say(f"{title}  {count}, {num_missing} to train")
        for arm in _train_missing(arms, step, engine, folder, title):
            yield arm
            if not any(other.missing for other in arms if other.key == arm.key):
                release(arm.key)


def _train_missing(
    arms: Sequence[Training], step: "Step", engine: "Engine", folder: Path, title: str
) -> Iterator[Training]:
    """Train what is missing; yields as `train` does."""
    started = time.monotonic()
    complete = [arm for arm in arms if not arm.missing]
    owners = jobs_of(arms, step, folder)
    total = sum(len(arm.arm.seeds) for arm in arms)
    done = total - len(owners)
    with console.progress(title, sum(job.recipe.epochs for job in owners)) as bar:
        for event in _events(owners, engine, is_named=len(arms) > 1):
            while complete:  # only now, while others train
                yield complete.pop()
            if isinstance(event, EpochDone):
                bar.advance()
                continue
            arm, trial = owners[event.job], event.trial
            arm.add(trial)
            done += 1
            bar.advance(event.job.recipe.epochs - len(trial.history))  # stopped early
            name = f"{arm.arm.name}, " if len(arms) > 1 else ""
            bar.note(progress_line(name, trial, done, total))
            yield arm
    yield from complete
    seconds = time.monotonic() - started
    step.log_metrics({"num_trained": len(owners), "training_seconds": seconds})


def _events(
    owners: dict[Job, Training], engine: "Engine", *, is_named: bool
) -> Iterator[EpochDone | TrialDone]:
    """What an engine tells of jobs; an error names the arm, if `is_named`."""
    try:
        yield from engine.train([*owners])
    except TrialError as error:
        if not is_named:
            raise
        name = owners[error.job].arm.name
        raise TrialError(error.job, error.detail, name) from None


def jobs_of(
    arms: Sequence[Training], step: "Step", folder: Path
) -> dict[Job, Training]:
    """What is to be trained, and for which arm: the longest trials first.

    Then no core is left alone with a long one in the end. Where nothing is known of
    times, the number of epochs stands for them.
    """
    times = step.reuse.times()
    expected = {}
    for arm in arms:
        epochs = arm.arm.recipe.epochs
        expected[arm] = (times.of(arm.key, epochs) or 0, epochs)
    return {
        Job(arm.arm.recipe, seed, folder): arm
        for arm in sorted(arms, key=lambda arm: expected[arm], reverse=True)
        for seed in arm.missing
    }


def progress_line(name: str, trial: Trial, done: int, total: int) -> str:
    """A line about a trial that has just ended, the `done`th of `total`."""
    count = f"{done}/{total}  {name}seed {trial.seed}"
    if trial.status != "finished":
        return f"{count}: diverged in epoch {len(trial.history)}"
    return (
        f"{count}: validation accuracy {trial.kept['val_accuracy']:.2%}"
        f" at epoch {trial.kept['epoch']} of {len(trial.history)}"
    )
