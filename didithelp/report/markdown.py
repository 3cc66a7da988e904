"""The comparison as Markdown: `table.md`, and in short `summary.md` and a note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from didithelp.arm import Arm
from didithelp.comparison import Comparison
from didithelp.language import sentences
from didithelp.language.words import Words, clean
from didithelp.provenance import Provenance
from didithelp.report import tables
from didithelp.report.document import Table
from didithelp.requirement import Requirement

# What Markdown would act on; an underscore within a word and a lone < are plain text.
MARK = re.compile(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")


def table(
    comparison: Comparison, arms: Sequence[Arm], warnings: list[str], words: Words
) -> str:
    """`table.md`: the answer, tables with every number, choices and warnings."""
    reference = comparison.reference
    return joined(
        [
            [f"# {escape(sentences.title(comparison, words))}"],
            [_verdict(comparison, words)],
            table_lines(tables.arm_table(comparison, arms, words)),
            [escape(words("difference_from", reference=reference))],
            *map(table_lines, tables.difference_tables(comparison, words)),
            bullets(sentences.notes(comparison, words)),
            *warning_list(warnings, words),
        ]
    )


def note(comparison: Comparison, warnings: list[str], words: Words) -> str:
    """What a reader of the run's page in MLflow needs first."""
    return joined(_short(comparison, warnings, words))


def summary(
    comparison: Comparison,
    warnings: list[str],
    words: Words,
    requirement: Requirement,
    provenance: Provenance,
) -> str:
    """`summary.md`: the note, whether a requirement is met, and a link to the run.

    It is meant to be posted where the run is not, such as in a review.
    """
    title, *rest = _short(comparison, warnings, words)
    required = sentences.requirement(comparison, requirement, words)
    return joined(
        [
            title,
            *([[f"**{escape(required)}**"]] if required else []),
            *rest,
            *_link(provenance, words),
        ]
    )


def _short(
    comparison: Comparison, warnings: list[str], words: Words
) -> list[list[str]]:
    """The parts of a short text: title, verdict, headline numbers, warnings."""
    return [
        [f"### {escape(sentences.title(comparison, words))}"],
        [_verdict(comparison, words)],
        table_lines(tables.headline(comparison, words)),
        *warning_list(warnings, words),
        [escape(words("look_at_report"))],
    ]


def _link(provenance: Provenance, words: Words) -> list[list[str]]:
    """The run, as a link where its page has an address; nothing without a run."""
    run = provenance.run_id
    if run is None:
        return []
    page = provenance.pages.get(run)
    link = f"`{run}`" if page is None else f"[{run}](<{page}>)"
    return [[f"{escape(words('label', name=words('run')))} {link}"]]


def escape(text: str) -> str:
    """Text that Markdown shows as it is, inside and outside of tables."""
    return MARK.sub(r"\\\g<0>", clean(text))


def _verdict(comparison: Comparison, words: Words) -> str:
    """The verdict, or one for each candidate, and the answers."""
    primary = comparison.primary
    verdicts = [words(difference.verdict) for difference in primary]
    if len(primary) > 1:
        names = [escape(difference.candidate) for difference in primary]
        pairs = zip(names, verdicts, strict=True)
        verdicts = [f"{name} {verdict}" for name, verdict in pairs]
    answer = escape(" ".join(sentences.answers(comparison, words)))
    label = words("label", name=words("verdict"))
    return f"**{label} {', '.join(verdicts)}.** {answer}"


def warning_list(warnings: list[str], words: Words) -> list[list[str]]:
    """The part of a text that lists the warnings; no part without any."""
    if not warnings:
        return []
    return [[words("label", name=words("warnings")), "", *bullets(warnings)]]


def bullets(texts: Iterable[str]) -> list[str]:
    """The lines of a list."""
    return [f"- {escape(text)}" for text in texts]


def table_lines(table: Table) -> list[str]:
    """The lines of a padded table, numbers to the right."""
    cells = [[escape(cell) for cell in row] for row in [table.header, *table.rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        [row[0].ljust(widths[0])]
        + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        for row in cells
    ]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [f"| {' | '.join(row)} |" for row in (lines[0], rule, *lines[1:])]


def joined(parts: list[list[str]]) -> str:
    """A text of parts, each of several lines, with an empty line between them."""
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"
