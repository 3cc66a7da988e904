"""The comparison as tables: raw numbers for programs, rows of text for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from didithelp import secondary
from didithelp.arm import Arm
from didithelp.report.document import Table
from didithelp.report.sentences import primary_results, reasons_and_flags
from didithelp.report.words import EMPTY, Words

# --- for programs ---------------------------------------------------------------------


def frame(comparison: dict[str, Any], arms: list[Arm]) -> pd.DataFrame:
    """One row per arm, raw numbers: fractions (0.001 is 0.1 point), nats, seconds.

    Columns of the difference are empty for the reference. `reasons` and `flags` are
    joined by a space.
    """
    if len(arms) != len(comparison["arms"]):
        raise ValueError(
            f"table needs the {len(comparison['arms'])} arms that were compared, got "
            f"{len(arms)}; pass reference and candidates"
        )
    results = {result["candidate"]: result for result in primary_results(comparison)}
    rows = [
        _arm_columns(described, arm) | _result_columns(results.get(described["name"]))
        for described, arm in zip(comparison["arms"], arms, strict=True)
    ]
    table = pd.DataFrame(rows)
    for column in ("wins", "seeds_needed_for_margin"):
        table[column] = table[column].astype("Int64")
    return table


def train_seconds(arm: Arm) -> float | None:
    """Mean over the runs that have one."""
    seconds = arm.metrics["train_seconds"].to_numpy(float, na_value=np.nan)
    seconds = seconds[np.isfinite(seconds)]
    return float(np.mean(seconds)) if seconds.size else None


def _arm_columns(described: dict[str, Any], arm: Arm) -> dict[str, Any]:
    metrics = described["metrics"]
    accuracy = metrics["test_accuracy"]
    return {
        "arm": described["name"],
        "seeds_finished": described["num_finished"],
        "seeds_started": described["num_started"],
        "test_accuracy": accuracy["mean"],
        "test_accuracy_median": accuracy.get("median"),
        "test_accuracy_sd": accuracy["sd"],
        "test_accuracy_min": accuracy["min"],
        "test_accuracy_max": accuracy["max"],
        "test_error": _error(described),
        "test_cross_entropy": metrics["test_cross_entropy"]["mean"],
        "test_cross_entropy_sd": metrics["test_cross_entropy"]["sd"],
        "expected_calibration_error": metrics["expected_calibration_error"]["mean"],
        "generalization_gap": metrics["generalization_gap"]["mean"],
        "actual_epochs": metrics["actual_epochs"]["mean"],
        "num_parameters": metrics["num_parameters"]["mean"],
        "train_seconds": train_seconds(arm),
    }


_RESULT_COLUMNS = (
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


def _result_columns(result: dict[str, Any] | None) -> dict[str, Any]:
    """The candidate's difference from the reference; empty for the reference."""
    if result is None:
        return dict.fromkeys(_RESULT_COLUMNS)
    low, high = result["ci95"]
    joined = {key: " ".join(result[key]) for key in ("reasons", "flags")}
    values = result | joined | {"ci95_low": low, "ci95_high": high}
    return {column: values[column] for column in _RESULT_COLUMNS}


# --- for people -----------------------------------------------------------------------


def headline(comparison: dict[str, Any], words: Words) -> Table:
    """The arms, and what each candidate changes: the one table to look at."""
    reference, *candidates = [
        [
            label(described["name"], described["num_finished"], words),
            seeds_finished(described),
            mean_and_sd(described["metrics"]["test_accuracy"], words),
            words.number(_scaled(_error(described), 100), 2),
        ]
        for described in comparison["arms"]
    ]
    header, differences = headline_differences(comparison, words)
    keys = ("arm", "seeds", "accuracy_percent", "error_percent")
    return Table(
        [*(words(key) for key in keys), *header],
        [
            reference + [EMPTY] * len(header),
            *(arm + cells for arm, cells in zip(candidates, differences, strict=True)),
        ],
        words("caption_table"),
        ["", *(result["verdict"] for result in primary_results(comparison))],
    )


def headline_differences(
    comparison: dict[str, Any], words: Words
) -> tuple[list[str], list[list[str]]]:
    """Header and rows: of each candidate its difference, and what decided on it.

    The interval is the one that agrees with the verdict. Its level depends on the
    verdict and on the number of candidates; one level for all is told in the header.
    """
    results = primary_results(comparison)
    levels = {
        result["verdict_interval"]["level"]
        for result in results
        if result["verdict_interval"]["low"] is not None
    }
    is_one_level = len(levels) == 1
    header = [
        words("difference_points"),
        words.level(*levels) if is_one_level else words("interval"),
        words("p_holm" if comparison["family_size"] > 1 else "p_column"),
        words("verdict_column"),
    ]
    rows = [
        [
            words.number(100 * result["delta"], 3, "+"),
            verdict_interval(result, 100, 3, words, with_level=not is_one_level),
            words.p(result["p_holm"], comparison["alpha"]),
            words(result["verdict"]),
        ]
        for result in results
    ]
    return header, rows


