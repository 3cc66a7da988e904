"""What the sections of a report are made from, and what they say of missing parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from didithelp.arm import Arm
from didithelp.comparison import Comparison, Difference
from didithelp.language.words import Words, clean
from didithelp.metric import TEST_ACCURACY
from didithelp.provenance import Provenance
from didithelp.report.document import Block, Text


@dataclass(frozen=True, eq=False)
class ComparisonMaterial:
    """A comparison with all that the report shows beside it.

    Attributes:
        arms: reference first, then the candidates, as they were compared.
        words: of the language of the report.
        images: (N, height, width[, channels]) uint8, the test images; None if unknown.
        provenance: which code made the answer.
        links: by what is there, the address of another page.
    """

    comparison: Comparison
    arms: tuple[Arm, ...]
    words: Words
    images: np.ndarray | None
    provenance: Provenance
    links: Mapping[str, str]

    @property
    def is_change_unknown(self) -> bool:
        """Whether several parameters differ and no page tells which of them did it."""
        differing = [len(arm.changes or ()) for arm in self.comparison.arms]
        return max(differing) > 1 and "ablation" not in self.links

    @property
    def names(self) -> list[str]:
        """The names of the arms, fit to be shown."""
        return [clean(arm.name) for arm in self.comparison.arms]

    @property
    def right_or_wrong(self) -> Sequence[Difference]:
        """The differences in answers that are right or wrong, whatever decides."""
        if self.comparison.metric == TEST_ACCURACY:
            return self.comparison.primary
        return [each for each in self.comparison.differences if each.per_seed]

    @property
    def is_about_predictions(self) -> bool:
        """Whether predictions matter: accuracy decides, or some are known."""
        is_accuracy = self.comparison.metric == TEST_ACCURACY
        return is_accuracy or any(arm.has_predictions for arm in self.arms)

    def missing(self, key: str, names: list[str]) -> list[Block]:
        """The text `key` about the arms that lack something; no block if none does."""
        if not names:
            return []
        return [Text(self.words(key, names=self.words.list(names)))]
