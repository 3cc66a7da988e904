"""Trials in worker processes: the same results as without, and no silent losses."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from lab import mlproject
from lab.data import dataset as data
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.engines import processes as trials
from lab.engines.processes import EpochDone, TrialError, Trials, Workers
from lab.host import cores
from lab.training.trial import Trial
from tests.make_data import make_recipe, save_images


@pytest.fixture(scope="module")
def dataset_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    save_images(folder / "images.npz")
    split = Split(validation_fraction=0.2, split_seed=0, train_size=0)
    dataset = prepare("images.npz", split, folder)
    data.save(dataset, folder / "dataset")
    return folder / "dataset"


def collect(recipe, seeds, folder, num_workers):
    with Workers(num_workers) as workers:
        news = list(workers.train_many(recipe, seeds, folder))
    results = {item.seed: item for item in news if isinstance(item, Trial)}
    return results, [item for item in news if isinstance(item, EpochDone)]


def test_every_seed_is_trained_once_and_repeats_bit_for_bit(dataset_folder):
    recipe = make_recipe(epochs=2, dropout_rate=0.3, use_batch_norm=True)
    two, epochs = collect(recipe, (3, 7, 11), dataset_folder, num_workers=2)
    one, _ = collect(recipe, (11, 3), dataset_folder, num_workers=1)
    assert sorted(two) == [3, 7, 11]
    assert sorted((item.seed, item.row["epoch"]) for item in epochs) == [
        (seed, epoch) for seed in (3, 7, 11) for epoch in (1, 2)
    ]
    for seed in (3, 11):  # whoever trained them, and after whatever other seed
        assert two[seed].probabilities.tobytes() == one[seed].probabilities.tobytes()
        for a, b in zip(two[seed].weights, one[seed].weights, strict=True):
            assert a.tobytes() == b.tobytes()
    assert two[3].probabilities.tobytes() != two[7].probabilities.tobytes()


def test_a_diverged_trial_is_a_result(dataset_folder):
    recipe = make_recipe(optimizer="sgd", learning_rate=1e30, activation="elu")
    results, _ = collect(recipe, (0,), dataset_folder, num_workers=1)
    assert results[0].status == "diverged"
    assert results[0].probabilities is None


def test_a_failing_worker_tells_its_seed_and_its_own_traceback(tmp_path):
    with pytest.raises(TrialError, match="seed 5 failed") as caught:
        collect(make_recipe(), (5, 6), tmp_path / "absent", num_workers=1)
    assert "Traceback" in str(caught.value)
    assert "absent" in str(caught.value)


def test_a_worker_that_died_between_two_trials_loses_none(dataset_folder, monkeypatch):
    """The first result must reach the caller, and the second seed name the cause."""
    original = trials._Worker.next_seed

    def kill_before_the_second(worker, waiting):
        if worker.seed is not None:
            worker.process.kill()
            worker.process.join()
        original(worker, waiting)

    monkeypatch.setattr(trials._Worker, "next_seed", kill_before_the_second)
    with Workers(1) as workers:
        news = workers.train_many(make_recipe(epochs=1), (4, 5), dataset_folder)
        first = next(item for item in news if isinstance(item, Trial))
        assert first.seed == 4
        with pytest.raises(TrialError, match="seed 5 .*SIGKILL"):
            next(news)


def test_a_killed_worker_fails_at_once_and_names_the_signal(dataset_folder):
    recipe = make_recipe(epochs=10_000)
    with Workers(1) as workers:
        news = workers.train_many(recipe, (4,), dataset_folder)
        next(news)
        os.kill(workers._workers[0].process.pid, signal.SIGKILL)
        with pytest.raises(TrialError, match="seed 4 .*SIGKILL.*memory"):
            for _ in news:
                pass


def test_leaving_the_pool_ends_its_workers(dataset_folder):
    with Workers(2) as workers:
        next(workers.train_many(make_recipe(epochs=10_000), (0, 1), dataset_folder))
        pids = [worker.process.pid for worker in workers._workers]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_do_not_outlive_a_killed_parent(dataset_folder, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            from pathlib import Path
            from lab.engines.processes import Workers
            from tests.make_data import make_recipe

            if __name__ == "__main__":
                with Workers(1) as workers:
                    recipe = make_recipe(epochs=10_000)
                    folder = Path({str(dataset_folder)!r})
                    for news in workers.train_many(recipe, (0,), folder):
                        print(workers._workers[0].process.pid, flush=True)
            """
        )
    )
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(mlproject.PROJECT_DIRECTORY)},
    )
    with parent:
        try:
            pid = int(parent.stdout.readline())
        finally:
            parent.kill()
    assert_gone(pid)


def assert_gone(pid, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there after {seconds} s")


def test_never_more_workers_than_trials():
    assert Trials(seeds=(0, 1), workers=8).num_workers == 2
    assert Trials(seeds=(0, 1, 2), workers=1).num_workers == 1
    automatic = Trials(seeds=tuple(range(1000)), workers=None)
    assert automatic.num_workers == min(len(cores.available()), 1000)


def test_a_trial_knows_the_history_row_of_its_weights():
    history = [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.7}]
    trial = Trial(0, "finished", {"kept_epoch": 1}, history, np.zeros((1, 2)), [])
    assert trial.kept["val_loss"] == 0.5
