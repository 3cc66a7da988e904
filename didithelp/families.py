"""Differences that are tested together: adjusted p-values, and intervals to match."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from didithelp import significance
from didithelp.decision import Verdict
from didithelp.effects import Effect


@dataclass(frozen=True)
class Tests:
    """The p-values of one difference of a family, NaN where there is none.

    Attributes:
        multiplier, multiplier_tost: what Holm's step multiplied p and p_tost by.
        family_size: number of differences that have a p.
    """

    p: float
    p_holm: float
    p_tost: float
    p_tost_holm: float
    multiplier: int
    multiplier_tost: int
    family_size: int

    def level(self, verdict: Verdict, alpha: float) -> float:
        """The confidence of the interval that agrees with the verdict.

        Two one-sided tests at alpha are an interval at 1 - 2 alpha, one two-sided test
        is one at 1 - alpha; alpha is divided by what Holm multiplied p by. Where
        nothing is shown, it is divided by the size of the family: an interval that
        holds zero.
        """
        if verdict == "equivalent":
            return 1 - 2 * alpha / self.multiplier_tost
        is_shown = self.p_holm <= alpha
        return 1 - alpha / (self.multiplier if is_shown else self.family_size)


def tests(family: Sequence[Effect], margin: float | None) -> list[Tests]:
    """The tests of each difference, adjusted for all of them.

    Args:
        family: the differences.
        margin: that would matter, in their unit; None for no test of equivalence.
    """
    p = [significance.difference_p(effect) for effect in family]
    p_tost = [
        math.nan if margin is None else significance.equivalence_p(effect, margin)
        for effect in family
    ]
    adjusted, adjusted_tost = significance.holm(p), significance.holm(p_tost)
    steps, steps_tost = map(significance.holm_multipliers, (p, p_tost))
    return [
        Tests(
            p=p[place],
            p_holm=float(adjusted[place]),
            p_tost=p_tost[place],
            p_tost_holm=float(adjusted_tost[place]),
            multiplier=int(steps[place]),
            multiplier_tost=int(steps_tost[place]),
            family_size=max(1, sum(not math.isnan(value) for value in p)),
        )
        for place in range(len(family))
    ]
