"""The comparison as tables for people: rows of text in the language of the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from didithelp import secondary
from didithelp.arm import ALL_COLUMNS, Arm, finished_rows, metric_columns
from didithelp.compared_arm import ComparedArm
from didithelp.comparison import Bounds, CalibrationDifference, Comparison, Difference
from didithelp.language import quantity, sentences
from didithelp.language.quantity import Quantity
from didithelp.language.words import EMPTY, Words
from didithelp.metric import TEST_ACCURACY
from didithelp.report.document import Table
from didithelp.report.frame import train_seconds

# Columns of metrics.csv that have a place of their own in other tables.
_SHOWN = (
    *("test_accuracy", "test_cross_entropy", "expected_calibration_error"),
    *("actual_epochs", "kept_epoch", "train_seconds", "num_parameters"),
)


def headline(comparison: Comparison, words: Words) -> Table:
    """The arms and the difference of each candidate: the table to look at first."""
    about = quantity.of_comparison(comparison, words)
    reference, *candidates = [
        _headline_cells(compared, about, words) for compared in comparison.arms
    ]
    levels = [about.level_column]
    if about.is_accuracy:
        levels.append(words("error_percent"))
    header, differences = headline_differences(comparison, words)
    caption = about.text("caption_table", counted=sentences.counted(comparison, words))
    return Table(
        [words("arm"), words("seeds"), *levels, *header],
        [
            reference + [EMPTY] * len(header),
            *(arm + cells for arm, cells in zip(candidates, differences, strict=True)),
        ],
        " ".join([caption, *sentences.groups_counted(comparison, words)]),
        ["", *(difference.verdict for difference in comparison.primary)],
    )


def _headline_cells(compared: ComparedArm, about: Quantity, words: Words) -> list[str]:
    cells = [
        label(compared.name, compared.num_finished, words),
        seeds_finished(compared),
        about.mean_and_sd(compared.summary(about.metric.name)),
    ]
    if about.is_accuracy:
        cells.append(words.number(_scaled(compared.test_error, 100), 2))
    return cells


def headline_differences(
    comparison: Comparison, words: Words
) -> tuple[list[str], list[list[str]]]:
    """Header and rows with the difference of each candidate, and what decided on it.

    The interval is the one that agrees with the verdict. Its level depends on the
    verdict and on the number of candidates; a level that all share is in the header.
    """
    differences = comparison.primary
    about = quantity.of_comparison(comparison, words)
    levels = {
        difference.verdict_interval.level
        for difference in differences
        if difference.verdict_interval.low is not None
    }
    is_one_level = len(levels) == 1
    header = [
        about.difference_column,
        words.level(*levels) if is_one_level else words("interval"),
        words("p_holm" if comparison.family_size > 1 else "p_column"),
        words("verdict_column"),
    ]
    rows = [
        [
            about.number(difference.delta, "+"),
            verdict_interval(difference, about, with_level=not is_one_level),
            words.p(difference.p_holm, comparison.level(difference)),
            words(difference.verdict),
        ]
        for difference in differences
    ]
    return header, rows


def arm_table(comparison: Comparison, arms: Sequence[Arm], words: Words) -> Table:
    """Every arm in the metric that decides and in others, with its cost.

    Columns of which nothing is known are left out, but for those of an accuracy.
    """
    about = quantity.of_comparison(comparison, words)
    keys = [*("median", "sd", "min", "max"), *beside(about)]
    header = [
        *(words("arm"), words("seeds_finished"), about.level_column),
        *(words(key) for key in keys),
    ]
    rows = []
    for compared, arm in zip(comparison.arms, arms, strict=True):
        seconds = {"seconds_per_run": words.number(train_seconds(arm), 1)}
        others = other_means(compared, words) | seconds
        cells = [cell for key, cell in others.items() if key in keys]
        rows.append(_arm_cells(compared, about, words) + cells)
    if not about.is_accuracy:
        header, *rows = without_empty_columns([header, *rows])
    return Table(header, rows, about.text("caption_arms"))


def arms_in_short(comparison: Comparison, words: Words) -> list[list[str]]:
    """Header and rows of the arms for a narrow screen."""
    about = quantity.of_comparison(comparison, words)
    keys = [
        key
        for key in ("accuracy_percent", "cross_entropy", "epochs")
        if key in beside(about)
    ]
    header = [words("arm"), words("seeds"), about.level_column, *map(words, keys)]
    rows = []
    for compared in comparison.arms:
        others = other_means(compared, words)
        rows.append(
            [
                compared.name,
                seeds_finished(compared),
                about.mean_and_sd(compared.summary(about.metric.name)),
                *(others[key] for key in keys),
            ]
        )
    rows = [header, *rows]
    return rows if about.is_accuracy else without_empty_columns(rows)


def beside(about: Quantity) -> list[str]:
    """The keys of what stands beside the metric that decides."""
    keys = ["accuracy_percent", "error_percent", "cross_entropy", "ece", "epochs"]
    shown_already = {
        "test_accuracy": "accuracy_percent",
        "test_cross_entropy": "cross_entropy",
        "expected_calibration_error": "ece",
        "actual_epochs": "epochs",
    }.get(about.metric.name)
    return [key for key in (*keys, "seconds_per_run") if key != shown_already]


def _arm_cells(compared: ComparedArm, about: Quantity, words: Words) -> list[str]:
    """The name of an arm and its numbers in the metric that decides."""
    found = compared.summary(about.metric.name)
    mean, median, least, most = (
        about.level(value, found.sd)
        for value in (found.mean, found.median, found.min, found.max)
    )
    name = label(compared.name, compared.num_finished, words)
    spread = about.significant(found.sd)
    return [name, seeds_finished(compared), mean, median, spread, least, most]


def other_means(compared: ComparedArm, words: Words) -> dict[str, str]:
    """Means of what never decides unless it is asked for, by the key of its column."""
    metrics = compared.metrics
    return {
        "accuracy_percent": words.number(_scaled(metrics.test_accuracy.mean, 100), 2),
        "error_percent": words.number(_scaled(compared.test_error, 100), 2),
        "cross_entropy": words.number(metrics.test_cross_entropy.mean, 4),
        "ece": words.number(metrics.expected_calibration_error.mean, 4),
        "epochs": words.number(metrics.actual_epochs.mean, 1),
    }


def without_empty_columns(rows: list[list[str]], least: int = 3) -> list[list[str]]:
    """The header and the rows without columns that are empty, but for the first."""
    _, *others = rows
    columns = [
        place
        for place in range(len(rows[0]))
        if place < least or any(row[place] != EMPTY for row in others)
    ]
    return [[row[place] for place in columns] for row in rows]


def difference_tables(comparison: Comparison, words: Words) -> list[Table]:
    """Everything about every difference from the reference: a table per candidate.

    Quantities are rows, metrics are columns; the last table explains them all.
    """
    by_candidate: dict[str, list[Difference]] = {}
    for difference in comparison.differences:
        by_candidate.setdefault(difference.candidate, []).append(difference)
    tables = [
        _difference_table(differences, comparison, words)
        for differences in by_candidate.values()
    ]
    about = quantity.of_comparison(comparison, words)
    caption = about.text(
        "caption_differences",
        reference=comparison.reference,
        least_seeds=secondary.LEAST_SEEDS_FOR_SENSITIVITY,
    )
    return [*tables[:-1], dataclasses.replace(tables[-1], caption=caption)]


def _difference_table(
    differences: Sequence[Difference], comparison: Comparison, words: Words
) -> Table:
    columns = [
        _difference_cells(difference, comparison, words) for difference in differences
    ]
    for calibration in (each.calibration for each in differences if each.calibration):
        ece, brier = calibration.expected_calibration_error, calibration.brier_score
        if ece is not None:
            columns.append(_calibration_cells("expected_calibration_error", ece, words))
        if brier is not None:
            columns.append(_calibration_cells("brier_score", brier, words))
    about = quantity.of_comparison(comparison, words)
    names = {"se_images": about.text("se_images")}
    primary = differences[0]
    header = label(primary.candidate, primary.num_seeds[1], words)
    quantities = dict.fromkeys(key for column in columns for key in column)
    rows = []
    for key in quantities:
        cells = [column.get(key, EMPTY) for column in columns]
        if about.is_accuracy or set(cells) != {EMPTY}:
            rows.append([names.get(key) or words(key), *cells])
    (_, *metrics), *rows = rows
    return Table([header, *metrics], rows)


def _difference_cells(
    difference: Difference, comparison: Comparison, words: Words
) -> dict[str, str]:
    """The cells by quantity; the first one is the metric."""
    about = quantity.of_secondary(difference, words)
    if difference.is_primary:
        about = quantity.of_comparison(comparison, words)
    checks, alpha = difference.sensitivity, comparison.level(difference)
    return {
        "metric": about.difference_label,
        "difference": about.number(difference.delta, "+"),
        "interval_95": about.range(difference.ci95),
        "interval_of_verdict": verdict_interval(difference, about, with_level=True),
        "se_seeds": about.significant(difference.se_seed),
        "se_images": about.significant(difference.se_item),
        "p_column": words.p(difference.p, alpha),
        "p_holm": words.p(difference.p_holm, alpha),
        "p_permutation": words.p(checks.sign_flip if checks else None, alpha),
        "p_wilcoxon": words.p(checks.wilcoxon if checks else None, alpha),
        "verdict_column": words(difference.verdict),
        "reasons_and_flags": sentences.reasons_and_flags(difference, words) or EMPTY,
        **_wins_and_plan(difference, about, comparison.margin),
    }


def _wins_and_plan(
    difference: Difference, about: Quantity, margin: float | None
) -> dict[str, str]:
    """How often the candidate wins, what it saves, and what could have been found."""
    words, pairs = about.words, difference.num_seeds[0]
    if not difference.paired:
        pairs *= difference.num_seeds[1]
    cells = {
        "wins": f"{difference.wins}/{pairs}",
        "p_outperform": _with_range(
            words.number(difference.p_outperform, 2),
            _range(difference.p_outperform_ci95, 1, 2, words, sign=""),
        ),
    }
    if difference.outperformance is not None:
        cells["outperformance"] = words(difference.outperformance)
    if about.is_accuracy or difference.relative_error_reduction is not None:
        reduction_ci95 = difference.relative_error_reduction_ci95
        cells["error_reduction"] = _with_range(
            words.percent(difference.relative_error_reduction, 1),
            _range(reduction_ci95 or (None, None), 100, 1, words, sign=""),
        )
    cells["mde"] = about.significant(difference.mde80)
    if difference.is_primary and margin is not None:
        cells["seeds_needed"] = _seeds_needed(difference, words)
    return cells


def _calibration_cells(
    name: str, difference: CalibrationDifference, words: Words
) -> dict[str, str]:
    """The cells of a calibration metric, which has a t test over seeds alone."""
    return {
        "metric": quantity.name_of(name, words),
        "difference": words.number(difference.delta, 4, "+"),
        "interval_95": _range(difference.ci95, 1, 4, words),
        "se_seeds": words.significant(difference.se),
        "p_column": words.p(difference.p),
    }


def _seeds_needed(difference: Difference, words: Words) -> str:
    if difference.seeds_needed_for_margin is not None:
        return words.count(difference.seeds_needed_for_margin)
    return EMPTY if difference.mde80 is None else words("no_number")


def recipe_changes(comparison: Comparison, words: Words) -> Table | None:
    """Parameters in which a candidate differs from the reference, None without any."""
    return recipes(comparison.arms, words, only_changes=True)


def whole_recipes(comparison: Comparison, words: Words) -> Table | None:
    """Every parameter of every arm, None where no arm has a recipe."""
    return recipes(comparison.arms, words, only_changes=False)


def recipes(
    arms: Sequence[ComparedArm], words: Words, *, only_changes: bool
) -> Table | None:
    """The parameters of arms side by side; None where nothing is to be shown."""
    known = {arm.name: arm.recipe for arm in arms if arm.recipe is not None}
    rows = []
    for name in sorted(set().union(*known.values())):
        cells = [_recipe_cell(recipe, name, words) for recipe in known.values()]
        if len(set(cells)) > 1 or not only_changes:
            rows.append([name, *cells])
    header = [words("parameter"), *known]
    caption = words("caption_changes") if only_changes else ""
    return Table(header, rows, caption) if rows else None


def _recipe_cell(recipe: dict[str, Any], name: str, words: Words) -> str:
    """The value of a parameter as it is typed, whatever the language."""
    if name not in recipe:
        return EMPTY
    return recipe_value(name, recipe[name], words)


def recipe_value(name: str, value: Any, words: Words) -> str:
    """A value of a parameter, of whatever kind, as it is typed."""
    if value is None:
        return "never" if name == "early_stopping_patience" else words("none")
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def mcnemar(
    difference: Difference, comparison: Comparison, words: Words
) -> Table | None:
    """Per seed, the images that only one of the two networks gets right."""
    if not difference.per_seed:
        return None
    names = {"candidate": difference.candidate, "reference": comparison.reference}
    header = [
        words("seed"),
        words("only_candidate", **names),
        words("only_reference", **names),
        words("net"),
        words("p_mcnemar"),
    ]
    rows = [
        [
            str(pair.seed),
            words.count(pair.only_candidate_right),
            words.count(pair.only_reference_right),
            words.number(pair.only_candidate_right - pair.only_reference_right, 0, "+"),
            words.p(pair.p),
        ]
        for pair in difference.per_seed
    ]
    about = quantity.of_secondary(difference, words)
    return Table(header, rows, about.text("caption_mcnemar"))


def cost(comparison: Comparison, arms: Sequence[Arm], words: Words) -> Table | None:
    """What training an arm takes; None where nothing is known of it."""
    keys = ("arm", "seconds_per_run", "epochs", "kept_epoch", "parameters")
    rows = [
        [
            compared.name,
            words.number(train_seconds(arm), 1),
            words.number(compared.metrics.actual_epochs.mean, 1),
            words.number(compared.metrics.kept_epoch.mean, 1),
            words.count(compared.metrics.num_parameters.mean),
        ]
        for compared, arm in zip(comparison.arms, arms, strict=True)
    ]
    header = [words(key) for key in keys]
    if comparison.metric != TEST_ACCURACY:
        header, *rows = without_empty_columns([header, *rows], least=1)
    return Table(header, rows, words("caption_cost")) if len(header) > 1 else None


def recorded(comparison: Comparison, arms: Sequence[Arm], words: Words) -> Table | None:
    """What else the runs of the arms recorded, a metric per row; None if nothing."""
    is_accuracy = comparison.metric == TEST_ACCURACY
    shown = {*(ALL_COLUMNS if is_accuracy else _SHOWN), comparison.primary_metric}
    runs = [finished_rows(arm) for arm in arms]
    names = dict.fromkeys(column for rows in runs for column in metric_columns(rows))
    rows = [
        [name, *(_mean_and_sd(rows, name, words) for rows in runs)]
        for name in names
        if name not in shown
    ]
    header = [words("metric"), *(compared.name for compared in comparison.arms)]
    return Table(header, rows, words("caption_recorded")) if rows else None


def _mean_and_sd(rows: pd.DataFrame, name: str, words: Words) -> str:
    """Of a column of the finished runs as it stands there; EMPTY if one is missing."""
    if name not in rows or rows[name].isna().any():
        return EMPTY
    values = rows[name].to_numpy(float)
    mean = float(np.mean(values))
    if len(values) < 2 or not (sd := float(np.std(values, ddof=1))):
        return words.plain(mean)
    return f"{words.number(mean, quantity.decimals_of(sd))} ± {words.significant(sd)}"


# --- cells ----------------------------------------------------------------------------


def label(name: str, num_seeds: int, words: Words) -> str:
    """The name of an arm; one with a single run is called a network."""
    return words("one_network", name=name) if num_seeds == 1 else name


def seeds_finished(compared: ComparedArm) -> str:
    """'5/5': finished of started."""
    return f"{compared.num_finished}/{compared.num_started}"


def verdict_interval(
    difference: Difference, about: Quantity, *, with_level: bool
) -> str:
    """The confidence interval of a difference that agrees with its verdict."""
    interval = difference.verdict_interval
    text = about.range((interval.low, interval.high))
    if text == EMPTY or not with_level:
        return text
    level = about.words.plain(100 * interval.level)
    return about.words("range_at", range=text, level=level)


def _range(
    bounds: Bounds,
    scale: float,
    decimals: int,
    words: Words,
    sign: str = "+",
) -> str:
    low, high = bounds
    if low is None or high is None:
        return EMPTY
    return words(
        "range",
        low=words.number(scale * low, decimals, sign),
        high=words.number(scale * high, decimals, sign),
    )


def _with_range(text: str, interval: str) -> str:
    return text if interval == EMPTY else f"{text} ({interval})"


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else scale * value
