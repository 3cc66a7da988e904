"""What every engine promises, as tests; and the simplest engine that keeps it."""

import dataclasses

import pytest

from lab.data import dataset as data
from lab.engines.protocol import EpochDone, Job, TrialDone, TrialError
from lab.training.trainer import Trainer
from lab.training.versions import versions
from tests.make_data import make_recipe

FIRST = make_recipe(epochs=2, dropout_rate=0.3, use_batch_norm=True)
SECOND = make_recipe(epochs=2, hidden_units=(8, 8), optimizer="sgd")
ENDLESS = make_recipe(epochs=10_000)


class LoopEngine:
    """One trial after another in this process: the reference for all other engines."""

    slots = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def train(self, jobs):
        for job in jobs:
            try:
                trainer = Trainer(job.recipe, data.load(job.data))
            except Exception as error:
                raise TrialError(job, f"\n{error}") from error
            rows = []
            trial = trainer.train(job.seed, rows.append)
            yield from (EpochDone(job, row) for row in rows)
            yield TrialDone(job, dataclasses.replace(trial, versions=versions()))


def collect(engine, jobs):
    """Trials by job, and rows by job, of all that an engine tells."""
    trials, rows = {}, {job: [] for job in jobs}
    for event in engine.train(jobs):
        assert event.job not in trials  # a trial is the last that is told of its job
        if isinstance(event, EpochDone):
            rows[event.job].append(event.row)
        else:
            trials[event.job] = event.trial
    return trials, rows


def bits(trial):
    arrays = [trial.probabilities, *trial.weights]
    return [array.tobytes() for array in arrays], trial.history


class EngineContract:
    """Tests for an engine: a subclass has a fixture `engine` that makes a new one."""

    @pytest.fixture
    def engine(self):
        raise NotImplementedError("the subclass says which engine is tested")

    def test_every_job_is_trained_once_with_every_epoch_told(
        self, engine, dataset_folder
    ):
        jobs = [Job(FIRST, seed, dataset_folder) for seed in (3, 7, 11)]
        with engine:
            trials, rows = collect(engine, jobs)
        assert trials.keys() == set(jobs)
        for job, trial in trials.items():
            assert trial.seed == job.seed and trial.history == rows[job]
            assert trial.versions == versions()
        first, second, _ = (bits(trials[job]) for job in jobs)
        assert first != second

    def test_recipes_and_data_sets_share_an_engine_and_no_bit(
        self, engine, dataset_folder, other_dataset_folder
    ):
        jobs = [
            Job(recipe, seed, folder)
            for seed in (0, 1)
            for recipe in (FIRST, SECOND)
            for folder in (dataset_folder, other_dataset_folder)
        ]
        with engine:
            trials, _ = collect(engine, jobs)
        alone, _ = collect(LoopEngine(), jobs)
        for job in jobs:
            assert bits(trials[job]) == bits(alone[job])
        assert len({str(bits(trial)) for trial in trials.values()}) == len(jobs)

    def test_jobs_start_in_order_and_never_more_than_there_are_slots(
        self, engine, dataset_folder
    ):
        jobs = [Job(SECOND, seed, dataset_folder) for seed in range(5)]
        num_started = num_done = 0
        with engine:
            for event in engine.train(jobs):
                num_started = max(num_started, jobs.index(event.job) + 1)
                assert num_started - num_done <= engine.slots
                num_done += isinstance(event, TrialDone)
        assert num_done == len(jobs)

    def test_a_diverged_trial_is_a_result(self, engine, dataset_folder):
        recipe = make_recipe(optimizer="sgd", learning_rate=1e30, activation="elu")
        with engine:
            trials, _ = collect(engine, [job := Job(recipe, 0, dataset_folder)])
        assert trials[job].status == "diverged"
        assert trials[job].probabilities is None

    def test_a_failure_names_its_seed_and_the_cause(self, engine, tmp_path):
        jobs = [Job(FIRST, seed, tmp_path / "absent") for seed in (5, 5)]
        with engine, pytest.raises(TrialError, match="seed 5 failed") as caught:
            collect(engine, jobs)
        assert caught.value.job.seed == 5
        assert "absent" in str(caught.value)

    def test_an_engine_takes_new_jobs_after_a_failure_and_after_being_stopped(
        self, engine, dataset_folder, tmp_path
    ):
        jobs = [Job(FIRST, seed, dataset_folder) for seed in (0, 1, 2)]
        with engine:
            with pytest.raises(TrialError):
                collect(engine, [Job(FIRST, 0, tmp_path / "absent")])
            events = engine.train(jobs)
            next(events)
            events.close()
            trials, rows = collect(engine, jobs[:1])
        assert trials.keys() == {jobs[0]} and len(rows[jobs[0]]) == 2

    def test_no_jobs_are_no_trials(self, engine):
        with engine:
            assert list(engine.train([])) == []