def arm_table(comparison: dict[str, Any], arms: list[Arm], words: Words) -> Table:
    """Every arm on the test set, with its cost."""
    keys = (
        "arm",
        "seeds_finished",
        "accuracy_percent",
        "median",
        "sd",
        "min",
        "max",
        "error_percent",
        "cross_entropy",
        "ece",
        "epochs",
        "seconds_per_run",
    )
    rows = [
        _arm_cells(described, arm, words)
        for described, arm in zip(comparison["arms"], arms, strict=True)
    ]
    return Table([words(key) for key in keys], rows, words("caption_arms"))


def _arm_cells(described: dict[str, Any], arm: Arm, words: Words) -> list[str]:
    metrics = described["metrics"]
    accuracy = metrics["test_accuracy"]
    return [
        label(described["name"], described["num_finished"], words),
        seeds_finished(described),
        words.number(_scaled(accuracy["mean"], 100), 2),
        words.number(_scaled(accuracy.get("median"), 100), 2),
        words.significant(_scaled(accuracy["sd"], 100)),
        words.number(_scaled(accuracy["min"], 100), 2),
        words.number(_scaled(accuracy["max"], 100), 2),
        words.number(_scaled(_error(described), 100), 2),
        words.number(metrics["test_cross_entropy"]["mean"], 4),
        words.number(metrics["expected_calibration_error"]["mean"], 4),
        words.number(metrics["actual_epochs"]["mean"], 1),
        words.number(train_seconds(arm), 1),
    ]


def difference_tables(comparison: dict[str, Any], words: Words) -> list[Table]:
    """Everything about every difference from the reference: a table per candidate.

    Quantities are rows, metrics are columns; the last table explains them all.
    """
    results: dict[str, list[dict[str, Any]]] = {}
    for result in comparison["comparisons"]:
        results.setdefault(result["candidate"], []).append(result)
    tables = [
        _difference_table(results_of_candidate, comparison["alpha"], words)
        for results_of_candidate in results.values()
    ]
    caption = words(
        "caption_differences",
        reference=comparison["reference"],
        least_seeds=secondary.LEAST_SEEDS_FOR_SENSITIVITY,
    )
    return [*tables[:-1], dataclasses.replace(tables[-1], caption=caption)]


def _difference_table(
    results: list[dict[str, Any]], alpha: float, words: Words
) -> Table:
    primary = results[0]
    columns = [_result_cells(result, alpha, words) for result in results]
    columns += [
        _calibration_cells(name, found, words)
        for name, found in (primary["calibration"] or {}).items()
        if found is not None
    ]
    header = label(primary["candidate"], primary["num_seeds"][1], words)
    quantities = dict.fromkeys(key for column in columns for key in column)
    rows = [
        [words(key), *(column.get(key, EMPTY) for column in columns)]
        for key in quantities
    ]
    (_, *metrics), *rows = rows
    return Table([header, *metrics], rows)


def _result_cells(result: dict[str, Any], alpha: float, words: Words) -> dict[str, str]:
    """Quantity → its cell; the first one is the metric."""
    is_accuracy = result["metric"] == "test_accuracy"
    scale, decimals = (100, 3) if is_accuracy else (1, 4)
    pairs = result["num_seeds"][0]
    if not result["paired"]:
        pairs *= result["num_seeds"][1]
    checks = result["sensitivity"] or {}
    cells = {
        "metric": words("accuracy_points" if is_accuracy else "cross_entropy_nats"),
        "difference": words.number(scale * result["delta"], decimals, "+"),
        "interval_95": _range(result["ci95"], scale, decimals, words),
        "interval_of_verdict": verdict_interval(
            result, scale, decimals, words, with_level=True
        ),
        "se_seeds": words.significant(_scaled(result["se_seed"], scale)),
        "se_images": words.significant(_scaled(result["se_item"], scale)),
        "p_column": words.p(result["p"], alpha),
        "p_holm": words.p(result["p_holm"], alpha),
        "p_permutation": words.p(checks.get("sign_flip"), alpha),
        "p_wilcoxon": words.p(checks.get("wilcoxon"), alpha),
        "verdict_column": words(result["verdict"]),
        "reasons_and_flags": reasons_and_flags(result, words) or EMPTY,
        "wins": f"{result['wins']}/{pairs}",
        "p_outperform": _with_range(
            words.number(result["p_outperform"], 2),
            _range(result["p_outperform_ci95"], 1, 2, words, sign=""),
        ),
    }
    if meaning := result.get("outperformance"):
        cells["outperformance"] = words(meaning)
    if is_accuracy:
        reduction_ci95 = result.get("relative_error_reduction_ci95")
        cells["error_reduction"] = _with_range(
            words.percent(result["relative_error_reduction"], 1),
            _range(reduction_ci95 or [None, None], 100, 1, words, sign=""),
        )
    cells["mde"] = words.significant(_scaled(result["mde80"], scale))
    if is_accuracy:
        cells["seeds_needed"] = _seeds_needed(result, words)
    return cells


