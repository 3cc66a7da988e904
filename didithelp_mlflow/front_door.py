"""The function for users: from the runs of an MLflow experiment to an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from didithelp import front_door
from didithelp.front_door import Answer, as_python
from didithelp.language.words import Words
from didithelp.metric import NONE, Direction
from didithelp.parameters import values_of
from didithelp.settings import Pairing, Rule, SelectionSet
from didithelp_mlflow import stores
from didithelp_mlflow.columns import metric_name
from didithelp_mlflow.selecting import select
from didithelp_mlflow.selection import Selection


def from_mlflow(
    *,
    experiment: str | int,
    group_by: str,
    baseline: object,
    candidates: Sequence[object] | str | None = "",
    seed: str | None = "",
    filter: str | None = "",
    alpha: float = 0.05,
    metric: str = "test_accuracy",
    direction: Direction = "auto",
    margin: float | str | None = "auto",
    resamples: int = 9999,
    analysis_seed: int = 0,
    pairing: Pairing = "seed",
    selected_on: SelectionSet = "validation",
    language: str = "en",
    tracking_uri: str | None = None,
) -> Answer:
    """Say of groups of MLflow runs whether they are better than one of them.

    Each finished run is one seed of the arm that its group names. Failed and running
    ones count as started; those that were deleted are not looked at.

    Args:
        experiment: name or id.
        group_by: what the runs of one arm have in common: "params.NAME", "tags.NAME" or
            "attributes.run_name"; NAME alone where it is unmistakable.
        baseline: what the runs of the reference have there.
        candidates: what others have there, as a list or with commas between them; empty
            or None for every other group.
        seed: "params.NAME" or "tags.NAME" with the seed of each run, a whole number;
            empty or None where runs are replicates, which are not compared in pairs.
        filter: a condition of MLflow's search on runs; empty or None for every run.
        alpha: as in `compare`.
        metric: name of the one that decides; of each run the last value counts.
        direction: as in `compare`.
        margin: as in `compare`.
        resamples: as in `compare`.
        analysis_seed: `seed` in `compare`.
        pairing: as in `compare`.
        selected_on: as in `compare`.
        language: of the answer, "en" or "fr".
        tracking_uri: of the store; MLflow's present one if None.

    Raises:
        Refusal: the runs make no arms that may be compared.
        ValueError: a parameter is wrong, or names what the store does not have; or the
            store is not there, or fails.
    """
    rule = Rule(
        alpha=as_python(alpha),
        metric=metric_name(metric),
        direction=direction,
        margin=NONE if margin is None else as_python(margin),
        resamples=as_python(resamples),
        pairing=pairing,
        selected_on=selected_on,
    )
    selection = Selection(
        experiment=str(experiment),
        filter=filter or "",
        group_by=group_by,
        baseline=_spelled(baseline),
        candidates=_listed(candidates),
        seed=seed or "",
    )
    Words(language)  # refuses a wrong one
    with stores.readable(tracking_uri):
        found = select(selection, rule.metric, tracking_uri=tracking_uri)
    if not found.is_paired:
        rule = dataclasses.replace(rule, pairing="none")
    return front_door.compare(
        *found.arms, seed=analysis_seed, language=language, **values_of(Rule, rule)
    )


def _listed(candidates: Sequence[object] | str | None) -> str:
    """The candidates as they are typed on a command line."""
    if candidates is None or isinstance(candidates, str):
        return candidates or ""
    return repr([_spelled(candidate) for candidate in candidates])


def _spelled(value: object) -> str:
    """A value as MLflow stores it: 0.001 as "0.001", and so of a NumPy scalar."""
    return str(as_python(value))
