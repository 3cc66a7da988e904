"""The colors of the report: on a light screen, on a dark one and on paper.

Every color stands here and nowhere else. The page has each as a variable of CSS by its
name (`--muted`, `--arm-0`); figures are drawn in LIGHT, and their SVG follows the page.

Arms have Okabe and Ito's colors, which color-blind readers can tell apart, darkened or
lightened until each stands out from the paper by the 3:1 that WCAG asks of graphics.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colors as `#rrggbb`.

    Attributes:
        paper, ink, muted: background, text, and text of less weight.
        grid, shade: lines of tables and figures, and the background of boxes.
        better, worse, equivalent, inconclusive: a verdict.
        arms: the reference first, then as many candidates as have a color to
            themselves.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    shade: str
    better: str
    worse: str
    equivalent: str
    inconclusive: str
    arms: tuple[str, ...]

    def variables(self) -> dict[str, str]:
        """The colors by the names of their variables, without the leading `--`."""
        colors = dataclasses.asdict(self)
        arms = colors.pop("arms")
        return colors | {f"arm-{place}": color for place, color in enumerate(arms)}


LIGHT = Palette(
    paper="#ffffff",
    ink="#1b1b1b",
    muted="#5c5c5c",
    grid="#d4d4d4",
    shade="#f4f4f2",
    better="#116b34",
    worse="#b3261e",
    equivalent="#0b5394",
    inconclusive="#7a5300",
    arms=("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#b97f00", "#3a9acb", "#7f6a3f"),
)
DARK = Palette(
    paper="#17181a",
    ink="#e9e8e4",
    muted="#a9a8a4",
    grid="#46484b",
    shade="#222427",
    better="#6bd58f",
    worse="#ff8f85",
    equivalent="#83bdf5",
    inconclusive="#eebd57",
    arms=("#ff8a3c", "#56b1ec", "#2ec79c", "#e29cc3", "#f0b429", "#8fd3ff", "#c7ae79"),
)
PRINT = Palette(
    paper="#ffffff",
    ink="#000000",
    muted="#444444",
    grid="#cccccc",
    shade="#ffffff",
    better="#0c5327",
    worse="#8c1d18",
    equivalent="#083e6f",
    inconclusive="#5e4000",
    arms=LIGHT.arms,
)
