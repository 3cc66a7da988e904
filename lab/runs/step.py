"""The MLflow run of a step: its id, its scratch folder, and what it logs there."""

import json
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np

from didithelp.provenance import Provenance
from lab.host import process
from lab.host.lifecycle import WholeWork
from lab.runs import locations, models, provenance, tags
from lab.runs.answers import Answers
from lab.runs.artifacts import Artifacts
from lab.runs.errors import without_password
from lab.runs.experiment import Experiment, StoredRun, tracking_address
from lab.runs.launch import Launch
from lab.runs.launched import LaunchedRuns
from lab.runs.open_run import OpenRun
from lab.runs.reuse import ARMS_LIST, Reuse

if TYPE_CHECKING:
    import keras

# Variable: the command that repeats who launches a step; a tag may be too short for it.
DRIVER_COMMAND = "TP2_DRIVER_COMMAND"
SECONDS_TO_STOP = 20.0  # for what is being stored, and for steps that were launched


class Step(OpenRun):
    """The active run of this process, as the code of a step sees it.

    Args:
        run: the active run.
        texts: the parameters, each as it is written on a command line.
        scratch: a folder that is removed when the step ends.

    Attributes:
        artifacts: fetches what other steps have left.
        reuse: looks up what need not be launched.
        answers: stores and finds the answers of comparisons.
    """

    def __init__(self, run: StoredRun, texts: Mapping[str, str], scratch: Path):
        experiment, whole = Experiment(run.experiment_id), WholeWork()
        experiment.show_training()
        driver = experiment.driver_of(run)
        self._asked = driver or run  # what a person has started
        # A run that was launched is told of the clone that it lies in.
        self._source = provenance.source_of(self._asked)
        working_directory = Path(texts["working_directory"])
        self.artifacts = Artifacts(experiment, scratch, working_directory)
        super().__init__(
            run.run_id, self._source, experiment, self.artifacts, scratch, whole
        )
        # MLflow tags a run with the address of the project as it was given.
        shown = {name: without_password(text) for name, text in run.tags.items()}
        if driver is not None and self._source:
            shown[tags.SOURCE] = self._source
        self.set_tags(**dict(shown.items() - run.tags.items()))
        if not run.params:  # started without `mlflow run`
            mlflow.log_params(dict(texts))

        if driver is None:
            self._command = provenance.command(run, self._source, texts)
        else:
            self._command = os.environ.get(DRIVER_COMMAND)
        if self._command:
            os.environ[DRIVER_COMMAND] = self._command  # for what this one launches

        is_on = texts.get("cache", "on") == "on"
        self.reuse = Reuse(experiment, working_directory, is_on)
        self.answers = Answers(run, driver, experiment, self.artifacts, whole)
        self._launched = LaunchedRuns(
            run.run_id, experiment, self.reuse, working_directory, scratch, whole
        )

    def open_arm(self, name: str, texts: Mapping[str, str]) -> OpenRun:
        """Open a run for an arm, nested in the step's; `stop` ends it as well.

        Args:
            name: of the arm and of the run.
            texts: the arm's parameters.
        """
        tag_texts = {
            tags.PARENT: self.run_id,
            tags.NAME: name,
            tags.ASKED: name,
            tags.PROCESS: process.identity(),
        }
        if self._source:
            tag_texts[tags.SOURCE] = self._source
        run_id = self.experiment.open(int(time.time() * 1000), tag_texts)
        run = OpenRun(
            run_id,
            self._source,
            self.experiment,
            self.artifacts,
            self.scratch,
            self._whole,
        )
        run.log_params(texts)
        return run

    def log_arms(self, run_ids: Mapping[str, str]) -> None:
        """List the runs of arms, by name; the list is the step's output."""
        folder = self.scratch / tags.ARMS
        folder.mkdir()
        text = json.dumps(dict(run_ids), ensure_ascii=False, indent=1)
        (folder / ARMS_LIST).write_text(f"{text}\n", "utf-8")
        self.log_folder(folder, tags.ARMS)

    def launch(self, launch: Launch) -> str:
        """Reuse the result of a launch, or run it and wait for its end.

        Returns:
            the URI of its run, "runs:/<run id>".

        Raises:
            StepError: it failed; its own message is already on stderr.
            ValueError: its parameters are wrong.
        """
        return self._launched.launch(launch)

    def launch_all(self, launches: Sequence[Launch]) -> list[str]:
        """Take several launches at once, also of one entry point.

        Returns:
            the URIs of their runs, in the order of the launches.

        Raises:
            StepError: the first failure; `stop` ends the other runs.
            ValueError: the parameters of one are wrong.
        """
        return self._launched.launch_all(launches)

    def arms_of(self, uri: str, names: Sequence[str]) -> list[str]:
        """The runs of arms that a train_arms run has left, see `Launcher.arms_of`."""
        return self.reuse.arms_of(uri, names)

    def has_reused(self, uri: str) -> bool:
        """Whether the run at `uri`, which `launch` has returned, was there before."""
        return locations.run_of(uri) in self._launched.reused

    def link_reused(self) -> None:
        """Add links to the runs that were reused to the description of the step's run.

        They are nested in the run of another pipeline, and this run seems empty else.
        """
        links = ", ".join(
            f"[{name}]({self.experiment.page(run_id)})"
            for run_id, name in self._launched.reused.items()
        )
        if links:
            note = self.experiment.get(self.run_id).tags.get(tags.NOTE, "")
            self.set_tags(**{tags.NOTE: f"{note}\n\nReused: {links}\n".lstrip()})

    def stop(self) -> None:
        """Let the step store and launch nothing more, and end what it has launched.

        What is being stored is finished first. Called from another thread, before the
        process ends: the step's own threads wait for ever at the next thing that they
        would store or launch.
        """
        self._whole.stop(SECONDS_TO_STOP)
        self._launched.stop(SECONDS_TO_STOP)

    def expect_model(self) -> None:
        """Load what `log_model` needs, which takes seconds, before it is called."""
        models.expect()

    def log_model(self, model: "keras.Model", example: np.ndarray) -> None:
        """Store the Keras model as `model`, ready for `mlflow models serve`.

        Args:
            model: maps images to probabilities.
            example: a few uint8 images (n, height, width[, channels]).
        """
        with self._whole.piece():
            models.log(model, example)

    def provenance(self) -> Provenance:
        """Where this run, or its driver's, comes from, and where it can be seen."""
        page = self._page(self._asked.run_id)
        return provenance.provenance_of(self._asked, self._source, self._command, page)

    def where_to_look(self) -> str:
        """The address of this run in MLflow's interface, or the command to open it."""
        page = self._page(self.run_id)
        if page is not None:
            return page
        store = shlex.quote(tracking_address())
        path = self.experiment.page(self.run_id)
        return f"mlflow ui --backend-store-uri {store}   then open /{path}"

    def _page(self, run_id: str) -> str | None:
        """The web address of a run; None where the store is no server."""
        address = tracking_address()
        is_served = address.startswith("http")
        return f"{address}/{self.experiment.page(run_id)}" if is_served else None
