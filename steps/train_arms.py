"""Trains many arms in one step, which keeps all cores busy until the last trial.

Reads:  `data`, the `dataset/` of a prepare_data run, or whatever prepare_data accepts.
Leaves: a nested run per arm, with its trials below it and what a training step leaves
        but the Keras model; `arms/arms.json`, the ids of those runs by name.
"""

import dataclasses
import functools
import statistics
from typing import TYPE_CHECKING

from didithelp.parameters import is_filled, parameter
from lab import entry_point
from lab.engines.processes import ProcessEngine
from lab.host import lifecycle
from lab.runs.keys import Caching
from lab.training import arm_list
from lab.training.arm_list import WantedArm
from lab.training.seeds import Trials
from steps import arms
from steps.train import ImagesToTrainOn

if TYPE_CHECKING:
    from lab.engines.protocol import Engine
    from lab.runs.step import Step

NAME = "train_arms"


@dataclasses.dataclass(frozen=True)
class Params(Trials, Caching, ImagesToTrainOn):
    """Which arms to train, and on which images.

    arms: by name, what each has other than the defaults of train_baseline; `seeds` in
        an arm are those of that arm alone.
    """

    arms: str = parameter(
        'JSON such as {"plain": {}, "wide": {"hidden_units": 1024}}, by name of the arm'
        " what it has other than train_baseline",
        valid=is_filled,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        arm_list.read(self.arms, self.seeds)

    @property
    def wanted(self) -> tuple[WantedArm, ...]:
        """The arms that are trained."""
        return arm_list.read(self.arms, self.seeds)

    @property
    def num_trials(self) -> int:
        """The trials of all arms."""
        return sum(len(arm.seeds) for arm in self.wanted)


def run(params: Params, step: "Step", engine: "Engine") -> None:
    """Train every seed of every arm, and store each arm as soon as it is complete."""
    location, folder, dataset = arms.prepared(params.data, step)
    step.log_dataset(dataset)
    trainings = [
        arms.Training(arm, step.open_arm(arm.name, arm.texts), location, dataset)
        for arm in params.wanted
    ]
    reuses = params.cache == "on"
    for arm in arms.train(trainings, step, engine, folder, title=NAME, reuses=reuses):
        if not arm.missing:
            arm.store()
            arm.run.end()
    seconds = [seconds for each in trainings for seconds in each.seconds]
    step.log_metrics({"train_seconds": statistics.fmean(seconds)})
    step.log_arms({each.arm.name: each.run.run_id for each in trainings})
    step.conclude(f"{len(trainings)} arms, {params.num_trials} trials")


if __name__ == "__main__":
    checked = entry_point.parse(Params)
    # The engine comes first: its workers load TensorFlow while MLflow loads here.
    with ProcessEngine(checked.num_workers) as started:
        entry_point.main(checked, functools.partial(run, engine=started), name=NAME)
    lifecycle.leave_at_once(0)
