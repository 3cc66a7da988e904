"""One recipe over several seeds → `trials/` and one model; both arms are this step.

Reads:  `data`, the `dataset/` of a prepare_data run, or whatever prepare_data accepts.
Leaves: `trials/` (see `didithelp.trials_folder`), a nested run per trial, the mean and standard
        deviation of every metric, and the Keras model of the trial that is best on
        the validation set.
"""

import dataclasses
import functools
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from didithelp.parameters import parameter, texts_of, values_of
from lab import command_line
from lab.data import dataset as data
from lab.engines.processes import EpochDone, Trials, Workers
from lab.host import console
from lab.parameters import Located
from lab.runs import keys as cache
from lab.runs.keys import Caching
from lab.training.recipe import Recipe
from lab.training.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from lab.runs.step import Step

NUM_EXAMPLES = 2  # images stored with the model to show what it takes


@dataclasses.dataclass(frozen=True)
class Params(Recipe, Trials, Caching, Located):
    """A recipe, the seeds to train it with, and the images to train it on."""

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


def run(params: Params, step: "Step", workers: Workers) -> None:
    """Train every seed, and store trials, aggregates and the chosen model."""
    location, folder, dataset = prepared(params, step)
    step.log_arm(params.arm, location)
    step.log_dataset(dataset)
    step.log_new_param("regularization_applied", params.recipe.regularization_applied)
    trials = train(params, step, workers, folder)
    store(params, step, dataset, trials)


def prepared(params: Params, step: "Step") -> tuple[str, Path, data.Dataset]:
    """Where the `dataset/` is, made by a nested prepare_data run where needed."""
    location = params.data
    if not step.names_run(location):
        location = step.launch("prepare_data", dataset=location)
    folder, dataset = step.load(
        location, "dataset", lambda path: (path, data.verify(path))
    )
    return location, folder, dataset


def train(params: Params, step: "Step", workers: Workers, folder: Path) -> list[Trial]:
    """All trials, in the order of the seeds; each is logged as soon as it is done.

    What was trained before, here or in another arm, is not trained again.
    """
    key = cache.trial_key(params.recipe, data.load(folder).description)
    log = functools.partial(
        step.log_trial, params.arm, described=texts_of(Recipe, params), key=key
    )
    with step.sole_trainer(key) if params.cache == "on" else nullcontext():
        trials = {}
        if params.cache == "on":
            trials = {
                trial.seed: trial for trial in step.find_trials(key, params.seeds)
            }
            for trial in trials.values():
                log(trial)
            tell_reuse(params, len(trials))
        train_missing(params, step, workers, folder, trials, log)
    return [trials[seed] for seed in params.seeds]


def tell_reuse(params: Params, found: int) -> None:
    """How many trials need no training, if any."""
    if found:
        console.say(
            f"train_{params.arm}  {found} of {len(params.seeds)} trials reused,"
            f" {len(params.seeds) - found} to train"
        )


def train_missing(
    params: Params,
    step: "Step",
    workers: Workers,
    folder: Path,
    trials: dict[int, Trial],
    log: Callable[[Trial], None],
) -> None:
    """Train every seed that `trials` lacks, and add what comes of it."""
    missing = tuple(seed for seed in params.seeds if seed not in trials)
    started = time.monotonic()
    with console.progress(f"train_{params.arm}", len(missing) * params.epochs) as bar:
        for news in workers.train_many(params.recipe, missing, folder):
            if isinstance(news, EpochDone):
                bar.advance()
                continue
            trials[news.seed] = news
            log(news)
            bar.advance(params.epochs - len(news.history))  # stopped early
            bar.note(_describe(news, len(trials), len(params.seeds)))
            if len(trials) > len(params.seeds) - params.num_workers:
                step.expect_model()  # this arm needs fewer cores from now on
    step.log_metrics(
        {"num_trained": len(missing), "training_seconds": time.monotonic() - started}
    )


