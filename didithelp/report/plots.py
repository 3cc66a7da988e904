"""The sections of a report that are plots: differences, curves, reliability."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from didithelp import effects, significance
from didithelp.arm import Arm, finished_rows
from didithelp.comparison import ComparedArm, Difference
from didithelp.language.words import clean
from didithelp.report import figures
from didithelp.report.document import Block, Drawing, Plots, Text
from didithelp.report.figures import Curve, Strip
from didithelp.report.material import Material
from didithelp.runs import run_scale


def differences(material: Material) -> list[Block]:
    """The forest plot, and the accuracy of every seed."""
    words, comparison = material.words, material.comparison
    primary = comparison.primary
    strips = []
    for place, difference in enumerate(primary, start=1):
        reference, candidate = comparison.arms[0], comparison.arms[place]
        pair = _strip(0, reference), _strip(place, candidate)
        strips.append(figures.seeds(f"seeds_{place}", pair, difference.paired, words))
    without = [row.name for row in _forest_rows(material) if row.interval is None]
    kinds = sorted({"paired" if each.paired else "unpaired" for each in primary})
    return [
        forest(material),
        *material.missing("no_interval", without),
        Plots(strips, " ".join(words(f"caption_seeds_{kind}") for kind in kinds)),
    ]


def forest(material: Material) -> Plots:
    """The difference of every candidate with its interval."""
    words, margin = material.words, material.comparison.margin
    return Plots(
        [figures.forest(_forest_rows(material), 100 * (margin or 0), words)],
        words("caption_forest", margin=words.points(margin)),
    )


def curves(material: Material) -> list[Block]:
    """Cross-entropy and accuracy on the validation set by epoch."""
    words, compared = material.words, material.comparison.arms
    if all(arm.history.empty for arm in material.arms):
        return [Text(words("no_curves"))]
    histories = {
        name: arm.history
        for name, arm in zip(material.names, material.arms, strict=True)
    }
    without = [name for name, history in histories.items() if history.empty]
    # The recorded loss is no substitute: it contains the penalty.
    penalized = [
        name
        for name, history in histories.items()
        if not history.empty and "val_cross_entropy" not in history
    ]
    caption = words("caption_curves")
    if all(arm.num_finished == 1 for arm in compared):
        caption += f" {words('curves_one_seed')}"
    if any(arm.diverged_seeds for arm in compared):
        caption += f" {words('curves_diverged')}"
    drawings = [
        *_curve(material, "cross_entropy", "val_cross_entropy", 1),
        *_curve(material, "accuracy", "val_accuracy", 100),
    ]
    return [
        Plots(drawings, caption),
        *material.missing("no_curves_of", without),
        *material.missing("no_cross_entropy_curves", penalized),
    ]


def reliability(material: Material) -> list[Block]:
    """How far the top probability of each arm can be believed."""
    words, drawings = material.words, []
    missing: list[str] = []
    without_confidence: list[str] = []
    for place, arm in enumerate(material.comparison.arms):
        if arm.reliability is None:
            has_answers = material.arms[place].has_predictions
            (without_confidence if has_answers else missing).append(clean(arm.name))
            continue
        title = words(
            "reliability_title",
            name=figures.short(clean(arm.name)),
            ece=words.number(arm.metrics.expected_calibration_error.mean, 4),
        )
        name, color = f"reliability_{place}", figures.arm_color(place)
        drawings.append(figures.reliability(name, title, arm.reliability, color, words))
    return [
        *([Plots(drawings, words("caption_reliability"))] if drawings else []),
        *material.missing("no_reliability", missing),
        *material.missing("no_confidence", without_confidence),
    ]


def _forest_rows(material: Material) -> list[figures.Difference]:
    reference, *candidates = material.comparison.arms
    primary = material.comparison.primary
    return [
        figures.Difference(
            clean(candidate.name),
            figures.arm_color(place),
            100 * difference.delta,
            _points(difference.verdict_interval.low, difference.verdict_interval.high),
            _points(*seed_interval(difference, reference, candidate)),
        )
        for place, (candidate, difference) in enumerate(
            zip(candidates, primary, strict=True), start=1
        )
    ]


def seed_interval(
    difference: Difference, reference: ComparedArm, candidate: ComparedArm
) -> tuple[float, float]:
    """Interval of the t test over seeds alone, paired or Welch's.

    It is in the unit of the metric. Its level is that of the verdict's interval; its
    ends are NaN if unknown.
    """
    before, after = (
        np.array(arm.summary(difference.metric).values, float)
        for arm in (reference, candidate)
    )
    scale = run_scale(difference.metric, before, after)
    effect = effects.run_effect(before, after, paired=difference.paired, scale=scale)
    return significance.interval(effect, difference.verdict_interval.level)


def _points(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None or high is None or math.isnan(low):
        return None
    return 100 * low, 100 * high


def _strip(place: int, arm: ComparedArm) -> Strip:
    values = arm.metrics.test_accuracy.values
    percents = [100 * value for value in values if value is not None]
    return Strip(clean(arm.name), figures.arm_color(place), percents)


def _curve(material: Material, key: str, column: str, scale: float) -> list[Drawing]:
    """The plot of one column of the histories, if any arm has it."""
    words = material.words
    lines = [
        Curve(name, figures.arm_color(place), *_lines(arm, column, scale))
        for place, (name, arm) in enumerate(
            zip(material.names, material.arms, strict=True)
        )
        if not arm.history.empty and column in arm.history
    ]
    if not lines:
        return []
    label, alternative = words(f"axis_val_{key}"), words(f"{key}_alternative")
    return [figures.curves(f"curves_{key}", lines, label, alternative, words)]


def _lines(
    arm: Arm, column: str, scale: float
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[int | None]]:
    """Epochs and values of every finished run, and the epoch of each that was kept."""
    finished = finished_rows(arm)
    lines, kept = [], []
    for seed, epoch in zip(finished["seed"], finished["kept_epoch"], strict=True):
        rows = arm.history[arm.history["seed"] == seed].sort_values("epoch")
        epochs = rows["epoch"].to_numpy()
        values = scale * rows[column].to_numpy(float, na_value=np.nan)
        lines.append((epochs, np.where(np.isfinite(values), values, np.nan)))
        kept.append(int(epoch) if pd.notna(epoch) else None)
    return lines, kept
