"""The figures of an ablation: what each factor adds, and how factors interact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from didithelp.language.words import Words
from didithelp.report.canvas import blank, drawing
from didithelp.report.document import Drawing
from didithelp.report.figures import (
    WIDEST_LABEL,
    draw_dots,
    format_ticks,
    in_lines,
    short,
)
from didithelp.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = (2.9, 2.75)  # inches; three side by side fill a page, one fits a phone
HIGHEST_LABEL = 24  # characters of a line along the upright axis of a panel
STYLES = ("-", "--")  # of the lines with the second factor off and on
ROW = 0.42  # inches that a bar and its name take


@dataclass(frozen=True)
class Bar:
    """A row of a figure of effects; numbers in the unit of the axis.

    Attributes:
        name: of what is shown.
        color: of the bar, or of the dot where it has no length.
        start, end: where the bar begins and ends.
        interval: of the end; None where it is not known.
        text: the number that stands beside it.
    """

    name: str
    color: str
    start: float
    end: float
    interval: tuple[float, float] | None
    text: str


@dataclass(frozen=True)
class Panel:
    """One pair of factors of the interaction plot.

    Attributes:
        title: what is shown of the pair.
        factors: the one on the axis, and the one that has the lines.
        levels: of each of them, the texts of off and on.
        means: a line per level of the second factor: its values at both levels of the
            first, in the unit of the axis.
    """

    title: str
    factors: tuple[str, str]
    levels: tuple[tuple[str, str], tuple[str, str]]
    means: Sequence[tuple[float, float]]


def bars(
    name: str,
    rows: Sequence[Bar],
    label: str,
    alternative: str,
    words: Words,
    *,
    is_chain: bool,
) -> Drawing:
    """Horizontal bars with intervals and their numbers.

    Args:
        name: of the figure.
        rows: from top to bottom.
        label: of the axis.
        alternative: what the figure shows.
        words: of the language.
        is_chain: whether each row begins where the row above ends; a line joins them
            then. Else all bars begin at a line of their own.
    """
    with blank(0.9 + ROW * len(rows)) as figure:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            _draw_bar(axes, place, row)
        if is_chain:
            for place, row in enumerate(rows[:-1]):
                ends = [place, place + 1]
                axes.plot([row.end] * 2, ends, color=LIGHT.muted, linewidth=0.8)
        else:
            axes.axvline(rows[0].start, color=LIGHT.ink, linewidth=1)
        axes.set_yticks(range(len(rows)), [_wrapped(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.use_sticky_edges = False  # of bars, which would end at the frame
        axes.margins(x=0.06)
        axes.set_xlabel(in_lines(label, WIDEST_LABEL))
        format_ticks(axes.xaxis, words)
        return drawing(name, alternative, figure)


def _draw_bar(axes: Axes, place: int, row: Bar) -> None:
    """The bar or the dot, its interval as a thin line, its number at the margin."""
    if row.start == row.end:
        draw_dots(axes, [row.end], [place], row.color, size=7, edge=1, z=4)
    else:
        length = row.end - row.start
        axes.barh(place, length, 0.62, row.start, color=row.color, alpha=0.6, zorder=2)
    if row.interval:
        ends = [place, place]
        axes.plot(row.interval, ends, color=LIGHT.ink, linewidth=1.3, zorder=3)
    axes.text(
        1.02,
        place,
        row.text,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontweight="bold",
    )


def interaction(
    name: str,
    panel: Panel,
    span: tuple[float, float],
    label: str,
    alternative: str,
    words: Words,
) -> Drawing:
    """A panel of the interaction plot.

    Args:
        name: of the figure.
        panel: the pair of factors.
        span: lowest and highest mean of all panels, which share their scale.
        label: of the axis of the metric.
        alternative: what the figure shows.
        words: of the language.
    """
    width, height = PANEL
    with blank(height, width) as figure:
        axes = figure.subplots()
        _draw_lines(axes, panel)
        axes.set_xticks([0, 1], [_wrapped(level) for level in panel.levels[0]])
        axes.set_xlim(-0.35, 1.35)
        room = 0.08 * (span[1] - span[0]) or 0.1
        axes.set_ylim(span[0] - room, span[1] + room)
        axes.grid(axis="x", visible=False)
        axes.set_title(panel.title, loc="left", fontsize=9)
        axes.set_xlabel(_wrapped(panel.factors[0]))
        axes.set_ylabel(in_lines(label, HIGHEST_LABEL))
        format_ticks(axes.yaxis, words)
        figure.legend(
            loc="outside lower left",
            title=_wrapped(panel.factors[1]),
            title_fontsize=8.5,
            fontsize=8.5,
            alignment="left",
        )
        return drawing(name, alternative, figure)


def _draw_lines(axes: Axes, panel: Panel) -> None:
    """A line and two dots for each level of the second factor."""
    for color, style, level, means in zip(
        LIGHT.arms[:2], STYLES, panel.levels[1], panel.means, strict=True
    ):
        axes.plot([0, 1], means, style, color=color, label=short(level, 30))
        draw_dots(axes, [0, 1], means, color, size=5.5, edge=0.7, z=3)


def _wrapped(name: str) -> str:
    """A name on lines that fit a figure, broken where it joins parameters."""
    parts = re.findall(r"[^+,]+[+,]?|[+,]", name)
    return "\n".join(short(part.strip(), 26) for part in parts[:3])
