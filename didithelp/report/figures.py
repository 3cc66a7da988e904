"""The report's figures: small single plots, each as PNG bytes and as inline SVG.

Nothing here uses pyplot or a global state: figures are objects, drawn in a style of
their own, and equal inputs give equal bytes. In the SVG every color is a variable of
the page, so that it follows light and dark; the PNG is for print and for other tools.
"""

from __future__ import annotations

import functools
import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from didithelp.report.words import Words

INK, MUTED, GRID, PAPER = "#1b1b1b", "#6b6b6b", "#d4d4d4", "#ffffff"
# Okabe and Ito's palette, which color-blind readers can tell apart; reference first.
ARM_COLORS = (
    "#d55e00",
    "#0072b2",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f6a3f",
)
LESS, MORE = ARM_COLORS[1], ARM_COLORS[0]  # of the cells of a confusion
# Color in the PNG → variable of the page, with the color itself as fall-back.
VARIABLES = {
    INK: "currentColor",
    MUTED: f"var(--muted, {MUTED})",
    GRID: f"var(--grid, {GRID})",
    PAPER: f"var(--paper, {PAPER})",
} | {color: f"var(--arm-{i}, {color})" for i, color in enumerate(ARM_COLORS)}

WIDTH, HEIGHT = 4.4, 3.2  # inches; narrow enough to be read on a phone
PNG_DPI = 160
MOST_CLASSES = 15  # of a confusion; with more, those that changed most
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tp2",
    "text.color": INK,
    "text.parse_math": False,  # "$" in a name is a dollar
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True)
class Drawing:
    """A finished figure. `svg` is an element to put into a page as it is."""

    name: str
    alternative: str  # what it shows, for who cannot see it
    png: bytes
    svg: str


@dataclass(frozen=True)
class Difference:
    """A row of the forest plot, in points; `None` where there is no interval."""

    name: str
    color: str
    delta: float
    interval: tuple[float, float] | None
    seed_interval: tuple[float, float] | None


@dataclass(frozen=True)
class Strip:
    """Test accuracies of an arm in percent, by ascending seed."""

    name: str
    color: str
    values: list[float]


@dataclass(frozen=True)
class Curve:
    """A metric by epoch: one line per seed, in the order of the seeds."""

    name: str
    color: str
    lines: list[tuple[np.ndarray, np.ndarray]]  # epochs, values
    kept: list[int | None]  # the epoch whose weights were kept


