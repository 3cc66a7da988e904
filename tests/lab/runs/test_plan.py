"""What a plan says, asked of a step that knows the answers."""

import dataclasses

import pytest

from lab.runs.launch import Launch
from lab.runs.plan import PENDING, Plan
from lab.runs.reuse import Cost, Lookup, TrialCount
from lab.training.seeds import parse_seeds


class Oracle:
    """Answers as `lab.runs.reuse.Reuse` would, without a store."""

    def __init__(self, stored=(), *, trials=None, usual=None):
        self.stored = stored  # entry points whose result is there
        self.trials = trials
        self.usual = usual or {}

    def look_up(self, launch):
        assert PENDING not in launch.parameters.values()
        if launch.entry_point in self.stored:
            return Lookup(None, "0123", "0123 of today")
        return Lookup(None, None, "epochs 4 -> 5")

    def arms_of(self, uri, names):
        return [f"{uri}/{name}" for name in names]

    def count_trials(self, launch):
        return self.trials

    def num_trials(self, launch):
        return len(parse_seeds(launch.parameters["seeds"]))

    def usual_cost(self, entry_point, *, trains):
        return self.usual.get(entry_point)


def planned(oracle, seeds="5"):
    """The rows of a plan for all four steps, by their first word."""
    plan = Plan(oracle)
    data = plan.launch(Launch("prepare_data", {"dataset": "mnist"}))
    arms = plan.launch_all(
        [
            Launch("train_baseline", {"data": data, "seeds": seeds}),
            Launch("train_improved", {"data": data, "seeds": seeds}),
        ]
    )
    plan.launch(Launch("compare", {"baseline": arms[0], "improved": arms[1]}))
    return {line.split()[0]: line for line in lines(plan)}


def lines(plan):
    """The lines of a plan, those that were wrapped put together again."""
    text = plan.text()
    assert max(map(len, text.splitlines())) <= 80
    return text.replace("\n      ", " ").splitlines()


def planned_ablation(oracle):
    plan = Plan(oracle)
    data = plan.launch(Launch("prepare_data", {"dataset": "mnist"}))
    given = {"data": data, "arms": '{"a": {}, "b": {"epochs": 9}}', "seeds": "3"}
    arms = plan.arms_of(plan.launch(Launch("train_arms", given)), ["a", "b"])
    plan.launch(Launch("factorial", {"arms": ",".join(arms), "levels": "{}"}))
    return {line.split()[0]: line for line in lines(plan)}


def test_many_arms_take_what_their_trials_took_one_by_one():
    count = TrialCount(needed=6, missing=4, seconds=100.0)
    usual = {"train_arms": Cost(10.0, 999.0), "factorial": Cost(8.0, 0.0)}
    rows = planned_ablation(Oracle(["prepare_data"], trials=count, usual=usual))
    assert "about 110 s  epochs 4 -> 5; 4 of 6 trials" in rows["train_arms"]
    assert "about 8 s  what it reads is made first" in rows["factorial"]


def test_the_first_time_that_many_arms_are_trained_counts_their_trials_alone():
    count = TrialCount(needed=6, missing=4, seconds=240.0)
    rows = planned_ablation(Oracle(["prepare_data"], trials=count))
    assert "runs    about 4 min  epochs 4 -> 5" in rows["train_arms"]
    assert "for the first time" in rows["factorial"]


EVERYTHING = ("prepare_data", "train_baseline", "train_improved", "compare")
USUAL = {
    "prepare_data": Cost(4.0, 0.0),
    "train_baseline": Cost(8.0, 5.0),
    "train_improved": Cost(8.0, 20.0),
    "compare": Cost(5.0, 0.0),
}


def test_a_plan_of_what_is_there_takes_no_time():
    rows = planned(Oracle(stored=EVERYTHING, usual=USUAL))
    assert all("reused  run 0123 of today" in rows[name] for name in EVERYTHING)
    assert rows["about"] == "about 0 s in all"


def test_only_missing_trials_count():
    stored = ("prepare_data", "train_baseline")
    rows = planned(
        Oracle(stored=stored, trials=TrialCount(5, 2, seconds=None), usual=USUAL)
    )
    assert "about 48 s  epochs 4 -> 5; 2 of 5 trials to train" in rows["train_improved"]
    assert "about 5 s  what it reads is made first" in rows["compare"]
    assert rows["about"] == "about 53 s in all"


def test_without_data_every_trial_may_be_missing():
    rows = planned(Oracle(usual=USUAL), seeds="3,7")
    assert "about 18 s  what it reads is made first" in rows["train_baseline"]
    assert "about 48 s" in rows["train_improved"]


class Growing(Oracle):
    """Knows no trial of either arm, but its data."""

    def count_trials(self, launch):
        return dataclasses.replace(self.trials, missing=self.num_trials(launch))


def planned_looks(oracle):
    """The rows of a plan with looks at 5 and at 10 seeds, and its last line."""
    plan = Plan(oracle)
    data = plan.launch(Launch("prepare_data", {"dataset": "mnist"}))
    for seeds in ("5", "10"):
        given = {"data": data, "seeds": seeds}
        plan.launch(Launch("train_baseline", given, f"train_baseline {seeds} seeds"))
        if seeds == "5":
            assert plan.note_possible_end() is False
    plan.launch(Launch("compare", {"baseline": PENDING}))
    *rows, total = lines(plan)
    return rows[1:], total


@pytest.mark.parametrize("stored", [(), ("prepare_data",)])
def test_a_look_costs_its_new_trials_and_the_first_may_be_the_last(stored):
    trials = TrialCount(needed=10, missing=0, seconds=None)
    rows, total = planned_looks(Growing(stored, trials=trials, usual=USUAL))
    assert "train_baseline 5 seeds   runs    about 33 s" in rows[1]
    assert "train_baseline 10 seeds  runs    about 33 s" in rows[2]
    if stored:
        assert "5 of 10 trials to train" in rows[2]
    first = 4 * (not stored)
    assert total == f"at best about {first + 38} s, at worst about {first + 71} s"


def test_trials_that_took_different_times_are_shared_out_among_looks():
    trials = TrialCount(needed=10, missing=0, seconds=90.0)
    rows, _ = planned_looks(Growing(("prepare_data",), trials=trials, usual=USUAL))
    assert "about 98 s" in rows[1]
    assert "about 53 s" in rows[2]


@pytest.mark.parametrize("missing", EVERYTHING)
def test_what_never_ran_has_no_time_and_nor_has_the_sum(missing):
    usual = {name: cost for name, cost in USUAL.items() if name != missing}
    rows = planned(Oracle(usual=usual))
    assert "for the first time" in rows[missing]
    assert "about" not in rows


def test_minutes_are_told_in_minutes():
    usual = USUAL | {"train_improved": Cost(10.0, 100.0)}
    rows = planned(Oracle(usual=usual))
    assert "about 8 min" in rows["train_improved"]