def store(
    params: Params, step: "Step", dataset: data.Dataset, trials: list[Trial]
) -> None:
    """Write the arm, its aggregates and the model of the best finished trial."""
    from didithelp import trials_folder
    from didithelp.arm import FINISHED

    finished = [trial for trial in trials if trial.status == FINISHED]
    metrics = metrics_table(trials)
    step.log_metrics(aggregates(metrics))
    if not finished:
        raise ValueError(
            f"expected at least one trial with finite losses, got {len(trials)} that"
            " diverged; lower learning_rate"
        )
    folder = step.scratch / "trials"
    trials_folder.save(assemble(params, dataset, metrics, trials), folder)
    step.log_folder(folder, "trials")
    best = min(finished, key=lambda trial: trial.kept["val_cross_entropy"])
    step.log_model(keras_model(params.recipe, dataset, best), _examples(dataset))
    step.set_tags(model_seed=str(best.seed))


def assemble(
    params: Params,
    dataset: data.Dataset,
    metrics: "pd.DataFrame",
    trials: list[Trial],
) -> Any:
    """The arm as `didithelp.trials_folder` stores it."""
    import numpy as np
    import pandas as pd

    from didithelp.arm import FINISHED, Arm

    finished = [trial for trial in trials if trial.status == FINISHED]
    return Arm(
        name=params.arm,
        recipe=dataclasses.asdict(params.recipe),
        dataset=dataset.description,
        versions=common_versions(finished),
        metrics=metrics,
        history=pd.DataFrame(
            [{"seed": trial.seed, **row} for trial in trials for row in trial.history]
        ),
        seeds=np.array([trial.seed for trial in finished], np.int64),
        labels=np.asarray(dataset.y_test),
        probabilities=np.stack([trial.probabilities for trial in finished]),
    )


def common_versions(trials: list[Trial]) -> dict[str, str]:
    """What the trials were trained with; reused ones may be of another machine."""
    names = {name: None for trial in trials for name in trial.versions}
    found = {
        name: {trial.versions.get(name, "unknown"): None for trial in trials}
        for name in names
    }
    return {name: " and ".join(values) for name, values in found.items()}


def metrics_table(trials: list[Trial]) -> "pd.DataFrame":
    """One row per trial: seed, status, then its metrics, empty where it diverged."""
    import pandas as pd

    from didithelp.arm import METRIC_COLUMNS

    rows = [
        {"seed": trial.seed, "status": trial.status, **trial.metrics}
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["seed", "status", *METRIC_COLUMNS])


def aggregates(metrics: "pd.DataFrame") -> dict[str, float]:
    """Mean (under the metric's own name) and standard deviation over finished seeds."""
    from didithelp.arm import DIVERGED, FINISHED, METRIC_COLUMNS

    finished = metrics[metrics["status"] == FINISHED][list(METRIC_COLUMNS)]
    found = finished.astype(float).mean().to_dict()
    spread = finished.astype(float).std(ddof=1).to_dict()
    found |= {f"{name}_sd": value for name, value in spread.items()}
    return found | {
        "num_seeds": len(metrics),
        "num_diverged": int((metrics["status"] == DIVERGED).sum()),
    }


def keras_model(recipe: Recipe, dataset: data.Dataset, trial: Trial) -> Any:
    """The trial's network as a compiled Keras model."""
    from lab.training import model as models

    network = models.build(
        recipe, dataset.image_shape, dataset.num_classes, seed=trial.seed
    )
    network.set_weights(trial.weights)
    network.compile(models.optimizer(recipe), loss=models.LOSS, metrics=["accuracy"])
    network.optimizer.build(network.trainable_variables)  # else loading it warns
    return network


def _examples(dataset: data.Dataset) -> Any:
    return dataset.x_test[:NUM_EXAMPLES].copy()  # out of the memory map


def _describe(trial: Trial, done: int, total: int) -> str:
    count = f"{done}/{total}  seed {trial.seed}"
    if trial.status != "finished":
        return f"{count}: diverged in epoch {len(trial.history)}"
    return (
        f"{count}: validation accuracy {trial.kept['val_accuracy']:.2%}"
        f" at epoch {trial.kept['epoch']} of {len(trial.history)}"
    )


if __name__ == "__main__":
    checked = command_line.parse(Params)
    # The workers load TensorFlow while this process loads MLflow.
    with Workers(checked.num_workers) as started:
        from lab.runs import step as tracking

        tracking.execute(
            functools.partial(run, workers=started),
            checked,
            name=f"train_{checked.arm}",
        )
    # All is stored; to unload TensorFlow would take another second or two.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
