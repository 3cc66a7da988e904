"""Trials in worker processes: the contract of engines, and no silent losses."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from lab import mlproject
from lab.engines import processes
from lab.engines.processes import ProcessEngine
from lab.engines.protocol import Job, TrialDone, TrialError
from tests.lab.engines.contract import ENDLESS, FIRST, SECOND, EngineContract, collect
from tests.make_data import make_recipe

pytestmark = pytest.mark.usefixtures("one_thread")


class TestProcessEngine(EngineContract):
    @pytest.fixture
    def engine(self):
        return ProcessEngine(2)


def worked_off(jobs, num_workers, seconds):
    """The jobs of each worker, if a job takes what `seconds` says of its recipe."""
    waiting = list(jobs)
    done = [[] for _ in range(num_workers)]
    free_at = [0] * num_workers
    while waiting:
        now = min(free_at)
        worker = free_at.index(now)
        busy = {
            (jobs[-1].recipe, jobs[-1].data)
            for jobs, end in zip(done, free_at, strict=True)
            if end > now
        }
        last = done[worker][-1:]
        graph = (last[0].recipe, last[0].data) if last else None
        job = processes.choose(waiting, graph, busy)
        waiting.remove(job)
        done[worker].append(job)
        free_at[worker] += seconds[job.recipe]
    return done, free_at


def test_workers_share_many_recipes_with_few_switches_and_end_together(tmp_path):
    recipes = [make_recipe(epochs=epochs) for epochs in (21, 20, 19, 7, 6, 5, 4, 3)]
    jobs = [Job(recipe, seed, tmp_path) for recipe in recipes for seed in range(3)]
    seconds = {recipe: recipe.epochs for recipe in recipes}
    done, ends = worked_off(jobs, 2, seconds)
    assert sorted(map(str, sum(done, []))) == sorted(map(str, jobs))
    compiled = [
        sum(one.recipe != other.recipe for one, other in itertools.pairwise(jobs)) + 1
        for jobs in done
    ]
    assert sum(compiled) <= len(recipes) + 1  # the last one may be shared
    assert max(ends) - min(ends) <= 7
    done, _ = worked_off(jobs[:4], 3, seconds)
    assert [each[0].recipe for each in done] == [recipes[0], recipes[1], recipes[0]]


def test_a_failing_worker_tells_its_own_traceback(tmp_path):
    with ProcessEngine(1) as engine, pytest.raises(TrialError) as caught:
        collect(engine, [Job(FIRST, 5, tmp_path / "absent")])
    assert "Traceback" in str(caught.value)


def test_workers_stay_for_the_next_jobs(dataset_folder):
    with ProcessEngine(1) as engine:
        collect(engine, [Job(FIRST, 0, dataset_folder)])
        before = pids_of(engine)
        collect(engine, [Job(SECOND, 0, dataset_folder)])
        assert pids_of(engine) == before


def test_a_worker_that_died_between_two_trials_loses_none(dataset_folder, monkeypatch):
    """The first result must reach the caller, and the second seed name the cause."""
    original = processes._Worker.next_job

    def kill_before_the_second(worker, *waiting):
        if worker.job is not None:
            worker.process.kill()
            worker.process.join()
        original(worker, *waiting)

    monkeypatch.setattr(processes._Worker, "next_job", kill_before_the_second)
    jobs = [Job(make_recipe(epochs=1), seed, dataset_folder) for seed in (4, 5)]
    with ProcessEngine(1) as engine:
        events = engine.train(jobs)
        first = next(event for event in events if isinstance(event, TrialDone))
        assert first.job.seed == 4
        with pytest.raises(TrialError, match="seed 5 .*SIGKILL"):
            next(events)


def test_a_killed_worker_fails_at_once_and_names_the_signal(dataset_folder):
    with ProcessEngine(1) as engine:
        events = engine.train([Job(ENDLESS, 4, dataset_folder)])
        next(events)
        os.kill(*pids_of(engine), signal.SIGKILL)
        with pytest.raises(TrialError, match="seed 4 .*SIGKILL.*memory"):
            for _ in events:
                pass


def test_what_reaches_the_whole_process_group_ends_no_worker(dataset_folder):
    with ProcessEngine(1) as engine:
        events = engine.train([Job(FIRST, 0, dataset_folder)])
        next(events)
        for number in (signal.SIGINT, signal.SIGHUP):
            os.kill(*pids_of(engine), number)
        assert isinstance([*events][-1], TrialDone)


def pids_of(engine):
    return [worker.process.pid for worker in engine._workers]


def test_leaving_the_engine_ends_its_workers(dataset_folder):
    with ProcessEngine(2) as engine:
        events = engine.train([Job(ENDLESS, seed, dataset_folder) for seed in (0, 1)])
        next(events)
        pids = pids_of(engine)
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_closing_the_iterator_ends_what_is_in_flight(dataset_folder):
    with ProcessEngine(2) as engine:
        events = engine.train([Job(ENDLESS, seed, dataset_folder) for seed in (0, 1)])
        next(events)
        pids = pids_of(engine)
        events.close()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def test_workers_do_not_outlive_a_killed_parent(dataset_folder, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            from pathlib import Path
            from lab.engines.processes import ProcessEngine
            from lab.engines.protocol import Job
            from tests.make_data import make_recipe

            if __name__ == "__main__":
                with ProcessEngine(1) as engine:
                    recipe = make_recipe(epochs=10_000)
                    folder = Path({str(dataset_folder)!r})
                    for event in engine.train([Job(recipe, 0, folder)]):
                        print(engine._workers[0].process.pid, flush=True)
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
