"""What a plan says, asked of a step that knows the answers."""

import types

import pytest

from lab.runs.plan import PENDING, Plan


class Oracle:
    """Answers as `tracking.Step` would, without a store."""

    def __init__(self, *, stored=(), to_train=(0, 0), usual=None):
        self.stored = stored  # entry points whose result is there
        self.to_train = to_train
        self.usual = usual or {}

    def look_up(self, entry_point, **parameters):
        assert PENDING not in parameters.values()
        run = types.SimpleNamespace(info=types.SimpleNamespace(run_id="0123"))
        found = entry_point in self.stored
        return types.SimpleNamespace(
            run=run if found else None,
            why="0123 of today" if found else "epochs 4 -> 5",
        )

    def count_trials(self, entry_point, **parameters):
        return self.to_train

    def usual_seconds(self, entry_point, *, trains):
        return self.usual.get(entry_point)


def planned(oracle, seeds="5"):
    """The rows of a plan for all four steps, by their first word."""
    plan = Plan(oracle)
    data = plan.launch("prepare_data", dataset="mnist")
    arms = plan.launch_all(
        {
            "train_baseline": {"data": data, "seeds": seeds},
            "train_improved": {"data": data, "seeds": seeds},
        }
    )
    plan.launch("compare", baseline=arms[0], improved=arms[1])
    return {line.split()[0]: line for line in plan.text().splitlines()}


EVERYTHING = ("prepare_data", "train_baseline", "train_improved", "compare")
USUAL = {
    "prepare_data": (4.0, 0.0),
    "train_baseline": (8.0, 5.0),
    "train_improved": (8.0, 20.0),
    "compare": (5.0, 0.0),
}


def test_a_plan_of_what_is_there_takes_no_time():
    rows = planned(Oracle(stored=EVERYTHING, usual=USUAL))
    assert all("reused  run 0123 of today" in rows[name] for name in EVERYTHING)
    assert rows["about"] == "about 0 s in all"


def test_only_missing_trials_count():
    stored = ("prepare_data", "train_baseline")
    rows = planned(Oracle(stored=stored, to_train=(2, 5), usual=USUAL))
    assert "about 48 s  epochs 4 -> 5; 2 of 5 trials to train" in rows["train_improved"]
    assert "about 5 s  what it reads is made first" in rows["compare"]
    assert rows["about"] == "about 53 s in all"


def test_without_data_every_trial_may_be_missing():
    rows = planned(Oracle(usual=USUAL), seeds="3,7")
    assert "about 18 s  what it reads is made first" in rows["train_baseline"]
    assert "about 48 s" in rows["train_improved"]


@pytest.mark.parametrize("missing", EVERYTHING)
def test_what_never_ran_has_no_time_and_nor_has_the_sum(missing):
    usual = {name: cost for name, cost in USUAL.items() if name != missing}
    rows = planned(Oracle(usual=usual))
    assert "for the first time" in rows[missing]
    assert "about" not in rows


def test_minutes_are_told_in_minutes():
    usual = USUAL | {"train_improved": (10.0, 100.0)}
    rows = planned(Oracle(usual=usual))
    assert "about 8 min" in rows["train_improved"]
