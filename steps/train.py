"""Trains one recipe with several seeds: the step of train_baseline and train_improved.

Reads:  `data`, the `dataset/` of a prepare_data run, or whatever prepare_data accepts.
Leaves: `trials/` (see `didithelp.trials_folder`), a nested run per trial, the mean and
        standard deviation of every metric, and the Keras model of the trial that is
        best on the validation set.
"""

import dataclasses
import functools
from typing import TYPE_CHECKING

from didithelp.parameters import is_filled, parameter, values_of
from lab import entry_point
from lab.engines.processes import ProcessEngine
from lab.host import lifecycle
from lab.parameters import Located
from lab.runs.keys import Caching
from lab.training import arm_list
from lab.training.arm_list import WantedArm
from lab.training.recipe import Recipe
from lab.training.seeds import Trials
from steps import arms

if TYPE_CHECKING:
    from lab.engines.protocol import Engine
    from lab.runs.step import Step

NUM_EXAMPLES = 2  # images stored with the model to show what it takes


@dataclasses.dataclass(frozen=True)
class ImagesToTrainOn(Located):
    """Where the images come from.

    data: location of a `dataset/`, or a data set to prepare first.
    """

    data: str = parameter(
        "a runs:/ URI of a dataset/, the id of a prepare_data run, or a data set as"
        " prepare_data takes it",
        valid=is_filled,
    )


@dataclasses.dataclass(frozen=True)
class Params(Recipe, Trials, Caching, ImagesToTrainOn):
    """A recipe, the seeds to train it with, and the images to train it on.

    arm: name of the arm in tables and reports.
    """

    arm: str = parameter(arm_list.NAME, valid=arm_list.is_name)

    @property
    def recipe(self) -> Recipe:
        """The hyperparameters alone."""
        return Recipe(**values_of(Recipe, self))

    @property
    def wanted(self) -> tuple[WantedArm, ...]:
        """The only arm that is trained."""
        return (WantedArm(self.arm, self.recipe, self.seeds),)


def run(params: Params, step: "Step", engine: "Engine") -> None:
    """Train every seed, and store trials, aggregates and the chosen model."""
    from lab.training.deployment import keras_model

    location, folder, dataset = arms.prepared(params.data, step)
    training = arms.Training(params.wanted[0], step, location, dataset)
    title, reuses = f"train_{params.arm}", params.cache == "on"
    for arm in arms.train([training], step, engine, folder, title=title, reuses=reuses):
        if len(arm.missing) < engine.slots:
            step.expect_model()  # from now on one of its cores is free for it
    best = training.store()
    examples = dataset.x_test[:NUM_EXAMPLES].copy()  # a copy, not the memory map
    step.log_model(keras_model(params.recipe, dataset, best), examples)
    step.set_tags(model_seed=str(best.seed))


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