def forest(rows: list[Difference], margin: float, words: Words) -> Drawing:
    """Differences to the reference with their intervals, in points of accuracy."""
    with _axes(height=1.5 + 0.45 * len(rows)) as axes:
        axes.axvspan(-margin, margin, color=GRID, alpha=0.6, linewidth=0)
        axes.axvline(0, color=INK, linewidth=1)
        for place, row in enumerate(rows):
            color = row.color
            if row.interval:
                axes.plot(
                    row.interval,
                    [place, place],
                    color=color,
                    linewidth=7,
                    alpha=0.45,
                    solid_capstyle="butt",
                )
            if row.seed_interval:
                axes.plot(row.seed_interval, [place, place], color=INK, linewidth=1.2)
            axes.plot(
                [row.delta], [place], "o", color=color, markersize=7, mec=PAPER, mew=1
            )
        axes.set_yticks(range(len(rows)), [short(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.1)
        axes.set_xlabel(words("axis_difference"))
        _format(axes.xaxis, words)
        return _drawing("forest", words("forest_alternative"), axes.figure)


def seeds(name: str, arms: tuple[Strip, Strip], paired: bool, words: Words) -> Drawing:
    """Test accuracy of every seed in percent; a line joins the runs of a seed."""
    with _axes() as axes:
        if paired:
            for before, after in zip(arms[0].values, arms[1].values, strict=True):
                winner = arms[before < after].color
                color = MUTED if before == after else winner
                axes.plot([0, 1], [before, after], color=color, linewidth=1.1)
        for place, arm in enumerate(arms):
            spread = np.zeros(len(arm.values))
            if not paired and len(arm.values) > 1:  # in the order of the seeds
                spread = np.linspace(-0.12, 0.12, len(arm.values))
            axes.plot(
                place + spread,
                arm.values,
                "o",
                color=arm.color,
                markersize=5,
                mec=PAPER,
                mew=0.7,
                zorder=3,
            )
            mean = math.fsum(arm.values) / len(arm.values)
            side = 1 if place else -1  # outside, where no line is
            axes.plot(
                [place, place + 0.3 * side],
                [mean, mean],
                color=arm.color,
                linewidth=3.5,
                zorder=2,
            )
            axes.annotate(
                words.number(mean, 2),
                (place + 0.35 * side, mean),
                ha="left" if place else "right",
                va="center",
                fontweight="bold",
            )
        axes.set_xticks(range(2), [short(arm.name) for arm in arms])
        axes.set_xlim(-0.75, 1.75)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel(words("axis_test_accuracy"))
        _format(axes.yaxis, words)
        return _drawing(name, words("seeds_alternative"), axes.figure)


def curves(
    name: str, arms: list[Curve], label: str, alternative: str, words: Words
) -> Drawing:
    """A validation metric by epoch: thin lines are seeds, the band is one SD."""
    with _axes() as axes:
        for arm in arms:
            color = arm.color
            for (epochs, values), kept in zip(arm.lines, arm.kept, strict=True):
                axes.plot(epochs, values, color=color, linewidth=0.6, alpha=0.55)
                at_kept = epochs == kept
                axes.plot(
                    epochs[at_kept],
                    values[at_kept],
                    "o",
                    color=color,
                    markersize=4.5,
                    mec=PAPER,
                    mew=0.6,
                    zorder=4,
                )
            common = _common(arm.lines)
            epochs, mean = common[0], common[1].mean(axis=0)
            axes.plot(epochs, mean, color=color, linewidth=2, label=short(arm.name))
            if len(common[1]) > 1:
                spread = common[1].std(axis=0, ddof=1)
                axes.fill_between(
                    epochs,
                    mean - spread,
                    mean + spread,
                    color=color,
                    alpha=0.18,
                    linewidth=0,
                )
        axes.set_xlabel(words("axis_epoch"))
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _format(axes.xaxis, words)
        _format(axes.yaxis, words)
        axes.legend()
        return _drawing(name, alternative, axes.figure)


def reliability(
    name: str,
    title: str,
    pooled: list[dict[str, Any]],
    per_seed: list[list[dict[str, Any]]],
    color: str,
    words: Words,
) -> Drawing:
    """Accuracy by confidence, and below it how many predictions each bin holds."""
    with _figure(HEIGHT + 0.7) as figure:
        above, below = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
        )
        filled = [item for item in pooled if item["count"]]
        left = [item["low"] for item in filled]
        width = [item["high"] - item["low"] for item in filled]
        above.bar(
            left,
            [item["accuracy"] for item in filled],
            width,
            align="edge",
            color=color,
            alpha=0.45,
            edgecolor=PAPER,
            linewidth=0.8,
        )
        for bins in per_seed:
            line = [item for item in bins if item["count"]]
            above.plot(
                [item["confidence"] for item in line],
                [item["accuracy"] for item in line],
                color=color,
                linewidth=0.8,
                alpha=0.8,
            )
        above.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)))
        above.set_ylim(0, 1)
        above.set_ylabel(words("axis_share_right"))
        above.set_title(title, loc="left")
        below.bar(
            left,
            [item["count"] for item in filled],
            width,
            align="edge",
            color=MUTED,
            alpha=0.7,
            edgecolor=PAPER,
            linewidth=0.8,
        )
        below.set_yscale("log")
        below.minorticks_off()
        below.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: words.count(round(value)))
        )
        below.set_xlim(0, 1)
        below.set_xlabel(words("axis_confidence"))
        below.set_ylabel(words("axis_predictions"))
        _format(above.yaxis, words)
        _format(below.xaxis, words)
        return _drawing(name, f"{words('reliability_alternative')} {title}", figure)


def confusion(name: str, title: str, change: np.ndarray, words: Words) -> Drawing:
    """Candidate minus reference, in images: (classes, classes), rows true classes."""
    shown = _most_changed(change)
    part = change[np.ix_(shown, shown)]
    largest = max(float(np.abs(part).max()), 1e-12)
    size = len(shown)
    with _axes(height=HEIGHT + 0.7) as axes:
        for row in range(size):
            for column in range(size):
                value = part[row, column]
                if not value:
                    continue
                is_right = row == column
                axes.add_patch(
                    Rectangle(
                        (column - 0.48, row - 0.48),
                        0.96,
                        0.96,
                        facecolor=LESS if (value > 0) == is_right else MORE,
                        alpha=0.08 + 0.72 * abs(value) / largest,
                        linewidth=0,
                    )
                )
                if abs(value) >= 0.05:
                    decimals = 0 if abs(value) >= 9.95 else 1
                    axes.text(
                        column,
                        row,
                        words.number(value, decimals, "+"),
                        ha="center",
                        va="center",
                        fontsize=7 if size <= 10 else 5.5,
                    )
        axes.plot([-0.5, size - 0.5], [-0.5, size - 0.5], color=GRID, zorder=0)
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xticks(range(size), [str(label) for label in shown])
        axes.set_yticks(range(size), [str(label) for label in shown])
        axes.tick_params(length=0)
        axes.set_aspect("equal")
        axes.grid(visible=False)
        axes.set_title(title, loc="left")
        axes.set_xlabel(words("axis_predicted"))
        axes.set_ylabel(words("axis_true"))
        return _drawing(name, f"{words('confusion_alternative')} {title}", axes.figure)


