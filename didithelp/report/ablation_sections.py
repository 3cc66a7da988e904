"""The sections of the report of an ablation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from didithelp.ablation import Ablation, Cell, Estimate, Interaction, MetricEffects
from didithelp.arm import Arm
from didithelp.language import ablation_notes, ablation_sentences, sentences
from didithelp.language.ablation_notes import written
from didithelp.language.quantity import Quantity, name_of
from didithelp.language.words import Words, clean
from didithelp.provenance import Provenance
from didithelp.report import ablation_figures, ablation_tables, sections, tables
from didithelp.report.ablation_figures import Bar, Panel
from didithelp.report.document import Block, Drawing, Fold, Plots, Text
from didithelp.report.palette import LIGHT

PANELS_SHOWN = 6  # of the interaction plot at once; the others are a click away


@dataclass(frozen=True, eq=False)
class AblationMaterial:
    """An ablation with all that its report shows beside it.

    Attributes:
        arms: by name, the control included; only those that are at hand.
        words: of the language of the report.
        provenance: which code made the answer.
        links: by what is there, the address of another page.
    """

    ablation: Ablation
    arms: Mapping[str, Arm]
    words: Words
    provenance: Provenance
    links: Mapping[str, str]


# --- the metric that decides ----------------------------------------------------------


def effects(material: AblationMaterial) -> list[Block]:
    """The table to look at, the same as a figure, and every number behind it."""
    ablation, words = material.ablation, material.words
    found = ablation.primary
    has_shapley = "shapley" in ablation_tables.kinds_of(found)
    about = written(found, words)
    if has_shapley:
        figure = _waterfall(ablation, found, about)
        ends = {"baseline": clean(ablation.baseline), "full": clean(ablation.full)}
        caption = words("ablation_report.caption_waterfall", **ends)
    else:
        figure = _bars(found, about)
        caption = words("ablation_report.caption_bars")
    return [
        ablation_tables.effects(found, ablation.alpha, words, _caption(found, words)),
        Plots([figure], caption),
        Fold(
            words("details_table"),
            ablation_tables.details(found, ablation.alpha, words),
        ),
    ]


def excerpt(material: AblationMaterial) -> list[Block]:
    """The table of effects and its figure alone."""
    return effects(material)[:2]


def _caption(found: MetricEffects, words: Words) -> str:
    """What the columns of the table of effects mean, as far as it has them."""
    kinds = ["main", *ablation_tables.kinds_of(found), "verdicts"]
    return " ".join(words(f"effect_captions.{kind}") for kind in kinds)


def _waterfall(ablation: Ablation, found: MetricEffects, about: Quantity) -> Drawing:
    """From the baseline to all factors on, a step of its Shapley value for each."""
    words = about.words
    first, *_, last = (_mean(cell, found) for cell in ablation.cells)
    rows = [_end(ablation.baseline, first, 0, about)]
    for each in found.factors:
        if each.shapley is not None:
            place = rows[-1].end
            rows.append(_step(each.factor, place, each.shapley, found, about))
    rows.append(_end(ablation.full, last, 1, about))
    alternative = words("ablation_report.waterfall_alternative")
    label = about.level_axis
    return ablation_figures.bars(
        "waterfall", rows, label, alternative, words, is_chain=True
    )


def _bars(found: MetricEffects, about: Quantity) -> Drawing:
    """The main effects alone, where the design has no Shapley values."""
    words = about.words
    rows = [
        _step(each.factor, 0.0, each.main.estimate, found, about)
        for each in found.factors
    ]
    alternative = words("ablation_report.effects_alternative")
    label = about.text("axis_difference")
    return ablation_figures.bars(
        "effects", rows, label, alternative, words, is_chain=False
    )


def _step(
    name: str, start: float, estimate: Estimate, found: MetricEffects, about: Quantity
) -> Bar:
    """A bar as long as an estimate, in the color of what its interval shows."""
    low, high = estimate.ci95
    interval, color = None, LIGHT.muted
    if low is not None and high is not None:
        interval = (start + about.scale * low, start + about.scale * high)
        if low > 0 or high < 0:
            is_better = (low > 0) == found.higher_is_better
            color = LIGHT.better if is_better else LIGHT.worse
    end = start + about.scale * estimate.delta
    return Bar(
        clean(name), color, start, end, interval, about.number(estimate.delta, "+")
    )


def _end(name: str, value: float, place: int, about: Quantity) -> Bar:
    """A dot at one end of the waterfall, in the color that an arm has elsewhere."""
    end = about.scale * value
    return Bar(clean(name), LIGHT.arms[place], end, end, None, about.level(value))


def _mean(cell: Cell, found: MetricEffects) -> float:
    """That of a metric over the seeds of an arm."""
    mean = cell.arm.summary(found.metric).mean
    return math.nan if mean is None else mean


# --- interactions ---------------------------------------------------------------------


def interactions(material: AblationMaterial) -> list[Block]:
    """Whether factors do together what they do apart: a test, a table, the plot."""
    ablation, words = material.ablation, material.words
    found = ablation.primary
    if not found.interactions:
        return []
    panels = _panels(ablation, found, written(found, words))
    hidden = panels[PANELS_SHOWN:]
    return [
        Text(" ".join(ablation_notes.interactions(ablation, words))),
        ablation_tables.interactions(found, ablation.alpha, words),
        Plots(panels[:PANELS_SHOWN], words("ablation_report.caption_panels")),
        *(
            [Fold(words("ablation_report.more_panels"), [Plots(hidden, "")])]
            if hidden
            else []
        ),
    ]


def _panels(ablation: Ablation, found: MetricEffects, about: Quantity) -> list[Drawing]:
    """A panel per pair of factors, those whose interaction is shown first."""
    words = about.words
    pairs = ablation_tables.by_evidence(found.interactions)
    panels = [_panel(ablation, found, pair, about) for pair in pairs]
    values = [value for panel in panels for line in panel.means for value in line]
    return [
        ablation_figures.interaction(
            f"interaction_{place}",
            panel,
            (min(values), max(values)),
            about.level_axis,
            words(
                "ablation_report.panel_alternative",
                pair=ablation_tables.pair(pair, words),
            ),
            words,
        )
        for place, (pair, panel) in enumerate(zip(pairs, panels, strict=True), start=1)
    ]


def _panel(
    ablation: Ablation, found: MetricEffects, pair: Interaction, about: Quantity
) -> Panel:
    words, (first, second) = about.words, pair.factors
    key = "panel_shown" if pair.is_shown else "panel_not_shown"
    return Panel(
        title=words(
            f"ablation_report.{key}",
            p=words.p_clause(pair.estimate.p_holm, ablation.alpha),
        ),
        factors=(clean(first), clean(second)),
        levels=(_levels(ablation, first, words), _levels(ablation, second, words)),
        means=_means(ablation, pair.factors, found, about.scale),
    )


def _levels(ablation: Ablation, name: str, words: Words) -> tuple[str, str]:
    """The values of a factor off and on; words where they are not known."""
    (factor,) = (each for each in ablation.factors if each.name == name)
    if not factor.parameters:
        return words("ablation_report.off"), words("ablation_report.on")
    off, on = (
        ", ".join(
            clean(tables.recipe_value(parameter, values[side], words))
            for parameter, values in ablation_tables.parameters(factor)
        )
        for side in (0, 1)
    )
    return off, on


def _means(
    ablation: Ablation, factors: tuple[str, str], found: MetricEffects, scale: float
) -> list[tuple[float, float]]:
    """By level of the second factor, the means at both levels of the first.

    In a half fraction the end that was added to it is left out: it would weigh a side.
    """
    first, second = factors
    balanced = _balanced(ablation)
    means = {}
    for levels in itertools.product((False, True), repeat=2):
        values = [
            _mean(cell, found)
            for cell in balanced
            if (cell.levels[first], cell.levels[second]) == levels
        ]
        means[levels] = scale * math.fsum(values) / len(values)
    return [(means[False, on], means[True, on]) for on in (False, True)]


def _balanced(ablation: Ablation) -> list[Cell]:
    """The cells of which each pair of levels has as many."""
    if ablation.design == "full":
        return list(ablation.cells)
    by_parity: list[list[Cell]] = [[], []]
    for cell in ablation.cells:
        by_parity[sum(cell.levels.values()) % 2].append(cell)
    return max(by_parity, key=len)


# --- the rest -------------------------------------------------------------------------


def others(material: AblationMaterial) -> list[Block]:
    """The same about cross-entropy and calibration, which decide nothing."""
    ablation, words = material.ablation, material.words
    blocks: list[Block] = []
    for found in ablation.effects:
        if found.metric != ablation.primary_metric:
            name = name_of(found.metric, words)
            table = ablation_tables.effects(
                found, ablation.alpha, words, kinds=("shapley",)
            )
            blocks += [Text(words("label", name=name)), table]
    return [*blocks, Text(words("ablation_report.caption_others"))] if blocks else []


def checks(material: AblationMaterial) -> list[Block]:
    """Whether it was the budget, and what the baseline against itself shows."""
    ablation, words = material.ablation, material.words
    texts = (
        ablation_sentences.budget_matched(ablation, words),
        ablation_sentences.control(ablation, words),
    )
    return [Text(text) for text in texts if text]


def recipes(material: AblationMaterial) -> list[Block]:
    """What each factor changes, and the recipes at both ends."""
    ablation, words = material.ablation, material.words
    table = ablation_tables.levels(ablation, words)
    ends = [ablation.arm(name) for name in (ablation.baseline, ablation.full)]
    whole = tables.recipes(ends, words, only_changes=False)
    unknown = [clean(arm.name) for arm in ablation.arms if arm.recipe is None]
    return [
        *([table] if table else []),
        *([Fold(words("details_recipes"), [whole])] if whole else []),
        *(
            [Text(words("unknown_recipe", names=words.list(unknown)))]
            if unknown
            else []
        ),
    ]


def arms(material: AblationMaterial) -> list[Block]:
    """Every arm with its results and its cost."""
    return [ablation_tables.cells(material.ablation, material.arms, material.words)]


def sources(material: AblationMaterial) -> list[Block]:
    """Where code, data and runs come from, and the command that repeats it all."""
    ablation, words = material.ablation, material.words
    known = [arm for arm in ablation.arms if arm.name in material.arms]
    runs = sections.runs_and_versions(
        known, [material.arms[arm.name] for arm in known], words
    )
    rows = sections.code_and_data(
        ablation,
        ablation_notes.metric_chosen(ablation, words),
        ablation_notes.choices(ablation, words),
        material.provenance,
        words,
    )
    return [
        *sections.linked(material.links, words),
        sections.origins(rows),
        Fold(words("ablation_report.runs"), [sections.origins(runs)]),
        *sections.repetition(material.provenance, words),
        *sections.runs_of_seeds(ablation.arms, material.provenance, words),
    ]


def limits(material: AblationMaterial) -> list[Block]:
    """How it was computed, what the answer is about, and what it is not about."""
    ablation, words = material.ablation, material.words
    has_examples = ablation.primary.total.estimate.se_item is not None
    counted = "counts_examples" if has_examples else "counts_seeds"
    return [
        Text(words(f"designs.{ablation.design}")),
        Text(words("ablation_report.method", counted=words(f"designs.{counted}"))),
        *sections.limits_of(
            ablation_sentences.scope(ablation, words),
            sentences.not_covered(ablation, words),
            words,
        ),
    ]
