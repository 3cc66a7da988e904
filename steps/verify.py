"""Trains a stored trial once more: is the result still what was stored?

Reads:  `arm`, a finished training run, and the data set that it was trained on.
Leaves: the largest differences as metrics and the finding as a tag. A trial that turns
        out different fails the step, with every cause that can be seen from here.
"""

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import is_filled, parameter
from lab import command_line, entry_point
from lab.data import dataset as data
from lab.engines.processes import ProcessEngine
from lab.engines.protocol import EpochDone, Job
from lab.host import console
from lab.parameters import Located
from lab.runs import keys
from lab.training import agreement
from lab.training.recipe import Recipe
from lab.training.seeds import SEEDS
from lab.training.trial import Trial
from lab.training.versions import versions

if TYPE_CHECKING:
    from lab.engines.protocol import Engine
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(Located):
    """Which trial to train again.

    arm: location of a training run.
    trial_seed: None for the trial whose model is stored; where an arm has no model, for
        that with the lowest seed.
    """

    arm: str = parameter(
        "the run id or runs:/ URI of an arm that was trained here",
        valid=is_filled,
    )
    trial_seed: int | None = parameter(
        SEEDS,
        0,
        noun="a seed of the arm",
        none="auto",
        note="auto is that of the stored model, or the lowest",
    )


def run(params: Params, step: "Step", engine: "Engine") -> None:
    """Train the trial again, and print how far it is from the stored one.

    Raises:
        ValueError: it is different, or the arm or its data set cannot be had.
    """
    from didithelp import trials_folder

    arm = step.artifacts.load(params.arm, "trials", trials_folder.load)
    trained = step.trials.of_arm(params.arm, params.trial_seed)
    stored, key = trained.trial, trained.key
    folder, dataset = step.artifacts.load(
        step.trials.data_of_arm(params.arm),
        "dataset",
        lambda path: (path, data.verify(path)),
    )
    if arm.dataset is None or dataset.description.sha256 != arm.dataset.sha256:
        raise ValueError(
            "expected the data set that the arm was trained on, got another one;"
            " was its prepare_data run changed?"
        )
    recipe = command_line.build(Recipe, key.parameters)
    again = train_again(recipe, stored.seed, folder, engine)
    finding = agreement.compare(stored, again)
    step.log_metrics(
        {
            "largest_weight_difference": finding.weights,
            "largest_probability_difference": finding.probabilities,
            "changed_predictions": finding.changed_predictions,
        }
    )
    step.set_tags(verification=finding.word, arm=arm.name, seed=str(stored.seed))
    step.conclude(f"{arm.name}, seed {stored.seed}, {finding.word}")
    result = agreement.describe(finding, len(dataset.y_test))
    if finding.word != "bitwise equal":
        now = keys.trial_key(recipe, dataset.description)
        result += f"; {causes(stored, key, now)}"
    if finding.word == "different":
        raise ValueError(f"{arm.name}, seed {stored.seed}, is {result}")
    console.result(f"verified: {arm.name}, seed {stored.seed}, is {result}")


def train_again(recipe: Recipe, seed: int, folder: Path, engine: "Engine") -> Trial:
    """Train one trial, in a worker as the stored one was."""
    events = engine.train([Job(recipe, seed, folder)])
    with console.progress("verify", recipe.epochs) as bar:
        while isinstance(event := next(events), EpochDone):
            bar.advance()
    return event.trial


def causes(stored: Trial, key: keys.Key, now: keys.Key) -> str:
    """Say what has changed since the trial was stored, as far as it is known.

    Args:
        stored: the stored trial.
        key: that it was stored with.
        now: the key that it would have today.
    """
    before, today = stored.versions, versions()
    differences = [
        f"{name} {before.get(name, 'unknown')} -> {today.get(name, 'unknown')}"
        for name in sorted(before.keys() | today.keys())
        if before.get(name) != today.get(name)
    ]
    # Without the packages in the keys, whose versions are compared above already.
    old, new = (dataclasses.replace(k, versions={}) for k in (key, now))
    differences += keys.changes(old, new)
    changes = "; ".join(differences) or "nothing that can be seen from here"
    return f"what changed: {changes}"


if __name__ == "__main__":
    checked = entry_point.parse(Params)
    with ProcessEngine(1) as started:
        entry_point.main(checked, functools.partial(run, engine=started), name="verify")
