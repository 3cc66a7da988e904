"""What a user of the library gets for the question which change did it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from didithelp.ablation import Ablation
from didithelp.arm import Arm
from didithelp.decision import Verdict
from didithelp.language import ablation_sentences
from didithelp.language.words import Words, in_full

if TYPE_CHECKING:
    from didithelp.report.ablation_report import AblationReport


@dataclass(frozen=True, eq=False, repr=False)
class FactorialAnswer:
    """Which change helped and which hurt; `str` says it in full.

    Attributes:
        ablation: every number, with names and types.
        arms: as they were given, then the control if there is one.
        language: of the sentence, the warnings and the report: "en" or "fr".
    """

    ablation: Ablation
    arms: tuple[Arm, ...]
    language: str

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """A word for each factor, such as "better"."""
        return {
            each.factor: each.main.verdict for each in self.ablation.primary.factors
        }

    @property
    def sentence(self) -> str:
        """What each factor does, with intervals and p, and whether the effects add up.

        After that what is known of the budget and what the control shows.
        """
        words = Words(self.language)
        parts = [
            ablation_sentences.answer(self.ablation, words),
            ablation_sentences.budget_matched(self.ablation, words),
            ablation_sentences.control(self.ablation, words),
        ]
        return " ".join(part for part in parts if part is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known before it is believed, most important first."""
        return tuple(self._report.warnings)

    @property
    def table(self) -> pd.DataFrame:
        """One row per metric and factor, and one for all factors together."""
        return self._report.table.copy()

    def to_json(self) -> str:
        """The text of `ablation.json`: the same for the same arms and parameters."""
        return self.ablation.to_json()

    def write(self, folder: str | Path) -> None:
        """Write the report, the tables, `ablation.json` and the figures to `folder`.

        The folder is made where it is missing. Files of the same names are replaced,
        each as a whole; other files stay.

        Raises:
            OSError: it cannot be written.
        """
        self._report.write(Path(folder))

    def __repr__(self) -> str:
        return f"<FactorialAnswer: {self.verdicts}>"

    def __str__(self) -> str:
        return in_full(self.sentence, self.warnings, Words(self.language))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self._report.excerpt()

    @cached_property
    def _report(self) -> AblationReport:
        from didithelp.report.ablation_report import AblationReport  # loads matplotlib

        return AblationReport(self.ablation, self.arms, language=self.language)
