"""Executes a step within its MLflow run, which ends however the step ends.

The step works in a thread of its own; the main thread waits for its end or a signal.
If a signal raised an exception in the middle of the step, a transaction could stay open
and the database locked, or the code there could catch the exception.
"""

import dataclasses
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils import name_utils
from sqlalchemy.exc import SQLAlchemyError

from didithelp.errors import Refusal
from didithelp.parameters import texts_of
from didithelp.requirement import Missed
from lab.host import console, lifecycle, process
from lab.parameters import Located
from lab.runs import environment, reaper, store, tags
from lab.runs.errors import StepError, in_words
from lab.runs.experiment import StoredRun, end_run, tracking_address
from lab.runs.step import Step

Params = TypeVar("Params", bound=Located)

MLFLOW_RUN_ID = "MLFLOW_RUN_ID"  # the variable with the run that a process resumes


@dataclasses.dataclass(frozen=True)
class Ending:
    """What the end of a step means for its run, its process and its user.

    Attributes:
        state: of the run: FINISHED, FAILED or KILLED.
        exit_status: of the process.
        error: the reason, as a tag of the run; empty if it finished.
        message: what is printed; empty for nothing.
    """

    state: str
    exit_status: int
    error: str = ""
    message: str = ""

    @classmethod
    def because_of(cls, cause: BaseException | signal.Signals | None) -> "Ending":
        """The ending that follows from a signal, from an exception, or from neither.

        Whatever ends with another status than 0 is FAILED to MLflow 3.17, also an
        answer that is there and misses what was required; KILLED stays only if `mlflow
        run` has died as well.
        """
        if cause is None:
            return cls("FINISHED", 0)
        if isinstance(cause, signal.Signals):
            error = f"interrupted by {cause.name}"
            return cls("KILLED", 128 + cause, error, "interrupted")
        status = lifecycle.EXIT_FAILURE
        if isinstance(cause, Refusal):
            status = lifecycle.EXIT_REFUSED
        if isinstance(cause, Missed):
            status = lifecycle.EXIT_MISSED
        return cls("FAILED", status, in_words(cause), in_words(cause))


def execute(
    run: Callable[[Params, Step], None],
    params: Params,
    *,
    name: str,
    overrides: Mapping[str, str] | None = None,
) -> None:
    """Run a step within its MLflow run; where it fails, say why and end the process.

    Within `mlflow run` the run exists already, else a new one is started. Whatever
    happens, the run ends as FINISHED, FAILED or KILLED and scratch files are removed.

    Args:
        run: the step's function; it is given its parameters and its run.
        params: the parameters, among them `working_directory`, the caller's folder.
        name: for the run, unless the user has named it.
        overrides: text by name of what was given beyond `params`.

    Raises:
        SystemExit: the step failed.
    """
    texts = texts_of(type(params), params) | dict(overrides or {})
    _prepare_mlflow(params.working_directory)
    run_id = os.environ.get(MLFLOW_RUN_ID)  # MLflow unsets it when the run is active
    opened: list[StoredRun] = []  # the run, once it is active
    steps: list[Step] = []  # the step, once it has a run

    def work() -> None:
        opened.append(_start_run(name))
        step = Step(opened[0], texts, scratch)
        steps.append(step)
        reaper.end_dead_runs(step.experiment, step.run_id)
        run(params, step)

    with process.scratch_folder() as scratch:
        process.watch_parent()
        cause = _wait_for(work)
        if cause is not None:
            console.end_progress()
            environment.give_up_early()
            for step in steps:
                step.stop()
        status = _close_run(
            opened[0].run_id if opened else run_id, Ending.because_of(cause)
        )
    if isinstance(cause, signal.Signals):
        lifecycle.leave_at_once(status)
    if status:
        raise SystemExit(status)


def note_failure(message: str) -> None:
    """Leave in the run why its process ends before there is a step, if it is ours."""
    start = "--working_directory="
    here = [word.removeprefix(start) for word in sys.argv if word.startswith(start)]
    run_id = os.environ.get(MLFLOW_RUN_ID)
    if run_id and here:  # without it, a store might be made where there is none
        _prepare_mlflow(Path(here[-1]))
        _close_run(run_id, Ending("FAILED", lifecycle.EXIT_USAGE, message))


