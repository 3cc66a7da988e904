"""The comparison as a table for programs: raw numbers under English names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from didithelp.arm import Arm
from didithelp.compared_arm import ComparedArm, Summary
from didithelp.comparison import Comparison, Difference
from didithelp.metric import TEST_ACCURACY

_DIFFERENCE_COLUMNS = (
    "delta",
    "ci95_low",
    "ci95_high",
    "se_seed",
    "se_item",
    "se",
    "df",
    "p",
    "p_holm",
    "p_tost_holm",
    "verdict",
    "reasons",
    "flags",
    "wins",
    "p_outperform",
    "relative_error_reduction",
    "mde80",
    "seeds_needed_for_margin",
)


def frame(comparison: Comparison, arms: Sequence[Arm]) -> pd.DataFrame:
    """One row per arm, raw numbers: fractions (0.001 is 0.1 point), nats, seconds.

    The metric that decides comes first. Beside another one than test accuracy stands
    only what is known of the arms.

    Columns of the difference are empty for the reference. `reasons` and `flags` are
    codes joined by a space.

    Args:
        comparison: the answer.
        arms: the reference, then the candidates, as they were compared.

    Raises:
        ValueError: the arms are not as many.
    """
    if len(arms) != len(comparison.arms):
        raise ValueError(
            f"table needs the {len(comparison.arms)} arms that were compared, got "
            f"{len(arms)}; pass reference and candidates"
        )
    by_candidate = {each.candidate: each for each in comparison.primary}
    metric = comparison.metric
    rows = [
        arm_columns(compared, arm, metric.name)
        | _difference_columns(by_candidate.get(compared.name))
        for compared, arm in zip(comparison.arms, arms, strict=True)
    ]
    table = pd.DataFrame(rows)
    if metric != TEST_ACCURACY:
        table = table.drop(columns=_unknown_columns(table))
    for column in ("wins", "seeds_needed_for_margin"):
        table[column] = table[column].astype("Int64")
    return table


def train_seconds(arm: Arm) -> float | None:
    """Mean training time of the runs that have one; None where none has."""
    seconds = arm.metrics["train_seconds"].to_numpy(float, na_value=np.nan)
    seconds = seconds[np.isfinite(seconds)]
    return float(np.mean(seconds)) if seconds.size else None


def arm_columns(compared: ComparedArm, arm: Arm | None, metric: str) -> dict[str, Any]:
    """The results and the cost of an arm; without the arm its times are unknown."""
    return {
        "arm": compared.name,
        **_run_columns(compared),
        **_metric_columns(metric, compared.summary(metric)),
        **_other_columns(compared, arm),
    }


def _run_columns(compared: ComparedArm) -> dict[str, Any]:
    return {
        "seeds_finished": compared.num_finished,
        "seeds_started": compared.num_started,
    }


def _metric_columns(name: str, summary: Summary) -> dict[str, Any]:
    return {
        name: summary.mean,
        f"{name}_median": summary.median,
        f"{name}_sd": summary.sd,
        f"{name}_min": summary.min,
        f"{name}_max": summary.max,
    }


def _other_columns(compared: ComparedArm, arm: Arm | None) -> dict[str, Any]:
    metrics = compared.metrics
    return {
        "test_accuracy": metrics.test_accuracy.mean,
        "test_error": compared.test_error,
        "test_cross_entropy": metrics.test_cross_entropy.mean,
        "test_cross_entropy_sd": metrics.test_cross_entropy.sd,
        "expected_calibration_error": metrics.expected_calibration_error.mean,
        "generalization_gap": metrics.generalization_gap.mean,
        "actual_epochs": metrics.actual_epochs.mean,
        "num_parameters": metrics.num_parameters.mean,
        "train_seconds": train_seconds(arm) if arm else None,
    }


def _unknown_columns(table: pd.DataFrame) -> list[str]:
    """The columns about arms without a number; those of differences always stay."""
    return [
        name
        for name in table.columns
        if table[name].isna().all() and name not in _DIFFERENCE_COLUMNS
    ]


def _difference_columns(difference: Difference | None) -> dict[str, Any]:
    """The candidate's difference from the reference; empty for the reference."""
    if difference is None:
        return dict.fromkeys(_DIFFERENCE_COLUMNS)
    low, high = difference.ci95
    values = {
        "ci95_low": low,
        "ci95_high": high,
        "reasons": " ".join(difference.reasons),
        "flags": " ".join(difference.flags),
    }
    return {
        column: values[column] if column in values else getattr(difference, column)
        for column in _DIFFERENCE_COLUMNS
    }
