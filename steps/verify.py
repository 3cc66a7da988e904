"""One trial of a finished arm, trained once more: is it still what was stored?

Reads:  `arm`, a finished training run, and the data set that it was trained on.
Leaves: the largest differences as metrics and the finding as a tag. A trial that turns
        out different fails the step, with every cause that can be seen from here.
"""

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from didithelp.parameters import parameter
from lab import command_line
from lab.data import dataset as data
from lab.engines.processes import SEEDS, Workers
from lab.host import console
from lab.parameters import Located
from lab.runs import keys as cache
from lab.training.recipe import Recipe
from lab.training.trial import Trial, versions

if TYPE_CHECKING:
    from lab.runs.step import Step

# Two float32 results of the same arithmetic in another order, after many steps.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-4, 1e-5


@dataclasses.dataclass(frozen=True)
class Params(Located):
    """Which trial."""

    arm: str = parameter(
        "the run id or runs:/ URI of a finished train_baseline or train_improved",
        valid=lambda location: bool(location.strip()),
    )
    trial_seed: int | None = parameter(
        SEEDS,
        0,
        noun="a seed of the arm",
        none="auto",
        note="auto is that of the stored model",
    )


@dataclasses.dataclass(frozen=True)
class Finding:
    """How far a trial is from the stored one."""

    word: str  # "bitwise equal", "numerically equal" or "different"
    weights: float  # largest absolute difference
    probabilities: float
    changed_predictions: int  # test images with another most probable class


def run(params: Params, step: "Step", workers: Workers) -> None:
    """Train the trial again and say what came of it."""
    from didithelp import trials_folder

    arm = step.load(params.arm, "trials", trials_folder.load)
    stored, key = step.trial_of(params.arm, params.trial_seed)
    folder, dataset = step.data_of(params.arm, data.verify)
    if dataset.description.sha256 != arm.dataset.sha256:
        raise ValueError(
            "expected the data set that the arm was trained on, got another one;"
            " was its prepare_data run changed?"
        )
    recipe = command_line.build(Recipe, key.parameters)
    again = train_again(recipe, stored.seed, folder, workers)
    finding = compare(stored, again)
    step.log_metrics(
        {
            "largest_weight_difference": finding.weights,
            "largest_probability_difference": finding.probabilities,
            "changed_predictions": finding.changed_predictions,
        }
    )
    step.set_tags(verification=finding.word, arm=arm.name, seed=str(stored.seed))
    text = f"{arm.name}, seed {stored.seed}, is {describe(finding, len(arm.labels))}"
    now = cache.trial_key(recipe, dataset.description)
    if finding.word != "bitwise equal":
        text += f"; {causes(stored, key, now)}"
    if finding.word == "different":
        raise ValueError(text)
    console.result(f"verified: {text}")


def train_again(recipe: Recipe, seed: int, folder: Path, workers: Workers) -> Trial:
    """The trial, in a worker as before."""
    with console.progress("verify", recipe.epochs) as bar:
        for news in workers.train_many(recipe, (seed,), folder):
            if isinstance(news, Trial):
                return news
            bar.advance()
    raise AssertionError("a worker ends with a trial or an error")


def compare(stored: Trial, again: Trial) -> Finding:
    """Differences of weights and test predictions; a diverged trial has neither."""
    if stored.status != again.status:
        return Finding("different", np.inf, np.inf, 0)
    if stored.weights is None:
        same = repr(stored.history) == repr(again.history)  # NaN equals itself here
        return Finding("bitwise equal" if same else "different", 0, 0, 0)
    pairs = [
        *zip(stored.weights, again.weights, strict=True),
        (stored.probabilities, again.probabilities),
    ]
    *weights, probabilities = [float(np.abs(a - b).max()) for a, b in pairs]
    before, after = (t.probabilities.argmax(axis=1) for t in (stored, again))
    if all(a.tobytes() == b.tobytes() for a, b in pairs):
        word = "bitwise equal"
    elif all(
        np.allclose(a, b, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE) for a, b in pairs
    ):
        word = "numerically equal"
    else:
        word = "different"
    return Finding(word, max(weights), probabilities, int((before != after).sum()))


def describe(finding: Finding, num_images: int) -> str:
    """The finding in a line."""
    if finding.word == "bitwise equal":
        return (
            f"bitwise equal: every weight and the predictions of {num_images:,} images"
        )
    return (
        f"{finding.word}: weights differ by up to {finding.weights:.2g}, probabilities"
        f" by up to {finding.probabilities:.2g}, {finding.changed_predictions:,} of"
        f" {num_images:,} images are predicted to be something else"
    )


def causes(stored: Trial, key: cache.Key, now: cache.Key) -> str:
    """What is known to be other than it was when the trial was stored."""
    before, here = stored.versions, versions()
    found = [
        f"{name} {before.get(name, 'unknown')} -> {here.get(name, 'unknown')}"
        for name in sorted(before.keys() | here.keys())
        if before.get(name) != here.get(name)
    ]
    # Versions again, but only of packages.
    old, new = (dataclasses.replace(k, versions={}) for k in (key, now))
    found += cache.changes(old, new)
    return f"what changed: {'; '.join(found) or 'nothing that can be seen from here'}"


if __name__ == "__main__":
    checked = command_line.parse(Params)
    with Workers(1) as started:
        from lab.runs import step as tracking

        tracking.execute(
            functools.partial(run, workers=started), checked, name="verify"
        )
