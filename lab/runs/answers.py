"""Stores the answer of a comparison on the runs where people look for it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np

from lab.host.lifecycle import WholeWork
from lab.runs import locations, tags
from lab.runs.artifacts import Artifacts
from lab.runs.experiment import LONGEST_TAG, MANY, Experiment, StoredRun
from lab.training.seeds import parse_seeds, spell_seeds

if TYPE_CHECKING:
    import pandas as pd


class Answers:
    """Stores answers on the step's run and on the driver's, if one has launched it.

    Args:
        run: of the step.
        experiment: where both runs are.
        artifacts: brings what other runs have left.
        whole: keeps an interruption from storing half an answer.
    """

    def __init__(
        self,
        run: StoredRun,
        driver: StoredRun | None,
        experiment: Experiment,
        artifacts: Artifacts,
        whole: WholeWork,
    ):
        self._run = run
        self._told = [run] if driver is None else [run, driver]
        self._experiment = experiment
        self._artifacts = artifacts
        self._whole = whole

    def log(
        self,
        folder: Path,
        table: "pd.DataFrame",
        metrics: Mapping[str, float],
        tag_texts: Mapping[str, str],
        outcome: str,
        note: str,
    ) -> None:
        """Store an answer on the step's run, and on the driver's.

        Args:
            folder: becomes an artifact folder of the same name, which is the output of
                the step.
            table: becomes `table.json` in there, which MLflow's interface shows.
            metrics: its headline numbers; those that are not finite are left out.
            tag_texts: become tags, such as the verdict.
            outcome: the verdict in a few words.
            note: Markdown, becomes the description of the runs.
        """
        with self._whole.piece():
            for run_id in [run.run_id for run in self._told]:
                self._experiment.store(run_id, folder, folder.name)
                mlflow.log_table(
                    table.astype(object), f"{folder.name}/table.json", run_id=run_id
                )
                self._experiment.log_finite(run_id, metrics)
                self._experiment.tag(run_id, {**tag_texts, tags.NOTE: note})
                self._experiment.conclude(run_id, outcome)
            self._experiment.tag(self._run.run_id, {tags.OUTPUT: folder.name})

    def tag_question(self, question: str, seeds: tuple[int, ...], plan: str) -> None:
        """Tag the step's run so that `seeds_before` finds it, once it is finished.

        Args:
            question: what is compared, whatever the seeds; a word.
            seeds: that are compared.
            plan: of looks, as it is written on a command line.
        """
        text = spell_seeds(seeds)
        if len(text) <= LONGEST_TAG:
            asked = {tags.QUESTION: question, tags.COMPARED_SEEDS: text}
            self._experiment.tag(self._run.run_id, asked | {tags.LOOKS: plan})

    def seeds_before(self, question: str, plan: str) -> list[tuple[int, ...]]:
        """The seeds of each finished comparison of one question.

        Planned looks are no further ones: comparisons by the same plan are left out.
        """
        same = self._experiment.finished(
            f"tags.{tags.QUESTION} = '{question}'", most=MANY
        )
        return [
            parse_seeds(run.tags[tags.COMPARED_SEEDS])
            for run in same
            if plan == "none" or run.tags[tags.LOOKS] != plan
        ]

    def adopt(self, location: str, *names: str) -> list[Path]:
        """Store the answer of an earlier step on the step's run as well.

        Args:
            location: of the earlier run, its id or URI.
            names: of the artifact folders that hold the answer.

        Returns:
            a local copy of each folder.
        """
        earlier = self._experiment.get(locations.run_of(location) or "")
        folders = [self._artifacts.fetch(location, name) for name in names]
        copied = (tags.NOTE, tags.LOGGED_TABLES, "verdict", "dataset")  # beginnings
        tag_texts = {k: v for k, v in earlier.tags.items() if k.startswith(copied)}
        with self._whole.piece():
            for name, folder in zip(names, folders, strict=True):
                self._experiment.store(self._run.run_id, folder, name)
            self._experiment.log_finite(self._run.run_id, earlier.metrics)
            self._experiment.tag(self._run.run_id, tag_texts)
            self._experiment.conclude(self._run.run_id, earlier.tags[tags.OUTCOME])
        return folders

    def test_images(self, location: str, sha256: str | None) -> np.ndarray | None:
        """The test images that a training run was given, if they can be found.

        Args:
            location: of the training run, its id or URI.
            sha256: digest of the `.npy` file of the images that are wanted.

        Returns:
            uint8 (N, height, width[, channels]); None if anything fails or the images
            are others, for a report can do without them.
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
