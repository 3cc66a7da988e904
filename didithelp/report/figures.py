"""The report's figures: small single plots, each as PNG bytes and as inline SVG.

In the SVG every color is a variable of the page, so that it follows light and dark; the
PNG is for print and for other tools. Names of arms are shown as they are given.
"""

from __future__ import annotations

import functools
import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from didithelp.compared_arm import Reliability, ReliabilityBin
from didithelp.language.quantity import Quantity
from didithelp.language.words import Words
from didithelp.report.canvas import HEIGHT, blank, drawing, png
from didithelp.report.document import Drawing
from didithelp.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

LESS, MORE = LIGHT.arms[1], LIGHT.arms[0]  # colors of fewer and of more confusions
WIDEST_LABEL, HIGHEST_LABEL = 54, 36  # characters of a line along an axis
LONGEST_LEGEND = 12  # lines; more arms go into further columns
MOST_CLASSES = 15  # shown of a confusion; of more, those that changed most


@dataclass(frozen=True)
class Difference:
    """A row of the forest plot, in the unit shown; None where there is no interval."""

    name: str
    color: str
    delta: float
    interval: tuple[float, float] | None
    seed_interval: tuple[float, float] | None


@dataclass(frozen=True)
class Strip:
    """The metric of every run of an arm by ascending seed, in the unit shown.

    `mean` is written beside theirs.
    """

    name: str
    color: str
    values: list[float]
    mean: str


@dataclass(frozen=True)
class Curve:
    """A metric by epoch: one line per seed, in the order of the seeds."""

    name: str
    color: str
    lines: list[tuple[np.ndarray, np.ndarray]]  # epochs, values
    kept: list[int | None]  # the epoch whose weights were kept


# --- differences ----------------------------------------------------------------------


