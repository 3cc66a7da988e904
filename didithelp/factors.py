"""Factorial designs: which arms they need, and the weights that make an effect of them.

A cell says of each factor whether it is on. The weights of an effect are fractions by
cell that sum to zero; cells of weight zero are left out. Up to four factors every cell
is trained. Five take half of them: the cells in which an even number of factors is off
(the product of the signs is +1, I = ABCDE), so that main effects are clear of the
interactions of two factors (Box and Hunter 1961). For an odd number such a half has
one of the two ends, all off or all on, and never both; the other one is trained too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from didithelp.errors import Refusal

MOST_IN_FULL = 4  # factors of which every combination is trained
MOST_FACTORS = 5
GROUPING = (
    "group those that belong together into one factor, which is on or off as a whole"
)

Levels = tuple[bool, ...]
Weights = dict[Levels, Fraction]


@dataclass(frozen=True)
class Factorial:
    """A design: its cells, and the weights of its effects.

    Attributes:
        num_factors: from 1 to MOST_FACTORS.
        sign: of the half fraction, the product of its cells' signs; None for the full
            factorial.
    """

    num_factors: int
    sign: Literal[1, -1] | None = None

    @property
    def name(self) -> Literal["full", "half"]:
        """Whether all combinations are in it, or half of them."""
        return "full" if self.sign is None else "half"

    @cached_property
    def balanced(self) -> tuple[Levels, ...]:
        """The cells over which effects are averaged: half of them have any factor on.

        From all off to all on: first by how many are on, then by which.
        """
        cells = itertools.product((True, False), repeat=self.num_factors)
        kept = (cell for cell in cells if self.sign in (None, _sign(cell)))
        return tuple(sorted(kept, key=_order))

    @cached_property
    def cells(self) -> tuple[Levels, ...]:
        """The cells to be trained: the balanced ones and both ends, in their order."""
        return tuple(sorted({self.none, self.all, *self.balanced}, key=_order))

    @property
    def none(self) -> Levels:
        """The cell with all factors off."""
        return (False,) * self.num_factors

    @property
    def all(self) -> Levels:
        """The cell with all factors on."""
        return (True,) * self.num_factors

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Places of the two factors of each interaction."""
        return tuple(itertools.combinations(range(self.num_factors), 2))

    def total(self) -> Weights:
        """All factors on minus none."""
        return _difference(self.all, self.none)

    def alone(self, factor: int) -> Levels:
        """The cell in which this factor alone is on."""
        return tuple(place == factor for place in range(self.num_factors))

    def all_but(self, factor: int) -> Levels:
        """The cell in which this factor alone is off."""
        return tuple(place != factor for place in range(self.num_factors))

    def main(self, factor: int) -> Weights:
        """The effect of a factor, averaged over the balanced cells."""
        return self.product(factor)

    def interaction(self, first: int, second: int) -> Weights:
        """Half of what the second factor adds to the effect of the first."""
        return self.product(first, second)

    def product(self, *factors: int) -> Weights:
        """The contrast whose signs are the product of the factors' signs."""
        size = Fraction(2, len(self.balanced))
        return {
            cell: size * math.prod(1 if cell[place] else -1 for place in factors)
            for cell in self.balanced
        }

    def contrasts(self) -> tuple[tuple[int, ...], ...]:
        """The factors of all products that the balanced cells tell apart.

        In a half fraction a product is the same contrast as that of all other factors,
        so the shorter of the two stands for both.
        """
        largest = self.num_factors if self.sign is None else self.num_factors // 2
        return tuple(
            factors
            for size in range(1, largest + 1)
            for factors in itertools.combinations(range(self.num_factors), size)
        )

    def effect_where(self, factor: int, other: int, *, is_on: bool) -> Weights:
        """The effect of a factor averaged over the cells with the other one on, or off.

        It is the main effect plus the interaction, or minus it.
        """
        sign = 1 if is_on else -1
        return combined((1, self.main(factor)), (sign, self.interaction(factor, other)))

    def at_baseline(self, factor: int) -> Weights | None:
        """The effect with all other factors off; None where its cell is not trained."""
        return self._trained(self.alone(factor), self.none)

    def at_full(self, factor: int) -> Weights | None:
        """The effect with all other factors on; None where its cell is not trained."""
        return self._trained(self.all, self.all_but(factor))

    def remainder(self) -> Weights:
        """The total minus the sum of the main effects; empty where that is always 0."""
        mains = ((-1, self.main(factor)) for factor in range(self.num_factors))
        return combined((1, self.total()), *mains)

    def shapley(self, factor: int) -> Weights | None:
        """The effect averaged over all orders of turning factors on (Shapley 1953).

        Of the orders, |S|! (k - |S| - 1)! of k! turn this factor on when those of S are
        on already. None in a half fraction, which lacks most such pairs.
        """
        if self.sign is not None:
            return None
        orders = math.factorial(self.num_factors)
        weights: Weights = {}
        for cell in self.balanced:
            before = sum(cell) - cell[factor]
            after = self.num_factors - before - 1
            size = Fraction(math.factorial(before) * math.factorial(after), orders)
            weights[cell] = size if cell[factor] else -size
        return weights

    def _trained(self, more: Levels, less: Levels) -> Weights | None:
        return _difference(more, less) if {more, less} <= set(self.cells) else None


def advised(factors: Sequence[str]) -> Factorial:
    """The design for these factors.

    Raises:
        Refusal: there are none, or too many.
    """
    refuse_number(factors)
    return Factorial(len(factors), None if len(factors) <= MOST_IN_FULL else 1)


def refuse_number(factors: Sequence[str]) -> None:
    """Raise `Refusal` unless there are from 1 to MOST_FACTORS factors."""
    if not factors:
        raise Refusal("no_factor", "factors must be at least one, got none")
    if len(factors) > MOST_FACTORS:
        raise Refusal(
            "too_many_factors",
            f"factors must be at most {MOST_FACTORS}, got {len(factors)} "
            f"({', '.join(factors)}), which take {2 ** len(factors)} arms; {GROUPING}",
        )


def spell(cell: Levels, factors: Sequence[str]) -> str:
    """The name of a cell, such as "l2 + dropout": what is on in it; or "none"."""
    on = [name for name, is_on in zip(factors, cell, strict=True) if is_on]
    return " + ".join(on) or "none"


def combined(*parts: tuple[int, Weights]) -> Weights:
    """The sum of weights, each times its factor, without those that cancel."""
    total: Weights = {}
    for scale, weights in parts:
        for cell, weight in weights.items():
            total[cell] = total.get(cell, Fraction(0)) + scale * weight
    return {cell: weight for cell, weight in total.items() if weight}


def _difference(more: Levels, less: Levels) -> Weights:
    return {less: Fraction(-1), more: Fraction(1)}


def _sign(cell: Levels) -> int:
    """The product of the signs: 1 if an even number of factors is off, else -1."""
    return -1 if cell.count(False) % 2 else 1


def _order(cell: Levels) -> tuple[int, tuple[bool, ...]]:
    return sum(cell), tuple(not is_on for is_on in cell)
