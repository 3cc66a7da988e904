"""MLflow as steps use it: locations, statuses, exit codes; on a store of its own."""

import functools
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest

from lab import cli, tracking
from lab.trials import Trial, TrialError


@dataclass(frozen=True)
class Params(cli.Parameters):
    working_directory: Path = cli.parameter("a folder")


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """Made once, because MLflow takes seconds to make it."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(tmp_path, monkeypatch, empty_database):
    """A fresh store, and a process that looks as it did before."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    previous = mlflow.get_tracking_uri()
    handlers = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(tracking, "_watch_parent", lambda: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("tests", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment("tests")
    yield tmp_path
    mlflow.set_tracking_uri(previous)
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def execute(store, function):
    """Run a function as a step; its exit status (0 for none) and its MLflow run."""
    seen = []

    def run(params, step):
        seen.append(step)
        function(step)

    try:
        tracking.execute(run, Params(store), name="step")
        status = 0
    except SystemExit as leaving:
        status = leaving.code
    assert not seen[0].scratch.exists()
    return status, mlflow.get_run(seen[0].run_id)


def raise_(error, step):
    raise error


class Refused(ValueError):
    exit_status = cli.EXIT_REFUSED


@pytest.mark.parametrize(
    ("error", "status", "state"),
    [
        (ValueError("two\nlines"), 1, "FAILED"),
        (Refused("not these"), 3, "FAILED"),
        (TrialError(7, "its own\n  traceback"), 1, "FAILED"),
        (tracking.StepError("it stopped"), 1, "FAILED"),
        (KeyError("a bug of ours"), 1, "FAILED"),
        (KeyboardInterrupt(), 130, "KILLED"),
        (tracking.Terminated(), 143, "KILLED"),
    ],
)
def test_what_happened_decides_status_and_run(store, capsys, error, status, state):
    found, run = execute(store, functools.partial(raise_, error))
    assert (found, run.info.status) == (status, state)
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    if type(error) is ValueError:
        assert message == "error: two lines\n"
    if isinstance(error, TrialError):
        assert message == "error: the trial with seed 7 failed: its own\n  traceback\n"
    assert ("Traceback" in message) == isinstance(error, KeyError)


def test_a_signal_ends_the_run_as_killed(store):
    status, run = execute(store, lambda step: os.kill(os.getpid(), signal.SIGTERM))
    assert (status, run.info.status) == (143, "KILLED")


def test_a_step_without_mlflow_run_records_its_parameters_and_name(store):
    status, run = execute(store, lambda step: None)
    assert (status, run.info.status) == (0, "FINISHED")
    assert run.data.params == {"working_directory": str(store)}
    assert run.info.run_name == "step"


def leave_folder(store, name="trials"):
    """A finished step's run with one artifact folder."""

    def function(step):
        (step.scratch / "file.txt").write_text("content")
        step.log_folder(step.scratch, name)

    return execute(store, function)[1].info.run_id


@pytest.mark.parametrize("spelling", ["{}", "runs:/{}", "runs:/{}/", "runs:/{}/trials"])
def test_a_folder_is_found_by_every_name_of_its_run(store, spelling):
    location = spelling.format(leave_folder(store))

    def function(step):
        assert step.names_run(location)
        assert step.run_of(location) in location
        folder = step.fetch(location, "trials")
        assert (folder / "file.txt").read_text() == "content"

    assert execute(store, function)[0] == 0


def test_a_relative_folder_starts_from_the_callers_directory(store):
    (store / "my trials").mkdir()

    def function(step):
        assert not step.names_run("my trials")
        assert step.run_of("my trials") is None
        assert step.fetch("my trials", "trials") == store / "my trials"

    assert execute(store, function)[0] == 0


def test_an_interruption_while_a_trial_is_logged_leaves_no_running_run(
    store, monkeypatch
):
    trial = Trial(3, "finished", {"train_seconds": 1.0}, [], None, None)

    def interrupt(*args, **kwargs):
        raise tracking.Terminated

    def function(step):
        monkeypatch.setattr(mlflow.MlflowClient, "log_batch", interrupt)
        step.log_trial("arm", trial, {})

    status, run = execute(store, function)
    assert status == 143
    runs = mlflow.search_runs(output_format="list")
    assert {found.info.status for found in runs} == {"KILLED"}
    assert len(runs) == 2
    assert run.data.tags["error"] == "interrupted by SIGTERM"


def test_what_is_wrong_with_a_folder_is_told_of_its_location(store, capsys):
    location = leave_folder(store)

    def refuse(path):
        raise ValueError(f"{path} must be better")

    status, _ = execute(store, lambda step: step.load(location, "trials", refuse))
    assert status == 1
    assert capsys.readouterr().err == f"error: {location} must be better\n"


def test_locations_without_the_folder_are_explained(store, capsys):
    other = leave_folder(store, "dataset")
    failed = execute(store, functools.partial(raise_, ValueError("x")))[1].info.run_id
    capsys.readouterr()
    for location, part in [
        ("absent folder", "expected a runs:/ URI, a run id or a folder"),
        ("0" * 32, "which is not there; check MLFLOW_TRACKING_URI"),
        ("runs:/nonsense/trials", "which is not there"),
        (failed, "which is FAILED; repeat that step first"),
        (other, "must have an artifact folder 'trials', it has dataset"),
        (f"runs:/{other}/trials", "must have an artifact folder 'trials'"),
    ]:
        status, _ = execute(store, lambda step, at=location: step.fetch(at, "trials"))
        message = capsys.readouterr().err
        assert status == 1
        assert part in message
        assert message.count("\n") == 1


def test_names_and_urls_of_data_sets_are_no_runs():
    for location in ["mnist", "data/x.npz", "https://host/x.npz#sha256=0", "/a/b"]:
        assert not tracking.names_run(location)


def test_a_relative_store_is_the_callers(tmp_path):
    previous = mlflow.get_tracking_uri()
    try:
        mlflow.set_tracking_uri("sqlite:///some.db")
        tracking._make_tracking_uri_absolute(tmp_path)
        assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path}/some.db"
    finally:
        mlflow.set_tracking_uri(previous)
