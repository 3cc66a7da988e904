"""The section of a report on planned looks: what each of them saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from didithelp.comparison import Look, Looks
from didithelp.language import look_sentences, quantity
from didithelp.language.quantity import Quantity
from didithelp.language.words import EMPTY, clean
from didithelp.planned_looks import LEAST_CHANCE
from didithelp.report.canvas import blank, drawing
from didithelp.report.document import Block, Drawing, Plots, Table, Text
from didithelp.report.figures import (
    HIGHEST_LABEL,
    arm_color,
    draw_dots,
    format_ticks,
    in_lines,
)
from didithelp.report.frame import train_seconds
from didithelp.report.material import ComparisonMaterial
from didithelp.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOUNDARY_WIDTH = 0.24  # of the marks in a figure, in looks


def section(material: ComparisonMaterial) -> list[Block]:
    """What the planned looks saw; no block where none were planned."""
    words, comparison = material.words, material.comparison
    found = comparison.looks
    if found is None:
        return []
    about = quantity.of_comparison(comparison, words)
    margin = about.scaled(comparison.margin)
    figures = [
        _figure(place, difference.candidate, found, margin, about)
        for place, difference in enumerate(comparison.primary, start=1)
    ]
    return [
        *_saved(material, found),
        _table(found, about, len(comparison.primary)),
        Plots(figures, words("caption_looks_figure")),
    ]


def _saved(material: ComparisonMaterial, found: Looks) -> list[Block]:
    """How long the trainings that were not needed would have taken, if it is known."""
    seconds = [train_seconds(arm) for arm in material.arms]
    known = [each for each in seconds if each is not None]
    if not found.saved_seeds or found.unused_runs or len(known) < len(seconds):
        return []
    minutes = material.words.number(found.saved_seeds * sum(known) / 60, 1)
    return [Text(material.words("saved_minutes", minutes=minutes))]


def _table(found: Looks, about: Quantity, num_candidates: int) -> Table:
    """A row for each look at each candidate, then the looks that were not taken."""
    words = about.words
    header = [
        words("seeds"),
        words("arm"),
        about.difference_column,
        words("interval"),
        words("p_column"),
        words("p_equivalence"),
        words("look_level"),
        words("look_chance"),
        words("verdict_column"),
    ]
    rows = [_cells(look, found, about) for look in found.taken]
    left = "look_not_needed" if found.is_over else "look_to_come"
    rows += [
        [words.count(seeds), *[EMPTY] * 5, words.plain(level), EMPTY, words(left)]
        for seeds, level in zip(found.planned, found.levels, strict=True)
        if seeds > found.num_seeds
    ]
    if num_candidates == 1:
        for row in (header, *rows):
            del row[1]
    verdicts = [look.verdict for look in found.taken]
    marks = [verdict if verdict != "inconclusive" else "" for verdict in verdicts]
    return Table(
        header,
        rows,
        words("caption_looks", least=words.percent(LEAST_CHANCE, 0)),
        marks + [""] * (len(rows) - len(marks)),
    )


def _cells(look: Look, found: Looks, about: Quantity) -> list[str]:
    words, interval = about.words, look.interval
    ends = about.range((interval.low, interval.high))
    if ends != EMPTY:
        level = words.plain(100 * interval.level)
        ends = words("range_at", range=ends, level=level)
    return [
        words.count(look.num_seeds),
        clean(look.candidate),
        about.number(look.delta, "+"),
        ends,
        words.p(look.p_holm, look.level),
        words.p(look.p_tost_holm, look.level),
        words.plain(look.level),
        words.percent(look.chance, 0),
        look_sentences.state(look, found, words),
    ]


def _figure(
    place: int, candidate: str, found: Looks, margin: float | None, about: Quantity
) -> Drawing:
    """The estimate by look with its interval, and what it must lie beyond."""
    with blank() as figure:
        axes, color = figure.subplots(), arm_color(place)
        if margin is not None:
            axes.axhspan(-margin, margin, color=LIGHT.grid, alpha=0.6, linewidth=0)
        axes.axhline(0, color=LIGHT.ink, linewidth=1)
        for look in found.taken:
            if look.candidate == candidate:
                _draw(axes, found.planned.index(look.num_seeds), look, about, color)
        axes.set_xticks(range(len(found.planned)), [str(n) for n in found.planned])
        axes.set_xlim(-0.6, len(found.planned) - 0.4)
        axes.grid(axis="x", visible=False)
        axes.set_xlabel(about.words("axis_look"))
        axes.set_ylabel(in_lines(about.text("axis_difference"), HIGHEST_LABEL))
        axes.set_title(clean(candidate), loc="left")
        format_ticks(axes.yaxis, about.words)
        return drawing(f"looks_{place}", about.words("looks_alternative"), figure)


def _draw(axes: Axes, place: int, look: Look, about: Quantity, color: str) -> None:
    """A dot and a wide bar, and a mark on either side of zero."""
    ends = [about.scaled(end) for end in (look.interval.low, look.interval.high)]
    low, high = ends
    if low is not None and high is not None:
        axes.vlines(place, low, high, color=color, linewidth=7, alpha=0.45)
        half = (high - low) / 2
        # The interval of an equivalence is one of two one-sided tests, and narrower.
        boundaries = (-half, half) if look.verdict != "equivalent" else ()
        sides = [place - BOUNDARY_WIDTH, place + BOUNDARY_WIDTH]
        for boundary in boundaries:
            axes.plot(sides, [boundary] * 2, color=LIGHT.ink, linewidth=1.2)
    draw_dots(axes, [place], [about.scale * look.delta], color, size=7, edge=1)
