"""What a comparison says about one arm by itself: its runs, its numbers, its recipe."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from didithelp import codec, secondary
from didithelp.arm import DIVERGED, Arm
from didithelp.comparison import ComparedArm, Metrics, Summary, known
from didithelp.runs import METRICS, Runs


def describe(arm: Arm, runs: Runs, reference: Arm, run_id: str | None) -> ComparedArm:
    """The arm's part of the comparison; what predictions tell is taken from them.

    Args:
        arm: the arm.
        runs: its finished runs.
        reference: what its recipe is compared with; may be the arm itself.
        run_id: where a tracker keeps it, if one does.
    """
    started = arm.metrics.sort_values("seed")
    diverged = started["seed"][started["status"] == DIVERGED]
    return ComparedArm(
        name=runs.name,
        run_id=run_id,
        seeds=runs.seeds,
        diverged_seeds=tuple(diverged.tolist()),
        copied_seeds=_copied_seeds(runs),
        collapsed_seeds=_collapsed_seeds(runs, _chance(arm)),
        num_started=runs.num_started,
        num_finished=len(runs.seeds),
        metrics=Metrics(**{name: _summary(name, runs) for name in runs.values}),
        reliability=runs.reliability,
        recipe=codec.encode(arm.recipe),
        changes=_changes(reference, arm),
    )


def _summary(name: str, runs: Runs) -> Summary:
    """Mean and spread over seeds; from integers, where the metric has them.

    A mean of floats would be 0.97373999 where that of the integers is 0.97374.
    """
    values = runs.values[name].tolist()
    if not all(map(math.isfinite, values)):
        return Summary(None, None, None, None, None, tuple(map(known, values)))
    is_constant = len(set(values)) == 1  # then rounding must not invent a spread
    mean = values[0] if is_constant else math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None
    for metric in METRICS:
        if metric.name == name and name in runs.counts:
            counts = runs.counts[name]
            mean = float(counts.sum() / counts.size * metric.unit)
    median = float(np.median(values))
    return Summary(mean, median, sd, min(values), max(values), tuple(values))


def _copied_seeds(runs: Runs) -> tuple[int, ...] | None:
    """Seeds whose predictions another seed of the arm made as well."""
    if not runs.digests:
        return None
    occurrences = Counter(runs.digests)
    pairs = zip(runs.seeds, runs.digests, strict=True)
    return tuple(seed for seed, digest in pairs if occurrences[digest] > 1)


def _collapsed_seeds(runs: Runs, chance: float | None) -> tuple[int, ...]:
    has_collapsed = secondary.collapsed(runs.accuracies, chance)
    pairs = zip(runs.seeds, has_collapsed, strict=True)
    return tuple(seed for seed, is_odd in pairs if is_odd)


def _chance(arm: Arm) -> float | None:
    """Accuracy of always answering the class that is most frequent, as far as known."""
    if arm.labels is not None:
        return float(np.bincount(arm.labels).max() / len(arm.labels))
    return None if arm.dataset is None else 1 / arm.dataset.num_classes


def _changes(reference: Arm, arm: Arm) -> dict[str, tuple[Any, Any]] | None:
    """Parameter -> its values in the reference and in the arm, where they differ."""
    if arm is reference:
        return {}
    before, after = reference.recipe, arm.recipe
    if before is None or after is None:
        return None
    return {
        name: (codec.encode(before.get(name)), codec.encode(after.get(name)))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
