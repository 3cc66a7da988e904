"""MLflow as steps use it: locations, statuses, exit codes; on a store of its own."""

import errno
import functools
import hashlib
import io
import itertools
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pytest
import sqlalchemy
from mlflow.store.tracking.dbmodels.models import SqlDataset
from sqlalchemy.orm import Session

from didithelp.errors import Refusal
from didithelp.parameters import Parameters, parameter
from lab import mlproject
from lab.engines.protocol import TrialError
from lab.host import locks, process
from lab.runs import keys as cache
from lab.runs import step as tracking
from lab.training.trial import Trial

KEY = cache.Key({}, {}, {"l2_lambda": "0.1"}, {})


@dataclass(frozen=True)
class Params(Parameters):
    working_directory: Path = parameter("a folder")


@dataclass(frozen=True)
class Careless(Params, cache.Caching):
    """As main and the training steps have it."""


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
    monkeypatch.setattr(process, "watch_parent", lambda: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("tests", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment("tests")
    yield tmp_path
    mlflow.set_tracking_uri(previous)


def execute(store, function, params=None):
    """Run a function as a step; its exit status (0 for none) and its MLflow run."""
    seen = []

    def run(params, step):
        seen.append(step)
        function(step)

    try:
        tracking.execute(run, params or Params(store), name="step")
        status = 0
    except SystemExit as leaving:
        status = leaving.code
    assert not seen[0].scratch.exists()
    return status, mlflow.get_run(seen[0].run_id)


def raise_(error, step):
    raise error


@pytest.mark.parametrize(
    ("error", "status", "state"),
    [
        (ValueError("two\nlines"), 1, "FAILED"),
        (Refusal("not_these", "arms"), 3, "FAILED"),
        (TrialError(7, "its own\n  traceback"), 1, "FAILED"),
        (tracking.StepError("it stopped"), 1, "FAILED"),
        (OSError(errno.ENOSPC, "No space left", "/some/file"), 1, "FAILED"),
        (KeyError("a bug of ours"), 1, "FAILED"),
    ],
)
def test_what_happened_decides_status_and_run(store, capsys, error, status, state):
    found, run = execute(store, functools.partial(raise_, error))
    assert (found, run.info.status) == (status, state)
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    if type(error) is ValueError:
        assert message == "error: two lines\n"
    if isinstance(error, OSError):
        assert message == "error: [Errno 28] No space left: '/some/file'\n"
    if isinstance(error, TrialError):
        assert message == "error: the trial with seed 7 failed: its own\n  traceback\n"
    assert ("Traceback" in message) == isinstance(error, KeyError)


STEP = """
import time
from pathlib import Path

from lab import command_line
from lab.runs import keys as cache
from lab.host import lifecycle

command_line.read([], [])
before()
import mlflow
from lab.runs import step as tracking
from lab.training.trial import Trial
from tests.lab.runs.test_step import Params

tracking.execute(lambda params, step: run(step), Params(Path.cwd()), name="step")
"""

SWALLOWS = """
def before():
    pass

def run(step):
    while True:
        try:
            print("now", flush=True)
            while True:
                step.set_tags(last=str(time.time()))
        except BaseException:
            pass
"""

STORES_A_TRIAL = """
def before():
    pass

def run(step):
    store = step._log_trial_files
    def slowly(*args):
        print("now", flush=True)
        time.sleep(1)
        store(*args)
    step._log_trial_files = slowly
    key = cache.Key({}, {}, {}, {})
    for seed in range(100):
        trial = Trial(seed, "diverged", {"train_seconds": 1.0}, [], None, None)
        step.log_trial("arm", trial, {}, key)
"""

STILL_LOADS = """
def before():
    print("now", flush=True)
    while lifecycle.endings.empty():
        time.sleep(0.01)

def run(step):
    print("too late")
"""


def interrupt(script, number, variables, errors=subprocess.PIPE):
    """Send a signal to a step that has said "now"; its exit status, output, errors."""
    with subprocess.Popen(
        [sys.executable, "-c", script + STEP],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    ) as step:
        try:
            assert step.stdout.readline() == "now\n"
            step.send_signal(number)
            out, err = step.communicate(timeout=120)
        finally:
            step.kill()
    return step.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("script", [SWALLOWS, STORES_A_TRIAL, STILL_LOADS])
def test_a_signal_ends_the_step_whatever_it_does(store, script, number):
    run_id = mlflow.MlflowClient().create_run("1").info.run_id
    variables = {
        "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(),
        "MLFLOW_RUN_ID": run_id,
    }
    status, out, err = interrupt(script, number, variables)
    assert (status, out, err) == (128 + number, out, "error: interrupted\n")
    assert "too late" not in out
    run = mlflow.get_run(run_id)
    assert run.info.status == "KILLED"
    assert run.data.tags["error"] == f"interrupted by {number.name}"
    trials = mlflow.search_runs(filter_string="tags.seed != ''", output_format="list")
    assert bool(trials) == (script is STORES_A_TRIAL)
    for trial in trials:  # what was being stored is whole
        assert trial.info.status == "FINISHED"
        assert tracking.OUTPUT_DIGEST in trial.data.tags


SHOWS_A_BAR = """
def before():
    pass

def run(step):
    import os
    from lab.host import console
    with console.progress("train", 10) as bar:
        os.write(1, b"now\\n")  # print would write above the bar
        while True:
            bar.advance(0)
            time.sleep(0.01)
"""


def test_a_signal_gives_the_terminal_its_cursor_back(store):
    ours, theirs = pty.openpty()
    variables = {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "TERM": "xterm"}
    status, _, _ = interrupt(SHOWS_A_BAR, signal.SIGINT, variables, errors=theirs)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(100_000)
    assert status == 130
    hidden, back = shown.rindex(b"\x1b[?25l"), shown.rindex(b"\x1b[?25h")
    assert hidden < back < shown.rindex(b"error: interrupted")


def test_a_signal_ends_a_step_whose_server_is_away(store):
    script = SWALLOWS.replace(
        "def before():", "def before():\n    print('now', flush=1)"
    )
    variables = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_RUN_ID": "0" * 32}
    status, _, err = interrupt(script, signal.SIGTERM, variables)
    assert status == 143
    assert "the run could not be marked as KILLED" in err
    assert err.endswith("error: interrupted\n")


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


def test_a_trial_that_cannot_be_stored_leaves_no_running_run(store, monkeypatch):
    trial = Trial(3, "finished", {"train_seconds": 1.0}, [], None, None)

    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left")

    def function(step):
        monkeypatch.setattr(mlflow.MlflowClient, "log_batch", refuse)
        step.log_trial("arm", trial, {}, KEY)

    assert execute(store, function)[0] == 1
    runs = mlflow.search_runs(output_format="list")
    assert [found.info.status for found in runs] == ["FAILED", "FAILED"]


def test_a_data_set_may_be_logged_by_many_at_once(store):
    """Each finds it missing, and only one can add it."""
    images = mlflow.data.from_numpy(np.zeros((2, 2)), name="images", digest="abc")
    barrier = threading.Barrier(3)
    waited, failures = set(), []

    def together(session, *_):
        thread = threading.get_ident()
        if thread not in waited and any(type(row) is SqlDataset for row in session.new):
            waited.add(thread)
            barrier.wait(30)

    def work():
        try:
            with mlflow.start_run():
                tracking._log_input(images, "training")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    sqlalchemy.event.listen(Session, "before_flush", together)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sqlalchemy.event.remove(Session, "before_flush", together)
    assert (len(waited), failures) == (3, [])
    runs = mlflow.search_runs(output_format="list")
    assert {run.inputs.dataset_inputs[0].dataset.digest for run in runs} == {"abc"}


def test_a_trial_lasts_as_long_as_it_took_though_the_clock_is_set_back(
    store, monkeypatch
):
    trial = make_trial(3)

    def function(step):
        falling = itertools.count(time.time(), -100)
        monkeypatch.setattr(time, "time", lambda: next(falling))
        step.log_trial("arm", trial, {}, KEY)

    assert execute(store, function)[0] == 0
    [run] = mlflow.search_runs(filter_string="tags.seed = '3'", output_format="list")
    assert run.info.end_time - run.info.start_time == 1500


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


# --- what is there already ------------------------------------------------------------


def look_up(store, *, cache="on", entry_point="prepare_data", **parameters):
    """What a driver would learn before it launches that step."""
    found = []

    def function(step):
        parameters.setdefault("dataset", "mnist-5k")
        found.append(step.look_up(entry_point, **parameters))

    status, _ = execute(store, function, Careless(cache=cache, working_directory=store))
    assert status == 0
    return found[0]


def as_if_launched(store, key, **tags):
    """A finished prepare_data run, as `launch` leaves it."""
    run_id = leave_folder(store, "dataset")
    tags |= {"mlflow.project.entryPoint": "prepare_data"}
    with mlflow.start_run(run_id):
        mlflow.set_tags(tags)

    def function(step):
        step._tag(run_id, key)

    execute(store, function)
    return run_id


def test_a_result_is_found_again_and_only_for_the_same_key(store):
    first = look_up(store)
    assert (first.run, first.why) == (None, "it has not run here before")
    run_id = as_if_launched(store, first.key)
    again = look_up(store, validation_fraction="1e-1")  # as 0.1, the default
    assert again.run.info.run_id == run_id
    assert again.why.startswith(f"{run_id[:8]} of 20")
    other = look_up(store, split_seed="3")
    assert (other.run, other.why) == (None, "split_seed 0 -> 3")
    off = look_up(store, cache="off")
    assert (off.run, off.why) == (None, "cache=off")


def test_images_are_known_by_their_content_not_their_place(store):
    folders = [store / "here", store / "there"]
    for folder in folders:
        folder.mkdir()
        np.savez(folder / "images.npz", x_train=np.zeros(3))
    keys = [look_up(store, dataset=f"{f.name}/images.npz").key for f in folders]
    assert keys[0].digest == keys[1].digest
    np.savez(folders[1] / "images.npz", x_train=np.ones(3))
    changed = look_up(store, dataset="there/images.npz").key
    assert cache.changes(keys[0], changed) == ["dataset is new"]


def test_what_was_lost_or_changed_is_made_again(store):
    key = look_up(store).key
    run_id = as_if_launched(store, key)
    folder = store / "artifacts" / run_id / "artifacts" / "dataset"
    (folder / "file.txt").write_text("other content")
    assert look_up(store).why == f"the files of run {run_id[:8]} were changed"
    shutil.rmtree(folder)
    assert look_up(store).why == f"the files of run {run_id[:8]} are gone"


def test_a_data_set_that_was_replaced_is_looked_for_again(store):
    as_if_launched(store, look_up(store).key, dataset_fallback="no network")
    assert look_up(store).why == "the data set was replaced the last time"


def test_what_no_step_has_made_has_no_key(store):
    with mlflow.start_run() as stranger:
        mlflow.log_text("content", "dataset/file.txt")
    found = look_up(
        store,
        entry_point="train_baseline",
        dataset="mnist",
        data=stranger.info.run_id,
    )
    assert (found.key, found.why) == (None, "its input was not made by a step")


def make_trial(seed, status="finished"):
    rng = np.random.default_rng(seed)
    history = [{"epoch": 1, "loss": 0.1 + seed / 3, "val_loss": float("nan")}]
    arrays = None, None
    if status == "finished":
        weights = [rng.random((3, 2), np.float32), rng.random(2, np.float32)]
        arrays = rng.random((5, 2), np.float32), weights
    metrics = {"train_seconds": 1.5, "actual_epochs": 1}
    return Trial(seed, status, metrics, history, *arrays)


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
            step.log_trial("arm", trial, KEY.parameters, KEY)

    assert execute(store, leave)[0] == 0

    def find(step):
        found = step.find_trials(KEY, (7, 1, 2))
        for trial, expected in zip(found, (trials[2], trials[1]), strict=True):
            assert_same_trial(trial, expected)
        other = cache.Key({}, {}, {"l2_lambda": "0.2"}, {})
        assert step.find_trials(other, (7, 1, 2)) == []
        step.log_trial("again", found[0], KEY.parameters, KEY)  # points to the first

    status, _ = execute(store, find)
    assert status == 0
    runs = mlflow.search_runs(
        filter_string="tags.seed = '7'", output_format="list", order_by=["start_time"]
    )
    assert runs[1].data.tags["reused_from"] == runs[0].info.run_id
    assert repr(runs[1].data.metrics) == repr(runs[0].data.metrics)


def test_a_trial_whose_files_changed_is_not_used(store):
    def leave(step):
        step.log_trial("arm", make_trial(0), {}, KEY)

    execute(store, leave)
    (stored,) = store.glob("artifacts/*/artifacts/trial/trial.json")
    stored.write_text(stored.read_text().replace("finished", "diverged"))

    def find(step):
        assert step.find_trials(KEY, (0,)) == []

    assert execute(store, find)[0] == 0


# --- what is left by the dead ---------------------------------------------------------


def test_runs_of_dead_processes_are_ended_and_no_others(store):
    experiment = mlflow.get_experiment_by_name("tests").experiment_id
    client = mlflow.MlflowClient()
    host = process.identity().split(" ")[0]

    def start(entry_point=None, parent=None, **tags):
        if entry_point:
            tags["mlflow.project.entryPoint"] = entry_point
        if parent:
            tags["mlflow.parentRunId"] = parent
        age = tags.pop("age", 0)
        started = int(1000 * (time.time() - age))
        run = client.create_run(experiment, start_time=started, tags=tags)
        return run.info.run_id

    dead = start("main", process=f"{host} 999999999 1")
    finished = start("main")
    client.set_terminated(finished)
    killed_before_mlflow_was_loaded = start("main")
    claim = locks.folder() / f"run-{killed_before_mlflow_was_loaded}"
    claim.write_text(f"{host} 999999999 1")
    ended = [
        dead,
        start("train_baseline", parent=dead),  # killed before it said who it is
        start(process=f"{host} 999999999 1", seed="3"),
        start("main", age=2 * 3600),
        start("prepare_data", parent=finished),
        killed_before_mlflow_was_loaded,
    ]
    left = [
        start("main", process=process.identity()),
        start("main", process="elsewhere 1 1"),
        start("main"),  # may be starting
        start(parent=finished),  # not ours
        start(age=2 * 3600),  # not ours
    ]
    assert execute(store, lambda step: None)[0] == 0
    states = {run_id: client.get_run(run_id).info.status for run_id in ended + left}
    assert [states[run_id] for run_id in ended] == ["KILLED"] * len(ended)
    assert [states[run_id] for run_id in left] == ["RUNNING"] * len(left)
    assert client.get_run(dead).data.tags["error"] == "its process was killed"


def test_who_trains_the_same_later_waits(store, capsys):
    order = []

    def second():
        with step_of(store).sole_trainer(KEY):
            order.append("second")

    def first(step):
        with step.sole_trainer(KEY):
            waiting = threading.Thread(target=second)
            waiting.start()
            waiting.join(1)
            other = cache.Key({}, {}, {"l2_lambda": "0.2"}, {})
            with step_of(store).sole_trainer(other):  # at once
                order.append("first")
        waiting.join()

    assert execute(store, first)[0] == 0
    assert order == ["first", "second"]
    assert "waiting for another run, which trains the same" in capsys.readouterr().err


def step_of(store):
    """A second step of the same experiment."""
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name("tests").experiment_id
    run = client.create_run(experiment, tags={"mlflow.source.name": "x"})
    return tracking.Step(run, Params(store), store)


# --- for the report -------------------------------------------------------------------


IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def leave_images(store):
    """A prepare_data run with test images, and a training run that names it."""

    def prepare(step):
        np.save(step.scratch / "x_test.npy", IMAGES)
        step.log_folder(step.scratch, "dataset")

    data_run = execute(store, prepare)[1].info.run_id
    train = execute(store, lambda step: step.set_tags(data_run=data_run))[1]
    return train.info.run_id


def digest_of(images):
    file = io.BytesIO()
    np.save(file, images)
    return hashlib.sha256(file.getvalue()).hexdigest()


def test_test_images_are_those_that_the_training_run_was_given(store):
    location = f"runs:/{leave_images(store)}/trials"

    def function(step):
        found = step.test_images(location, {"sha256": digest_of(IMAGES)})
        np.testing.assert_array_equal(found, IMAGES)

    assert execute(store, function)[0] == 0


def test_a_report_does_without_test_images_that_are_not_at_hand(store):
    known, untagged = leave_images(store), leave_folder(store)
    gone = execute(store, lambda step: step.set_tags(data_run="0" * 32))[1]
    digest = {"sha256": digest_of(IMAGES)}

    def function(step):
        for location, test_set in [
            (known, {"sha256": digest_of(IMAGES + 1)}),
            (known, {"sha256": None}),
            (untagged, digest),
            (gone.info.run_id, digest),
            ("a folder", digest),
            ("0" * 32, digest),
        ]:
            assert step.test_images(location, test_set) is None

    assert execute(store, function)[0] == 0


def provenance(store, tags, params):
    """What a step says of itself, as it would within `mlflow run`."""
    found = []
    with mlflow.start_run() as run:
        mlflow.set_tags(tags)
        mlflow.log_params(params)
    os.environ["MLFLOW_RUN_ID"] = run.info.run_id
    assert execute(store, lambda step: found.append(step.provenance()))[0] == 0
    return found[0]


def test_the_command_repeats_what_differs_from_the_defaults(store):
    tags = {
        "mlflow.project.entryPoint": "main",
        "mlflow.source.name": "https://me:secret@host/project.git",
        "mlflow.source.git.commit": "c0ffee",
    }
    params = mlproject.defaults("main") | {
        "seeds": "3",
        "dataset": "'my data.npz'",  # as MLflow records it
        "l2_lambda": "1e-4",
        "working_directory": "/somewhere",
    }
    found = provenance(store, tags, params)
    assert found["source"] == "https://host/project.git"
    assert found["commit"] == "c0ffee"
    assert found["dirty"] in (True, False, None)
    assert found["command"] == (
        "mlflow run https://host/project.git -v c0ffee -e main --env-manager local "
        "-P 'dataset=my data.npz' -P seeds=3 -P l2_lambda=1e-4"
    )


def test_a_local_project_is_repeated_from_its_folder(store):
    tags = {
        "mlflow.project.entryPoint": "prepare_data",
        "mlflow.source.name": "file:///home/me/project",
    }
    found = provenance(store, tags, mlproject.defaults("prepare_data"))
    assert found["command"] == "mlflow run . -e prepare_data --env-manager local"
    assert found["commit"] is None and found["dirty"] is None


def test_without_mlflow_run_no_command_is_made_up(store):
    assert provenance(store, {}, {"alpha": "0.1"})["command"] is None


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True)


def test_uncommitted_changes_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(mlproject, "PROJECT_DIRECTORY", tmp_path)
    assert tracking._has_uncommitted_changes() is None
    git(tmp_path, "init", "--quiet")
    assert tracking._has_uncommitted_changes() is False
    (tmp_path / "new.py").write_text("")
    assert tracking._has_uncommitted_changes() is True
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "new")
    assert tracking._has_uncommitted_changes() is False
