"""The ablation on a terminal: the effects, the answer, the checks, the warnings."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from didithelp.language import ablation_notes, ablation_sentences
from didithelp.report import ablation_tables
from didithelp.report.ablation_sections import AblationMaterial
from didithelp.report.terminal import (
    COLORS,
    empty_table,
    warning_lines,
    wrapped,
)


def summary(material: AblationMaterial, warnings: list[str]) -> Group:
    """What each factor does, in words as well, and what changes its meaning."""
    ablation, words = material.ablation, material.words
    title = ablation_notes.title(ablation, words)
    effects = ablation_tables.in_short(ablation.primary, ablation.alpha, words)
    first, *others = effects.header
    table = empty_table([first, *(name.replace(" ", "\n") for name in others)])
    for (*cells, verdict), mark in zip(effects.rows, effects.marks, strict=True):
        table.add_row(*cells, Text(verdict, COLORS[mark]))
    parts: list[Any] = [Text(line, "bold") for line in wrapped(title)]
    parts += [Text(), table, Text()]
    for text in (
        ablation_sentences.answer(ablation, words),
        ablation_sentences.budget_matched(ablation, words),
        ablation_sentences.control(ablation, words),
    ):
        parts += map(Text, wrapped(text or ""))
    return Group(*parts, *warning_lines(warnings, words))
