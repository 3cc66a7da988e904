"""What a report consists of, before it becomes HTML or LaTeX.

Texts are plain: what turns them into HTML or LaTeX escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drawing:
    """A finished figure.

    Attributes:
        name: of its file, without the ending; no other figure of the report has it.
        alternative: what it shows, for readers who cannot see it.
        png: the bytes of a PNG file, on white.
        svg: an <svg> element, to be put into a page as it is.
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
    """A command line to copy."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names the row, the others are numbers.

    Attributes:
        header: names of the columns; empty texts where there is no header.
        caption: the text below it; empty for none.
        marks: the verdict that the last cell of each row tells, or "" for none.
        prose: whether the other columns are texts as well.
        links: by the text of a cell, the web address that it leads to.
    """

    header: list[str]
    rows: list[list[str]]
    caption: str = ""
    marks: list[str] = field(default_factory=list)
    prose: bool = False
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plots:
    """Figures that share one caption."""

    drawings: list[Drawing]
    caption: str


@dataclass(frozen=True)
class Card:
    """A test image and what the arms make of it.

    Attributes:
        index: its place in the test set, from 0.
        picture: the bytes of a PNG file; None where images are not known.
        alternative: what it shows, for readers who cannot see it.
        lines: what is to be said about it.
    """

    index: int
    picture: bytes | None
    alternative: str
    lines: list[str]


@dataclass(frozen=True)
class Gallery:
    """Test images.

    Attributes:
        sheet: name of the figure that holds them all; None without pictures.
    """

    title: str
    cards: list[Card]
    sheet: str | None


@dataclass(frozen=True)
class Fold:
    """Blocks that are hidden until the reader opens them."""

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
        language: "en" or "fr".
        verdicts: the verdict on every candidate, and the text that says it.
        sentences: the answer on every candidate.
        warnings: what changes the meaning of the answer; shown right below it.
    """

    title: str
    language: str
    verdicts: list[tuple[str, str]]
    sentences: list[str]
    warnings: list[str]
    sections: list[Section]
