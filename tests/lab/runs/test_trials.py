"""Trials as nested runs: stored, found again, trained by one process at a time."""

import errno
import itertools
import threading
import time

import mlflow
import pytest

from lab.host import locks
from lab.runs import keys
from lab.runs.experiment import StoredRun
from lab.runs.step import Step
from tests.lab.runs.steps import KEY, execute, make_trial


def test_a_trial_that_cannot_be_stored_leaves_no_running_run(store, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left")

    def function(step):
        monkeypatch.setattr(mlflow.MlflowClient, "log_batch", refuse)
        step.trials.log("arm", make_trial(3), {}, KEY)

    assert execute(store, function)[0] == 1
    runs = mlflow.search_runs(output_format="list")
    assert [found.info.status for found in runs] == ["FAILED", "FAILED"]


def test_a_trial_lasts_as_long_as_it_took_though_the_clock_is_set_back(
    store, monkeypatch
):
    trial = make_trial(3)

    def function(step):
        falling = itertools.count(time.time(), -100)
        monkeypatch.setattr(time, "time", lambda: next(falling))
        step.trials.log("arm", trial, {}, KEY)

    assert execute(store, function)[0] == 0
    [run] = mlflow.search_runs(filter_string="tags.seed = '3'", output_format="list")
    assert run.info.end_time - run.info.start_time == 1500


def assert_same_trial(found, expected):
    assert (found.seed, found.status) == (expected.seed, expected.status)
    assert repr(found.metrics) == repr(expected.metrics)
    assert repr(found.history) == repr(expected.history)
    if expected.status == "finished":
        assert found.probabilities.tobytes() == expected.probabilities.tobytes()
        for one, other in zip(found.weights, expected.weights, strict=True):
            assert one.tobytes() == other.tobytes()


def test_stored_trials_come_back_to_the_last_bit_and_only_for_their_key(store):
    trials = [make_trial(0), make_trial(2, "diverged"), make_trial(7)]

    def leave(step):
        for trial in trials:
            step.trials.log("arm", trial, KEY.parameters, KEY)

    assert execute(store, leave)[0] == 0

    names = {run.info.run_name for run in mlflow.search_runs(output_format="list")}
    assert names == {"step", "arm, seed 0", "arm, seed 2: diverged", "arm, seed 7"}

    def find(step):
        found = step.trials.find(KEY, (7, 1, 2))
        for trial, expected in zip(found, (trials[2], trials[1]), strict=True):
            assert_same_trial(trial, expected)
        other = keys.Key({}, {}, {"l2_lambda": "0.2"}, {})
        assert step.trials.find(other, (7, 1, 2)) == []
        step.trials.log("again", found[0], KEY.parameters, KEY)  # points to the first

    status, _ = execute(store, find)
    assert status == 0
    runs = mlflow.search_runs(
        filter_string="tags.seed = '7'", output_format="list", order_by=["start_time"]
    )
    assert runs[1].data.tags["reused_from"] == runs[0].info.run_id
    assert repr(runs[1].data.metrics) == repr(runs[0].data.metrics)


def test_a_trial_whose_files_changed_is_not_used(store):
    def leave(step):
        step.trials.log("arm", make_trial(0), {}, KEY)

    execute(store, leave)
    (stored,) = store.glob("artifacts/*/artifacts/trial/trial.json")
    stored.write_text(stored.read_text().replace("finished", "diverged"))

    def find(step):
        assert step.trials.find(KEY, (0,)) == []

    assert execute(store, find)[0] == 0


def test_who_trains_the_same_later_waits(store, capsys, monkeypatch):
    order, waits = [], threading.Event()
    take = locks.take

    def take_and_tell(name, *, wait):
        if wait:
            waits.set()
        return take(name, wait=wait)

    def second():
        with step_of(store).trials.sole_trainer([KEY]):
            order.append("second")

    def first(step):
        with step.trials.sole_trainer([KEY]):
            waiting = threading.Thread(target=second)
            waiting.start()
            assert waits.wait(60)
            other = keys.Key({}, {}, {"l2_lambda": "0.2"}, {})
            with step_of(store).trials.sole_trainer([other]):  # at once
                order.append("first")
        waiting.join()

    monkeypatch.setattr(locks, "take", take_and_tell)
    assert execute(store, first)[0] == 0
    assert order == ["first", "second"]
    assert "waiting for another run, which trains the same" in capsys.readouterr().err


def step_of(store):
    """A second step of the same experiment."""
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name("tests").experiment_id
    run = client.create_run(experiment, tags={"mlflow.source.name": "x"})
    return Step(StoredRun.of(run), {"working_directory": str(store)}, store)


def test_a_trial_of_an_arm_without_a_model_is_that_of_the_lowest_seed(store):
    def function(step):
        arm = step.open_arm("wide", {})
        arm.log_arm("wide", "0" * 32, is_regularized=False)
        for seed in (11, 7):
            arm.trials.log("wide", make_trial(seed), {}, KEY)
        arm.end()
        assert step.trials.of_arm(arm.run_id, None).trial.seed == 7
        assert step.trials.of_arm(arm.run_id, 11).trial.seed == 11
        with pytest.raises(ValueError, match="expected a seed .*, got 3; it has 7, 11"):
            step.trials.of_arm(arm.run_id, 3)
        arm.set_tags(model_seed="11")
        assert step.trials.of_arm(arm.run_id, None).trial.seed == 11

    assert execute(store, function)[0] == 0


def test_locks_are_taken_in_one_order_and_each_can_be_released(store, monkeypatch):
    taken = []
    held = locks.held

    def note(name, *given):
        taken.append(name)
        return held(name, *given)

    other = keys.Key({}, {}, {"l2_lambda": "0.2"}, {})

    def function(step):
        monkeypatch.setattr(locks, "held", note)
        with step.trials.sole_trainer([KEY, other, KEY]) as release:
            assert len(taken) == 2
            with step.trials.sole_trainer([]):
                pass
            release(KEY)
            release(KEY)
            with step.trials.sole_trainer([KEY]):  # others may, so may we
                pass
        with step.trials.sole_trainer([other, KEY]):
            pass
        assert taken[:2] == taken[3:]

    assert execute(store, function)[0] == 0
