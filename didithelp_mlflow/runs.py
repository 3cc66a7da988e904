"""Searches an MLflow store for the runs of an experiment, and takes over what is known.

The pages of a search hold all that is needed of each run: no run is asked for alone.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_PARENT_RUN_ID

from didithelp.parameters import suggest
from didithelp_mlflow.columns import listed

PAGE = 1000  # runs of one request; a server may take a second for it
# MLflow's codes for what it does not have, and for a text that it does not understand.
INVALID = "INVALID_PARAMETER_VALUE"
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", INVALID)
ENDED = ("FINISHED", "FAILED", "KILLED")


@dataclass(frozen=True)
class DataUsed:
    """A data set that MLflow has noted as an input of a run.

    Attributes:
        context: what it was used for, such as "training"; "" where that was not said.
        digest: of its beginning, as MLflow computes it.
    """

    context: str
    name: str
    digest: str


@dataclass(frozen=True)
class Run:
    """A run as it was in the store when it was read.

    Attributes:
        name: as people see it; several runs may have the same.
        status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
        start: milliseconds since 1970.
        parent: the id of the run that it is nested in; None if it is not nested.
        metrics: the last value of each; a number that was stored as infinite is
            infinite again, though databases keep the largest float instead.
        datasets: what it was given, as far as that was logged.
    """

    run_id: str
    name: str
    status: str
    start: int
    parent: str | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    datasets: frozenset[DataUsed]

    @property
    def has_ended(self) -> bool:
        """Whether it neither runs nor waits."""
        return self.status in ENDED


@dataclass(frozen=True)
class Found:
    """The runs of an experiment that meet a condition, by their start.

    Attributes:
        experiment: its name.
        experiment_id: its id.
    """

    experiment: str
    experiment_id: str
    runs: tuple[Run, ...]


def search(experiment: str, condition: str, tracking_uri: str | None = None) -> Found:
    """All runs of an experiment that were not deleted and meet a condition.

    Args:
        experiment: name or id.
        condition: of MLflow's search language; "" for none.
        tracking_uri: of the store; MLflow's present one if None.

    Raises:
        ValueError: there is no such experiment or run, or the condition is none.
        MlflowException: the store fails.
    """
    client = mlflow.MlflowClient(tracking_uri)
    found = _experiment(client, experiment.strip())
    try:
        by_id = {
            run.info.run_id: _run(run)
            for run in _pages(client, found.experiment_id, condition.strip())
        }
    except MlflowException as error:
        if not condition.strip() or error.error_code != INVALID:
            raise
        raise ValueError(
            "filter must be a condition of MLflow's search on runs, such as"
            f" \"tags.team = 'vision' and params.epochs = '20'\", got {condition!r}:"
            f" {error.message}"
        ) from None
    if not by_id:
        but = f" that meets {condition!r}" if condition.strip() else ""
        raise ValueError(
            f"experiment {found.name} must have runs, found none{but}; give another"
            f" experiment{' or filter' if but else ''}"
        )
    runs = sorted(by_id.values(), key=lambda run: (run.start, run.run_id))
    return Found(found.name, found.experiment_id, tuple(runs))


def write_tags(
    tag_texts: Mapping[str, Mapping[str, str]], tracking_uri: str | None = None
) -> None:
    """Set tags of many runs.

    Args:
        tag_texts: by run id, the text of each tag by its name.
        tracking_uri: of the store; MLflow's present one if None.

    Raises:
        MlflowException: the store fails; earlier runs have their tags.
    """
    client = mlflow.MlflowClient(tracking_uri)
    for run_id, texts in tag_texts.items():
        tags = [mlflow.entities.RunTag(name, text) for name, text in texts.items()]
        client.log_batch(run_id, tags=tags)


def _experiment(client: mlflow.MlflowClient, text: str) -> mlflow.entities.Experiment:
    """The experiment with that name, else with that id."""
    found = client.get_experiment_by_name(text)
    if found is None:
        try:
            found = client.get_experiment(text)
        except MlflowException as error:
            if error.error_code not in UNKNOWN:
                raise
    if found is None:
        names = [each.name for each in client.search_experiments(max_results=1000)]
        close = suggest(text, names) or "; give another, or set MLFLOW_TRACKING_URI"
        raise ValueError(
            f"experiment must be the name or the id of one in this store, got {text!r}"
            f"{close}; there are {listed(names)}"
        )
    if found.lifecycle_stage == "deleted":
        raise ValueError(
            f"experiment must not be deleted, got {found.name}, which was; restore it:"
            f" mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return found


def _pages(
    client: mlflow.MlflowClient, experiment_id: str, condition: str
) -> Iterator[mlflow.entities.Run]:
    """Every run, page after page."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            condition,
            ViewType.ACTIVE_ONLY,
            PAGE,
            ["attributes.start_time ASC"],
            token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _run(run: mlflow.entities.Run) -> Run:
    """Take over what is needed of MLflow's object."""
    info, data = run.info, run.data
    return Run(
        info.run_id,
        info.run_name or "",
        info.status,
        info.start_time or 0,
        data.tags.get(MLFLOW_PARENT_RUN_ID),
        data.params,
        data.tags,
        {name: _stored(value) for name, value in data.metrics.items()},
        frozenset(_datasets(run)),
    )


def _datasets(run: mlflow.entities.Run) -> Iterable[DataUsed]:
    for used in run.inputs.dataset_inputs if run.inputs else ():
        contexts = [tag.value for tag in used.tags if tag.key == MLFLOW_DATASET_CONTEXT]
        yield DataUsed(
            contexts[0] if contexts else "", used.dataset.name, used.dataset.digest
        )


def _stored(value: float) -> float:
    """The number that was logged: a database holds no infinity."""
    if abs(value) >= sys.float_info.max:
        return math.copysign(math.inf, value)
    return value
