"""Write an ablation for people and programs: the folder `ablation/`.

    ablation.json                          the whole answer, for programs
    table.csv, interactions.csv, arms.csv  raw numbers, English
    table.md, table.tex                    the numbers for reading
    report.html                            everything, in one file
    report.tex, figures/*.png              the same for LaTeX

Nothing here decides anything: the answer comes from `didithelp.ablating`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.ablation import Ablation
from didithelp.arm import Arm
from didithelp.language import ablation_notes, ablation_sentences
from didithelp.language.words import Words, clean
from didithelp.provenance import Provenance
from didithelp.report import (
    ablation_frames,
    ablation_markdown,
    ablation_sections,
    ablation_tables,
    folder,
    latex,
)
from didithelp.report.ablation_sections import AblationMaterial
from didithelp.report.document import Block, Document, Section
from didithelp.report.html import page
from didithelp.report.report import NO_LINKS, UNKNOWN

if TYPE_CHECKING:
    from rich.console import RenderableType

# By key of a section's title: what makes its blocks. Without blocks it is left out.
SECTIONS: dict[str, Callable[[AblationMaterial], list[Block]]] = {
    "ablation_report.section_effects": ablation_sections.effects,
    "ablation_report.section_interactions": ablation_sections.interactions,
    "ablation_report.section_others": ablation_sections.others,
    "ablation_report.section_checks": ablation_sections.checks,
    "ablation_report.section_levels": ablation_sections.recipes,
    "ablation_report.section_arms": ablation_sections.arms,
    "section_provenance": ablation_sections.sources,
    "section_limits": ablation_sections.limits,
}


class AblationReport:
    """One ablation, ready to be written in one language.

    Attributes:
        ablation: what it tells.
        words: of the language.
        table: one row per factor and one for all, raw numbers.
        headline: what came out, in a few words of the language.
        warnings: in the language, most important first.
    """

    def __init__(
        self,
        ablation: Ablation,
        arms: Sequence[Arm],
        *,
        language: str,
        provenance: Provenance = UNKNOWN,
        links: Mapping[str, str] = NO_LINKS,
    ) -> None:
        """Make the report of an ablation.

        Args:
            ablation: what `ablating.ablate` returned.
            arms: those of the ablation in any order, the control included. One that
                is missing has no times and no versions.
            language: "en" or "fr".
            provenance: which code made the answer.
            links: by what is there ("comparison"), the address of a page about the same
                arms, from the folder of this report.

        Raises:
            ValueError: an arm is none of the ablation, or the language is another.
        """
        self.ablation = ablation
        self.words = Words(language)
        self.table = ablation_frames.factors(ablation)
        self.headline = ablation_notes.outcome(ablation, self.words)
        self._material = AblationMaterial(
            ablation, _by_name(ablation, arms), self.words, provenance, links
        )
        self.warnings = [
            ablation_sentences.warning(each, self.words)
            for each in ablation.warning_codes
        ]

    def write(self, to: Path) -> None:
        """Write all files to a folder; each appears whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        ablation, words = self.ablation, self.words
        document = self._document(SECTIONS)
        effects = ablation_tables.effects(ablation.primary, ablation.alpha, words)
        frames = {
            "table.csv": self.table,
            "interactions.csv": ablation_frames.interactions(ablation),
            "arms.csv": ablation_frames.arms(ablation, self._material.arms),
        }
        texts = {
            name: frame.to_csv(index=False, lineterminator="\n")
            for name, frame in frames.items()
        }
        texts |= {
            "table.md": ablation_markdown.table(self._material, self.warnings),
            "table.tex": latex.table(effects),
            "ablation.json": ablation.to_json(),
            "report.html": page.render(document, words),
            "report.tex": latex.render(document, words),
        }
        pictures = ((each.name, each.png) for each in folder.drawings(document))
        folder.write(Path(to), texts, pictures)

    def note(self) -> str:
        """Markdown for MLflow: the answer, the effects, the warnings."""
        return ablation_markdown.note(self._material, self.warnings)

    def excerpt(self) -> str:
        """HTML for a part of another page: the answer, its table and its figure."""
        sections = {"": ablation_sections.excerpt}
        return page.excerpt(self._document(sections), self.words)

    def summary(self) -> RenderableType:
        """What a terminal shows."""
        # Needs rich, which is an extra.
        from didithelp.report import ablation_terminal

        return ablation_terminal.summary(self._material, self.warnings)

    def _document(
        self, sections: Mapping[str, Callable[[AblationMaterial], list[Block]]]
    ) -> Document:
        ablation, words = self.ablation, self.words
        return Document(
            title=ablation_notes.title(ablation, words),
            language=words.language,
            verdicts=[
                (
                    each.main.verdict,
                    words(
                        "verdict_of",
                        candidate=clean(each.factor),
                        verdict=words(f"factor_verdicts.{each.main.verdict}"),
                    ),
                )
                for each in ablation.primary.factors
            ],
            sentences=[ablation_sentences.answer(ablation, words)],
            warnings=self.warnings,
            sections=[
                Section(words(key) if key else "", blocks)
                for key, make in sections.items()
                if (blocks := make(self._material))
            ],
        )


def _by_name(ablation: Ablation, arms: Sequence[Arm]) -> dict[str, Arm]:
    """The arms by their names.

    Raises:
        ValueError: one of them is not in the answer.
    """
    known = {cell.arm.name for cell in ablation.all_cells}
    strange = sorted({arm.name for arm in arms} - known)
    if strange:
        raise ValueError(
            f"the report needs the arms of its ablation, got {strange[0]!r} as well;"
            " pass those that were given to ablate"
        )
    return {arm.name: arm for arm in arms}
