"""The comparison on a terminal: tables, the verdict in its color, the warnings.

Made for 80 columns. `rich` leaves colors out where nobody would see them: in a pipe,
and with NO_COLOR.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from didithelp.comparison import Comparison
from didithelp.language import sentences
from didithelp.language.words import Words, clean
from didithelp.report import tables
from didithelp.report.width import TERMINAL_WIDTH

HEADER_WIDTH = 24  # of a column, where it takes several lines
COLORS = {
    "better": "bold green",
    "worse": "bold red",
    "equivalent": "bold blue",
    "inconclusive": "bold yellow",
}


def summary(comparison: Comparison, warnings: list[str], words: Words) -> Group:
    """The arms, the verdict on each candidate, and what changes its meaning."""
    primary = comparison.primary
    title = [Text(line, "bold") for line in wrapped(sentences.title(comparison, words))]
    parts: list[Any] = [*title, Text(), _arms(comparison, words), Text()]
    if len(primary) == 1:
        verdict = primary[0].verdict
        label = f"{words('label', name=words('verdict').lower())} "
        parts.append(Text.assemble(label, (words(verdict), COLORS[verdict])))
    else:
        parts += [_differences(comparison, words), Text()]
    for answer in sentences.answers(comparison, words):
        parts += map(Text, wrapped(answer))
        if len(primary) > 1:
            parts.append(Text())
    return Group(*parts, *warning_lines(warnings, words))


def warning_lines(warnings: list[str], words: Words) -> Iterator[Text]:
    """The warnings, each with its mark in color."""
    for warning in warnings:
        mark = f"{words('label', name=words('warning'))} "
        first, *others = wrapped(mark + warning, indent="  ")
        yield Text.assemble((first[: len(mark)], "yellow"), first[len(mark) :])
        yield from map(Text, others)


def _arms(comparison: Comparison, words: Words) -> Table:
    """The arms with the metric that decides, and what else has room in 80 columns."""
    header, *rows = tables.arms_in_short(comparison, words)
    table = empty_table(list(map(_in_lines, header)))
    for row in rows:
        table.add_row(*map(clean, row))
    return table


def _differences(comparison: Comparison, words: Words) -> Table:
    """The difference of each of several candidates, with what decided on it."""
    (size, *header), rows = tables.headline_differences(comparison, words)
    table = empty_table([words("arm"), _in_lines(size), *header])
    for difference, (*cells, verdict) in zip(comparison.primary, rows, strict=True):
        colored = Text(verdict, COLORS[difference.verdict])
        table.add_row(clean(difference.candidate), *cells, colored)
    return table


def _in_lines(header: str) -> str:
    """The head of a column with the unit below, and long names in several lines."""
    parts = header.replace(", ", ",\n").splitlines()
    lines = [line for part in parts for line in textwrap.wrap(part, HEADER_WIDTH)]
    return "\n".join(lines)


def empty_table(header: list[str]) -> Table:
    """An empty table, in which long names take several lines and no number is cut."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(header[0], overflow="fold")
    for name in header[1:]:
        table.add_column(name, justify="right", no_wrap=True, overflow="fold")
    return table


def wrapped(text: str, indent: str = "") -> list[str]:
    """A text broken into lines of the terminal's width."""
    return textwrap.wrap(
        clean(text), TERMINAL_WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )
