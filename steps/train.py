"""Trains one recipe with several seeds: the step of train_baseline and train_improved.

Reads:  `data`, the `dataset/` of a prepare_data run, or whatever prepare_data accepts.
Leaves: `trials/` (see `didithelp.trials_folder`), a nested run per trial, the mean and
        standard deviation of every metric, and the Keras model of the trial that is
        best on the validation set.
"""

import dataclasses
import functools
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import parameter, texts_of, values_of
from lab import entry_point
from lab.data import dataset as data
from lab.engines.processes import ProcessEngine
from lab.engines.protocol import EpochDone, Job
from lab.host import console, lifecycle
from lab.parameters import Located
from lab.runs import keys, locations
from lab.runs.keys import Caching
from lab.runs.launch import Launch
from lab.training.recipe import Recipe
from lab.training.seeds import Trials
from lab.training.trial import Trial

if TYPE_CHECKING:
    from lab.engines.protocol import Engine
    from lab.runs.step import Step

NUM_EXAMPLES = 2  # images stored with the model to show what it takes


@dataclasses.dataclass(frozen=True)
class Params(Recipe, Trials, Caching, Located):
    """A recipe, the seeds to train it with, and the images to train it on.

    arm: name of the arm in tables and reports.
    data: location of a `dataset/`, or a data set to prepare first.
    """

    arm: str = parameter(
        "1 to 50 letters, digits, spaces or any of .-_, such as baseline",
        valid=lambda name: (
            0 < len(name.strip()) == len(name) <= 50
            and all(letter.isalnum() or letter in " .-_" for letter in name)
        ),
    )
    data: str = parameter(
        "a runs:/ URI of a dataset/, the id of a prepare_data run, or a data set as"
        " prepare_data takes it",
        valid=lambda location: bool(location.strip()),
    )

    @property
    def recipe(self) -> Recipe:
        """The hyperparameters alone."""
        return Recipe(**values_of(Recipe, self))


def run(params: Params, step: "Step", engine: "Engine") -> None:
    """Train every seed, and store trials, aggregates and the chosen model."""
    location, folder, dataset = prepared(params, step)
    step.log_arm(params.arm, location)
    step.log_dataset(dataset)
    step.log_new_param("regularization_applied", params.recipe.regularization_applied)
    key = keys.trial_key(params.recipe, dataset.description)
    with step.trials.sole_trainer(key) if params.cache == "on" else nullcontext():
        trials = train(params, step, engine, folder, key)
    store(params, step, dataset, trials)


def prepared(params: Params, step: "Step") -> tuple[str, Path, data.Dataset]:
    """Fetch and check the data set; a nested prepare_data run makes it if need be.

    Returns:
        the location of its run or folder, the path of its files here, the data set.
    """
    location = params.data
    if not locations.names_run(location):
        location = step.launch(Launch("prepare_data", {"dataset": location}))
    folder, dataset = step.artifacts.load(
        location, "dataset", lambda path: (path, data.verify(path))
    )
    return location, folder, dataset


def train(
    params: Params, step: "Step", engine: "Engine", folder: Path, key: keys.Key
) -> list[Trial]:
    """Train the seeds that are not stored yet, and store each trial as soon as it ends.

    Args:
        params: the parameters of the step.
        step: its run.
        engine: that trains.
        folder: of the data set.
        key: of the recipe's trials; those that are stored are not trained again.

    Returns:
        all trials, in the order of the seeds.
    """
    name, total = f"train_{params.arm}", len(params.seeds)
    log = functools.partial(
        step.trials.log, params.arm, recipe_texts=texts_of(Recipe, params), key=key
    )
    stored = step.trials.find(key, params.seeds) if params.cache == "on" else []
    trials = {trial.seed: trial for trial in stored}
    for trial in stored:
        log(trial)
    missing = [seed for seed in params.seeds if seed not in trials]
    if stored:
        count = f"{len(stored)} of {total} trials reused, {len(missing)} to train"
        console.say(f"{name}  {count}")
    started = time.monotonic()
    jobs = [Job(params.recipe, seed, folder) for seed in missing]
    with console.progress(name, len(jobs) * params.epochs) as bar:
        for event in engine.train(jobs):
            if isinstance(event, EpochDone):
                bar.advance()
                continue
            trials[event.job.seed] = trial = event.trial
            log(trial)
            bar.advance(params.epochs - len(trial.history))  # stopped early
            bar.note(progress_line(trial, len(trials), total))
            if len(trials) > total - engine.slots:
                step.expect_model()  # from now on one of its cores is free for it
    step.log_metrics(
        {"num_trained": len(jobs), "training_seconds": time.monotonic() - started}
    )
    return [trials[seed] for seed in params.seeds]


def progress_line(trial: Trial, done: int, total: int) -> str:
    """A line about a trial that has just ended, the `done`th of `total`."""
    count = f"{done}/{total}  seed {trial.seed}"
    if trial.status != "finished":
        return f"{count}: diverged in epoch {len(trial.history)}"
    return (
        f"{count}: validation accuracy {trial.kept['val_accuracy']:.2%}"
        f" at epoch {trial.kept['epoch']} of {len(trial.history)}"
    )


def store(
    params: Params, step: "Step", dataset: data.Dataset, trials: list[Trial]
) -> None:
    """Store the arm, its aggregates and the model of the best finished trial."""
    from didithelp import trials_folder
    from lab.training import arm
    from lab.training.deployment import keras_model

    aggregates = arm.aggregates(arm.metrics_table(trials))
    step.log_metrics(aggregates)
    best = arm.best(trials)
    folder = step.scratch / "trials"
    trials_folder.save(arm.assemble(params.arm, params.recipe, dataset, trials), folder)
    step.log_folder(folder, "trials")
    examples = dataset.x_test[:NUM_EXAMPLES].copy()  # a copy, not the memory map
    step.log_model(keras_model(params.recipe, dataset, best), examples)
    step.set_tags(model_seed=str(best.seed))
    step.conclude(f"test accuracy {aggregates['test_accuracy']:.2%}")


if __name__ == "__main__":
    checked = entry_point.parse(Params)
    # The engine comes first: its workers load TensorFlow while MLflow loads here.
    with ProcessEngine(checked.num_workers) as started:
        entry_point.main(
            checked,
            functools.partial(run, engine=started),
            name=f"train_{checked.arm}",
        )
    lifecycle.leave_at_once(0)
