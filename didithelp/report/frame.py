"""The comparison as a table for programs: raw numbers under English names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from didithelp.arm import Arm
from didithelp.comparison import ComparedArm, Comparison, Difference

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
    rows = [
        arm_columns(compared, arm)
        | _difference_columns(by_candidate.get(compared.name))
        for compared, arm in zip(comparison.arms, arms, strict=True)
    ]
    table = pd.DataFrame(rows)
    for column in ("wins", "seeds_needed_for_margin"):
        table[column] = table[column].astype("Int64")
    return table


def train_seconds(arm: Arm) -> float | None:
    """Mean training time of the runs that have one; None where none has."""
    seconds = arm.metrics["train_seconds"].to_numpy(float, na_value=np.nan)
    seconds = seconds[np.isfinite(seconds)]
    return float(np.mean(seconds)) if seconds.size else None


def arm_columns(compared: ComparedArm, arm: Arm | None) -> dict[str, Any]:
    """The results and the cost of an arm; without the arm its times are unknown."""
    metrics = compared.metrics
    accuracy = metrics.test_accuracy
    return {
        "arm": compared.name,
        "seeds_finished": compared.num_finished,
        "seeds_started": compared.num_started,
        "test_accuracy": accuracy.mean,
        "test_accuracy_median": accuracy.median,
        "test_accuracy_sd": accuracy.sd,
        "test_accuracy_min": accuracy.min,
        "test_accuracy_max": accuracy.max,
        "test_error": compared.test_error,
        "test_cross_entropy": metrics.test_cross_entropy.mean,
        "test_cross_entropy_sd": metrics.test_cross_entropy.sd,
        "expected_calibration_error": metrics.expected_calibration_error.mean,
        "generalization_gap": metrics.generalization_gap.mean,
        "actual_epochs": metrics.actual_epochs.mean,
        "num_parameters": metrics.num_parameters.mean,
        "train_seconds": train_seconds(arm) if arm else None,
    }


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
