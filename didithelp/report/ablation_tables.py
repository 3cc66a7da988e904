"""An ablation as tables for people: rows of text in the language of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from didithelp.ablation import (
    Ablation,
    Cell,
    Estimate,
    Factor,
    Interaction,
    Judged,
    MetricEffects,
)
from didithelp.arm import Arm
from didithelp.language.ablation_notes import written
from didithelp.language.quantity import Quantity
from didithelp.language.sentences import evidence
from didithelp.language.words import EMPTY, Words, clean
from didithelp.report import tables
from didithelp.report.document import Table
from didithelp.report.frame import train_seconds

SECONDS = "seconds_per_run"
# The estimates of a factor beside its main effect.
KINDS = ("at_baseline", "at_full", "shapley")


def effects(
    found: MetricEffects,
    alpha: float,
    words: Words,
    caption: str = "",
    kinds: Sequence[str] = KINDS,
) -> Table:
    """What each factor does to a metric, and what all do together: the first table.

    Args:
        found: the effects on the metric.
        alpha: what p is held against.
        words: of the language.
        caption: of the table.
        kinds: what is shown beside the main effects, where the design has it.
    """
    about, level = written(found, words), _common_level(found)
    kinds = [kind for kind in kinds_of(found) if kind in kinds]
    header = [
        words("ablation_report.factor"),
        _with_level(with_unit("main", about), level, words),
        words("p_holm"),
        *(_with_level(words(f"effects.{kind}"), 0.95, words) for kind in kinds),
        words("verdict_column"),
    ]
    rows = [
        [
            clean(each.factor),
            _judged_cell(each.main, about, level),
            words.p(each.main.estimate.p_holm, alpha),
            *(_cell(getattr(each, kind), about) for kind in kinds),
            words(f"factor_verdicts.{each.main.verdict}"),
        ]
        for each in found.factors
    ]
    if len(found.factors) > 1:
        rows.append(
            [words("ablation_report.together"), *_total(found, alpha, kinds, about)]
        )
    return Table(header, rows, caption, _marks(found))


def _total(
    found: MetricEffects, alpha: float, kinds: Sequence[str], about: Quantity
) -> list[str]:
    """The cells of the last row; Shapley values alone add up to it."""
    words, total = about.words, found.total
    sums = {"shapley": about.number(total.delta, "+")}
    return [
        _judged_cell(total, about, _common_level(found)),
        words.p(total.estimate.p_holm, alpha),
        *(sums.get(kind, EMPTY) for kind in kinds),
        words(f"factor_verdicts.{total.verdict}"),
    ]


def in_short(found: MetricEffects, alpha: float, words: Words) -> Table:
    """The same for a narrow screen.

    Shapley values have no intervals, nor has the total: the sentence tells it.
    """
    about, level = written(found, words), _common_level(found)
    has_shapley = "shapley" in kinds_of(found)
    header = [
        words("ablation_report.factor"),
        with_unit("main", about),
        words("interval") if level is None else _level(level, words),
        words("p_holm"),
        *([words("effects.shapley")] if has_shapley else []),
        words("verdict_column"),
    ]
    rows = []
    for each in found.factors:
        interval = each.main.verdict_interval
        bounds = about.range((interval.low, interval.high))
        name, shapley = clean(each.factor), _delta(each.shapley, about)
        rows.append([name, *_in_short(each.main, bounds, shapley, alpha, about)])
    if len(found.factors) > 1:
        shapley = _delta(found.total.estimate, about)
        total = _in_short(found.total, EMPTY, shapley, alpha, about)
        rows.append([words("ablation_report.together"), *total])
    if not has_shapley:
        rows = [[*cells, verdict] for *cells, _, verdict in rows]
    return Table(header, rows, marks=_marks(found))


def _in_short(
    judged: Judged, bounds: str, shapley: str, alpha: float, about: Quantity
) -> list[str]:
    words = about.words
    p = words.p(judged.estimate.p_holm, alpha)
    verdict = words(f"factor_verdicts.{judged.verdict}")
    return [about.number(judged.delta, "+"), bounds, p, shapley, verdict]


def _marks(found: MetricEffects) -> list[str]:
    """The verdict that each row tells."""
    main: list[str] = [each.main.verdict for each in found.factors]
    return main if len(main) == 1 else [*main, found.total.verdict]


def _common_level(found: MetricEffects) -> float | None:
    """The level of the intervals of all main effects; None where it is not one."""
    levels = {each.main.verdict_interval.level for each in found.factors}
    return levels.pop() if len(levels) == 1 else None


def kinds_of(found: MetricEffects) -> list[str]:
    """The estimates beside the main effects that the design has for any factor.

    Those of a single factor would all be its main effect.
    """
    if len(found.factors) == 1:
        return []
    return [
        kind
        for kind in KINDS
        if any(getattr(each, kind) is not None for each in found.factors)
    ]


def details(found: MetricEffects, alpha: float, words: Words) -> list[Table]:
    """Every number behind the estimates: a table for each kind of them."""
    about = written(found, words)
    judged = {clean(each.factor): each.main for each in found.factors}
    judged[words("ablation_report.together")] = found.total
    main = _numbers(
        "main", {name: judged[name].estimate for name in judged}, alpha, about
    )
    why = [evidence(each, found.metric, words) or EMPTY for each in judged.values()]
    main = Table(
        [*main.header, words("reasons_and_flags")],
        [[*row, reason] for row, reason in zip(main.rows, why, strict=True)],
    )
    return [
        main,
        *(_numbers(kind, _of(kind, found), alpha, about) for kind in kinds_of(found)),
    ]


def _of(kind: str, found: MetricEffects) -> dict[str, Estimate]:
    """The estimates of one kind by factor, where the design has them."""
    estimates = {clean(each.factor): getattr(each, kind) for each in found.factors}
    return {name: each for name, each in estimates.items() if each is not None}


def _numbers(
    kind: str, found: Mapping[str, Estimate], alpha: float, about: Quantity
) -> Table:
    """What is known of estimates: their errors, their tests and what they can find."""
    words = about.words
    keys = ("se_seeds", "se_images", "ablation_report.df", "p_column", "p_holm", "mde")
    header = [
        words("ablation_report.factor"),
        with_unit(kind, about),
        words("interval_95"),
        *(words(key) for key in keys),
    ]
    rows = [
        [
            name,
            about.number(each.delta, "+"),
            about.range(each.ci95),
            about.significant(each.se_seed),
            about.significant(each.se_item),
            words.number(each.df, 1),
            words.p(each.p, alpha),
            words.p(each.p_holm, alpha),
            about.significant(each.mde80),
        ]
        for name, each in found.items()
    ]
    return Table(header, rows)


def interactions(found: MetricEffects, alpha: float, words: Words) -> Table:
    """Every pair of factors, those whose interaction is shown first."""
    about = written(found, words)
    keys = ("first_without", "first_with", "second_without", "second_with")
    header = [
        words("ablation_report.pair_column"),
        with_unit("interaction", about),
        words("p_holm"),
        *(words(f"effects.{key}") for key in keys),
        words("ablation_report.shown_column"),
    ]
    rows = [
        [
            pair(each, words),
            _cell(each.estimate, about),
            words.p(each.estimate.p_holm, alpha),
            about.number(each.second_off.delta, "+"),
            about.number(each.second_on.delta, "+"),
            about.number(each.first_off.delta, "+"),
            about.number(each.first_on.delta, "+"),
            words(
                "ablation_report.shown"
                if each.is_shown
                else "ablation_report.not_shown"
            ),
        ]
        for each in by_evidence(found.interactions)
    ]
    return Table(header, rows, words("ablation_report.caption_interactions"))


def by_evidence(found: Sequence[Interaction]) -> list[Interaction]:
    """Interactions that are shown first, then the others in the order of the pairs."""
    return sorted(found, key=lambda each: not each.is_shown)


def pair(interaction: Interaction, words: Words) -> str:
    """'l2_lambda × dropout_rate'."""
    first, second = map(clean, interaction.factors)
    return words("ablation_report.pair", first=first, second=second)


def levels(ablation: Ablation, words: Words) -> Table | None:
    """The values that each factor switches between; None where no recipe is known."""
    rows = [
        [
            clean(factor.name),
            clean(name),
            tables.recipe_value(name, off, words),
            tables.recipe_value(name, on, words),
        ]
        for factor in ablation.factors
        for name, (off, on) in parameters(factor)
    ]
    keys = (
        "ablation_report.factor",
        "parameter",
        "ablation_report.off",
        "ablation_report.on",
    )
    return Table([words(key) for key in keys], rows) if rows else None


def parameters(factor: Factor) -> list[tuple[str, tuple[Any, Any]]]:
    """The parameters of a factor with their values, in the order of its name."""
    known = (factor.parameters or {}).items()
    return sorted(known, key=lambda parameter: factor.name.find(parameter[0]))


def cells(ablation: Ablation, arms: Mapping[str, Arm], words: Words) -> Table:
    """Every arm: the factors that are on, its results and its cost.

    Args:
        ablation: the answer.
        arms: by name, for the time that they took.
        words: of the language.
    """
    about = written(ablation.primary, words)
    keys = [
        key for key in tables.beside(about) if key not in ("error_percent", SECONDS)
    ]
    keys = [*keys, "kept_epoch", SECONDS]
    header = [
        *(words("arm"), words("ablation_report.levels"), words("seeds_finished")),
        about.level_column,
        *map(words, keys),
    ]
    rows = [
        _arm_cells(cell, keys, arms.get(cell.arm.name), about)
        for cell in ablation.all_cells
    ]
    header, *rows = tables.without_empty_columns([header, *rows])
    order = ", ".join(clean(factor.name) for factor in ablation.factors)
    caption = words("ablation_report.caption_arms", factors=order)
    return Table(header, rows, caption)


def _arm_cells(
    cell: Cell, keys: Sequence[str], arm: Arm | None, about: Quantity
) -> list[str]:
    words, told = about.words, cell.arm
    means = {
        **tables.other_means(told, words),
        "kept_epoch": words.number(told.metrics.kept_epoch.mean, 1),
        SECONDS: words.number(train_seconds(arm) if arm else None, 1),
    }
    return [
        tables.label(clean(told.name), told.num_finished, words),
        " ".join("+" if is_on else "-" for is_on in cell.levels.values()),
        tables.seeds_finished(told),
        about.mean_and_sd(told.summary(about.metric.name)),
        *(means[key] for key in keys),
    ]


# --- cells ----------------------------------------------------------------------------


def with_unit(kind: str, about: Quantity) -> str:
    """The name of a kind of estimate, and the unit of its numbers."""
    words = about.words
    return about.in_difference_unit(words(f"effects.{kind}"))


def _judged_cell(judged: Judged, about: Quantity, level_of_header: float | None) -> str:
    """An estimate with the interval of its verdict, and the level if it is another."""
    interval, words = judged.verdict_interval, about.words
    bounds = about.range((interval.low, interval.high))
    if bounds != EMPTY and interval.level != level_of_header:
        level = words.plain(100 * round(interval.level, 3))
        bounds = words("ablation_report.bounds_at", range=bounds, level=level)
    return _with_bounds(judged.delta, bounds, about)


def _with_level(name: str, level: float | None, words: Words) -> str:
    """The head of a column of estimates with their intervals."""
    interval = words("interval") if level is None else _level(level, words)
    return words("estimate", delta=name, evidence=interval)


def _level(level: float, words: Words) -> str:
    """'98.8% CI': more digits of it would help nobody."""
    return words.level(round(level, 3))


def _cell(estimate: Estimate | None, about: Quantity) -> str:
    """An estimate with its interval; EMPTY where the design does not have it."""
    if estimate is None:
        return EMPTY
    return _with_bounds(estimate.delta, about.range(estimate.ci95), about)


def _delta(estimate: Estimate | None, about: Quantity) -> str:
    return about.number(estimate.delta if estimate else None, "+")


def _with_bounds(delta: float, bounds: str, about: Quantity) -> str:
    text = about.number(delta, "+")
    return text if bounds == EMPTY else f"{text} ({bounds})"
