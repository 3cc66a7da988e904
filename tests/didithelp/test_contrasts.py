"""Contrasts of several arms: by hand, against the unpaired rule and against OLS."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from didithelp import clusters, contrasts, effects, scores, significance
from didithelp.factors import Factorial
from tests.didithelp.builders import simulated_arm


def drawn(kind, sizes, seed=0):
    """Moments and (seeds, examples) counts of arms of so many seeds, and their unit."""
    rng = np.random.default_rng(seed)
    if kind == "right or wrong":
        unit = 1.0
        counts = [simulated_arm(rng, size, error=0.05) for size in sizes]
    else:
        unit = scores.LOSS_UNIT
        counts = [
            scores.fixed_point(rng.exponential(2.0, (size, 400))) for size in sizes
        ]
    return [contrasts.moments(each, unit) for each in counts], counts, unit


each_kind = pytest.mark.parametrize("kind", ["right or wrong", "losses"])


@each_kind
@pytest.mark.parametrize("sizes", [(3, 3), (5, 4), (1, 7), (2, 9)])
def test_two_arms_are_the_unpaired_effect_to_the_last_bit(kind, sizes):
    arms, counts, unit = drawn(kind, sizes)
    found = contrasts.contrast(arms, [Fraction(-1), Fraction(1)])
    assert repr(found) == repr(effects.unpaired_effect(*counts, unit))


@pytest.mark.parametrize("sizes", [(3, 3), (5, 4)])
def test_two_arms_of_one_number_per_run_are_welch_to_the_last_bit(sizes):
    rng = np.random.default_rng(1)
    values = [rng.normal(0.97, 0.01, size) for size in sizes]
    arms = [contrasts.moments_of_runs(each) for each in values]
    found = contrasts.contrast(arms, [Fraction(-1), Fraction(1)])
    assert found == effects.run_effect(*values, paired=False)
    welch = stats.ttest_ind(values[1], values[0], equal_var=False)
    assert significance.difference_p(found) == pytest.approx(welch.pvalue, rel=1e-5)


@each_kind
def test_any_weights_follow_the_formulas(kind):
    sizes, weights = (3, 5, 4, 6), [Fraction(part, 12) for part in (-7, 3, 9, -5)]
    arms, counts, unit = drawn(kind, sizes)
    found = contrasts.contrast(arms, weights)
    w = np.array(weights, float)
    values = [each * unit for each in counts]
    accuracies = [each.mean(axis=1) for each in values]
    seed = sum(
        x**2 * a.var(ddof=1) / len(a) for x, a in zip(w, accuracies, strict=True)
    )
    means = sum(x * each.mean(axis=0) for x, each in zip(w, values, strict=True))
    residual = 0.0
    for x, each in zip(w, values, strict=True):
        rest = each - each.mean(axis=0) - each.mean(axis=1)[:, None] + each.mean()
        mean_square = (rest**2).sum() / ((len(each) - 1) * (each.shape[1] - 1))
        residual += x**2 * mean_square / each.size
    assert found.delta == pytest.approx(means.mean(), rel=1e-9)
    assert found.seed_variance == pytest.approx(seed, rel=1e-7)
    assert found.item_variance == pytest.approx(means.var(ddof=1) / 400, rel=1e-7)
    assert found.residual_variance == pytest.approx(residual, rel=1e-7)
    assert found.group_sizes == sizes


def test_arms_of_weight_zero_count_for_nothing():
    arms, _, _ = drawn("right or wrong", (3, 1, 4))
    found = contrasts.contrast(arms, [Fraction(1), Fraction(0), Fraction(-1)])
    assert found == contrasts.contrast(arms[::2], [Fraction(1), Fraction(-1)])


def test_sums_beyond_int64_are_exact():
    rng = np.random.default_rng(2)
    sizes = (7, 8, 9, 11, 13, 16, 17, 19)
    counts = [rng.integers(0, 7 * 10**10, (size, 30)) for size in sizes]
    arms = [contrasts.moments(each, 1.0) for each in counts]
    weights = [Fraction((-1) ** place, 4) for place in range(8)]
    found = contrasts.contrast(arms, weights)
    means = [Fraction(int(each.sum()), each.size) for each in counts]
    exact = sum(w * mean for w, mean in zip(weights, means, strict=True))
    assert found.delta == float(exact)


def weights_of(design, weights):
    return [weights.get(cell, Fraction(0)) for cell in design.cells]


@pytest.mark.parametrize(
    "design", [Factorial(2), Factorial(3), Factorial(4), Factorial(5, 1)]
)
def test_effects_are_the_coefficients_of_least_squares(design):
    import statsmodels.api as sm

    arms, counts, _ = drawn("right or wrong", (3,) * len(design.cells))
    accuracies = dict(zip(design.cells, (each.mean() for each in counts), strict=True))
    signs = np.where(np.array(design.balanced), 1, -1)
    names = design.contrasts()
    columns = [signs[:, list(factors)].prod(axis=1) for factors in names]
    fit = sm.OLS(
        [accuracies[cell] for cell in design.balanced],
        sm.add_constant(np.column_stack(columns)),
    ).fit()
    assert len(names) == len(design.balanced) - 1
    for factors, coefficient in zip(names, fit.params[1:], strict=True):
        found = contrasts.contrast(arms, weights_of(design, design.product(*factors)))
        assert found.delta == pytest.approx(2 * coefficient, abs=1e-10)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_shapley_values_add_up_to_all_minus_none(number):
    design = Factorial(number)
    arms, counts, _ = drawn("right or wrong", (2,) * len(design.cells), seed=number)
    total = sum(
        contrasts.contrast(arms, weights_of(design, design.shapley(place))).delta
        for place in range(number)
    )
    assert total == pytest.approx(counts[-1].mean() - counts[0].mean(), abs=1e-12)


# --- the joint test -------------------------------------------------------------------


@pytest.mark.parametrize("values", ["examples", "runs"])
def test_the_joint_test_of_one_contrast_is_its_t_test(values):
    design = Factorial(2)
    arms, counts, _ = drawn("right or wrong", (3, 4, 3, 5))
    if values == "runs":
        arms = [contrasts.moments_of_runs(each.mean(axis=1)) for each in counts]
    weights = weights_of(design, design.interaction(0, 1))
    single = contrasts.contrast(arms, weights)
    found = contrasts.joint_test(arms, [weights])
    assert found.f == pytest.approx(single.delta**2 / single.variance)
    assert found.df2 == pytest.approx(single.degrees_of_freedom)
    assert found.p == pytest.approx(significance.difference_p(single))


def test_the_joint_test_of_runs_is_that_of_an_analysis_of_variance():
    """With equal variances in all arms, which least squares assumes."""
    import pandas as pd
    from statsmodels.formula.api import ols

    design = Factorial(3)
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.002, 4)
    values = [rng.normal(0.9, 0.01) + rng.permutation(noise) for _ in design.cells]
    rows = [
        {"y": y, **{name: int(on) for name, on in zip("abc", cell, strict=True)}}
        for cell, runs in zip(design.cells, values, strict=True)
        for y in runs
    ]
    for row in rows:
        row.update({name: 2 * row[name] - 1 for name in "abc"})
    fit = ols("y ~ a * b * c", pd.DataFrame(rows)).fit()
    expected = fit.f_test("a:b = 0, a:c = 0, b:c = 0")
    arms = [contrasts.moments_of_runs(each) for each in values]
    found = contrasts.joint_test(
        arms, [weights_of(design, design.interaction(*pair)) for pair in design.pairs]
    )
    assert found.f == pytest.approx(expected.fvalue, rel=1e-5)
    assert found.df1 == pytest.approx(3)
    assert found.df2 == pytest.approx(expected.df_denom)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-4)


def test_the_order_of_contrasts_and_their_signs_do_not_matter():
    design = Factorial(3)
    arms, _, _ = drawn("right or wrong", (3,) * 8)
    rows = [weights_of(design, design.interaction(*pair)) for pair in design.pairs]
    first = contrasts.joint_test(arms, rows)
    turned = [[-weight for weight in rows[2]], rows[0], rows[1]]
    second = contrasts.joint_test(arms, turned)
    assert second.f == pytest.approx(first.f, rel=1e-9)
    assert second.df2 == pytest.approx(first.df2, rel=1e-6)


def test_nothing_is_tested_without_variance_between_seeds():
    design = Factorial(3)
    rows = [weights_of(design, design.interaction(*pair)) for pair in design.pairs]
    arms, _, _ = drawn("right or wrong", (3,) * 7 + (1,))
    assert contrasts.joint_test(arms, rows) is None
    constant = [contrasts.moments_of_runs(np.full(3, 0.9)) for _ in design.cells]
    assert contrasts.joint_test(constant, rows) is None


def test_pairs_are_all_pairs():
    assert Factorial(4).pairs == tuple(itertools.combinations(range(4), 2))


# --- examples in groups ---------------------------------------------------------------


def test_two_arms_of_grouped_examples_are_the_unpaired_effect_by_cluster():
    ids = np.random.default_rng(6).integers(0, 30, 400)
    groups = clusters.groups_of(ids)
    for kind in ("right or wrong", "losses"):
        _, counts, unit = drawn(kind, (3, 5))
        arms = [contrasts.moments(each, unit, groups) for each in counts]
        found = contrasts.contrast(arms, [Fraction(-1), Fraction(1)])
        plain = effects.unpaired_effect(*counts, unit)
        assert found == clusters.by_cluster(plain, *counts, unit, ids)
        assert found.num_clusters == 30


def test_the_joint_test_counts_groups_of_examples():
    design = Factorial(2)
    _, counts, _ = drawn("right or wrong", (3, 4, 3, 5))
    groups = clusters.groups_of(np.arange(400) // 10)
    arms = [contrasts.moments(each, 1.0, groups) for each in counts]
    weights = weights_of(design, design.interaction(0, 1))
    single, found = (
        contrasts.contrast(arms, weights),
        contrasts.joint_test(arms, [weights]),
    )
    assert found.p == pytest.approx(significance.difference_p(single))
    each_alone = [
        contrasts.moments(part, 1.0, clusters.groups_of(np.arange(400)))
        for part in counts
    ]
    plain = [contrasts.moments(part, 1.0) for part in counts]
    rows = [weights_of(design, design.main(place)) for place in range(2)]
    alone = contrasts.joint_test(each_alone, rows)
    assert alone.p == pytest.approx(contrasts.joint_test(plain, rows).p)
    assert alone.df1 == pytest.approx(contrasts.joint_test(plain, rows).df1)
