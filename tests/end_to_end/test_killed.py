"""Kills and interruptions: no process and no running run is left, and it goes on."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from lab.host.process import claimed_by
from tests.end_to_end.pipeline import MAIN, answer_of
from tests.make_data import save_images
from tests.place import Place

# No test takes as long; it is for machines that are slow and busy.
SECONDS_TO_END = 300


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Place:
    """With a store and data that have been prepared."""
    place = Place(tmp_path_factory.mktemp("killed"))
    save_images(place.folder / "images.npz")
    process = place.run("prepare_data", dataset="images.npz")
    assert process.returncode == 0, process.stderr
    return place


@pytest.mark.parametrize("victim", ["mlflow run", "steps.train"])
def test_what_was_killed_goes_on_where_it_was(tmp_path, place, last, victim):
    """The one that the user started, or the step; then the same again."""
    killed = Place(tmp_path)
    shutil.copy(place.folder / "images.npz", tmp_path)
    with killed.start("main", seeds="3", **MAIN) as process:
        wait_for("train_improved  1/3", process)
        for pid in processes_of(process.pid, victim):
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS_TO_END)
    again = killed.run("main", seeds="3", **MAIN)
    assert again.returncode == 0, again.stderr
    # All three, or even the step, if it was quicker than its death.
    assert re.search(r"train_improved  ([123] of 3 trials )?reused", again.stderr)
    assert "RUNNING" not in {run.info.status for run in killed.runs()}
    assert answer_of(killed, killed.last("main")) == answer_of(place, last["main"])


def processes_of(session: int, words: str) -> list[int]:
    """The processes of a session whose command line has these words."""
    command = ["ps", "-o", "pid=,args=", "--sid", str(session)]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    assert shown.stderr == ""  # its exit status is 1 where there is no process at all
    lines = [line.split(maxsplit=1) for line in shown.stdout.splitlines()]
    return [int(pid) for pid, command in lines if words in command]


def wait_for(pattern, process):
    """The match, once a line of what a process says has the pattern."""
    seen = []
    for line in process.stderr:
        seen.append(line)
        if match := re.search(pattern, line):
            return match
    pytest.fail(f"it ended before it said {pattern!r}:\n{''.join(seen)}")


def start_endless(place):
    return place.start(
        "train_improved",
        data="images.npz",
        seeds="1",
        epochs="10000",
        early_stopping_patience="never",
    )


def wait_until(holds):
    deadline = time.monotonic() + SECONDS_TO_END
    while not holds():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.05)


def is_tagged(place, run_id):
    """Whether a step has told MLflow that the run is its own."""
    return "process" in place.client.get_run(run_id).data.tags


def ended_run(place):
    """The last run of train_improved, once it is no longer running."""
    wait_until(lambda: place.last("train_improved").info.status != "RUNNING")
    return place.last("train_improved")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_mlflow_run_leaves_no_process_and_no_running_run(ready, how):
    with start_endless(ready) as process:
        wait_for("prepare_data  (images|reused)", process)
        process.send_signal(how)
        # The step holds these pipes: at their end it and its workers are gone.
        process.communicate(timeout=SECONDS_TO_END)
    assert ended_run(ready).info.status == "KILLED"


@pytest.mark.parametrize(
    ("moment", "group"),
    [("train_improved  runs", True), ("train_baseline  1/9", False)],
)
def test_an_interrupted_main_ends_both_arms_first(tmp_path, ready, moment, group):
    """Ctrl-C reaches every process of the group, `kill` and `docker stop` but one."""
    stopped = Place(tmp_path)
    shutil.copy(ready.folder / "images.npz", tmp_path)
    endless = {"epochs": "10000", "early_stopping_patience": "never"}
    # One worker each, or the longer trials of train_improved would take all cores.
    parameters = MAIN | endless | {"seeds": "9", "workers": "1"}
    with stopped.start("main", **parameters) as process:
        wait_for(moment, process)
        if group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        process.communicate(timeout=SECONDS_TO_END)
        assert not processes_of(process.pid, "steps.train")
    entry_point = "mlflow.project.entryPoint"
    states = {r.data.tags.get(entry_point): r.info.status for r in stopped.runs()}
    assert states["main"] in ("KILLED", "FAILED")
    # There is none, if it was just about to start.
    assert states.get("train_improved", "KILLED") in ("KILLED", "FAILED")
    assert "RUNNING" not in states.values()


def test_a_step_that_is_still_loading_sees_its_parent_die(ready):
    with start_endless(ready) as process:
        run_id = wait_for(r"Running command .* in run with ID '(\w+)'", process)[1]
        # It claims its run before it loads MLflow, and knows by then whose child it is.
        wait_until(lambda: claimed_by(run_id) or is_tagged(ready, run_id))
        process.kill()
        process.communicate(timeout=SECONDS_TO_END)
    assert ended_run(ready).info.status == "KILLED"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_is_one_line_and_leaves_nothing_behind(ready, how):
    """Ctrl-C, and the end of the terminal or of an SSH session."""
    with start_endless(ready) as process:
        wait_for("prepare_data  (images|reused)", process)
        time.sleep(1)
        os.killpg(process.pid, how)
        _, err = process.communicate(timeout=SECONDS_TO_END)
    assert "error: interrupted\n" in err
    assert "lab/" not in err  # no traceback of ours
    run = ended_run(ready)
    assert run.data.tags["error"] == f"interrupted by {how.name}"