def sheet(images: list[np.ndarray], titles: list[str]) -> bytes:
    """PNG of test images (height, width[, channels]) with a text below each."""
    columns = min(4, len(images))
    rows = math.ceil(len(images) / columns)
    with _figure(1.75 * rows, width=1.7 * columns) as figure:
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in cells:
            axes.axis("off")
        for axes, image, title in zip(cells, images, titles, strict=False):
            is_gray = image.ndim == 3 and image.shape[2] == 1
            pixels = image[:, :, 0] if is_gray else image
            axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="none")
            axes.set_title(title, fontsize=7, loc="left")
        return _png(figure)


def picture(image: np.ndarray) -> bytes:
    """PNG of one uint8 image (height, width) in gray, or (height, width, 1 or 3)."""
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else image.shape[2]
    color_type = {1: 0, 3: 2}[channels]
    rows = np.ascontiguousarray(image).reshape(height, width * channels)
    # Every row starts with the number of its filter: none.
    filtered = np.hstack([np.zeros((height, 1), np.uint8), rows])
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


# --- parts ----------------------------------------------------------------------------


@contextmanager
def _figure(height: float = HEIGHT, width: float = WIDTH) -> Iterator[Figure]:
    """A figure in our style, whatever a matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name may be written in letters that the font lacks; it is shown as boxes.
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure


@contextmanager
def _axes(height: float = HEIGHT) -> Iterator[Any]:
    with _figure(height) as figure:
        yield figure.subplots()


def _common(
    lines: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Epochs that every seed has a value for, and the (seeds, epochs) values there.

    Beyond them a mean would be one of the seeds that stopped late, another thing.
    """
    common = functools.reduce(np.intersect1d, [epochs for epochs, _ in lines])
    values = [values[np.isin(epochs, common)] for epochs, values in lines]
    return common, np.array(values)


def _most_changed(change: np.ndarray) -> np.ndarray:
    """The classes to show, in their order."""
    involved = np.abs(change).sum(axis=0) + np.abs(change).sum(axis=1)
    return np.sort(np.argsort(-involved, kind="stable")[:MOST_CLASSES])


def arm_color(place: int) -> str:
    """The reference has its color to itself; many candidates share the others."""
    if place == 0:
        return ARM_COLORS[0]
    return ARM_COLORS[1 + (place - 1) % (len(ARM_COLORS) - 1)]


def short(name: str, most: int = 22) -> str:
    """A name that fits a figure."""
    return name if len(name) <= most else name[: most - 1] + "…"


def _format(axis: Any, words: Words) -> None:
    """Ticks in the decimal notation of the language."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))


# --- bytes ----------------------------------------------------------------------------


def _drawing(name: str, alternative: str, figure: Figure) -> Drawing:
    png = _png(figure)
    figure.set_layout_engine("none")  # as it now is; finding it again takes as long
    return Drawing(name, alternative, png, _svg(figure, name, alternative))


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return file.getvalue()


def _svg(figure: Figure, name: str, alternative: str) -> str:
    """An <svg> element that shares a page with others and follows its colors."""
    file = io.StringIO()
    without = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=without)
    root = ElementTree.fromstring(file.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            # The style sheet would hold for the whole page; the metadata are empty.
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
        for key, value in parent.attrib.items():
            parent.set(key, _attribute(key, value, name))
    width = root.get("viewBox").split()[2]
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", alternative)
    root.set(
        "style",
        f"width: 100%; max-width: {float(width) * 4 / 3:.0f}px; "
        "stroke-linejoin: round; stroke-linecap: butt",
    )
    title = ElementTree.Element(f"{{{_SVG}}}title")
    title.text = alternative
    root.insert(0, title)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _attribute(key: str, value: str, name: str) -> str:
    """Identifiers get the figure's name in front, colors become variables."""
    if key == "id":
        return f"{name}-{value}"
    if key in ("href", f"{{{_XLINK}}}href") and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    value = value.replace("url(#", f"url(#{name}-")
    if key == "style":
        for color, variable in VARIABLES.items():
            value = value.replace(color, variable)
        value = value.replace("'DejaVu Sans'", "system-ui, sans-serif")
    return value
