"""Executes a step within its MLflow run, which ends however the step ends.

The step works in a thread of its own; the main thread waits for its end or a signal.
If a signal raised an exception in the middle of the step, a transaction could stay open
and the database locked, or the code there could catch the exception.
"""

import dataclasses
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils import name_utils

from didithelp.errors import Refusal
from didithelp.parameters import texts_of
from lab.host import console, lifecycle, process
from lab.parameters import Located
from lab.runs import environment, reaper, tags
from lab.runs.errors import StepError, in_words
from lab.runs.experiment import StoredRun, end_run, tracking_address
from lab.runs.step import Step

Params = TypeVar("Params", bound=Located)


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

        KILLED stays only if `mlflow run` has died as well; else MLflow 3.17 makes it
        FAILED.
        """
        if cause is None:
            return cls("FINISHED", 0)
        if isinstance(cause, signal.Signals):
            error = f"interrupted by {cause.name}"
            return cls("KILLED", 128 + cause, error, "interrupted")
        refused = isinstance(cause, Refusal)
        status = lifecycle.EXIT_REFUSED if refused else lifecycle.EXIT_FAILURE
        return cls("FAILED", status, in_words(cause), in_words(cause))


def execute(run: Callable[[Params, Step], None], params: Params, *, name: str) -> None:
    """Run a step within its MLflow run; where it fails, say why and end the process.

    Within `mlflow run` the run exists already, else a new one is started. Whatever
    happens, the run ends as FINISHED, FAILED or KILLED and scratch files are removed.

    Args:
        run: the step's function; it is given its parameters and its run.
        params: the parameters, among them `working_directory`, the caller's folder.
        name: for the run, unless the user has named it.

    Raises:
        SystemExit: the step failed.
    """
    texts = texts_of(type(params), params)
    _prepare_mlflow(params.working_directory)
    run_id = os.environ.get("MLFLOW_RUN_ID")  # MLflow unsets it when the run is active
    steps: list[Step] = []  # the step, once it has a run

    def work() -> None:
        step = Step(_start_run(name), texts, scratch)
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
            steps[0].run_id if steps else run_id, Ending.because_of(cause)
        )
    if isinstance(cause, signal.Signals):
        lifecycle.leave_at_once(status)
    if status:
        raise SystemExit(status)


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
    try:
        run = StoredRun.of(mlflow.start_run())
        tag_texts = {tags.PROCESS: process.identity()}
        if _is_random(run.name):
            tag_texts |= {tags.NAME: name, tags.ASKED: name}
        elif process.DRIVER in os.environ:  # named by the step that has launched it
            tag_texts[tags.ASKED] = run.name
        mlflow.set_tags(tag_texts)
    except MlflowException as error:
        raise StepError(f"no run on {tracking_address()}: {in_words(error)}") from None
    process.drop_claim(run.run_id)
    return run


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
        if run_id is not None:
            end_run(run_id, ending.state, error=ending.error)
            process.drop_claim(run_id)
    except (MlflowException, OSError) as error:
        console.say(f"the run could not be marked as {ending.state}: {in_words(error)}")
        status = status or lifecycle.EXIT_FAILURE
    if ending.message:
        console.say(f"error: {ending.message.strip()}")
    return status
