"""What runs could find, against statsmodels."""

import math

import pytest
from statsmodels.stats.power import TTestPower

from didithelp import planning
from didithelp.effects import Effect
from tests.didithelp.builders import effect


def test_minimum_detectable_effect_agrees_with_statsmodels():
    seed_only = effect(seed=4e-8, item=0.0, size=5)
    expected = TTestPower().solve_power(nobs=5, alpha=0.05, power=0.8)
    found = planning.minimum_detectable_effect(seed_only, 0.05)
    standard_deviation = math.sqrt(5 * 4e-8)
    assert found == pytest.approx(expected * standard_deviation, rel=1e-6)


@pytest.mark.parametrize("size", [2, 3, 30])
@pytest.mark.parametrize("alpha", [0.4, 0.05, 1e-6])
def test_minimum_detectable_effect_exists_for_every_alpha(size, alpha):
    found = planning.minimum_detectable_effect(effect(size=size), alpha)
    assert 0 < found < math.inf


def test_seeds_needed_agree_with_statsmodels_when_only_seeds_vary():
    seed_only = effect(seed=4e-8, item=0.0, size=5)
    size = 0.001 / math.sqrt(5 * 4e-8)
    expected = TTestPower().solve_power(effect_size=size, alpha=0.05, power=0.8)
    assert planning.seeds_needed(seed_only, 0.001, 0.05) == math.ceil(expected)


def test_seeds_needed_for_unpaired_arms_follow_welch():
    terms = (4e-8, 9e-8)
    found = Effect(0.0, terms, 0.0, (0.0, 0.0), (5, 8), 10_000, 100)
    variances = 5 * 4e-8, 8 * 9e-8
    needed = planning.seeds_needed(found, 0.001, 0.05)

    def power(size):
        error = math.sqrt(sum(variances) / size)
        df = (size - 1) * sum(variances) ** 2 / sum(v**2 for v in variances)
        return planning.power(0.001 / error, df, 0.05)

    assert power(needed) >= 0.8 > power(needed - 1)


def test_no_number_of_seeds_makes_a_small_test_set_large():
    assert planning.seeds_needed(effect(item=2e-7), 0.001, 0.05) is None
    assert planning.seeds_needed(effect(item=1e-8), 0.001, 0.05) is not None


def test_power_is_continuous_where_the_noncentral_t_is_left():
    edge = planning.LARGEST_NONCENTRALITY
    below, above = (planning.power(edge + step, 1, 0.01) for step in (-1e-6, 1e-6))
    assert below == pytest.approx(above, abs=0.001)
