"""The sections of a report that are plots: differences, curves, reliability."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from didithelp import effects, significance
from didithelp.arm import Arm, finished_rows
from didithelp.compared_arm import ComparedArm
from didithelp.comparison import Difference
from didithelp.language import quantity, sentences
from didithelp.language.quantity import Quantity
from didithelp.language.words import clean
from didithelp.report import figures
from didithelp.report.document import Block, Drawing, Plots, Text
from didithelp.report.figures import Curve, Strip
from didithelp.report.material import ComparisonMaterial
from didithelp.runs import run_scale

# By key of their texts, the columns of a history that are drawn.
CURVES = {"cross_entropy": "val_cross_entropy", "accuracy": "val_accuracy"}


def differences(material: ComparisonMaterial) -> list[Block]:
    """The forest plot, and the metric of every seed."""
    words, comparison = material.words, material.comparison
    primary = comparison.primary
    about, strips = _about(material), []
    for place, difference in enumerate(primary, start=1):
        reference, candidate = comparison.arms[0], comparison.arms[place]
        pair = _strip(0, reference, about), _strip(place, candidate, about)
        strips.append(figures.seeds(f"seeds_{place}", pair, difference.paired, about))
    without = [row.name for row in _forest_rows(material) if row.interval is None]
    kinds = sorted({"paired" if each.paired else "unpaired" for each in primary})
    return [
        forest(material),
        *material.missing("no_interval", without),
        Plots(strips, " ".join(words(f"caption_seeds_{kind}") for kind in kinds)),
    ]


def forest(material: ComparisonMaterial) -> Plots:
    """The difference of every candidate with its interval."""
    words, comparison = material.words, material.comparison
    about, margin = _about(material), comparison.margin
    limits = words("caption_no_margin")
    if margin is not None:
        limits = words("caption_margin", margin=about.parameter(margin))
    counted = sentences.counted(comparison, words)
    return Plots(
        [figures.forest(_forest_rows(material), about.scaled(margin), about)],
        f"{about.text('caption_forest', counted=counted)} {limits}",
    )


def curves(material: ComparisonMaterial) -> list[Block]:
    """Cross-entropy and accuracy on the validation set by epoch; the metric as well."""
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
    return [
        Plots(_curves(material), caption),
        *material.missing("no_curves_of", without),
        *material.missing("no_cross_entropy_curves", penalized),
    ]


def reliability(material: ComparisonMaterial) -> list[Block]:
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


def _about(material: ComparisonMaterial) -> Quantity:
    """How the metric that decides is written."""
    comparison = material.comparison
    return quantity.of_comparison(comparison, material.words)


def _forest_rows(material: ComparisonMaterial) -> list[figures.Difference]:
    reference, *candidates = material.comparison.arms
    primary, scale = material.comparison.primary, _about(material).scale
    return [
        figures.Difference(
            clean(candidate.name),
            figures.arm_color(place),
            scale * difference.delta,
            _scaled(
                scale, difference.verdict_interval.low, difference.verdict_interval.high
            ),
            _scaled(scale, *seed_interval(difference, reference, candidate)),
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


def _scaled(
    scale: float, low: float | None, high: float | None
) -> tuple[float, float] | None:
    if low is None or high is None or math.isnan(low):
        return None
    return scale * low, scale * high


def _strip(place: int, arm: ComparedArm, about: Quantity) -> Strip:
    found = arm.summary(about.metric.name)
    values = [about.scale * value for value in found.values if value is not None]
    mean = about.level(found.mean, found.sd)
    return Strip(clean(arm.name), figures.arm_color(place), values, mean)


def _curves(material: ComparisonMaterial) -> list[Drawing]:
    """The plots of the columns of the histories that tell how it went."""
    words, about = material.words, _about(material)
    drawings = []
    if not about.is_accuracy and about.metric.name not in CURVES.values():
        labels = about.level_axis, about.text("curve_alternative")
        drawings += _curve(material, "metric", about.metric.name, about.scale, labels)
    for key, column in CURVES.items():
        labels = words(f"axis_val_{key}"), words(f"{key}_alternative")
        scale = 100 if key == "accuracy" else 1
        drawings += _curve(material, key, column, scale, labels)
    return drawings


def _curve(
    material: ComparisonMaterial,
    key: str,
    column: str,
    scale: float,
    labels: tuple[str, str],
) -> list[Drawing]:
    """The plot of one column, if any arm has it; `labels` name its axis and itself."""
    lines = [
        Curve(name, figures.arm_color(place), *_lines(arm, column, scale))
        for place, (name, arm) in enumerate(
            zip(material.names, material.arms, strict=True)
        )
        if not arm.history.empty and column in arm.history
    ]
    if not lines:
        return []
    return [figures.curves(f"curves_{key}", lines, *labels, material.words)]


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
