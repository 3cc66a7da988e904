"""What the predictions of an arm are worth: exact integers for every run and example.

They are read run by run, so that memory holds a few numbers for each prediction and
never all the probabilities, which may lie in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from didithelp import scores
from didithelp.compared_arm import Reliability, ReliabilityBin
from didithelp.comparison import known
from didithelp.example_scores import digests_of
from didithelp.metric import TEST_ACCURACY, TEST_CROSS_ENTROPY, Metric
from didithelp.probabilities import each_run, is_one_hot

BRIER_SCORE = "brier_score"
CALIBRATION_ERROR = "expected_calibration_error"
# The metrics that predictions give for every test example, and the value of one count.
COUNT_UNITS = {
    TEST_ACCURACY.name: 1.0,
    TEST_CROSS_ENTROPY.name: scores.LOSS_UNIT,
    BRIER_SCORE: scores.LOSS_UNIT,
}
PART_SIZE = 2**20  # numbers that are computed with at once, where a run has more


class Examined(NamedTuple):
    """The predictions of an arm, with a row for each run by ascending seed.

    Attributes:
        counts: by name of COUNT_UNITS, (seeds, examples) int64 in that unit; accuracy
            alone of answers alone.
        values: by metric, (seeds,) float64: those of the counts, and of calibration,
            NaN of answers alone.
        digests: SHA-256 of the probabilities of each run.
        reliability: confidence against accuracy; None of answers alone.
    """

    counts: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    digests: tuple[str, ...]
    reliability: Reliability | None


def examine(
    seeds: np.ndarray, probabilities: np.ndarray, labels: np.ndarray, metric: Metric
) -> Examined:
    """Examine the predictions of all runs, each of them read once.

    Args:
        seeds: (S,) int64, in any order.
        probabilities: (S, N, C) float32, a row per seed.
        labels: (N,) integers in 0..C-1.
        metric: the one that decides; examples have the Brier score only for it.
    """
    has_answers_only = is_one_hot(probabilities)
    names = [TEST_ACCURACY.name]
    if not has_answers_only:
        names += [TEST_CROSS_ENTROPY.name, *{BRIER_SCORE} & {metric.name}]
    shape = probabilities.shape[:2]
    counts = {name: np.empty(shape, np.int64) for name in names}
    confidence = np.empty((0 if has_answers_only else shape[0], shape[1]), np.float32)
    brier: list[float] = []
    digests: list[str] = []
    per_seed: list[scores.Reliability] = []
    for row, run in enumerate(each_run(probabilities, np.argsort(seeds))):
        digests += digests_of(run[np.newaxis])
        for name in names:
            counts[name][row] = COUNTS[name](run, labels)
        if not has_answers_only:
            each = counts.get(BRIER_SCORE)
            of_run = _brier_counts(run, labels) if each is None else each[row]
            brier.append(mean(of_run, scores.LOSS_UNIT))
            confidence[row] = run.max(axis=1)
            per_seed.append(scores.reliability(run, labels))
    unknown = np.full(len(seeds), np.nan)
    values = {name: unknown for name in (*COUNT_UNITS, CALIBRATION_ERROR)}
    values |= {name: mean(each, COUNT_UNITS[name]) for name, each in counts.items()}
    if has_answers_only:
        return Examined(counts, values, tuple(digests), None)
    errors = np.array([run.calibration_error for run in per_seed])
    values |= {CALIBRATION_ERROR: errors, BRIER_SCORE: np.array(brier)}
    pooled = _bins(pool(per_seed, confidence))
    reliability = Reliability(pooled, tuple(map(_bins, per_seed)))
    return Examined(counts, values, tuple(digests), reliability)


def mean(counts: np.ndarray, unit: float) -> Any:
    """Mean over the test examples: (..., examples) counts to (...) float64."""
    return counts.sum(axis=-1) / counts.shape[-1] * unit


def pool(
    per_seed: Sequence[scores.Reliability], confidence: np.ndarray
) -> scores.Reliability:
    """What `scores.reliability` finds of the examples of all runs together.

    It sums in the order of the confidence, and so does this, to the same last bit.

    Args:
        per_seed: that of each run.
        confidence: (seeds, examples) float32, the top probabilities.
    """
    edges = per_seed[0].edges
    places = np.arange(len(edges) - 1)
    total: np.ndarray = np.zeros(len(places))
    ascending = np.sort(confidence, axis=None)
    for start in range(0, ascending.size, PART_SIZE):
        part = ascending[start : start + PART_SIZE].astype(np.float64)
        bins = np.searchsorted(edges, part, side="left") - 1
        bins = np.clip(bins, places[0], places[-1])
        # The sums so far go first, so that nothing is added in another order.
        total = np.bincount(
            np.concatenate([places, bins]), np.concatenate([total, part])
        )
    sizes = np.stack([run.counts for run in per_seed])
    accuracies = np.stack([run.accuracy for run in per_seed])
    num_right = np.rint(np.where(sizes, sizes * accuracies, 0)).sum(axis=0)
    counts = sizes.sum(axis=0)
    divisor = np.where(counts, counts, np.nan)
    return scores.Reliability(edges, counts, total / divisor, num_right / divisor)


def _loss_counts(run: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return scores.fixed_point(scores.negative_log_likelihood(run, labels))


def _brier_counts(run: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, C) to (N,), in parts, since it takes a float64 for each probability."""
    num_rows = max(1, PART_SIZE // run.shape[1])
    starts = range(0, len(run), num_rows)
    parts = ((run[i : i + num_rows], labels[i : i + num_rows]) for i in starts)
    found = [scores.fixed_point(scores.brier_score(*part)) for part in parts]
    return np.concatenate(found)


def _bins(reliability: scores.Reliability) -> tuple[ReliabilityBin, ...]:
    edges = reliability.edges
    columns = (reliability.counts, reliability.confidence, reliability.accuracy)
    return tuple(
        ReliabilityBin(
            float(low), float(high), int(count), known(confidence), known(accuracy)
        )
        for low, high, count, confidence, accuracy in zip(
            edges[:-1], edges[1:], *columns, strict=True
        )
    )


# By metric: what a run, (N, C), counts for each example, (N,) int64.
COUNTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    TEST_ACCURACY.name: scores.right_or_wrong,
    TEST_CROSS_ENTROPY.name: _loss_counts,
    BRIER_SCORE: _brier_counts,
}
