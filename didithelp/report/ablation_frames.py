"""The ablation as tables for programs: raw numbers under English names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from didithelp.ablation import Ablation, Estimate, Judged
from didithelp.arm import Arm
from didithelp.report.ablation_tables import KINDS
from didithelp.report.frame import arm_columns

ALL = "all factors"  # names the row of what all factors do together


def factors(ablation: Ablation) -> pd.DataFrame:
    """One row per metric and factor, and one for all factors of the metric.

    Fractions (0.001 is 0.1 point) and nats. The main effect has the columns that the
    difference of a comparison has; the last row of a metric holds the total in them.
    """
    rows = []
    for found in ablation.effects:
        for each in found.factors:
            columns = {"metric": found.metric, "factor": each.factor}
            rows.append(columns | _judged(each.main))
            for kind in KINDS:
                rows[-1] |= _estimate(f"{kind}_", getattr(each, kind))
        rows.append({"metric": found.metric, "factor": ALL} | _judged(found.total))
    return pd.DataFrame(rows)


def interactions(ablation: Ablation) -> pd.DataFrame:
    """One row per metric and pair of factors."""
    names = ["metric", "first", "second", "is_shown", *_estimate("", None)]
    parts = ("second_off", "second_on", "first_off", "first_on")
    rows = []
    for found in ablation.effects:
        for each in found.interactions:
            first, second = each.factors
            row = [found.metric, first, second, each.is_shown]
            row += _estimate("", each.estimate).values()
            rows.append([*row, *(getattr(each, part).delta for part in parts)])
    return pd.DataFrame(rows, columns=[*names, *parts])


def arms(ablation: Ablation, known: Mapping[str, Arm]) -> pd.DataFrame:
    """One row per arm: the factors that are on, its results and its cost.

    Args:
        ablation: the answer.
        known: the arms by name, for the time that they took.
    """
    rows = []
    for cell in ablation.all_cells:
        arm = known.get(cell.arm.name)
        row = arm_columns(cell.arm, arm, ablation.primary_metric)
        rows.append({"arm": row.pop("arm"), **_on(cell.levels), **row})
    return pd.DataFrame(rows)


def _on(levels: Mapping[str, bool]) -> dict[str, bool]:
    """The levels under names that no other column has."""
    return {f"with {factor}": is_on for factor, is_on in levels.items()}


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        **_estimate("", judged.estimate),
        "p_tost_holm": judged.p_tost_holm,
        "verdict": judged.verdict,
        "reasons": " ".join(judged.reasons),
        "flags": " ".join(judged.flags),
    }


def _estimate(prefix: str, estimate: Estimate | None) -> dict[str, Any]:
    """The numbers of an estimate; each empty where there is none."""
    low, high = estimate.ci95 if estimate else (None, None)
    values: dict[str, Any] = {
        "delta": estimate and estimate.delta,
        "ci95_low": low,
        "ci95_high": high,
    }
    for name in ("se_seed", "se_item", "se", "df", "p", "p_holm", "mde80"):
        values[name] = getattr(estimate, name, None)
    return {f"{prefix}{name}": value for name, value in values.items()}