def _calibration_cells(
    name: str, found: dict[str, Any], words: Words
) -> dict[str, str]:
    """The t test over seeds of a calibration metric."""
    return {
        "metric": words(name),
        "difference": words.number(found["delta"], 4, "+"),
        "interval_95": _range(found["ci95"], 1, 4, words),
        "se_seeds": words.significant(found["se"]),
        "p_column": words.p(found["p"]),
    }


def _seeds_needed(result: dict[str, Any], words: Words) -> str:
    if result["seeds_needed_for_margin"] is not None:
        return words.count(result["seeds_needed_for_margin"])
    return EMPTY if result["mde80"] is None else words("no_number")


def recipe_changes(comparison: dict[str, Any], words: Words) -> Table | None:
    """Parameters in which a candidate differs from the reference, None without any."""
    return _recipes(comparison, words, only_changes=True)


def whole_recipes(comparison: dict[str, Any], words: Words) -> Table | None:
    """Every parameter of every arm, None where no arm has a recipe."""
    return _recipes(comparison, words, only_changes=False)


def _recipes(
    comparison: dict[str, Any], words: Words, *, only_changes: bool
) -> Table | None:
    known = [arm for arm in comparison["arms"] if arm["recipe"] is not None]
    recipes = [described["recipe"] for described in known]
    rows = []
    for name in sorted(set().union(*recipes)):
        cells = [_recipe_cell(recipe, name, words) for recipe in recipes]
        if len(set(cells)) > 1 or not only_changes:
            rows.append([name, *cells])
    header = [words("parameter"), *(arm["name"] for arm in known)]
    caption = words("caption_changes") if only_changes else ""
    return Table(header, rows, caption) if rows else None


def _recipe_cell(recipe: dict[str, Any], name: str, words: Words) -> str:
    """As it is typed, whatever the language."""
    if name not in recipe:
        return EMPTY
    value = recipe[name]
    if value is None:
        return "never" if name == "early_stopping_patience" else words("none")
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def mcnemar(
    result: dict[str, Any], comparison: dict[str, Any], words: Words
) -> Table | None:
    """Per seed, the images that only one of the two networks gets right."""
    if not result["per_seed"]:
        return None
    names = {"candidate": result["candidate"], "reference": comparison["reference"]}
    header = [
        words("seed"),
        words("only_candidate", **names),
        words("only_reference", **names),
        words("net"),
        words("p_mcnemar"),
    ]
    rows = [
        [
            str(pair["seed"]),
            words.count(pair["only_candidate_right"]),
            words.count(pair["only_reference_right"]),
            words.number(
                pair["only_candidate_right"] - pair["only_reference_right"], 0, "+"
            ),
            words.p(pair["p"]),
        ]
        for pair in result["per_seed"]
    ]
    return Table(header, rows, words("caption_mcnemar"))


def cost(comparison: dict[str, Any], arms: list[Arm], words: Words) -> Table:
    """What training an arm takes."""
    keys = ("arm", "seconds_per_run", "epochs", "kept_epoch", "parameters")
    rows = [
        [
            described["name"],
            words.number(train_seconds(arm), 1),
            words.number(described["metrics"]["actual_epochs"]["mean"], 1),
            words.number(described["metrics"]["kept_epoch"]["mean"], 1),
            words.count(described["metrics"]["num_parameters"]["mean"]),
        ]
        for described, arm in zip(comparison["arms"], arms, strict=True)
    ]
    return Table([words(key) for key in keys], rows, words("caption_cost"))


# --- cells ----------------------------------------------------------------------------


def label(name: str, num_seeds: int, words: Words) -> str:
    """One run shows a network, not a recipe."""
    return words("one_network", name=name) if num_seeds == 1 else name


def seeds_finished(described: dict[str, Any]) -> str:
    """'5/5': finished of started."""
    return f"{described['num_finished']}/{described['num_started']}"


def mean_and_sd(metric: dict[str, Any], words: Words) -> str:
    """Of a fraction, in percent."""
    mean = words.number(_scaled(metric["mean"], 100), 2)
    if metric["sd"] is None:
        return mean
    return f"{mean} ± {words.significant(100 * metric['sd'])}"


def verdict_interval(
    result: dict[str, Any],
    scale: float,
    decimals: int,
    words: Words,
    *,
    with_level: bool,
) -> str:
    """The confidence interval of a difference that agrees with its verdict."""
    found = result["verdict_interval"]
    text = _range([found["low"], found["high"]], scale, decimals, words)
    if text == EMPTY or not with_level:
        return text
    return words("range_at", range=text, level=words.plain(100 * found["level"]))


def _range(
    bounds: Sequence[float | None],
    scale: float,
    decimals: int,
    words: Words,
    sign: str = "+",
) -> str:
    if None in bounds:
        return EMPTY
    low, high = (words.number(scale * bound, decimals, sign) for bound in bounds)
    return words("range", low=low, high=high)


def _with_range(text: str, interval: str) -> str:
    return text if interval == EMPTY else f"{text} ({interval})"


def _error(described: dict[str, Any]) -> float | None:
    mean = described["metrics"]["test_accuracy"]["mean"]
    return None if mean is None else 1 - mean


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else scale * value
