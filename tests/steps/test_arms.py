"""How arms are trained side by side, told by a step and an engine that do nothing."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.engines.protocol import EpochDone, TrialDone, TrialError
from lab.training.arm_list import WantedArm
from lab.training.trial import Trial
from steps import arms
from tests.make_data import make_recipe

SHORT, LONG = make_recipe(epochs=1), make_recipe(epochs=3)


class Run:
    """Of a step or an arm: knows the seeds that are stored, and notes what happens."""

    run_id = "0"

    def __init__(self, seconds=None, stored=()):
        self.trials = self
        self.reuse = self
        self.stored, self.logged = stored, []
        self.metrics = {}
        self.released = []
        self.seconds = seconds or {}

    def times(self):
        return SimpleNamespace(of=lambda key, epochs: self.seconds.get(key))

    def find(self, key, seeds):
        return [trial_of(seed) for seed in seeds if seed in self.stored]

    def log(self, arm, trial, texts, key):
        self.logged.append((arm, trial.seed))

    def log_metrics(self, metrics):
        self.metrics |= metrics

    @contextmanager
    def sole_trainer(self, keys):
        self.locked = keys
        yield self.released.append


class Engine:
    """Trains by making things up, and notes in which order it was asked to."""

    slots = 2

    def __init__(self, failing=None):
        self.asked, self.failing = [], failing

    def train(self, jobs):
        self.asked += jobs
        for job in jobs:
            if job.recipe is self.failing:
                raise TrialError(job, "out of memory")
            yield EpochDone(job, {})
            yield TrialDone(job, trial_of(job.seed))


def trial_of(seed):
    row = {"epoch": 1, "val_accuracy": 0.5}
    return Trial(
        seed, "finished", {"kept_epoch": 1, "train_seconds": 2.0}, [row], None, None
    )


def arm(name, recipe, seeds=(0, 1), stored=()):
    """An arm in training, whose key is its recipe's number of epochs."""
    made = object.__new__(arms.Training)
    made.arm, made.run = WantedArm(name, recipe, seeds), Run(stored=stored)
    made.key, made.missing, made.seconds = recipe.epochs, list(seeds), []
    made._trials = []
    return made


def trained(*wanted, seconds=None, reuses=True):
    """The names of the arms as they are yielded, and the engine, and the step."""
    engine, step = Engine(), Run(seconds)
    told = arms.train(wanted, step, engine, Path(), title="train_arms", reuses=reuses)
    return [each.arm.name for each in told], engine, step


def test_the_longest_trials_start_first():
    _, engine, step = trained(arm("short", SHORT), arm("long", LONG))
    assert [job.recipe for job in engine.asked] == [LONG, LONG, SHORT, SHORT]
    assert [job.seed for job in engine.asked] == [0, 1, 0, 1]
    assert step.metrics["num_trained"] == 4


def test_what_trials_took_before_counts_more_than_epochs():
    took = {SHORT.epochs: 9.0, LONG.epochs: 2.0}
    _, engine, _ = trained(arm("short", SHORT), arm("long", LONG), seconds=took)
    assert engine.asked[0].recipe == SHORT


def test_trials_go_to_their_arms_and_arms_are_told_when_they_have_one_more():
    short, long = arm("short", SHORT), arm("long", LONG)
    told, _, _ = trained(short, long)
    assert told == ["long", "long", "short", "short"]
    assert short.run.logged == [("short", 0), ("short", 1)]
    assert short.missing == long.missing == []


def test_stored_trials_are_reused_and_complete_arms_told_while_others_train(capsys):
    stored, partly = (
        arm("stored", SHORT, stored=(0, 1)),
        arm("partly", LONG, stored=[1]),
    )
    told, engine, step = trained(stored, partly)
    assert [job.seed for job in engine.asked] == [0]
    assert told == ["stored", "partly"]
    assert stored.run.logged == [("stored", 0), ("stored", 1)]
    assert "train_arms  3 of 4 trials reused, 1 to train" in capsys.readouterr().err
    assert step.metrics["num_trained"] == 1


def test_without_reuse_everything_is_trained_and_nothing_is_locked():
    _, engine, step = trained(arm("a", SHORT, stored=(0, 1)), reuses=False)
    assert len(engine.asked) == 2
    assert not hasattr(step, "locked")


def test_others_may_train_a_recipe_once_no_arm_misses_a_trial_of_it():
    again = arm("other seeds", LONG, seeds=(7,))
    _, _, step = trained(arm("long", LONG), again, arm("short", SHORT))
    assert step.locked == [LONG.epochs, LONG.epochs, SHORT.epochs]
    assert step.released == [LONG.epochs, SHORT.epochs]


@pytest.mark.parametrize("several", [True, False])
def test_lines_name_the_arm_where_there_are_several(capsys, several):
    trained(*[arm("a", SHORT), arm("b", LONG)][: 1 + several])
    name = "b, " if several else ""
    line = f"train_arms  1/{2 + 2 * several}  {name}seed 0: validation accuracy 50.00%"
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(("several", "trial"), [(True, "trial of b"), (False, "trial")])
def test_an_error_names_the_arm_where_there_are_several(several, trial):
    wanted = [arm("b", SHORT), arm("a", LONG)][: 1 + several]
    told = arms.train(
        wanted, Run(), Engine(SHORT), Path(), title="train_arms", reuses=True
    )
    with pytest.raises(TrialError) as caught:
        list(told)
    message = f"the {trial} with seed 0 failed: out of memory"
    assert str(caught.value) == message
    assert wanted[0].missing == [0, 1] and not any(each.missing for each in wanted[1:])
