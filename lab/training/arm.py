"""Puts the trials of one recipe together as the arm that `didithelp` judges."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from didithelp.arm import DIVERGED, FINISHED, METRIC_COLUMNS, Arm
from lab.data.dataset import Dataset
from lab.training.recipe import Recipe
from lab.training.trial import Trial


def assemble(
    name: str, recipe: Recipe, dataset: Dataset, trials: Sequence[Trial]
) -> Arm:
    """Make an arm of all trials, with the predictions of those that finished.

    Args:
        name: of the arm.
        recipe: the hyperparameters of all trials.
        dataset: what the trials were trained and tested on.
        trials: at least one of them finished.
    """
    finished = [trial for trial in trials if trial.status == FINISHED]
    history = [{"seed": trial.seed, **row} for trial in trials for row in trial.history]
    return Arm(
        name=name,
        recipe=dataclasses.asdict(recipe),
        dataset=dataset.description,
        versions=common_versions(finished),
        metrics=metrics_table(trials),
        history=pd.DataFrame(history),
        seeds=np.array([trial.seed for trial in finished], np.int64),
        labels=np.asarray(dataset.y_test),
        probabilities=np.stack(
            [t.probabilities for t in finished if t.probabilities is not None]
        ),
    )


def best(name: str, trials: Sequence[Trial]) -> Trial:
    """The trial whose kept weights have the lowest cross-entropy on validation images.

    Args:
        name: of the arm, for the error.
        trials: of the arm.

    Raises:
        ValueError: all have diverged.
    """
    finished = [trial for trial in trials if trial.status == FINISHED]
    if not finished:
        raise ValueError(
            f"expected at least one trial of {name} with finite losses, got"
            f" {len(trials)} that diverged; lower learning_rate"
        )
    return min(finished, key=lambda trial: trial.kept["val_cross_entropy"])


def common_versions(trials: Sequence[Trial]) -> dict[str, str]:
    """The versions that trained the trials, by name; "2.20 and 2.21" where they differ.

    They can, because trials that are reused may come from another machine.
    """
    # Dictionaries instead of sets, because those keep the order.
    names = {name: None for trial in trials for name in trial.versions}
    return {
        name: " and ".join(
            {trial.versions.get(name, "unknown"): None for trial in trials}
        )
        for name in names
    }


def metrics_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Tabulate the trials: seed, status, then the metrics, NaN where it has none."""
    rows = [
        {"seed": trial.seed, "status": trial.status, **trial.metrics}
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["seed", "status", *METRIC_COLUMNS])


def aggregates(metrics: pd.DataFrame) -> dict[str, float]:
    """Mean and standard deviation of every metric, over the seeds that finished.

    Args:
        metrics: the table of `metrics_table`.

    Returns:
        the mean under the metric's own name, the deviation with `_sd` after it, and the
        numbers of seeds and of those that diverged.
    """
    finished = metrics[metrics["status"] == FINISHED][list(METRIC_COLUMNS)]
    means, deviations = finished.astype(float).mean(), finished.astype(float).std()
    return {
        **{name: float(means[name]) for name in METRIC_COLUMNS},
        **{f"{name}_sd": float(deviations[name]) for name in METRIC_COLUMNS},
        "num_seeds": len(metrics),
        "num_diverged": int((metrics["status"] == DIVERGED).sum()),
    }
