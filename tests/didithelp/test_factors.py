"""Designs and weights, against their definitions."""

import itertools
import math
from fractions import Fraction

import pytest

from didithelp import factors
from didithelp.errors import Refusal
from didithelp.factors import Factorial

DESIGNS = [
    *(Factorial(number) for number in (1, 2, 3, 4, 5)),
    *(Factorial(5, sign) for sign in (1, -1)),
]
each_design = pytest.mark.parametrize("design", DESIGNS, ids=str)


def value(weights, worth):
    """The contrast where `worth` gives the mean of a cell."""
    return sum(weight * worth(cell) for cell, weight in weights.items())


def additive(cell):
    return sum(10**place * on for place, on in enumerate(cell))


@each_design
def test_of_an_additive_world_every_effect_is_that_of_the_factor(design):
    for place in range(design.num_factors):
        found = [
            design.main(place),
            design.at_baseline(place),
            design.at_full(place),
            design.shapley(place),
        ]
        effects = [value(weights, additive) for weights in found if weights is not None]
        assert effects and set(effects) == {10**place}
    for pair in design.pairs:
        assert value(design.interaction(*pair), additive) == 0
    assert value(design.total(), additive) == (10**design.num_factors - 1) / 9
    assert value(design.remainder(), additive) == 0


@each_design
def test_weights_sum_to_zero(design):
    for place in range(design.num_factors):
        assert sum(design.main(place).values()) == 0
    for first, second in design.pairs:
        assert sum(design.effect_where(first, second, is_on=True).values()) == 0


@each_design
def test_a_pair_that_does_more_together_interacts_by_half_of_it(design):
    for pair in design.pairs:

        def worth(cell, pair=pair):
            return all(cell[factor] for factor in pair)

        assert value(design.interaction(*pair), worth) == Fraction(1, 2)


@each_design
def test_where_one_factor_is_on_or_off_the_other_does_what_it_does_there(design):
    def worth(cell):
        return additive(cell) + 5 * (cell[0] and cell[1])

    if design.num_factors > 1:
        assert value(design.effect_where(0, 1, is_on=False), worth) == 1
        assert value(design.effect_where(0, 1, is_on=True), worth) == 6
        assert value(design.effect_where(1, 0, is_on=True), worth) == 15


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_the_shapley_value_is_the_mean_over_all_orders(number):
    def worth(cell):
        return hash(cell) % 1009  # nothing simple

    design = Factorial(number)
    for factor in range(number):
        steps = []
        for order in itertools.permutations(range(number)):
            before = set(order[: order.index(factor)])
            cell = tuple(place in before for place in range(number))
            more = tuple(on or place == factor for place, on in enumerate(cell))
            steps.append(Fraction(worth(more) - worth(cell)))
        assert value(design.shapley(factor), worth) == sum(steps) / len(steps)
    summed = factors.combined(*((1, design.shapley(place)) for place in range(number)))
    assert summed == design.total()


@pytest.mark.parametrize(("number", "arms"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 17)])
def test_the_advised_design(number, arms):
    design = factors.advised("abcde"[:number])
    assert len(design.cells) == arms
    assert design.cells[0] == design.none and design.cells[-1] == design.all
    assert [sum(cell) for cell in design.cells] == sorted(map(sum, design.cells))


def test_main_effects_of_a_half_are_clear_of_interactions_of_two():
    for sign in (1, -1):
        design = Factorial(5, sign)
        assert len(design.balanced) == 16
        assert (design.none in design.balanced) != (design.all in design.balanced)
        names = design.contrasts()
        assert len(names) == 15
        for first, second in itertools.combinations(names, 2):
            product = design.product(*first), design.product(*second)
            shared = sum(product[0][cell] * product[1][cell] for cell in product[0])
            assert shared == 0


def test_what_a_half_lacks_is_none():
    design = Factorial(5, 1)
    assert design.shapley(0) is None
    assert design.at_full(0) is None
    assert design.at_baseline(0) is not None
    assert Factorial(5, -1).at_baseline(0) is None


def test_the_remainder_is_what_three_factors_do_together():
    assert Factorial(2).remainder() == {}
    assert value(Factorial(3).remainder(), math.prod) == Fraction(1, 4)


@pytest.mark.parametrize(
    ("names", "reason"), [((), "no_factor"), (tuple("abcdef"), "too_many_factors")]
)
def test_too_many_factors_are_refused(names, reason):
    with pytest.raises(Refusal) as refusal:
        factors.advised(names)
    assert refusal.value.reason == reason


def test_too_many_factors_are_told_what_they_take():
    with pytest.raises(Refusal, match=r"got 6 \(a, b, c, d, e, f\), which take 64 arm"):
        factors.advised(tuple("abcdef"))


def test_a_cell_is_spelled_by_what_is_on():
    assert factors.spell((True, False, True), ("l2", "bn", "dropout")) == "l2 + dropout"
    assert factors.spell((False, False), ("l2", "bn")) == "none"
