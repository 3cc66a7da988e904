"""Reads and writes the runs of one experiment in MLflow's store, in our own words."""

import dataclasses
import math
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import mlflow
from mlflow.entities import LifecycleStage, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from lab import mlproject
from lab.host import process
from lab.runs import tags
from lab.runs.errors import without_password
from lab.runs.keys import Key

# Of addresses in MLflow's interface, which else may show runs as language models.
MACHINE_LEARNING = "workflowType=machine_learning"
LONGEST_NAME = 250  # of a run, in MLflow's database
LARGEST_BATCH = 1000  # metrics, MLflow's limit for one request
MANY = 10_000  # runs that a search returns at most, more than there are trials
# MLflow's codes for a run id that it does not have, and for what is none.
UNKNOWN_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
LONGEST_TAG = 8000  # characters
LONGEST_ERROR = 4000  # which leaves room in the note for what is there


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """A run as it was in the store when it was read.

    Attributes:
        status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
        is_deleted: by somebody, who can restore it until `mlflow gc`.
        start: milliseconds since 1970.
        end: the same; None while it runs.
        artifacts: URI of the folder that holds its artifact folders.
    """

    run_id: str
    experiment_id: str
    status: str
    is_deleted: bool
    start: int
    end: int | None
    artifacts: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, run: Run) -> "StoredRun":
        """Take over what MLflow knows of a run."""
        return cls(
            run.info.run_id,
            run.info.experiment_id,
            run.info.status,
            run.info.lifecycle_stage == LifecycleStage.DELETED,
            run.info.start_time,
            run.info.end_time,
            run.info.artifact_uri,
            run.data.tags,
            run.data.params,
            run.data.metrics,
        )

    @property
    def name(self) -> str:
        """The name that people see; several runs may have the same."""
        return self.tags.get(tags.NAME, "")

    @property
    def parent(self) -> str | None:
        """The id of the run that this one is nested in; None if it is not nested."""
        return self.tags.get(tags.PARENT)

    @property
    def is_ours(self) -> bool:
        """Whether a step of this project has it, or `mlflow run` has made it for one.

        Another project may have an entry point of the same name; what every entry
        point of this one takes tells them apart.
        """
        return tags.PROCESS in self.tags or (
            self.tags.get(tags.ENTRY_POINT) in mlproject.project()["entry_points"]
            and "working_directory" in self.params
        )

    @property
    def seconds(self) -> float:
        """How long it lasted; 0 while it runs, or if the clock was set back."""
        return max(0, (self.end or self.start) - self.start) / 1000

    @property
    def when(self) -> str:
        """When it started, such as '2026-11-23 06:38', in local time."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.start / 1000))


class Experiment:
    """The runs of one experiment.

    Raises:
        MlflowException: from every method, if the store fails or has no such run.
    """

    def __init__(self, experiment_id: str):
        self.id = experiment_id
        self._client = mlflow.MlflowClient()

    def show_training(self) -> None:
        """Let MLflow's interface show training runs, unless a person has chosen."""
        kind = self._client.get_experiment(self.id).tags.get(tags.EXPERIMENT_KIND, "")
        if not kind or "inferred" in kind:
            self._client.set_experiment_tag(
                self.id, tags.EXPERIMENT_KIND, tags.TRAINING
            )

    def page(self, run_id: str) -> str:
        """The page of a run in MLflow's interface, from the root of its address.

        MLflow 3.17 shows a run as an evaluation of a language model, unless it is told.
        """
        return f"#/experiments/{self.id}/runs/{run_id}?{MACHINE_LEARNING}"

    def get(self, run_id: str) -> StoredRun:
        """The run with that id, also of another experiment."""
        return StoredRun.of(self._client.get_run(run_id))

    def has(self, run_id: str) -> bool:
        """Whether the store knows a run with that id."""
        try:
            self.get(run_id)
        except MlflowException as error:
            if error.error_code not in UNKNOWN_RUN:
                raise
            return False
        return True

    def get_finished(self, run_id: str) -> StoredRun:
        """The same, fit to be used by another step.

        Raises:
            ValueError: it does not exist, was deleted, or did not finish.
        """
        if not self.has(run_id):
            raise ValueError(
                f"expected a run on {tracking_address()}, got {run_id!r}, which is"
                " not there; check MLFLOW_TRACKING_URI and the run id"
            )
        run = self.get(run_id)
        name = f"{run_id} ({run.name})" if run.name else run_id
        if run.is_deleted:
            raise ValueError(
                f"expected a finished run, got {name}, which was deleted; give"
                f" another, or restore it: mlflow runs restore --run-id {run_id}"
            )
        if run.status in ("RUNNING", "SCHEDULED"):
            raise ValueError(
                f"expected a finished run, got {name}, which is {run.status}; wait"
                " for its end"
            )
        if run.status != "FINISHED":
            why = run.tags.get(tags.ERROR, "it does not say why").splitlines()[-1]
            raise ValueError(
                f"expected a finished run, got {name}, which is {run.status}; repeat"
                f" that step first ({why})"
            )
        return run

    def driver_of(self, run: StoredRun) -> StoredRun | None:
        """The run of the step that has launched this one.

        None where there is no such step: people nest runs in their own as well.
        """
        driver = os.environ.get(process.DRIVER)
        if run.parent is None or driver is None:
            return None
        parent = self.get(run.parent)
        return parent if parent.tags.get(tags.PROCESS) == driver else None

    def finished(self, condition: str, *, most: int = 1) -> list[StoredRun]:
        """Finished runs that meet a condition of MLflow's search, the latest first."""
        return self._search(
            f"{condition} and attributes.status = 'FINISHED'",
            most,
            "attributes.start_time DESC",
        )

    def finished_step(self, entry_point: str, condition: str) -> StoredRun | None:
        """The latest finished run of an entry point that meets the condition."""
        of_step = f"tags.`{tags.ENTRY_POINT}` = '{entry_point}'"
        runs = self.finished(" and ".join(filter(None, (of_step, condition))))
        return runs[0] if runs else None

    def with_key(self, key: Key, *, most: int = MANY) -> list[StoredRun]:
        """Finished runs with that key, the latest first."""
        return self.finished(f"tags.{tags.CACHE_KEY} = '{key.digest}'", most=most)

    def trials_of(self, run_id: str) -> list[StoredRun]:
        """Finished trials that are nested in a training run, the latest first."""
        nested = f"tags.`{tags.PARENT}` = '{run_id}' and tags.{tags.SEED} != ''"
        return self.finished(nested, most=MANY)

    def running(self, parent: str | None = None) -> list[StoredRun]:
        """Runs marked as running, all or those nested in `parent`, oldest first."""
        condition = "attributes.status = 'RUNNING'"
        if parent is not None:
            condition += f" and tags.`{tags.PARENT}` = '{parent}'"
        return self._search(condition, 1000, "attributes.start_time ASC")

    def _search(self, condition: str, most: int, order: str) -> list[StoredRun]:
        runs = self._client.search_runs(
            [self.id], condition, max_results=most, order_by=[order]
        )
        return [StoredRun.of(run) for run in runs]

    def open(self, start: int, tag_texts: Mapping[str, str]) -> str:
        """Make a run that started at that millisecond; return its id."""
        run = self._client.create_run(self.id, start_time=start, tags=dict(tag_texts))
        return str(run.info.run_id)

    def tag(self, run_id: str, tag_texts: Mapping[str, str]) -> None:
        """Set tags of a run, all in one request."""
        entries = [RunTag(name, text) for name, text in tag_texts.items()]
        self._client.log_batch(run_id, tags=entries)

    def conclude(self, run_id: str, outcome: str) -> None:
        """Note what came of a run, also in its name, unless a person has named it.

        A run that answers several questions is called after the last answer.

        Args:
            run_id: of the run.
            outcome: a few words, such as "worse, -0.57 points".
        """
        run = self.get(run_id)
        asked = run.tags.get(tags.ASKED)
        tag_texts = {tags.OUTCOME: outcome}
        if run.name in (asked, _named(asked, run.tags.get(tags.OUTCOME))):
            tag_texts[tags.NAME] = _named(asked, outcome)
        self.tag(run_id, tag_texts)

    def tag_key(self, run_id: str, key: Key) -> None:
        """Note the key of a run, so that `with_key` finds it."""
        self.tag(run_id, {tags.CACHE_KEY: key.digest, tags.CACHE_PARTS: key.to_json()})

    def log(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        params: Mapping[str, str] | None = None,
        at: int,
    ) -> None:
        """Record metrics and parameters.

        Args:
            run_id: of the run.
            metrics: as of the millisecond `at`.
            params: that the run does not have yet.
            at: milliseconds since 1970.
        """
        self._client.log_batch(
            run_id,
            params=[Param(name, text) for name, text in (params or {}).items()],
            metrics=[Metric(k, float(value), at, 0) for k, value in metrics.items()],
        )

    def log_finite(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Record metrics as of now; those that are not finite are left out."""
        finite = [item for item in metrics.items() if math.isfinite(item[1])]
        now = int(time.time() * 1000)
        for first in range(0, len(finite), LARGEST_BATCH):
            batch = finite[first : first + LARGEST_BATCH]
            self.log(run_id, metrics=dict(batch), at=now)

    def log_history(
        self, run_id: str, rows: Iterable[Mapping[str, float]], at: int
    ) -> None:
        """Record metrics by epoch; `epoch` in each row says which."""
        entries = [
            Metric(name, float(value), at, int(row["epoch"]))
            for row in rows
            for name, value in row.items()
            if name != "epoch"
        ]
        for first in range(0, len(entries), LARGEST_BATCH):
            batch = entries[first : first + LARGEST_BATCH]
            self._client.log_batch(run_id, metrics=batch)

    def store(self, run_id: str, folder: Path, name: str) -> None:
        """Copy the files of a folder to the artifact folder `name`."""
        self._client.log_artifacts(run_id, str(folder), name)

    def artifacts(self, run_id: str, folder: str | None = None) -> list[str]:
        """Paths of what is in an artifact folder of a run; by default the folders."""
        return [item.path for item in self._client.list_artifacts(run_id, folder)]


def _named(asked: str | None, outcome: str | None) -> str:
    """The name of a run that was asked something, and has an outcome."""
    return f"{asked}: {outcome}"[:LONGEST_NAME]


def end_run(run_id: str, state: str, *, error: str = "", at: int | None = None) -> None:
    """End a run.

    Args:
        run_id: of the run.
        state: FINISHED, FAILED or KILLED.
        error: the reason, which becomes a tag and the beginning of the note.
        at: milliseconds since 1970; now, if None.
    """
    client = mlflow.MlflowClient()
    if error:
        error = error.strip()[-LONGEST_ERROR:]
        note = client.get_run(run_id).data.tags.get(tags.NOTE, "")
        note = f"This run is {state}:\n\n```text\n{error}\n```\n\n{note}"
        client.set_tag(run_id, tags.ERROR, error)
        client.set_tag(run_id, tags.NOTE, note.strip()[:LONGEST_TAG])
    client.set_terminated(run_id, state, end_time=at)


def tracking_address() -> str:
    """The address of the store, without a password, to show it."""
    address = without_password(mlflow.get_tracking_uri())
    return address.rstrip("/") if address.startswith("http") else address
