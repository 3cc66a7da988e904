"""The ablation as Markdown: `table.md`, and the shorter note for MLflow."""

from __future__ import annotations

from didithelp.language import ablation_notes, ablation_sentences
from didithelp.report import ablation_tables
from didithelp.report.ablation_sections import AblationMaterial
from didithelp.report.markdown import (
    bullets,
    escape,
    joined,
    table_lines,
    warning_list,
)


def table(material: AblationMaterial, warnings: list[str]) -> str:
    """`table.md`: the answer, tables with every number, choices and warnings."""
    ablation, words = material.ablation, material.words
    found = ablation.primary
    pairs = ablation_tables.interactions(found, ablation.alpha, words)
    notes = [
        *ablation_notes.interactions(ablation, words),
        words("note_scope", scope=ablation_sentences.scope(ablation, words)),
        ablation_notes.choices(ablation, words),
    ]
    return joined(
        [
            *_answer(material, "#"),
            *map(table_lines, ablation_tables.details(found, ablation.alpha, words)),
            *([table_lines(pairs)] if pairs.rows else []),
            table_lines(ablation_tables.cells(ablation, material.arms, words)),
            bullets(notes),
            *warning_list(warnings, words),
        ]
    )


def note(material: AblationMaterial, warnings: list[str]) -> str:
    """What a reader of the run's page in MLflow needs first."""
    words = material.words
    return joined(
        [
            *_answer(material, "###"),
            *warning_list(warnings, words),
            [escape(words("ablation_report.look_at_report"))],
        ]
    )


def _answer(material: AblationMaterial, mark: str) -> list[list[str]]:
    """Title, sentence, table of effects and checks."""
    ablation, words = material.ablation, material.words
    effects = ablation_tables.effects(ablation.primary, ablation.alpha, words)
    checks = (
        ablation_sentences.budget_matched(ablation, words),
        ablation_sentences.control(ablation, words),
    )
    return [
        [f"{mark} {escape(ablation_notes.title(ablation, words))}"],
        [escape(ablation_sentences.answer(ablation, words))],
        table_lines(effects),
        *([escape(text)] for text in checks if text),
    ]
