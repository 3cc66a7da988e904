"""Runs launches, each by `mlflow run` and nested in the run of the step that asked."""

import os
import queue
import re
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
from lab.runs import reaper, tags
from lab.runs.errors import StepError, in_words
from lab.runs.experiment import Experiment, end_run
from lab.runs.launch import Launch
from lab.runs.reuse import Reuse

SECONDS_BETWEEN_SIGNALS = 0.5


class LaunchedRuns:
    """The runs that a step launches, or reuses instead.

    Args:
        run_id: of the step.
        experiment: where all runs are.
        reuse: looks up what need not run.
        working_directory: where the relative paths of a user start from.
        scratch: a folder for what MLflow keeps while a run goes on.
        whole: refuses to launch once the step is to stop.

    Attributes:
        reused: runs whose result was there before, so that nothing ran: the names of
            the launches by the id of the run.
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
        self.reused: dict[str, str] = {}
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
        lookup = self._reuse.look_up(launch)
        if lookup.run_id is not None:
            console.say(f"{launch.name}  reused from run {lookup.why}")
            self._experiment.tag(self._run_id, {f"reused.{launch.name}": lookup.run_id})
            self.reused[lookup.run_id] = launch.name
            return f"runs:/{lookup.run_id}"
        console.say(f"{launch.name}  runs: {lookup.why}")
        run_id = self._run(launch)
        # The key holds only if no input file was exchanged while the step ran.
        if lookup.key is not None and self._reuse.key(launch) == lookup.key:
            self._experiment.tag_key(run_id, lookup.key)
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
                # Nested runs need an active run, and MLflow has one per thread.
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
        """End the runs that were launched; called from another thread.

        Args:
            seconds: how long their processes may take to end. `WholeWork.stop` must
                have been called, so that no other run is launched meanwhile.
        """
        deadline = time.monotonic() + seconds
        try:
            # Repeated, because a process that is just starting has not claimed its run.
            while self._at_work and time.monotonic() < deadline:
                for run in self._experiment.running(parent=self._run_id):
                    process.terminate(reaper.owner(run) or "")
                time.sleep(SECONDS_BETWEEN_SIGNALS)
            for run in self._experiment.running(parent=self._run_id):
                end_run(run.run_id, "KILLED", error="what had launched it was ended")
        except (MlflowException, OSError) as error:
            console.say(f"steps could not be ended: {in_words(error)}")

    def _run(self, launch: Launch) -> str:
        """Run an entry point in a process of its own and wait; the id of its run."""
        working_directory = {"working_directory": str(self._working_directory)}
        run_project: Callable[..., SubmittedRun] = mlflow.projects.run
        os.environ[process.DRIVER] = process.identity()
        with self._whole.piece():
            self._at_work.append(launch)
        try:
            submitted = run_project(
                str(mlproject.PROJECT_DIRECTORY),
                launch.entry_point,
                parameters={**launch.parameters, **working_directory},
                experiment_id=self._experiment.id,
                run_name=launch.name,
                env_manager="local",
                storage_dir=str(self._scratch),
            )
        except MlflowException as error:
            # A step that was killed could not end what is nested in its run.
            reaper.end_dead_runs(self._experiment, self._run_id)
            raise StepError(f"step {launch.name} stopped: {self._why(error)}") from None
        finally:
            self._at_work.remove(launch)
        return str(submitted.run_id)

    def _why(self, error: MlflowException) -> str:
        """What the run says that has failed, else what MLflow says of it."""
        failed = re.search(r"\(ID '([0-9a-f]{32})'\)", error.message)
        reason = (
            self._experiment.get(failed[1]).tags.get(tags.ERROR) if failed else None
        )
        return reason.splitlines()[-1] if reason else error.message  # of a traceback
