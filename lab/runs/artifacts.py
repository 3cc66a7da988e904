"""Brings artifact folders of runs, and folders of users, to this machine."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import mlflow

from lab.runs import locations
from lab.runs.experiment import Experiment

Loaded = TypeVar("Loaded")


class Artifacts:
    """Fetches what steps have left, by location.

    A location is an artifact URI, a run id, or a path from the caller's folder.

    Args:
        experiment: whose runs are asked about their state.
        scratch: the folder that copies go to.
        working_directory: the caller's folder.
    """

    def __init__(self, experiment: Experiment, scratch: Path, working_directory: Path):
        self._experiment = experiment
        self._scratch = scratch
        self._working_directory = working_directory

    def fetch(self, location: str, folder: str) -> Path:
        """Copy a folder that a finished step has left; a user's folder stays in place.

        Args:
            location: as above.
            folder: name of the artifact folder, if `location` names only a run.

        Returns:
            the path of the folder on this machine.

        Raises:
            ValueError: there is no such folder, or its run did not finish.
        """
        owner = locations.run_around(location)
        if owner is not None and self._experiment.has(owner):
            self._experiment.get_finished(owner)
        if not locations.names_run(location):
            return self._existing_folder(location)
        if locations.is_run_id(location):
            location = f"runs:/{location}"
        if location.startswith("runs:/"):
            location = self._artifact_of_run(location, folder)
        return self.download(location)

    def load(
        self, location: str, folder: str, loader: Callable[[Path], Loaded]
    ) -> Loaded:
        """Fetch a folder and load it.

        Args:
            location: as above.
            folder: name of the artifact folder, if `location` names only a run.
            loader: is given the path of the copy.

        Returns:
            what `loader` returns.

        Raises:
            ValueError: as `fetch`, or from `loader`; then the message names the
                location instead of the copy.
        """
        path = self.fetch(location, folder)
        try:
            return loader(path)
        except ValueError as error:
            error.args = (str(error).replace(str(path), location),)
            raise

    def download(self, uri: str) -> Path:
        """Copy an artifact to this machine, whatever the state of its run.

        Raises:
            ValueError: it does not exist, or cannot be read.
        """
        target = tempfile.mkdtemp(dir=self._scratch)
        try:
            return Path(mlflow.artifacts.download_artifacts(uri, dst_path=target))
        except Exception as error:  # each kind of artifact store has its own
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ValueError(f"{uri} could not be fetched: {reason}") from None

    def _existing_folder(self, location: str) -> Path:
        path = self._working_directory / Path(location).expanduser()
        if not path.is_dir():
            raise ValueError(
                f"expected a runs:/ URI, a run id or a folder, got {location!r},"
                f" and {path} is no folder; copy the run id from the MLflow UI"
            )
        return path

    def _artifact_of_run(self, uri: str, folder: str) -> str:
        """Check runs:/<id>[/<folder>]; the same with the folder, if it is left out.

        Raises:
            ValueError: no such run, it did not finish, or it has no such folder.
        """
        run_id, _, inside = uri.removeprefix("runs:/").strip("/").partition("/")
        self._experiment.get_finished(run_id)
        inside = inside or folder
        if not self._experiment.artifacts(run_id, inside):
            present = ", ".join(self._experiment.artifacts(run_id))
            raise ValueError(
                f"run {run_id} must have an artifact folder {inside!r}, it has"
                f" {present or 'none'}; give the run of another step"
            )
        return f"runs:/{run_id}/{inside}"
