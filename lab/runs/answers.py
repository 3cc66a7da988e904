"""Puts the answer of a comparison where people look, and gives it out again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np

from lab.host.lifecycle import WholeWork
from lab.runs import locations, tags
from lab.runs.artifacts import Artifacts
from lab.runs.experiment import Experiment, StoredRun

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "comparison"  # the artifact folder of an answer


class Answers:
    """The answers of comparisons, seen by a step's run and by that of its driver."""

    def __init__(
        self,
        run: StoredRun,
        experiment: Experiment,
        artifacts: Artifacts,
        whole: WholeWork,
    ):
        self._run = run
        self._experiment = experiment
        self._artifacts = artifacts
        self._whole = whole

    def log(
        self,
        folder: Path,
        table: "pd.DataFrame",
        metrics: Mapping[str, float],
        tag_texts: Mapping[str, str],
        note: str,
    ) -> None:
        """Store an answer on the step's run, and on the driver's, if any.

        Args:
            folder: becomes the artifact folder `comparison`.
            table: shown by MLflow's interface, as `comparison/table.json`.
            metrics: its headline numbers.
            tag_texts: tags.
            note: Markdown, the description of the runs.
        """
        with self._whole.piece():
            for run_id in filter(None, (self._run.run_id, self._run.parent)):
                self._experiment.store(run_id, folder, FOLDER)
                mlflow.log_table(
                    table.astype(object), f"{FOLDER}/table.json", run_id=run_id
                )
                self._experiment.log_finite(run_id, metrics)
                self._experiment.tag(run_id, {**tag_texts, tags.NOTE: note})
            self._experiment.tag(self._run.run_id, {tags.OUTPUT: FOLDER})

    def adopt(self, location: str) -> Path:
        """Give the step's run the answer of an earlier comparison.

        Returns:
            a local copy of its folder.
        """
        earlier = self._experiment.get(locations.run_of(location) or "")
        folder = self._artifacts.fetch(location, FOLDER)
        copied = (tags.NOTE, tags.LOGGED_TABLES, "verdict", "dataset")
        tag_texts = {k: v for k, v in earlier.tags.items() if k.startswith(copied)}
        with self._whole.piece():
            self._experiment.store(self._run.run_id, folder, FOLDER)
            self._experiment.log_finite(self._run.run_id, earlier.metrics)
            self._experiment.tag(self._run.run_id, tag_texts)
        return folder

    def test_images(self, location: str, sha256: str | None) -> np.ndarray | None:
        """The test images that the training run at `location` was given, if at hand.

        Args:
            location: of the run.
            sha256: digest of the images' `.npy` file.

        Returns:
            (N, height, width[, channels]) uint8. None where the run does not tell its
            `data_run`, where that has no images or others: a report can do without.
        """
        try:
            run = self._experiment.get(locations.run_of(location) or "")
            data_run = run.tags[tags.DATA_RUN]
            path = self._artifacts.download(f"runs:/{data_run}/dataset/x_test.npy")
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    return None
            images: np.ndarray = np.load(path, allow_pickle=False)
            return images
        except Exception:  # each kind of artifact store has its own
            return None
