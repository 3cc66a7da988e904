"""The comparison as tables for people: rows of text in the language of the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from didithelp import secondary
from didithelp.arm import Arm
from didithelp.comparison import (
    Bounds,
    CalibrationDifference,
    ComparedArm,
    Comparison,
    Difference,
    Summary,
)
from didithelp.language.sentences import reasons_and_flags
from didithelp.language.words import EMPTY, Words
from didithelp.report.document import Table
from didithelp.report.frame import train_seconds


def headline(comparison: Comparison, words: Words) -> Table:
    """The arms and the difference of each candidate: the table to look at first."""
    reference, *candidates = [
        [
            label(compared.name, compared.num_finished, words),
            seeds_finished(compared),
            mean_and_sd(compared.metrics.test_accuracy, words),
            words.number(_scaled(compared.test_error, 100), 2),
        ]
        for compared in comparison.arms
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
        ["", *(difference.verdict for difference in comparison.primary)],
    )


def headline_differences(
    comparison: Comparison, words: Words
) -> tuple[list[str], list[list[str]]]:
    """Header and rows with the difference of each candidate, and what decided on it.

    The interval is the one that agrees with the verdict. Its level depends on the
    verdict and on the number of candidates; a level that all share is in the header.
    """
    differences = comparison.primary
    levels = {
        difference.verdict_interval.level
        for difference in differences
        if difference.verdict_interval.low is not None
    }
    is_one_level = len(levels) == 1
    header = [
        words("difference_points"),
        words.level(*levels) if is_one_level else words("interval"),
        words("p_holm" if comparison.family_size > 1 else "p_column"),
        words("verdict_column"),
    ]
    rows = [
        [
            words.number(100 * difference.delta, 3, "+"),
            verdict_interval(difference, 100, 3, words, with_level=not is_one_level),
            words.p(difference.p_holm, comparison.level(difference)),
            words(difference.verdict),
        ]
        for difference in differences
    ]
    return header, rows


def arm_table(comparison: Comparison, arms: Sequence[Arm], words: Words) -> Table:
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
        _arm_cells(compared, arm, words)
        for compared, arm in zip(comparison.arms, arms, strict=True)
    ]
    return Table([words(key) for key in keys], rows, words("caption_arms"))


def _arm_cells(compared: ComparedArm, arm: Arm, words: Words) -> list[str]:
    metrics = compared.metrics
    accuracy = metrics.test_accuracy
    return [
        label(compared.name, compared.num_finished, words),
        seeds_finished(compared),
        words.number(_scaled(accuracy.mean, 100), 2),
        words.number(_scaled(accuracy.median, 100), 2),
        words.significant(_scaled(accuracy.sd, 100)),
        words.number(_scaled(accuracy.min, 100), 2),
        words.number(_scaled(accuracy.max, 100), 2),
        words.number(_scaled(compared.test_error, 100), 2),
        words.number(metrics.test_cross_entropy.mean, 4),
        words.number(metrics.expected_calibration_error.mean, 4),
        words.number(metrics.actual_epochs.mean, 1),
        words.number(train_seconds(arm), 1),
    ]


def difference_tables(comparison: Comparison, words: Words) -> list[Table]:
    """Everything about every difference from the reference: a table per candidate.

    Quantities are rows, metrics are columns; the last table explains them all.
    """
    by_candidate: dict[str, list[Difference]] = {}
    for difference in comparison.differences:
        by_candidate.setdefault(difference.candidate, []).append(difference)
    tables = [
        _difference_table(differences, comparison.alpha, words)
        for differences in by_candidate.values()
    ]
    caption = words(
        "caption_differences",
        reference=comparison.reference,
        least_seeds=secondary.LEAST_SEEDS_FOR_SENSITIVITY,
    )
    return [*tables[:-1], dataclasses.replace(tables[-1], caption=caption)]


def _difference_table(
    differences: Sequence[Difference], alpha: float, words: Words
) -> Table:
    primary = differences[0]
    columns = [
        _difference_cells(difference, alpha, words) for difference in differences
    ]
    if primary.calibration is not None:
        ece, brier = (
            primary.calibration.expected_calibration_error,
            primary.calibration.brier_score,
        )
        if ece is not None:
            columns.append(_calibration_cells("expected_calibration_error", ece, words))
        if brier is not None:
            columns.append(_calibration_cells("brier_score", brier, words))
    header = label(primary.candidate, primary.num_seeds[1], words)
    quantities = dict.fromkeys(key for column in columns for key in column)
    rows = [
        [words(key), *(column.get(key, EMPTY) for column in columns)]
        for key in quantities
    ]
    (_, *metrics), *rows = rows
    return Table([header, *metrics], rows)


def _difference_cells(
    difference: Difference, alpha: float, words: Words
) -> dict[str, str]:
    """The cells by quantity; the first one is the metric."""
    is_accuracy = difference.is_primary
    scale, decimals = (100, 3) if is_accuracy else (1, 4)
    checks = difference.sensitivity
    return {
        "metric": words("accuracy_points" if is_accuracy else "cross_entropy_nats"),
        "difference": words.number(scale * difference.delta, decimals, "+"),
        "interval_95": _range(difference.ci95, scale, decimals, words),
        "interval_of_verdict": verdict_interval(
            difference, scale, decimals, words, with_level=True
        ),
        "se_seeds": words.significant(_scaled(difference.se_seed, scale)),
        "se_images": words.significant(_scaled(difference.se_item, scale)),
        "p_column": words.p(difference.p, alpha),
        "p_holm": words.p(difference.p_holm, alpha),
        "p_permutation": words.p(checks.sign_flip if checks else None, alpha),
        "p_wilcoxon": words.p(checks.wilcoxon if checks else None, alpha),
        "verdict_column": words(difference.verdict),
        "reasons_and_flags": reasons_and_flags(difference, words) or EMPTY,
        **_wins_and_plan(difference, scale, words),
    }


def _wins_and_plan(
    difference: Difference, scale: float, words: Words
) -> dict[str, str]:
    """How often the candidate wins, what it saves, and what could have been found."""
    pairs = difference.num_seeds[0]
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
    if difference.is_primary:
        reduction_ci95 = difference.relative_error_reduction_ci95
        cells["error_reduction"] = _with_range(
            words.percent(difference.relative_error_reduction, 1),
            _range(reduction_ci95 or (None, None), 100, 1, words, sign=""),
        )
    cells["mde"] = words.significant(_scaled(difference.mde80, scale))
    if difference.is_primary:
        cells["seeds_needed"] = _seeds_needed(difference, words)
    return cells


def _calibration_cells(
    name: str, difference: CalibrationDifference, words: Words
) -> dict[str, str]:
    """The cells of a calibration metric, which has a t test over seeds alone."""
    return {
        "metric": words(name),
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
    return Table(header, rows, words("caption_mcnemar"))


def cost(comparison: Comparison, arms: Sequence[Arm], words: Words) -> Table:
    """What training an arm takes."""
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
    return Table([words(key) for key in keys], rows, words("caption_cost"))


# --- cells ----------------------------------------------------------------------------


def label(name: str, num_seeds: int, words: Words) -> str:
    """The name of an arm; one with a single run is called a network."""
    return words("one_network", name=name) if num_seeds == 1 else name


def seeds_finished(compared: ComparedArm) -> str:
    """'5/5': finished of started."""
    return f"{compared.num_finished}/{compared.num_started}"


def mean_and_sd(metric: Summary, words: Words) -> str:
    """Mean and SD of a fraction, in percent: '97.76 ± 0.11'."""
    mean = words.number(_scaled(metric.mean, 100), 2)
    if metric.sd is None:
        return mean
    return f"{mean} ± {words.significant(100 * metric.sd)}"


def verdict_interval(
    difference: Difference,
    scale: float,
    decimals: int,
    words: Words,
    *,
    with_level: bool,
) -> str:
    """The confidence interval of a difference that agrees with its verdict."""
    interval = difference.verdict_interval
    text = _range((interval.low, interval.high), scale, decimals, words)
    if text == EMPTY or not with_level:
        return text
    return words("range_at", range=text, level=words.plain(100 * interval.level))


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
