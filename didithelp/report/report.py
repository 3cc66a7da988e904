"""Write a comparison for people and programs: the folder `comparison/`.

    comparison.json, table.csv      for programs: raw numbers, English, no clock
    verdict.json                    the same in short
    summary.md                      the answer in short, to be posted
    table.md, table.tex             the numbers for reading
    report.html                     everything, in one file that needs nothing else
    report.tex, figures/*.png       the same for LaTeX

Nothing here decides anything: the verdict comes from `didithelp.comparing`. What is
missing (predictions, histories, pictures) is left out, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from didithelp import caveats
from didithelp.arm import Arm
from didithelp.comparison import Caveat, Comparison
from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.looking import as_seen
from didithelp.provenance import Provenance
from didithelp.report import (
    examples,
    figures,
    flips,
    folder,
    latex,
    looks,
    markdown,
    plots,
    sections,
    tables,
)
from didithelp.report.document import Block, Document, Gallery, Section
from didithelp.report.frame import frame
from didithelp.report.html import page
from didithelp.report.material import ComparisonMaterial
from didithelp.requirement import Requirement
from didithelp.short_answer import ShortAnswer

if TYPE_CHECKING:
    from rich.console import RenderableType

# By key of a section's title: what makes its blocks. Without blocks it is left out.
SECTIONS: dict[str, Callable[[ComparisonMaterial], list[Block]]] = {
    "section_table": sections.numbers,
    "section_recipes": sections.recipes,
    "section_difference": plots.differences,
    "section_looks": looks.section,
    "section_curves": plots.curves,
    "section_reliability": plots.reliability,
    "section_confusion": flips.confusions_and_flips,
    "section_examples": examples.changes,
    "section_flips": sections.seed_by_seed,
    "section_cost": sections.cost,
    "section_provenance": sections.sources,
    "section_limits": sections.limits,
}
# Those about predictions; arms that are compared by a loss or a time have none.
ABOUT_PREDICTIONS = ("section_reliability", "section_confusion")
UNKNOWN = Provenance()
NO_LINKS: Mapping[str, str] = MappingProxyType({})


class Report:
    """One comparison, ready to be written in one language.

    Attributes:
        comparison: what it tells.
        words: of the language.
        table: one row per arm, raw numbers; see `frame.frame`.
        warnings: in the language, most important first.
    """

    def __init__(
        self,
        comparison: Comparison,
        arms: Sequence[Arm],
        *,
        language: str,
        images: np.ndarray | None = None,
        provenance: Provenance = UNKNOWN,
        requirement: Requirement = "",
        further: Sequence[Caveat] = (),
        links: Mapping[str, str] = NO_LINKS,
    ) -> None:
        """Make the report of a comparison.

        Args:
            comparison: what `comparing.compare` returned.
            arms: reference first, then the candidates, as they were compared; what is
                beyond the look that answers is left out.
            language: "en" or "fr".
            images: (N, height, width[, channels]) uint8, the test images; they are
                left out unless they are gray or RGB pictures of all test examples.
            provenance: which code made the answer.
            requirement: what the short forms of the answer hold it against; empty for
                nothing.
            further: warnings that depend on more than the arms.
            links: by what is there ("ablation"), the address of a page about the same
                arms, from the folder of this report.

        Raises:
            ValueError: the arms are not as many, or the language is another.
        """
        arms = as_seen(arms, comparison.looks)
        self.comparison = comparison
        self.words = Words(language)
        self._requirement = requirement
        self.table = frame(comparison, arms)
        is_shown = _can_be_shown(images, comparison.test_set.num_examples)
        self._material = ComparisonMaterial(
            comparison,
            arms,
            self.words,
            images if is_shown else None,
            provenance,
            links,
        )
        # Times are not in the comparison, which must be the same on every machine.
        warnings = [*further, *comparison.warning_codes, *caveats.cost_warning(arms)]
        self.warnings = [
            sentences.warning(each, self.words)
            for each in warnings
            if each.code != "several_changes" or self._material.is_change_unknown
        ]

    def write(self, to: Path) -> None:
        """Write all files to a folder; each appears whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        comparison, words = self.comparison, self.words
        document = self._document(
            [
                Section(words(key), blocks)
                for key, make in SECTIONS.items()
                if self._material.is_about_predictions or key not in ABOUT_PREDICTIONS
                if (blocks := make(self._material))
            ]
        )
        texts = self._short_texts() | {
            "table.csv": self.table.to_csv(index=False, lineterminator="\n"),
            "table.md": markdown.table(
                comparison, self._material.arms, self.warnings, words
            ),
            "table.tex": latex.table(tables.headline(comparison, words)),
            "comparison.json": comparison.to_json(),
            "report.html": page.render(document, words),
            "report.tex": latex.render(document, words),
        }
        folder.write(Path(to), texts, self._pictures(document))

    def write_short(self, to: Path) -> None:
        """Write those files alone that say whether the requirement is met.

        Raises:
            OSError: the folder cannot be written.
        """
        folder.write_texts(Path(to), self._short_texts())

    def note(self) -> str:
        """Markdown for MLflow: verdict, headline numbers, warnings."""
        return markdown.note(self.comparison, self.warnings, self.words)

    def excerpt(self) -> str:
        """HTML for a part of another page: verdict, warnings, table and forest plot."""
        headline = tables.headline(self.comparison, self.words)
        section = Section("", [headline, plots.forest(self._material)])
        return page.excerpt(self._document([section]), self.words)

    def summary(self) -> RenderableType:
        """What a terminal shows."""
        from didithelp.report import terminal  # needs rich, which is an extra

        return terminal.summary(self.comparison, self.warnings, self.words)

    def _short_texts(self) -> dict[str, str]:
        """The short forms of the answer, by the name of their file."""
        return {
            "verdict.json": ShortAnswer.of(
                self.comparison, self._requirement
            ).to_json(),
            "summary.md": markdown.summary(
                self.comparison,
                self.warnings,
                self.words,
                self._requirement,
                self._material.provenance,
            ),
        }

    def _document(self, sections: list[Section]) -> Document:
        words, comparison = self.words, self.comparison
        return Document(
            title=sentences.title(comparison, words),
            language=words.language,
            verdicts=self._verdicts(),
            sentences=sentences.answers(comparison, words),
            warnings=self.warnings,
            sections=sections,
        )

    def _verdicts(self) -> list[tuple[str, str]]:
        """The verdicts and their texts; of several, each with the candidate's name."""
        words, primary = self.words, self.comparison.primary
        if len(primary) == 1:
            (verdict,) = (difference.verdict for difference in primary)
            return [(verdict, words(verdict).capitalize())]
        return [
            (
                each.verdict,
                words(
                    "verdict_of", candidate=each.candidate, verdict=words(each.verdict)
                ),
            )
            for each in primary
        ]

    def _pictures(self, document: Document) -> Iterable[tuple[str, bytes]]:
        """Name and PNG of everything that LaTeX and others include as a file."""
        yield from ((each.name, each.png) for each in folder.drawings(document))
        for section in document.sections:
            for block in section.blocks:
                if isinstance(block, Gallery) and block.sheet:
                    yield block.sheet, self._sheet(block)

    def _sheet(self, gallery: Gallery) -> bytes:
        images = self._material.images
        shown = [] if images is None else [images[card.index] for card in gallery.cards]
        return figures.sheet(shown, ["\n".join(card.lines) for card in gallery.cards])


def _can_be_shown(images: np.ndarray | None, num_examples: int | None) -> bool:
    """Whether these are pictures, gray or RGB, of all the test examples."""
    if images is None or images.dtype != np.uint8 or len(images) != num_examples:
        return False
    return images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3))