def forest(rows: list[Difference], margin: float | None, about: Quantity) -> Drawing:
    """Differences to the reference with their intervals, in the unit that is shown."""
    with blank(1.5 + 0.45 * len(rows)) as figure:
        axes = figure.subplots()
        if margin is not None:
            axes.axvspan(-margin, margin, color=LIGHT.grid, alpha=0.6, linewidth=0)
        axes.axvline(0, color=LIGHT.ink, linewidth=1)
        for place, row in enumerate(rows):
            _draw_difference(axes, place, row)
        axes.set_yticks(range(len(rows)), [short(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.1)
        axes.set_xlabel(in_lines(about.text("axis_difference"), WIDEST_LABEL))
        format_ticks(axes.xaxis, about.words)
        return drawing("forest", about.text("forest_alternative"), figure)


def _draw_difference(axes: Axes, place: int, row: Difference) -> None:
    """A wide bar for the interval, a thin line for that of the seeds, a dot."""
    ends = [place, place]
    if row.interval:
        axes.plot(
            row.interval,
            ends,
            color=row.color,
            linewidth=7,
            alpha=0.45,
            solid_capstyle="butt",
        )
    if row.seed_interval:
        axes.plot(row.seed_interval, ends, color=LIGHT.ink, linewidth=1.2)
    draw_dots(axes, [row.delta], [place], row.color, size=7, edge=1)


def seeds(
    name: str, arms: tuple[Strip, Strip], paired: bool, about: Quantity
) -> Drawing:
    """The metric of every seed in the unit shown; a line joins the runs of a seed."""
    with blank() as figure:
        axes = figure.subplots()
        if paired:
            _join(axes, *arms, higher_is_better=about.metric.higher_is_better)
        for place, arm in enumerate(arms):
            spread = np.zeros(len(arm.values))
            if not paired and len(arm.values) > 1:  # in the order of the seeds
                spread = np.linspace(-0.12, 0.12, len(arm.values))
            draw_dots(
                axes, place + spread, arm.values, arm.color, size=5, edge=0.7, z=3
            )
            _draw_mean(axes, place, arm)
        axes.set_xticks(range(2), [short(arm.name) for arm in arms])
        axes.set_xlim(-0.75, 1.75)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel(in_lines(about.level_axis, HIGHEST_LABEL))
        format_ticks(axes.yaxis, about.words)
        return drawing(name, about.text("seeds_alternative"), figure)


def _join(axes: Axes, first: Strip, second: Strip, *, higher_is_better: bool) -> None:
    """A line per seed in the color of the arm that wins; gray where both are equal."""
    for before, after in zip(first.values, second.values, strict=True):
        winner = (second if (before < after) == higher_is_better else first).color
        color = LIGHT.muted if before == after else winner
        axes.plot([0, 1], [before, after], color=color, linewidth=1.1)


def _draw_mean(axes: Axes, place: int, arm: Strip) -> None:
    """A thick bar and its number, on the outer side, where no line is."""
    mean = math.fsum(arm.values) / len(arm.values)
    side = 1 if place else -1
    ends = [place, place + 0.3 * side]
    axes.plot(ends, [mean, mean], color=arm.color, linewidth=3.5, zorder=2)
    axes.annotate(
        arm.mean,
        (place + 0.35 * side, mean),
        ha="left" if place else "right",
        va="center",
        fontweight="bold",
    )


# --- learning curves ------------------------------------------------------------------


def curves(
    name: str, arms: list[Curve], label: str, alternative: str, words: Words
) -> Drawing:
    """A validation metric by epoch: thin lines are seeds, the band is one SD."""
    with blank() as figure:
        from matplotlib.ticker import MaxNLocator

        axes = figure.subplots()
        for arm in arms:
            _draw_seeds(axes, arm)
            _draw_mean_curve(axes, arm)
        axes.set_xlabel(words("axis_epoch"))
        axes.set_ylabel(in_lines(label, HIGHEST_LABEL))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        format_ticks(axes.xaxis, words)
        format_ticks(axes.yaxis, words)
        legend = axes.legend(ncols=math.ceil(len(arms) / LONGEST_LEGEND))
        legend.set_in_layout(False)  # however many arms there are, axes are drawn
        return drawing(name, alternative, figure)


def _draw_seeds(axes: Axes, arm: Curve) -> None:
    """A thin line per seed, with a dot at the epoch that was kept."""
    for (epochs, values), kept in zip(arm.lines, arm.kept, strict=True):
        axes.plot(epochs, values, color=arm.color, linewidth=0.6, alpha=0.55)
        at_kept = epochs == kept
        dots = epochs[at_kept], values[at_kept]
        draw_dots(axes, *dots, arm.color, size=4.5, edge=0.6, z=4)


def _draw_mean_curve(axes: Axes, arm: Curve) -> None:
    """The mean over the seeds, and a band of one standard deviation around it."""
    epochs, values = _common(arm.lines)
    mean = values.mean(axis=0)
    axes.plot(epochs, mean, color=arm.color, linewidth=2, label=short(arm.name))
    if len(values) > 1:
        sd = values.std(axis=0, ddof=1)
        band = mean - sd, mean + sd
        axes.fill_between(epochs, *band, color=arm.color, alpha=0.18, linewidth=0)


def _common(
    lines: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """The epochs that every seed has a value for, and the (seeds, epochs) values there.

    A mean of later epochs would be one of the seeds that stopped late alone.
    """
    common = functools.reduce(np.intersect1d, [epochs for epochs, _ in lines])
    values = [values[np.isin(epochs, common)] for epochs, values in lines]
    return common, np.array(values)


# --- reliability ----------------------------------------------------------------------


def reliability(
    name: str,
    title: str,
    shares: Reliability,
    color: str,
    words: Words,
) -> Drawing:
    """Accuracy by confidence, and below it how many predictions each bin holds."""
    with blank(HEIGHT + 0.7) as figure:
        above, below = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
        )
        filled = [each for each in shares.pooled if each.count]
        heights = [each.accuracy for each in filled if each.accuracy is not None]
        _bars(above, filled, heights, color=color, alpha=0.45)
        for bins in shares.per_seed:
            points = [(each.confidence, each.accuracy) for each in bins if each.count]
            line = zip(*points, strict=True)
            above.plot(*line, color=color, linewidth=0.8, alpha=0.8)
        above.plot([0, 1], [0, 1], color=LIGHT.ink, linewidth=1, linestyle=(0, (4, 3)))
        above.set_ylim(0, 1)
        above.set_ylabel(words("axis_share_right"))
        above.set_title(title, loc="left")
        heights = [each.count for each in filled]
        _bars(below, filled, heights, color=LIGHT.muted, alpha=0.7)
        below.set_yscale("log")
        below.minorticks_off()
        below.yaxis.set_major_formatter(lambda value, _: words.count(round(value)))
        below.set_xlim(0, 1)
        below.set_xlabel(words("axis_confidence"))
        below.set_ylabel(words("axis_predictions"))
        format_ticks(above.yaxis, words)
        format_ticks(below.xaxis, words)
        return drawing(name, f"{words('reliability_alternative')} {title}", figure)


def _bars(
    axes: Axes,
    bins: Sequence[ReliabilityBin],
    heights: Sequence[float],
    *,
    color: str,
    alpha: float,
) -> None:
    """A bar from edge to edge of each bin."""
    axes.bar(
        [each.low for each in bins],
        np.array(heights, dtype=float),
        [each.high - each.low for each in bins],
        align="edge",
        color=color,
        alpha=alpha,
        edgecolor=LIGHT.paper,
        linewidth=0.8,
    )


# --- confusion ------------------------------------------------------------------------


def confusion(name: str, title: str, change: np.ndarray, words: Words) -> Drawing:
    """The change of a confusion: (classes, classes) images, rows are true classes."""
    shown = _most_changed(change)
    part = change[np.ix_(shown, shown)]
    size, labels = len(shown), [str(label) for label in shown]
    with blank(HEIGHT + 0.7) as figure:
        axes = figure.subplots()
        _draw_cells(axes, part, words)
        axes.plot([-0.5, size - 0.5], [-0.5, size - 0.5], color=LIGHT.grid, zorder=0)
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xticks(range(size), labels)
        axes.set_yticks(range(size), labels)
        axes.tick_params(length=0)
        axes.set_aspect("equal")
        axes.grid(visible=False)
        axes.set_title(title, loc="left")
        axes.set_xlabel(words("axis_predicted"))
        axes.set_ylabel(words("axis_true"))
        return drawing(name, f"{words('confusion_alternative')} {title}", figure)


def _draw_cells(axes: Axes, change: np.ndarray, words: Words) -> None:
    """A colored square for each change, the stronger the larger, with its number."""
    from matplotlib.patches import Rectangle

    largest = max(float(np.abs(change).max()), 1e-12)
    for row, column in np.argwhere(change):
        value = change[row, column]
        square = Rectangle(
            (column - 0.48, row - 0.48),
            0.96,
            0.96,
            facecolor=LESS if (value > 0) == (row == column) else MORE,
            alpha=0.08 + 0.72 * abs(value) / largest,
            linewidth=0,
        )
        axes.add_patch(square)
        if abs(value) >= 0.05:
            text = words.number(value, 0 if abs(value) >= 9.95 else 1, "+")
            fontsize = 7 if len(change) <= 10 else 5.5
            axes.text(column, row, text, ha="center", va="center", fontsize=fontsize)


def _most_changed(change: np.ndarray) -> np.ndarray:
    """The classes to show, in ascending order."""
    involved = np.abs(change).sum(axis=0) + np.abs(change).sum(axis=1)
    return np.sort(np.argsort(-involved, kind="stable")[:MOST_CLASSES])


# --- pictures -------------------------------------------------------------------------


def sheet(images: list[np.ndarray], titles: list[str]) -> bytes:
    """PNG of test images (height, width[, channels]) with a text above each."""
    columns = min(4, len(images))
    rows = math.ceil(len(images) / columns)
    with blank(1.75 * rows, width=1.7 * columns) as figure:
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in cells:
            axes.axis("off")
        for axes, image, title in zip(cells, images, titles, strict=False):
            pixels = _without_single_channel(image)
            axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="none")
            axes.set_title(title, fontsize=7, loc="left")
        return png(figure)


def picture(image: np.ndarray) -> bytes:
    """PNG of one uint8 image (height, width) in gray, or (height, width, 1 or 3)."""
    file = io.BytesIO()
    Image.fromarray(_without_single_channel(image)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _without_single_channel(image: np.ndarray) -> np.ndarray:
    """The image, (height, width) where it has one channel alone."""
    is_gray = image.ndim == 3 and image.shape[2] == 1
    return image[:, :, 0] if is_gray else image


# --- parts ----------------------------------------------------------------------------


def arm_color(place: int) -> str:
    """The color of an arm: the reference has its own, candidates take turns."""
    if place == 0:
        return LIGHT.arms[0]
    return LIGHT.arms[1 + (place - 1) % (len(LIGHT.arms) - 1)]


def short(name: str, most: int = 22) -> str:
    """A name that fits a figure."""
    return name if len(name) <= most else name[: most - 1] + "…"


def in_lines(label: str, width: int) -> str:
    """The label of an axis in lines that are not longer than the axis."""
    return "\n".join(textwrap.wrap(label, width))


def draw_dots(
    axes: Axes, x: Any, y: Any, color: str, *, size: float, edge: float, z: float = 2
) -> None:
    """Dots with an edge that sets them off from lines; sizes in points."""
    axes.plot(
        x, y, "o", color=color, markersize=size, mec=LIGHT.paper, mew=edge, zorder=z
    )


def format_ticks(axis: Axis, words: Words) -> None:
    """Ticks in the decimal notation of the language."""

    def written(value: float, _: float) -> str:
        largest = max(map(abs, axis.get_view_interval()))
        return words.tick(0.0 if abs(value) < 1e-9 * largest else value)  # rounding

    axis.set_major_formatter(written)
