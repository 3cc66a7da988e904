"""The benchmarks of the verdict: their model has the truth it claims, their rivals are
the tests they are named after."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks import aa, compare, rivals, verdict
from benchmarks.simulation import (
    Recipe,
    Truth,
    calibrate,
    draw,
    kinship,
    same_function,
)
from didithelp import secondary

RECIPE = Recipe(accuracy=0.9, agreement=0.8, seed_sd=0.01)
OTHER = Recipe(accuracy=0.92, agreement=0.6, seed_sd=0.02)
TRUTH = Truth("two recipes", RECIPE, OTHER, 0.5)


# --- model ----------------------------------------------------------------------------


def test_real_runs_of_a_known_recipe_give_the_recipe_back():
    arms = draw(TRUTH, 200, 20_000, np.random.default_rng(0))
    for right, recipe in zip(arms, (RECIPE, OTHER), strict=True):
        found = calibrate(right)
        assert found.accuracy == pytest.approx(recipe.accuracy, abs=0.005)
        assert found.agreement == pytest.approx(recipe.agreement, abs=0.02)
        assert found.seed_sd == pytest.approx(recipe.seed_sd, rel=0.15)
    assert kinship(*arms) == pytest.approx(TRUTH.kinship, abs=0.02)


def test_runs_of_one_function_share_what_they_find_hard():
    alike = Truth("alike", RECIPE, RECIPE, same_function(RECIPE, RECIPE))
    unlike = replace(alike, kinship=0.0)
    found = [
        kinship(*draw(truth, 20, 20_000, np.random.default_rng(0)))
        for truth in (alike, unlike)
    ]
    assert found == pytest.approx([RECIPE.agreement, 0.0], abs=0.03)


def test_equal_recipes_differ_by_nothing_and_unequal_ones_by_what_their_name_says():
    equal = verdict.equal_recipes(RECIPE, OTHER, 0.5)
    assert [truth.delta for truth in equal] == [0] * len(equal)
    unequal = verdict.unequal_recipes("real", RECIPE, OTHER, 0.5)
    assert [truth.delta for truth in unequal] == pytest.approx(verdict.DELTAS)
    assert unequal[-1].name == "real, +0.30"


# --- rivals ---------------------------------------------------------------------------


@pytest.fixture(params=range(5))
def arms(request):
    return draw(TRUTH, 5, 200, np.random.default_rng(request.param))


def decided(statistic, p, alpha):
    return np.sign(statistic) if p <= alpha else 0


def test_tests_over_seeds_are_those_of_scipy(arms):
    reference, candidate = (arm.sum(axis=1) for arm in arms)
    for alpha in (0.001, 0.05, 0.3, 0.9):
        paired = stats.ttest_rel(candidate, reference)
        expected = decided(paired.statistic, paired.pvalue, alpha)
        assert rivals.seeds_only(*arms, alpha) == expected
        welch = stats.ttest_ind(candidate, reference, equal_var=False)
        expected = decided(welch.statistic, welch.pvalue, alpha)
        assert rivals.seeds_only_unpaired(*arms, alpha) == expected


def test_mcnemar_is_that_of_a_single_pair(arms):
    first, second = (arm[0] for arm in arms)
    surplus = second.sum() - first.sum()
    p = secondary.single_pair(first, second).p
    for alpha in (0.001, 0.05, 0.3, 0.9):
        expected = decided(surplus, p, alpha)
        assert rivals.mcnemar_one_pair(*arms, alpha) == expected


def test_higher_wins_whatever_the_noise():
    low, high = np.array([[0, 1]]), np.array([[1, 1]])
    assert rivals.higher_wins(low, high) == 1
    assert rivals.higher_wins(high, low) == -1
    assert rivals.higher_wins(low, low) == 0


def test_runs_that_always_differ_alike_leave_a_t_test_no_doubt():
    low, high = np.array([[0, 1], [1, 0]]), np.array([[1, 1], [1, 1]])
    assert rivals.seeds_only(low, high, 0.05) == 1
    assert rivals.seeds_only_unpaired(high, low, 0.05) == -1


# --- experiments ----------------------------------------------------------------------


def test_every_experiment_is_counted_once_whatever_the_number_of_processes():
    truths = verdict.unequal_recipes("real", RECIPE, OTHER, 0.5)[:2]
    alone, shared = (verdict.run(truths, 3, processes) for processes in (1, 2))
    assert alone == shared
    found = verdict.shares(alone, truths, 3)
    answers = found[~found["outcome"].isin(["covers", "misses"])]
    totals = answers.groupby(["truth", "seeds", "method"])["share"].sum()
    assert len(totals) == 2 * len(verdict.NUM_SEEDS) * 6
    assert totals.to_numpy() == pytest.approx(1)


def test_a_share_of_none_is_not_known_without_error():
    assert verdict.standard_error(0, 100) == pytest.approx(0.0098, abs=1e-4)
    assert verdict.percent(50, 100) == "50.0 ± 5.0"


def test_splits_are_two_disjoint_halves_of_the_runs():
    runs = np.arange(6)[:, None]
    for first, second in aa.splits(runs, 3, 20, np.random.default_rng(0)):
        assert sorted([*first.ravel(), *second.ravel()]) == list(range(6))


def test_spread_of_pools_is_that_of_their_shares_and_not_of_their_splits():
    rng = np.random.default_rng(0)
    share = rng.choice([0.2, 0.4], 2000)
    assert aa.spread(100 * rng.binomial(50, share) / 50, 50) == pytest.approx(10, 0.05)
    assert aa.spread(100 * rng.binomial(50, 0.3, 2000) / 50, 50) < 2


# --- time of compare ------------------------------------------------------------------


def test_the_timed_command_is_that_of_the_project():
    words = compare.command([Path("one"), Path("two")], Path("place"))
    assert words[1:3] == ["-m", "steps.compare"]
    assert {"--alpha=0.05", "--working_directory=place"} < set(words)
    assert sum(word.endswith(("=one", "=two")) for word in words) == 2


def test_import_times_are_summed_by_package():
    text = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   numpy.linalg\n"
        "import time:   2000000 |    2000100 | numpy\n"
        "import time:   3000000 |    3000000 | pandas\n"
    )
    assert compare.seconds_by_package(text) == [("pandas", 3.0), ("numpy", 2.0001)]
