"""What a comparison says about one arm by itself: its runs, its numbers, its recipe."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np

from didithelp import codec, secondary
from didithelp.arm import DIVERGED, RUN_ID, Arm, finished_rows
from didithelp.compared_arm import ComparedArm, Metrics, Summary
from didithelp.comparison import known
from didithelp.examined import COUNT_UNITS
from didithelp.runs import Runs


def describe(arm: Arm, runs: Runs, reference: Arm, run_id: str | None) -> ComparedArm:
    """The part of the comparison about one arm alone.

    Args:
        arm: the arm.
        runs: its finished runs; numbers come from their predictions, where known.
        reference: what its recipe is compared with; may be the arm itself.
        run_id: of an experiment tracker; None without one.
    """
    started = arm.metrics.sort_values("seed")
    diverged = started["seed"][started["status"] == DIVERGED]
    summaries = {name: _summary(name, runs) for name in runs.values}
    known_names = [each.name for each in fields(Metrics)]
    return ComparedArm(
        name=runs.name,
        run_id=run_id,
        seeds=runs.seeds,
        diverged_seeds=tuple(diverged.tolist()),
        copied_seeds=_copied_seeds(runs),
        collapsed_seeds=_collapsed_seeds(runs, _chance(arm)),
        num_started=runs.num_started,
        num_finished=len(runs.seeds),
        metrics=Metrics(**{name: summaries.pop(name) for name in known_names}),
        reliability=runs.reliability,
        recipe=codec.encode(arm.recipe),
        changes=changes(reference, arm),
        run_ids=_run_ids(arm),
        other_metrics=summaries,
    )


def _summary(name: str, runs: Runs) -> Summary:
    """Mean and spread of a metric over the seeds.

    The mean is computed from integer counts where there are any: a mean of floats would
    be 0.97373999 where that of the counts is 0.97374.
    """
    values = runs.values[name].tolist()
    if not all(map(math.isfinite, values)):
        return Summary(None, None, None, None, None, tuple(map(known, values)))
    is_constant = len(set(values)) == 1  # then rounding must not invent a spread
    mean = values[0] if is_constant else math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None
    if name in runs.counts:
        counts = runs.counts[name]
        mean = float(counts.sum() / counts.size * COUNT_UNITS[name])
    median = float(np.median(values))
    return Summary(mean, median, sd, min(values), max(values), tuple(values))


def _run_ids(arm: Arm) -> tuple[str, ...] | None:
    """Of the finished runs by ascending seed, where every one has an id."""
    if RUN_ID not in arm.metrics:
        return None
    ids = finished_rows(arm)[RUN_ID]
    return None if ids.isna().any() else tuple(map(str, ids))


def _copied_seeds(runs: Runs) -> tuple[int, ...] | None:
    """Seeds whose predictions another seed of the arm made as well."""
    if not runs.digests:
        return None
    occurrences = Counter(runs.digests)
    pairs = zip(runs.seeds, runs.digests, strict=True)
    return tuple(seed for seed, digest in pairs if occurrences[digest] > 1)


def _collapsed_seeds(runs: Runs, chance: float | None) -> tuple[int, ...]:
    """Seeds of the runs that hardly learned; none where no accuracy is known."""
    if not np.isfinite(runs.accuracies).all():
        return ()
    has_collapsed = secondary.collapsed(runs.accuracies, chance)
    pairs = zip(runs.seeds, has_collapsed, strict=True)
    return tuple(seed for seed, is_odd in pairs if is_odd)


def _chance(arm: Arm) -> float | None:
    """Accuracy of always answering the most frequent class; None if unknown.

    Without labels the classes are taken to be equally frequent.
    """
    if arm.labels is not None:
        return float(np.bincount(arm.labels).max() / len(arm.labels))
    return None if arm.dataset is None else 1 / arm.dataset.num_classes


def changes(reference: Arm, arm: Arm) -> dict[str, tuple[Any, Any]] | None:
    """By parameter that differs, its values in the reference and in the arm.

    Recipes are compared as they stand in the file, so that 1 as a name is "1".
    """
    if arm is reference:
        return {}
    before, after = codec.encode(reference.recipe), codec.encode(arm.recipe)
    if before is None or after is None:
        return None
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
