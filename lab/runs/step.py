"""The MLflow run of a step: its id, its scratch folder, and what it logs there."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np

from didithelp.parameters import spell
from didithelp.provenance import Provenance
from lab.host.lifecycle import WholeWork
from lab.runs import datasets, keys, locations, models, provenance, tags
from lab.runs.answers import Answers
from lab.runs.artifacts import Artifacts
from lab.runs.errors import without_password
from lab.runs.experiment import Experiment, StoredRun, tracking_address
from lab.runs.launch import Launch
from lab.runs.launched import LaunchedRuns
from lab.runs.reuse import Reuse
from lab.runs.trials import TrialRuns

if TYPE_CHECKING:
    import keras

    from lab.data.dataset import Dataset

# Variable: the command that repeats who launches a step; a tag may be too short for it.
DRIVER_COMMAND = "TP2_DRIVER_COMMAND"
SECONDS_TO_STOP = 20.0  # for what is being stored, and for steps that were launched


class Step:
    """The active run of this process, as the code of a step sees it.

    Args:
        run: the active run.
        texts: the parameters, each as it is written on a command line.
        scratch: a folder that is removed when the step ends.

    Attributes:
        run_id: id of the run.
        scratch: a folder for temporary files.
        experiment: reads and writes runs.
        artifacts: fetches what other steps have left.
        reuse: looks up what need not be launched.
        trials: stores and finds trials.
        answers: stores and finds the answers of comparisons.
    """

    def __init__(self, run: StoredRun, texts: Mapping[str, str], scratch: Path):
        self.run_id = run.run_id
        self.scratch = scratch
        self.experiment = Experiment(run.experiment_id)
        self.experiment.show_training()
        driver = self.experiment.driver_of(run)
        self._asked = driver or run  # what a person has started
        # A run that was launched is told of the clone that it lies in.
        self._source = provenance.source_of(self._asked)
        # MLflow tags a run with the address of the project as it was given.
        shown = {name: without_password(text) for name, text in run.tags.items()}
        if driver is not None and self._source:
            shown[tags.SOURCE] = self._source
        self.experiment.tag(run.run_id, dict(shown.items() - run.tags.items()))
        if not run.params:  # started without `mlflow run`
            mlflow.log_params(dict(texts))

        if driver is None:
            self._command = provenance.command(run, self._source, texts)
        else:
            self._command = os.environ.get(DRIVER_COMMAND)
        if self._command:
            os.environ[DRIVER_COMMAND] = self._command  # for what this one launches

        working_directory = Path(texts["working_directory"])
        whole = self._whole = WholeWork()
        self.artifacts = Artifacts(self.experiment, scratch, working_directory)
        self.reuse = Reuse(
            self.experiment, working_directory, texts.get("cache", "on") == "on"
        )
        self.trials = TrialRuns(
            run.run_id, self._source, self.experiment, self.artifacts, scratch, whole
        )
        self.answers = Answers(run, driver, self.experiment, self.artifacts, whole)
        self._launched = LaunchedRuns(
            run.run_id, self.experiment, self.reuse, working_directory, scratch, whole
        )

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

    def conclude(self, outcome: str) -> None:
        """As `lab.runs.experiment.Experiment.conclude`, of the step's run."""
        self.experiment.conclude(self.run_id, outcome)

    def stop(self) -> None:
        """Let the step store and launch nothing more, and end what it has launched.

        What is being stored is finished first. Called from another thread, before the
        process ends: the step's own threads wait for ever at the next thing that they
        would store or launch.
        """
        self._whole.stop(SECONDS_TO_STOP)
        self._launched.stop(SECONDS_TO_STOP)

    def log_folder(self, folder: Path, name: str) -> None:
        """Store a folder as the artifact folder `name`, which is the step's output."""
        with self._whole.piece():
            self.experiment.store(self.run_id, folder, name)
            digest = keys.digest_folder(folder)
            self.set_tags(**{tags.OUTPUT: name, tags.OUTPUT_DIGEST: digest})

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Store numbers; those that are not finite are left out."""
        self.experiment.log_finite(self.run_id, metrics)

    def log_new_param(self, name: str, value: object) -> None:
        """Record a value that is no parameter of the entry point.

        `mlflow run` has recorded the parameters already, as they were typed. MLflow
        refuses another spelling of one, such as "0.0001" after "1e-4".
        """
        mlflow.log_param(name, spell(value))

    def set_tags(self, **tag_texts: str) -> None:
        """Tag the step's run."""
        mlflow.set_tags(tag_texts)

    def log_arm(self, name: str, data: str) -> None:
        """Name the arm that this run trains, and the data set that it was given."""
        tag_texts = {tags.ARM: name}
        if run_id := locations.run_of(data):
            tag_texts[tags.DATA_RUN] = run_id
        mlflow.set_tags(tag_texts)

    def log_dataset(self, dataset: "Dataset", warnings: Sequence[str] = ()) -> None:
        """Record the three splits of a data set as inputs of the run.

        Args:
            dataset: what the run makes, or trains on.
            warnings: what is odd about its images, in words.
        """
        datasets.log(dataset, warnings)

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
