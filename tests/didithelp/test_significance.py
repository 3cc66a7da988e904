"""Intervals and p-values, against SciPy and statsmodels."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from didithelp import effects, planning, significance
from tests.didithelp.builders import effect


def test_p_equals_alpha_where_the_interval_touches_zero():
    found = effect(delta=0.0005)
    p = significance.difference_p(found)
    low, _ = significance.interval(found, 1 - p)
    assert low == pytest.approx(0, abs=1e-12)


def test_equivalence_at_alpha_is_an_interval_within_the_margin():
    found = effect(delta=-0.0003)
    p = significance.equivalence_p(found, 0.001)
    low, high = significance.interval(found, 1 - 2 * p)
    assert min(low, high) == pytest.approx(-0.001)


def test_without_any_difference_nothing_is_left_to_doubt():
    same = np.ones((3, 4), dtype=np.int64)
    found = effects.paired_effect(same, same)
    assert significance.difference_p(found) == 1
    assert significance.equivalence_p(found, 0.001) == 0
    assert significance.interval(found, 0.95) == (0, 0)
    assert planning.minimum_detectable_effect(found, 0.05) == 0
    assert planning.seeds_needed(found, 0.001, 0.05) == 3


def test_a_difference_without_variance_cannot_be_tested():
    wrong, right = np.zeros((3, 4), dtype=np.int64), np.ones((3, 4), dtype=np.int64)
    found = effects.paired_effect(wrong, right)
    assert found.is_constant
    assert math.isnan(significance.difference_p(found))
    assert math.isnan(significance.equivalence_p(found, 0.5))
    assert all(map(math.isnan, significance.interval(found, 0.95)))
    assert math.isnan(planning.minimum_detectable_effect(found, 0.05))
    assert planning.seeds_needed(found, 0.001, 0.05) is None


@pytest.mark.parametrize(
    "p_values", [[0.04, 0.01, 0.03], [0.2], [0.5, 0.5, 0.9], [0.001, 0.04, 0.04, 0.6]]
)
def test_holm_agrees_with_statsmodels(p_values):
    expected = multipletests(p_values, method="holm")[1]
    assert significance.holm(p_values) == pytest.approx(expected)


def test_a_test_that_could_not_be_made_does_not_count_in_a_family():
    found = significance.holm([0.02, math.nan, 0.03])
    assert found[[0, 2]] == pytest.approx(multipletests([0.02, 0.03], method="holm")[1])
    assert math.isnan(found[1])
    assert np.isnan(significance.holm([math.nan, math.nan])).all()


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.04, 0.01, 0.03], [1, 3, 2]),
        ([0.02, 0.02, 0.5], [3, 3, 1]),  # in whatever order
        ([0.02, math.nan, 0.0], [1, 0, 2]),
        ([], []),
    ],
)
def test_holm_multiplies_by_the_number_of_tests_that_are_left(p_values, expected):
    assert significance.holm_multipliers(p_values).tolist() == expected


def test_p_is_below_its_own_level_wherever_the_adjusted_one_is_below_alpha():
    rng = np.random.default_rng(0)
    for _ in range(300):
        p_values = rng.choice(np.geomspace(1e-4, 0.06, 40), 4)
        adjusted = significance.holm(p_values)
        own = 0.05 / significance.holm_multipliers(p_values)
        assert (p_values[adjusted <= 0.05] <= own[adjusted <= 0.05] + 1e-15).all()
