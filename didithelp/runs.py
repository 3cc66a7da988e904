"""The finished runs of an arm as numbers: exact integers where it has predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from didithelp import effects
from didithelp.arm import METRIC_COLUMNS, Arm, distinct_names, finished_rows
from didithelp.clusters import are_the_same
from didithelp.compared_arm import Reliability
from didithelp.effects import Scale
from didithelp.errors import Refusal
from didithelp.examined import BRIER_SCORE, COUNT_UNITS, examine
from didithelp.example_scores import Scores
from didithelp.metric import TEST_ACCURACY, TEST_CROSS_ENTROPY, Metric
from didithelp.run_tables import column_of, is_same_name

# Metrics that differ each time an arm is trained, so that no comparison holds them.
TIMINGS = ("train_seconds",)
SHARE_TOLERANCE = 1e-6  # by which float32 may exceed 1
SAME_MEAN = 1e-4  # relative, up to which two means of the same numbers were rounded
SURELY_PERCENT = 1.5  # no fraction, not even a word error rate, is usually beyond it


def run_scale(metric: str, *arms: np.ndarray) -> Scale:
    """In what the numbers per run of these arms, (seeds,) floats each, are counted."""
    return effects.FRACTIONS if metric in COUNT_UNITS else effects.scale_of(*arms)


@dataclass(frozen=True, eq=False)
class Runs:
    """The finished runs of an arm in the order of their seeds.

    Attributes:
        name: what the comparison calls the arm.
        seeds: those of the finished runs, ascending.
        num_started: runs that were started, also those that diverged.
        values: by metric, (seeds,) float64, NaN where unknown.
        counts: by name of COUNT_UNITS, (seeds, examples) int64 in that unit; empty
            without predictions, accuracy alone where they are answers alone.
        digests: SHA-256 of the probabilities of each run; empty without predictions.
        reliability: confidence against accuracy; None where no probabilities are known.
        scores: by name, of the metric that decides; rows as `seeds`. Empty without.
        clusters: (examples,) the group of each example of the predictions; None where
            each is its own.
    """

    name: str
    seeds: tuple[int, ...]
    num_started: int
    values: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    digests: tuple[str, ...]
    reliability: Reliability | None
    scores: dict[str, Scores]
    clusters: np.ndarray | None

    @property
    def accuracies(self) -> np.ndarray:
        """(seeds,) fractions of the test examples that are right."""
        return self.values[TEST_ACCURACY.name]


def runs_of(arm: Arm, name: str, metric: Metric) -> Runs:
    """The runs of an arm, under the name that the comparison gives it.

    Args:
        arm: the arm, which has the metric.
        name: no other arm of the comparison has it.
        metric: the one that decides.
    """
    rows, order = finished_rows(arm), np.argsort(arm.seeds)
    columns = [column for column in METRIC_COLUMNS if column not in TIMINGS]
    values = {
        column: rows[column].to_numpy(float, na_value=np.nan) for column in columns
    }
    values[BRIER_SCORE] = np.full(len(rows), np.nan)
    digests: tuple[str, ...] = ()
    counts: dict[str, np.ndarray] = {}
    reliability = None
    if arm.probabilities is not None and arm.labels is not None:
        counts, computed, digests, reliability = examine(
            arm.seeds, arm.probabilities, arm.labels, metric
        )
        values |= computed
    found, scored = scores_of(arm, metric), {}
    if found is not None:
        scored = {metric.name: found.of(order)}
        values[metric.name] = scored[metric.name].values.mean(axis=1)
        digests = digests or scored[metric.name].digests
    elif metric.name not in counts and np.isnan(values.get(metric.name, np.nan)).all():
        values[metric.name] = _numbers_of_runs(rows, metric.name)
    return Runs(
        name=name,
        seeds=tuple(sorted(arm.seeds.tolist())),
        num_started=len(arm.metrics),
        values=values,
        counts=counts,
        digests=digests,
        reliability=reliability,
        scores=scored,
        clusters=arm.clusters,
    )


def scores_of(arm: Arm, metric: Metric) -> Scores | None:
    """The scores of an arm in this metric; None where the arm has none.

    Predictions go before scores. Scores that nobody named are those of whatever metric
    is asked for, unless the runs have other numbers of it.

    Raises:
        Refusal: they would pass as accuracies and are not right or wrong.
    """
    scores, name = arm.scores, metric.name
    if scores is None or (arm.has_predictions and name == TEST_ACCURACY.name):
        return None
    if arm.has_predictions and name == TEST_CROSS_ENTROPY.name:
        return scores if arm.has_answers_only and scores.name == name else None
    if scores.name is not None:
        return scores if is_same_name(scores.name, name) else None
    numbers = _numbers_of_runs(finished_rows(arm), name)
    if not np.isnan(numbers).all():
        means = scores.values.mean(axis=1)[np.argsort(arm.seeds)]  # as `numbers`
        return scores if np.allclose(means, numbers, rtol=SAME_MEAN) else None
    if name == TEST_ACCURACY.name and not scores.are_right_or_wrong:
        raise Refusal(
            "missing_metric",
            f"scores of {arm.name} must be 0 or 1 to be those of {name}, got others; "
            "name what they are as metric",
        )
    return scores


def runs_of_all(arms: Sequence[Arm], metric: Metric) -> tuple[list[Runs], Metric]:
    """The runs of arms that are compared, and the metric in the unit of its values.

    Raises:
        Refusal: the arms have other examples, or other units.
    """
    names = distinct_names(arms)
    runs = _same_examples(
        [runs_of(arm, name, metric) for arm, name in zip(arms, names, strict=True)]
    )
    return runs, in_their_unit(metric, runs)


def _same_examples(runs: Sequence[Runs]) -> list[Runs]:
    """The runs of all arms, with the scores of each in the order of the first arm's.

    The groups of examples that one arm knows are those of all.

    Raises:
        Refusal: two arms were scored on other examples, or put them in other groups.
    """
    first = next((each.scores for each in runs if each.scores), {})
    ordered = [
        {name: each.in_order_of(first[name]) for name, each in run.scores.items()}
        for run in runs
    ]
    of_predictions = _groups([run.clusters for run in runs])
    of_scores = _groups([each.clusters for part in ordered for each in part.values()])
    return [
        replace(
            run,
            scores={n: replace(each, clusters=of_scores) for n, each in part.items()},
            clusters=of_predictions,
        )
        for run, part in zip(runs, ordered, strict=True)
    ]


def _groups(known: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """The groups of the same examples, as the arms that know them say; all agree."""
    grouped = [ids for ids in known if ids is not None]
    if not all(are_the_same(grouped[0], each) for each in grouped):
        raise Refusal(
            "different_clusters",
            "clusters must put the same examples into one group in all arms, got "
            "other groups in one of them; take them from one table",
        )
    return grouped[0] if grouped else None


def in_their_unit(metric: Metric, runs: Sequence[Runs]) -> Metric:
    """The metric, as a bare number where its name says a share and the arms do not.

    Right and wrong, on the other hand, are a share under whatever name.

    Raises:
        Refusal: one arm has fractions where another one has percentages.
    """
    scores = [each.scores.get(metric.name) for each in runs]
    if metric.unit == "" and all(each and each.are_right_or_wrong for each in scores):
        return replace(metric, unit="share")
    if metric.unit != "share":
        return metric
    largest = [float(np.abs(each.values[metric.name]).max()) for each in runs]
    if max(largest) <= 1 + SHARE_TOLERANCE:
        return metric
    for each in runs:
        if np.median(each.values[metric.name]) > SURELY_PERCENT and min(largest) <= 1:
            other = runs[largest.index(min(largest))]
            raise Refusal(
                "unlike_units",
                f"{metric.name} must be fractions in all arms or percentages in all, "
                f"got up to {max(largest):g} in {each.name} and up to "
                f"{min(largest):g} in {other.name}; write percentages as fractions",
            )
    return replace(metric, unit="")


def _numbers_of_runs(rows: pd.DataFrame, metric: str) -> np.ndarray:
    """The column of a metric as (seeds,) float64, NaN where there is none."""
    column = column_of(rows, metric)
    if column is None:
        return np.full(len(rows), np.nan)
    return pd.to_numeric(rows[column], errors="coerce").to_numpy(float)
