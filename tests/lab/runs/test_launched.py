"""Launches: reused or run, several of one entry point at once; none really runs."""

import threading
import types

import mlflow
import pytest

from lab.host import process
from lab.runs import tags
from lab.runs.errors import StepError
from lab.runs.launch import Launch
from tests.lab.runs.steps import Careless, execute, leave_folder

SECONDS = 30  # to wait for what should come at once


def launched(store, monkeypatch, run_project, launches):
    """What `launch_all` returns where `run_project` stands for `mlflow run`."""
    uris = []
    monkeypatch.setattr(mlflow.projects, "run", run_project)
    status, run = execute(
        store,
        lambda step: uris.extend(step.launch_all(launches)),
        Careless(cache="on", working_directory=store),
    )
    return uris, status, run


def test_a_launch_is_named_after_its_entry_point_or_as_asked():
    assert Launch("compare", {}).name == "compare"
    assert Launch("compare", {}, "first look").name == "first look"


def test_one_entry_point_runs_several_times_at_once(store, monkeypatch, capsys):
    both_are_running = threading.Barrier(2)
    second_is_done = threading.Event()
    asked = {}

    def run_project(uri, entry_point, *, parameters, run_name, **_):
        both_are_running.wait(SECONDS)
        if run_name == "one":
            assert second_is_done.wait(SECONDS)
        run_id = leave_run(parameters["split_seed"])
        asked[run_name] = entry_point, parameters["split_seed"], run_id
        second_is_done.set()
        return types.SimpleNamespace(run_id=run_id)

    launches = [
        Launch("prepare_data", {"dataset": "mnist-5k", "split_seed": "1"}, "one"),
        Launch("prepare_data", {"dataset": "mnist-5k", "split_seed": "2"}, "two"),
    ]
    uris, status, _ = launched(store, monkeypatch, run_project, launches)
    assert status == 0
    assert {name: entry[:2] for name, entry in asked.items()} == {
        "one": ("prepare_data", "1"),
        "two": ("prepare_data", "2"),
    }
    assert uris == [f"runs:/{asked[name][2]}" for name in ("one", "two")]
    said = capsys.readouterr().err.splitlines()
    assert sorted(said) == [
        "one  runs: it has not run here before",
        "two  runs: it has not run here before",
    ]
    for uri, launch in zip(uris, launches, strict=True):  # each has its own key
        run = mlflow.get_run(uri.removeprefix("runs:/"))
        split_seed = launch.parameters["split_seed"]
        assert f'"split_seed":"{split_seed}"' in run.data.tags[tags.CACHE_PARTS]


def leave_run(seed):
    """A finished run, as a step leaves one."""
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name("tests").experiment_id
    run = client.create_run(experiment, tags={"split": seed})
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def test_what_is_reused_is_told_and_linked_by_the_name_of_the_launch(
    store, monkeypatch, capsys
):
    launch = Launch("prepare_data", {"dataset": "mnist-5k"}, "images")
    run_id = leave_folder(store, "dataset")

    def note_key(step):
        step.experiment.tag_key(run_id, step.reuse.key(launch))

    assert execute(store, note_key)[0] == 0
    monkeypatch.setattr(mlflow.projects, "run", None)

    def function(step):
        assert step.launch(launch) == f"runs:/{run_id}"
        assert step.has_reused(f"runs:/{run_id}")
        step.link_reused()

    params = Careless(cache="on", working_directory=store)
    status, run = execute(store, function, params)
    assert status == 0
    page = f"#/experiments/1/runs/{run_id}?workflowType=machine_learning"
    assert run.data.tags["mlflow.note.content"] == f"Reused: [images]({page})\n"
    assert run.data.tags["reused.images"] == run_id
    assert f"images  reused from run {run_id[:8]} of" in capsys.readouterr().err


def test_the_first_failure_ends_the_step(store, monkeypatch, capsys):
    def run_project(uri, entry_point, *, run_name, **_):
        if run_name == "bad":
            raise mlflow.MlflowException("exit status 1")
        threading.Event().wait()

    launches = [
        Launch("prepare_data", {"dataset": "mnist-5k", "split_seed": "1"}, "slow"),
        Launch("prepare_data", {"dataset": "mnist-5k", "split_seed": "2"}, "bad"),
    ]
    monkeypatch.setattr("lab.runs.step.SECONDS_TO_STOP", 0.1)
    _, status, run = launched(store, monkeypatch, run_project, launches)
    assert (status, run.info.status) == (1, "FAILED")
    assert run.data.tags["error"] == "step bad stopped: exit status 1"
    assert capsys.readouterr().err.endswith("error: step bad stopped: exit status 1\n")


@pytest.mark.parametrize(
    ("error", "why"),
    [("got 0", "got 0"), ("Traceback:\n  x\nKeyError: 1", "KeyError: 1"), ("", None)],
)
def test_why_a_step_failed_is_in_the_run_of_its_driver(
    store, monkeypatch, capsys, error, why
):
    failed = leave_run("0")
    if error:
        mlflow.MlflowClient().set_tag(failed, tags.ERROR, error)
    said = f"Run (ID '{failed}') failed"

    def run_project(*_, **__):
        raise mlflow.MlflowException(said)

    launches = [Launch("prepare_data", {"dataset": "mnist-5k"})]
    _, status, run = launched(store, monkeypatch, run_project, launches)
    assert status == 1
    assert run.data.tags["error"] == f"step prepare_data stopped: {why or said}"
    assert run.data.tags["error"] in run.data.tags[tags.NOTE]


def test_what_a_killed_step_had_begun_is_ended(store, monkeypatch):
    begun = []

    def run_project(*_, experiment_id, **__):
        owner = process.identity().rsplit(" ", 2)[0] + " 999999999 1"
        run = mlflow.MlflowClient().create_run(
            experiment_id, tags={tags.PROCESS: owner}
        )
        begun.append(run.info.run_id)
        raise mlflow.MlflowException("exit status -9")

    launches = [Launch("prepare_data", {"dataset": "mnist-5k"})]
    assert launched(store, monkeypatch, run_project, launches)[1] == 1
    assert mlflow.get_run(begun[0]).info.status == "KILLED"


def test_a_step_that_fails_is_named(store, monkeypatch):
    def run_project(*_, **__):
        raise mlflow.MlflowException("exit status 1")

    monkeypatch.setattr(mlflow.projects, "run", run_project)

    def function(step):
        with pytest.raises(StepError, match="step mine stopped: exit status 1"):
            step.launch(Launch("prepare_data", {"dataset": "mnist-5k"}, "mine"))

    assert execute(store, function)[0] == 0
