"""Numbers beside the verdict."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from didithelp import secondary


@pytest.mark.parametrize(
    ("accuracies", "chance", "expected"),
    [
        ([0.98, 0.97, 0.975, 0.98, 0.11], 0.1, [4]),
        ([0.98, 0.97, 0.975, 0.98, 0.11], None, [4]),
        ([0.98, 0.97, 0.975, 0.98, 0.90], 0.1, [4]),  # more than 5 points
        ([0.98, 0.97, 0.975, 0.98, 0.94], 0.1, []),
        ([0.60, 0.66, 0.55, 0.63, 0.52], 0.1, []),  # a noisy recipe is not a collapse
        ([0.11, 0.10, 0.11, 0.10, 0.97], 0.11, [0, 1, 2, 3]),  # most of them
        ([0.97, 0.50], 0.1, []),
        ([0.97, 0.10], 0.1, [1]),
        ([0.54, 0.70], 0.5, [0]),
        ([0.98, 0.98, 0.98], 0.9, []),  # of 9 in 10 that are of one class
        ([0.90, 0.98, 0.98], 0.9, [0]),
        ([0.08, 0.09], 0.001, []),  # a thousand classes
        ([0.98], 0.1, []),
    ],
)
def test_a_run_near_chance_or_far_below_the_others_has_collapsed(
    accuracies, chance, expected
):
    found = secondary.collapsed(np.array(accuracies), chance)
    assert np.flatnonzero(found).tolist() == expected


def test_three_wins_of_three_say_little():
    found = secondary.outperformance(np.zeros(3, int), np.ones(3, int), paired=True)
    assert found.probability == 1
    assert found.interval == pytest.approx((0.025 ** (1 / 3), 1))


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(6, 0, True), (5, 0, False), (0, 6, False), (3, 3, False), (70, 30, True)]
    + [(600, 300, False), (0, 0, None)],
)
def test_a_meaningful_win_beats_chance_and_may_be_three_in_four(wins, losses, expected):
    differences = np.array([1] * wins + [-1] * losses + [0])
    found = secondary.outperformance(differences * 0, differences, paired=True)
    assert found.is_meaningful is expected
    unpaired = secondary.outperformance(differences * 0, differences, paired=False)
    assert unpaired.is_meaningful is None


def test_ties_count_half_and_leave_the_interval():
    reference, candidate = np.array([5, 5, 5, 5]), np.array([6, 5, 4, 6])
    found = secondary.outperformance(reference, candidate, paired=True)
    assert (found.probability, found.wins, found.ties) == (2.5 / 4, 2, 1)
    tied = secondary.outperformance(reference, reference, paired=True)
    assert tied.probability == 0.5
    assert all(map(math.isnan, tied.interval))


def test_unpaired_outperformance_is_the_statistic_of_mann_and_whitney():
    reference, candidate = np.array([1, 4, 6]), np.array([2, 4, 5, 9])
    found = secondary.outperformance(reference, candidate, paired=False)
    expected = stats.mannwhitneyu(candidate, reference).statistic / 12
    assert found.probability == pytest.approx(expected)


def test_sensitivity_needs_six_pairs_and_then_is_exact():
    def check(values):
        rng = np.random.default_rng(0)
        return secondary.sensitivity(np.array(values), resamples=9999, rng=rng)

    assert check([1, 2, 3, 4, 5]) is None
    assert check([0] * 6) == (1.0, 1.0)
    assert check([1, 2, 3, 4, 5, 6]) == pytest.approx((2 / 64, 2 / 64))
    assert check([3, 3, -3, 0, 1, 7]) is not None


def test_sampled_sign_flips_follow_the_generator():
    values = np.random.default_rng(6).integers(-5, 8, 20)

    def p(seed):
        rng = np.random.default_rng(seed)
        return secondary.sensitivity(values, resamples=500, rng=rng).sign_flip

    assert p(0) == p(0)
    assert len({p(seed) for seed in range(5)}) > 1


def test_single_pair_is_an_exact_mcnemar_test():
    reference = np.array([1] * 1 + [0] * 11 + [1] * 80 + [0] * 8)
    candidate = np.array([0] * 1 + [1] * 11 + [1] * 80 + [0] * 8)
    found = secondary.single_pair(reference, candidate)
    assert found[:4] == (80, 11, 1, 8)
    assert found.p == pytest.approx(0.006348, abs=1e-6)
    assert found.p == pytest.approx(mcnemar([[80, 1], [11, 8]]).pvalue)
    half = 1.959964 * math.sqrt(12 - 100 / 100) / 100
    assert found.interval == pytest.approx((0.1 - half, 0.1 + half))


def test_two_networks_that_agree_everywhere_have_p_one():
    right = np.array([1, 0, 1])
    assert secondary.single_pair(right, right).p == 1
