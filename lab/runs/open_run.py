"""A run that this process writes: what it is given, and what it leaves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import spell
from lab.host.lifecycle import WholeWork
from lab.runs import datasets, keys, locations, tags
from lab.runs.artifacts import Artifacts
from lab.runs.experiment import Experiment, end_run
from lab.runs.trials import TrialRuns

if TYPE_CHECKING:
    from lab.data.dataset import Dataset


class OpenRun:
    """A run that this process writes: that of a step, or of an arm nested in it.

    Args:
        run_id: of the run.
        source: where the project came from, if known; becomes a tag of every trial.
        experiment: where the run is.
        artifacts: fetches the files of stored trials.
        scratch: a folder for temporary files.
        whole: keeps an interruption from storing half of something.

    Attributes:
        run_id: id of the run.
        scratch: the folder for temporary files.
        experiment: reads and writes runs.
        trials: stores trials nested in the run, and finds others.
    """

    def __init__(
        self,
        run_id: str,
        source: str | None,
        experiment: Experiment,
        artifacts: Artifacts,
        scratch: Path,
        whole: WholeWork,
    ):
        self.run_id = run_id
        self.scratch = scratch
        self.experiment = experiment
        self._whole = whole
        self.trials = TrialRuns(run_id, source, experiment, artifacts, scratch, whole)

    def set_tags(self, **tag_texts: str) -> None:
        """Tag the run."""
        self.experiment.tag(self.run_id, tag_texts)

    def log_params(self, texts: Mapping[str, str]) -> None:
        """Record values that are no parameters of the entry point.

        `mlflow run` has recorded those already, as they were typed. MLflow refuses
        another spelling of one, such as "0.0001" after "1e-4".
        """
        self.experiment.log(self.run_id, params=texts, metrics={}, at=0)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Store numbers; those that are not finite are left out."""
        self.experiment.log_finite(self.run_id, metrics)

    def log_folder(self, folder: Path, name: str) -> None:
        """Store a folder as the artifact folder `name`, which is the run's output."""
        with self._whole.piece():
            self.experiment.store(self.run_id, folder, name)
            digest = keys.digest_folder(folder)
            self.set_tags(**{tags.OUTPUT: name, tags.OUTPUT_DIGEST: digest})

    def log_arm(self, name: str, data: str, *, is_regularized: bool) -> None:
        """Say what the run trains.

        Args:
            name: of the arm.
            data: location of the data set that it is given.
            is_regularized: see `lab.training.recipe.Recipe.regularization_applied`.
        """
        tag_texts = {tags.ARM: name}
        if run_id := locations.run_of(data):
            tag_texts[tags.DATA_RUN] = run_id
        self.set_tags(**tag_texts)
        self.log_params({"regularization_applied": spell(is_regularized)})

    def log_dataset(self, dataset: "Dataset", warnings: Sequence[str] = ()) -> None:
        """Record the three splits of a data set as inputs of the run.

        Args:
            dataset: what the run makes, or trains on.
            warnings: what is odd about its images, in words.
        """
        datasets.log(self.run_id, dataset, warnings)

    def conclude(self, outcome: str) -> None:
        """As `lab.runs.experiment.Experiment.conclude`, of this run."""
        self.experiment.conclude(self.run_id, outcome)

    def end(self) -> None:
        """End the run of an arm, which is complete; a step's ends with its process."""
        end_run(self.run_id, "FINISHED")