def _wait_for(work: Callable[[], None]) -> BaseException | signal.Signals | None:
    """Do the work in a thread, and wait.

    Returns:
        None when it is done, what it has raised, or the signal that came before.
    """

    def until_the_end() -> None:
        try:
            work()
        except BaseException as error:
            lifecycle.endings.put(error)
        else:
            lifecycle.endings.put(None)

    if lifecycle.endings.empty():
        threading.Thread(target=until_the_end, daemon=True, name="step").start()
    return lifecycle.endings.get()


def _prepare_mlflow(working_directory: Path) -> None:
    """Let MLflow say only what users need, and use the caller's store."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    # This module logs the traceback of every error that it also raises.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    _make_tracking_uri_absolute(working_directory)


def _make_tracking_uri_absolute(working_directory: Path) -> None:
    """Let a relative path to a store start from the caller's folder.

    MLflow runs steps in the project's folder, where the same path is another store.
    """
    uri = mlflow.get_tracking_uri()
    prefix = "sqlite:///"
    if uri.startswith(prefix) and not uri.startswith(f"{prefix}/"):
        path = working_directory / uri.removeprefix(prefix)
        mlflow.set_tracking_uri(f"{prefix}{path}")


def _start_run(name: str) -> StoredRun:
    """Start the run of this process and name its owner; the claim is then dropped.

    Raises:
        StepError: MLflow gave none.
    """
    uri = mlflow.get_tracking_uri()
    try:
        store.make(uri)
        if fault := store.fault_of(uri):
            raise StepError(fault)
        run = StoredRun.of(_open_run())
        tag_texts = {tags.PROCESS: process.identity()}
        if _is_random(run.name):
            tag_texts |= {tags.NAME: name, tags.ASKED: name}
        elif process.DRIVER in os.environ:  # named by the step that has launched it
            tag_texts[tags.ASKED] = run.name
        mlflow.set_tags(tag_texts)
    except (MlflowException, SQLAlchemyError, ModuleNotFoundError, OSError) as error:
        raise StepError(f"no run on {tracking_address()}: {in_words(error)}") from None
    process.drop_claim(run.run_id)
    return run


def _open_run() -> mlflow.ActiveRun:
    """The run that `mlflow run` has made for this process, else a new one.

    Where the environment names the run of a caller who knows nothing of this project,
    the new one is nested in that.
    """
    run_id = os.environ.get(MLFLOW_RUN_ID)
    if run_id is None or _is_for_us(run_id):
        return mlflow.start_run()
    del os.environ[MLFLOW_RUN_ID]
    process.drop_claim(run_id)
    return mlflow.start_run(parent_run_id=run_id)


def _is_for_us(run_id: str) -> bool:
    """Whether `mlflow run` has made a run for this process, and no other had it."""
    run = StoredRun.of(mlflow.get_run(run_id))
    return run.is_ours and run.tags.get(tags.PROCESS) in (None, process.identity())


def _is_random(run_name: str) -> bool:
    """Whether MLflow has made the name up, such as "bold-fish-12"."""
    words = run_name.split("-")
    return (
        len(words) == 3
        and words[0] in name_utils._GENERATOR_PREDICATES
        and words[1] in name_utils._GENERATOR_NOUNS
    )


def _close_run(run_id: str | None, ending: Ending) -> int:
    """End the run, if there is one, and print why; return the exit status."""
    status = ending.exit_status
    try:
        if run_id is not None and _is_for_us(run_id):
            end_run(run_id, ending.state, error=ending.error)
            process.drop_claim(run_id)
    except (MlflowException, OSError) as error:
        console.say(f"the run could not be marked as {ending.state}: {in_words(error)}")
        status = status or lifecycle.EXIT_FAILURE
    if ending.message:
        console.say(f"error: {ending.message.strip()}")
    return status
