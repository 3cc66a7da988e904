"""The runs of one experiment in MLflow's store, read and written in our own words."""

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param, Run, RunTag

from lab.runs import tags
from lab.runs.errors import without_password
from lab.runs.keys import Key

MANY = 10_000  # runs that a search returns at most, more than there are trials


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """A run as the store knows it.

    Attributes:
        status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
        start: milliseconds since 1970.
        end: the same, None while it runs.
        artifacts: URI of the folder with its artifact folders.
    """

    run_id: str
    experiment_id: str
    status: str
    start: int
    end: int | None
    artifacts: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, run: Run) -> "StoredRun":
        """What MLflow answers, in our words."""
        return cls(
            run.info.run_id,
            run.info.experiment_id,
            run.info.status,
            run.info.start_time,
            run.info.end_time,
            run.info.artifact_uri,
            run.data.tags,
            run.data.params,
            run.data.metrics,
        )

    @property
    def name(self) -> str:
        """What people call it; it need not be the only one of that name."""
        return self.tags.get(tags.NAME, "")

    @property
    def parent(self) -> str | None:
        """The id of the run that this one is nested in, if it is."""
        return self.tags.get(tags.PARENT)

    @property
    def seconds(self) -> float:
        """How long it lasted; a clock that was set back counts as no time."""
        return max(0, (self.end or self.start) - self.start) / 1000

    @property
    def when(self) -> str:
        """When it started, such as '2026-11-23 06:38', in local time."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.start / 1000))


class Experiment:
    """The runs of one experiment; where the store fails, MLflow's exception comes."""

    def __init__(self, experiment_id: str):
        self.id = experiment_id
        self._client = mlflow.MlflowClient()

    def get(self, run_id: str) -> StoredRun:
        """The run with that id, also of another experiment."""
        return StoredRun.of(self._client.get_run(run_id))

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
        """Finished runs whose result depends on the same, the latest first."""
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
        """Start a run with these tags at that millisecond; its id."""
        run = self._client.create_run(self.id, start_time=start, tags=dict(tag_texts))
        return str(run.info.run_id)

    def tag(self, run_id: str, tag_texts: Mapping[str, str]) -> None:
        """Set tags of a run, all in one request."""
        entries = [RunTag(name, text) for name, text in tag_texts.items()]
        self._client.log_batch(run_id, tags=entries)

    def tag_key(self, run_id: str, key: Key) -> None:
        """Note what the result of a run depends on."""
        self.tag(run_id, {tags.CACHE_KEY: key.digest, tags.CACHE_PARTS: key.to_json()})

    def log(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        params: Mapping[str, str] | None = None,
        at: int,
    ) -> None:
        """Record metrics as of that millisecond, and parameters that are new."""
        self._client.log_batch(
            run_id,
            params=[Param(name, text) for name, text in (params or {}).items()],
            metrics=[Metric(k, float(value), at, 0) for k, value in metrics.items()],
        )

    def log_finite(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Record metrics as of now; those that are not finite are left out."""
        finite = {k: value for k, value in metrics.items() if math.isfinite(value)}
        self.log(run_id, metrics=finite, at=int(time.time() * 1000))

    def log_history(
        self, run_id: str, rows: Iterable[Mapping[str, float]], at: int
    ) -> None:
        """Record metrics by epoch; each row tells its `epoch` as well."""
        entries = [
            Metric(name, float(value), at, int(row["epoch"]))
            for row in rows
            for name, value in row.items()
            if name != "epoch"
        ]
        for first in range(0, len(entries), 1000):  # MLflow's limit for one batch
            self._client.log_batch(run_id, metrics=entries[first : first + 1000])

    def store(self, run_id: str, folder: Path, name: str) -> None:
        """Copy the files of a folder to the artifact folder `name`."""
        self._client.log_artifacts(run_id, str(folder), name)

    def artifacts(self, run_id: str, folder: str | None = None) -> list[str]:
        """Paths of what is in a run's artifact folder, or at its top."""
        return [item.path for item in self._client.list_artifacts(run_id, folder)]


def end_run(run_id: str, state: str, *, error: str = "", at: int | None = None) -> None:
    """End a run as FINISHED, FAILED or KILLED, with the reason as a tag."""
    client = mlflow.MlflowClient()
    if error:
        client.set_tag(run_id, tags.ERROR, error[-4000:])
    client.set_terminated(run_id, state, end_time=at)


def tracking_address() -> str:
    """Where the tracking store is, as it can be shown: without a password."""
    return without_password(mlflow.get_tracking_uri())
