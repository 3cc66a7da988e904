"""How a step ends: statuses of runs, exit codes, signals; on a store of its own."""

import errno
import functools
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from didithelp.errors import Refusal
from didithelp.requirement import Missed
from lab import entry_point, mlproject
from lab.engines.protocol import Job, TrialError
from lab.host import lifecycle
from lab.runs import execution, tags
from lab.runs.errors import StepError
from tests.lab.runs.steps import Params, execute, raise_
from tests.make_data import make_recipe

JOB = Job(make_recipe(), 7, Path())


@pytest.mark.parametrize(
    ("error", "status", "state"),
    [
        (ValueError("two\nlines"), 1, "FAILED"),
        (Refusal("not_these", "arms"), 3, "FAILED"),
        (Missed("require=better is not met"), 4, "FAILED"),
        (TrialError(JOB, "its own\n  traceback"), 1, "FAILED"),
        (StepError("it stopped"), 1, "FAILED"),
        (OSError(errno.ENOSPC, "No space left", "/some/file"), 1, "FAILED"),
        (KeyError("a bug of ours"), 1, "FAILED"),
    ],
)
def test_what_happened_decides_status_and_run(store, capsys, error, status, state):
    found, run = execute(store, functools.partial(raise_, error))
    assert (found, run.info.status) == (status, state)
    message = capsys.readouterr().err
    assert f"error: {run.data.tags[tags.ERROR]}\n" == message
    assert run.data.tags[tags.ERROR] in run.data.tags[tags.NOTE]
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

from lab import command_line, entry_point
from lab.host import lifecycle

command_line.read([], [])
before()
from tests.lab.runs.steps import KEY, Params, make_trial

entry_point.main(Params(Path.cwd()), lambda params, step: run(step), name="step")
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
    store = step.trials._store_files
    def slowly(*args):
        print("now", flush=True)
        time.sleep(1)
        store(*args)
    step.trials._store_files = slowly
    for seed in range(100):
        step.trials.log("arm", make_trial(seed, "diverged"), {}, KEY)
"""

STILL_LOADS = """
def before():
    print("now", flush=True)
    while lifecycle.endings.empty():
        time.sleep(0.01)

def run(step):
    print("too late")
"""


def as_mlflow_run_makes_it():
    """A run that waits for the process of an entry point."""
    client = mlflow.MlflowClient()
    run_id = client.create_run("1", tags={tags.ENTRY_POINT: "main"}).info.run_id
    client.log_param(run_id, "working_directory", ".")
    return run_id


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


ASKS_TO_BE_CALLED = """
import atexit, gc

def before():
    atexit.register(lambda: print("called", gc.get_freeze_count() > 0))

def run(step):
    print("done", flush=True)
"""


def test_a_finished_step_unloads_nothing_and_keeps_what_it_has_promised(store):
    out = subprocess.check_output(
        [sys.executable, "-c", ASKS_TO_BE_CALLED + STEP],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=os.environ | {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()},
        text=True,
    )
    assert out == "done\ncalled True\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("script", [SWALLOWS, STORES_A_TRIAL, STILL_LOADS])
def test_a_signal_ends_the_step_whatever_it_does(store, script, number):
    run_id = as_mlflow_run_makes_it()
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
        assert tags.OUTPUT_DIGEST in trial.data.tags


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_signal_ends_a_step_whose_server_is_away(store):
    script = SWALLOWS.replace(
        "def before():", "def before():\n    print('now', flush=1)"
    )
    variables = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_RUN_ID": "0" * 32}
    status, _, err = interrupt(script, signal.SIGTERM, variables)
    assert status == 143
    assert "the run could not be marked as KILLED" in err
    assert err.endswith("error: interrupted\n")


def test_the_run_that_mlflow_run_has_made_is_taken(store):
    os.environ["MLFLOW_RUN_ID"] = run_id = as_mlflow_run_makes_it()
    assert execute(store, lambda step: None)[1].info.run_id == run_id


@pytest.mark.parametrize("error", [None, ValueError("x")])
@pytest.mark.parametrize("entry_point", [None, "main", "ours, but at work elsewhere"])
def test_the_run_of_a_caller_is_left_alone(store, entry_point, error):
    """Another project may start ours from its own run, and call that "main" as well."""
    client = mlflow.MlflowClient()
    if entry_point in (None, "main"):
        found = {tags.ENTRY_POINT: entry_point} if entry_point else {}
        run_id = client.create_run("1", tags=found, run_name="mine").info.run_id
    else:
        run_id = as_mlflow_run_makes_it()
        client.set_tag(run_id, tags.PROCESS, "elsewhere 1 1")
    before = client.get_run(run_id).to_dictionary()
    os.environ["MLFLOW_RUN_ID"] = run_id

    def function(step):
        if error:
            raise error

    run = execute(store, function)[1]
    assert run.info.status == "FAILED" if error else "FINISHED"
    assert run.data.tags[tags.PARENT] == run_id
    assert client.get_run(run_id).to_dictionary() == before


def test_a_note_that_is_there_stays_behind_the_reason(store):
    def function(step):
        step.set_tags(**{tags.NOTE: "the answer"})
        raise ValueError("no paper")

    note = execute(store, function)[1].data.tags[tags.NOTE]
    assert note == "This run is FAILED:\n\n```text\nno paper\n```\n\nthe answer"


@pytest.mark.parametrize("ours", [True, False])
def test_a_refused_command_line_is_noted_in_our_run(store, monkeypatch, capsys, ours):
    client = mlflow.MlflowClient()
    run_id = as_mlflow_run_makes_it() if ours else client.create_run("1").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    monkeypatch.setattr(sys, "argv", ["main", f"--working_directory={store}"])
    with pytest.raises(SystemExit) as leaving, entry_point.failures_noted():
        lifecycle.fail("epochs must be more", lifecycle.EXIT_USAGE)
    assert leaving.value.code == 2
    assert capsys.readouterr().err == "error: epochs must be more\n"
    run = client.get_run(run_id)
    assert run.info.status == ("FAILED" if ours else "RUNNING")
    told = [run.data.tags.get(name) for name in (tags.ERROR, tags.NOTE)]
    assert told[0] == ("epochs must be more" if ours else None)
    assert told[1] is None or told[0] in told[1]


def test_a_relative_store_is_the_callers(tmp_path):
    previous = mlflow.get_tracking_uri()
    try:
        mlflow.set_tracking_uri("sqlite:///some.db")
        execution._make_tracking_uri_absolute(tmp_path)
        assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path}/some.db"
    finally:
        mlflow.set_tracking_uri(previous)


def test_a_store_that_cannot_be_reached_is_told_without_its_password(
    store, monkeypatch, capsys
):
    address = "https://me:secret@host"

    def refuse():
        raise mlflow.MlflowException(f"API request to {address}/api failed")

    monkeypatch.setattr(mlflow, "start_run", refuse)
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: address)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    with pytest.raises(SystemExit) as leaving:
        execution.execute(lambda *_: None, Params(store), name="step")
    assert leaving.value.code == 1
    assert capsys.readouterr().err == (
        "error: no run on https://host: API request to https://host/api failed\n"
    )
