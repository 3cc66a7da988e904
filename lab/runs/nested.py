"""Runs launches, each as `mlflow run` of an entry point nested in the step's run."""

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.projects import SubmittedRun

from lab import mlproject
from lab.host import console, process
from lab.host.lifecycle import WholeWork
from lab.runs import reaper
from lab.runs.errors import StepError, in_words
from lab.runs.experiment import Experiment, end_run
from lab.runs.launch import Launch
from lab.runs.reuse import Reuse

SECONDS_BETWEEN_SIGNALS = 0.5


class NestedRuns:
    """The runs that a step launches, those at work and those that it reuses.

    Attributes:
        reused: URIs of the runs that stood for a launch which then ran nothing.
    """

    def __init__(
        self,
        run_id: str,
        experiment: Experiment,
        reuse: Reuse,
        working_directory: Path,
        scratch: Path,
        whole: WholeWork,
    ):
        self.reused: set[str] = set()
        self._run_id = run_id
        self._experiment = experiment
        self._reuse = reuse
        self._working_directory = working_directory
        self._scratch = scratch
        self._whole = whole
        self._at_work: list[Launch] = []

    def launch(self, launch: Launch) -> str:
        """Reuse the result of a launch, or run it and wait; the URI of its run.

        Raises:
            StepError: it failed; its own message is already on stderr.
            ValueError: its parameters are wrong.
        """
        known = self._reuse.look_up(launch)
        if known.run_id is not None:
            console.say(f"{launch.name}  reused from run {known.why}")
            self._experiment.tag(self._run_id, {f"reused.{launch.name}": known.run_id})
            self.reused.add(uri := f"runs:/{known.run_id}")
            return uri
        console.say(f"{launch.name}  runs: {known.why}")
        run_id = self._run(launch)
        # Not if a file has been exchanged since it was looked at.
        if known.key is not None and self._reuse.key(launch) == known.key:
            self._experiment.tag_key(run_id, known.key)
        return f"runs:/{run_id}"

    def launch_all(self, launches: Sequence[Launch]) -> list[str]:
        """`launch` several at once; the URIs of their runs in the same order.

        Raises:
            StepError: the first failure; `stop` ends the others.
        """
        os.environ[console.NO_BAR] = "true"
        results: queue.SimpleQueue[tuple[int, str | BaseException]]
        results = queue.SimpleQueue()

        def work(index: int, launch: Launch) -> None:
            try:
                # A thread has no active run of its own, to nest others in.
                mlflow.start_run(self._run_id)
                results.put((index, self.launch(launch)))
            except BaseException as error:
                results.put((index, error))

        for numbered in enumerate(launches):
            threading.Thread(target=work, args=numbered, daemon=True).start()
        uris: dict[int, str] = {}
        while len(uris) < len(launches):
            index, result = results.get()
            if isinstance(result, BaseException):
                raise result
            uris[index] = result
        return [uris[index] for index in range(len(launches))]

    def stop(self, seconds: float) -> None:
        """End what was launched, within that time; called from another thread.

        Nothing more may be launched by then, see `WholeWork.stop`.
        """
        deadline = time.monotonic() + seconds
        try:
            # Again and again: a step that is being started has not said who it is.
            while self._at_work and time.monotonic() < deadline:
                for run in self._experiment.running(parent=self._run_id):
                    process.terminate(reaper.owner(run) or "")
                time.sleep(SECONDS_BETWEEN_SIGNALS)
            for run in self._experiment.running(parent=self._run_id):
                end_run(run.run_id, "KILLED")
        except (MlflowException, OSError) as error:
            console.say(f"steps could not be ended: {in_words(error)}")

    def _run(self, launch: Launch) -> str:
        """Run an entry point in a process of its own; the id of its run."""
        own = {"working_directory": str(self._working_directory)}
        run_project: Callable[..., SubmittedRun] = mlflow.projects.run
        os.environ[process.DRIVER] = process.identity()
        with self._whole.piece():
            self._at_work.append(launch)
        try:
            submitted = run_project(
                str(mlproject.PROJECT_DIRECTORY),
                launch.entry_point,
                parameters={**launch.parameters, **own},
                experiment_id=self._experiment.id,
                run_name=launch.name,
                env_manager="local",
                storage_dir=str(self._scratch),
            )
        except MlflowException as error:
            raise StepError(f"step {launch.name} stopped: {error.message}") from None
        finally:
            self._at_work.remove(launch)
        return str(submitted.run_id)
