"""What the sections of a report are made of, and what they say where it is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from didithelp.arm import Arm
from didithelp.comparison import Comparison
from didithelp.language.words import Words, clean
from didithelp.provenance import Provenance
from didithelp.report.document import Block, Text


@dataclass(frozen=True, eq=False)
class Material:
    """A comparison with all that the report shows beside it.

    Attributes:
        arms: reference first, then the candidates, as they were compared.
        words: of the language of the report.
        images: (N, height, width[, channels]) uint8, the test images; None without.
    """

    comparison: Comparison
    arms: tuple[Arm, ...]
    words: Words
    images: np.ndarray | None
    provenance: Provenance

    @property
    def names(self) -> list[str]:
        """Of the arms, fit to be shown."""
        return [clean(arm.name) for arm in self.comparison.arms]

    def missing(self, key: str, names: list[str]) -> list[Block]:
        """A text that says of which arms something is missing; nothing for none."""
        if not names:
            return []
        return [Text(self.words(key, names=self.words.list(names)))]
