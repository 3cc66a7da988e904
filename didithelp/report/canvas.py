"""What figures are drawn on: their size and style, and the bytes that they become.

Nothing here uses pyplot or leaves a global state behind: figures are objects, drawn in
a style of their own, one at a time, and equal inputs give equal bytes. matplotlib is
imported with the first figure: that takes longer than all else that a report needs.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING

from didithelp.report import svg
from didithelp.report.document import Drawing
from didithelp.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.4, 3.2  # inches; narrow enough to be read on a phone
PNG_DPI = 160
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": LIGHT.muted,
    "axes.grid": True,
    "axes.labelcolor": LIGHT.ink,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.facecolor": LIGHT.paper,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 9,
    "grid.color": LIGHT.grid,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tp2",
    "text.color": LIGHT.ink,
    "text.parse_math": False,  # "$" in a name is a dollar
    "xtick.color": LIGHT.muted,
    "xtick.labelcolor": LIGHT.ink,
    "ytick.color": LIGHT.muted,
    "ytick.labelcolor": LIGHT.ink,
}


_one_at_a_time = threading.RLock()


@contextmanager
def blank(height: float = HEIGHT, width: float = WIDTH) -> Iterator[Figure]:
    """An empty figure in our style, to be drawn and stored inside of the `with`.

    No matplotlibrc changes the style. The style is global to matplotlib while it lasts,
    so other threads wait for their figure.

    Args:
        height: in inches.
        width: in inches.
    """
    matplotlib = _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _one_at_a_time, matplotlib.rc_context(), warnings.catch_warnings():
        # A name may be written in letters that the font lacks; it is shown as boxes.
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure


def drawing(name: str, alternative: str, figure: Figure) -> Drawing:
    """The finished figure as PNG and SVG."""
    pixels = png(figure)
    figure.set_layout_engine("none")  # keep the layout; finding it again is slow
    file = io.StringIO()
    without = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=without)
    element = svg.embedded(file.getvalue(), name, alternative)
    return Drawing(name, alternative, pixels, element)


def png(figure: Figure) -> bytes:
    """The finished figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return file.getvalue()


def _matplotlib() -> ModuleType:
    """The package, imported whatever MPLBACKEND says.

    A notebook puts its own backend into that variable. Where the backend is not
    installed, importing matplotlib would fail, though nothing here draws on a screen.
    So the variable is hidden from the first import, and its backend is set after it.
    """
    is_first = "matplotlib" not in sys.modules
    backend = os.environ.pop("MPLBACKEND", None) if is_first else None
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
    return matplotlib
