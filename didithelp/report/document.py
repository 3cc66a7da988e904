"""What a report consists of, before it becomes HTML or LaTeX.

Texts are plain: whoever renders them escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drawing:
    """A finished figure.

    Attributes:
        alternative: what it shows, for who cannot see it.
        png: bytes of a file, on white.
        svg: an element to put into a page as it is.
    """

    name: str
    alternative: str
    png: bytes
    svg: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list."""

    items: list[str]


@dataclass(frozen=True)
class Code:
    """A command line, to be copied."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names the row, the others are numbers.

    Attributes:
        marks: per row the verdict that its last cell tells, or "".
        prose: whether the other columns are texts as well.
    """

    header: list[str]
    rows: list[list[str]]
    caption: str = ""
    marks: list[str] = field(default_factory=list)
    prose: bool = False


@dataclass(frozen=True)
class Plots:
    """Figures that share one caption."""

    drawings: list[Drawing]
    caption: str


@dataclass(frozen=True)
class Card:
    """A test image and what is to be said about it; PNG bytes, or None without it."""

    index: int
    picture: bytes | None
    alternative: str
    lines: list[str]


@dataclass(frozen=True)
class Gallery:
    """Test images. `sheet` is the name of the figure that holds them all, if any."""

    title: str
    cards: list[Card]
    sheet: str | None


@dataclass(frozen=True)
class Fold:
    """What is there for who wants it."""

    summary: str
    blocks: Sequence[Block]


Block = Text | Items | Code | Table | Plots | Gallery | Fold


@dataclass(frozen=True)
class Section:
    """A heading and what is below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes:
        verdicts: the verdict of every candidate and the text that says it.
        warnings: what changes the meaning of the answer; shown right below it.
    """

    title: str
    language: str
    verdicts: list[tuple[str, str]]
    sentences: list[str]
    warnings: list[str]
    sections: list[Section]
