"""Differences and their variances, worked by hand and against other libraries."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from didithelp import effects, planning, scores, significance
from tests.didithelp.builders import decide, simulated_arm


def test_paired_effect_worked_by_hand():
    candidate = np.array([[1, 1, 0], [1, 0, 0]])
    found = effects.paired_effect(np.zeros_like(candidate), candidate)
    assert found.delta == 1 / 2
    assert found.seed_variance == pytest.approx(1 / 36)
    assert found.item_variance == pytest.approx(1 / 12)
    assert found.residual_variance == pytest.approx(1 / 36)
    assert found.variance == pytest.approx(1 / 36 + 1 / 12 - 1 / 36)
    assert found.degrees_of_freedom == pytest.approx(
        (1 / 12) ** 2 / ((1 / 36) ** 2 / 1 + (1 / 12) ** 2 / 2 + (1 / 36) ** 2 / 2)
    )
    assert found.num_discordant == 2


def test_unpaired_effect_worked_by_hand():
    reference = np.array([[0, 0], [1, 0]])  # accuracies 0, 1/2
    candidate = np.array([[1, 1], [1, 1], [1, 0]])  # 1, 1, 1/2
    found = effects.unpaired_effect(reference, candidate)
    assert found.delta == pytest.approx(5 / 6 - 1 / 4)
    assert found.seed_terms == pytest.approx((1 / 8 / 2, 1 / 12 / 3))
    # per image: 1 - 1/2 and 2/3 - 0, so a variance of (1/6)^2 / 2
    assert found.item_variance == pytest.approx((1 / 6) ** 2 / 2 / 2)
    # residual squares of reference: 4 (1/4)^2 = 1/4 with one df
    assert found.residual_terms[0] == pytest.approx(1 / 4 / 4)


def test_seed_variance_is_that_of_the_t_test():
    rng = np.random.default_rng(1)
    first, second = simulated_arm(rng), simulated_arm(rng, 5, error=0.15)
    accuracies = first.mean(axis=1), second.mean(axis=1)
    paired = effects.paired_effect(first, second)
    reference = stats.ttest_rel(accuracies[1], accuracies[0])
    assert paired.delta / math.sqrt(paired.seed_variance) == pytest.approx(
        reference.statistic
    )
    unpaired = effects.unpaired_effect(first[:4], second)
    welch = stats.ttest_ind(accuracies[1], accuracies[0][:4], equal_var=False)
    assert unpaired.delta / math.sqrt(unpaired.seed_variance) == pytest.approx(
        welch.statistic
    )


def test_residual_is_that_of_a_two_way_analysis_of_variance():
    import pandas as pd
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    rng = np.random.default_rng(2)
    first, second = simulated_arm(rng, 4, 12, 0.2), simulated_arm(rng, 4, 12, 0.2)
    seeds, images = np.indices(first.shape)
    frame = pd.DataFrame(
        {"d": (second - first).ravel(), "s": seeds.ravel(), "i": images.ravel()}
    )
    table = anova_lm(ols("d ~ C(s) + C(i)", frame).fit())
    found = effects.paired_effect(first, second)
    cells = first.size
    assert found.residual_variance == pytest.approx(
        table.loc["Residual", "mean_sq"] / cells
    )
    assert found.seed_variance == pytest.approx(table.loc["C(s)", "mean_sq"] / cells)
    assert found.item_variance == pytest.approx(table.loc["C(i)", "mean_sq"] / cells)


def test_equal_differences_have_no_seed_variance_at_all():
    reference = np.zeros((5, 1000), dtype=np.int64)
    candidate = reference.copy()
    candidate[np.arange(5), np.arange(5) * 7] = 1  # one more image right in each pair
    found = effects.paired_effect(reference, candidate)
    assert found.delta == 0.001
    assert found.seed_variance == 0
    assert found.item_variance > 0


@pytest.mark.parametrize("estimate", [effects.paired_effect, effects.unpaired_effect])
@pytest.mark.parametrize("kind", ["right or wrong", "losses"])
def test_swapping_arms_negates_and_reordering_changes_nothing(estimate, kind):
    rng = np.random.default_rng(3)
    first, second = simulated_arm(rng), simulated_arm(rng)
    unit = 1.0
    if kind == "losses":
        unit = scores.LOSS_UNIT
        first, second = (
            scores.fixed_point(rng.exponential(2.0, first.shape)) for _ in "ab"
        )
    found, swapped = estimate(first, second, unit), estimate(second, first, unit)
    assert swapped.delta == -found.delta
    assert swapped.standard_error == found.standard_error
    assert swapped.degrees_of_freedom == found.degrees_of_freedom
    low, high = significance.interval(found, 0.95)
    assert significance.interval(swapped, 0.95) == (-high, -low)
    seeds, images = rng.permutation(len(first)), rng.permutation(first.shape[1])
    reordered = (values[seeds][:, images] for values in (first, second))
    assert estimate(*reordered, unit) == found


def test_losses_in_fixed_point_agree_with_floats():
    rng = np.random.default_rng(4)
    first, second = rng.exponential(1.0, (2, 4, 50))
    found = effects.paired_effect(
        *map(scores.fixed_point, (first, second)), scores.LOSS_UNIT
    )
    differences = second - first
    assert found.delta == pytest.approx(differences.mean(), abs=1e-9)
    assert found.item_variance == pytest.approx(
        differences.mean(axis=0).var(ddof=1) / 50, rel=1e-7
    )


@pytest.mark.parametrize("largest", [1, 2**26, 2**30, 2**36])
def test_sums_are_exact_on_both_sides_of_int64(largest):
    rng = np.random.default_rng(0)
    reference, candidate = rng.integers(-largest, largest, (2, 3, 700), endpoint=True)
    values = [int(value) for value in (candidate - reference).sum(axis=0)]
    spread = Fraction(700 * sum(v * v for v in values) - sum(values) ** 2, 700 * 699)
    found = effects.paired_effect(reference, candidate)
    assert found.delta == sum(values) / (3 * 700)
    assert found.item_variance == float(spread / (3**2 * 700))


@pytest.mark.parametrize("paired", [True, False])
def test_one_number_per_run_is_the_t_test(paired):
    rng = np.random.default_rng(8)
    first, second = np.round(rng.normal(0.97, 0.002, (2, 6)), 4)
    second = second if paired else second[:4]
    found = effects.run_effect(first, second, paired=paired)
    if paired:
        expected = stats.ttest_rel(second, first)
    else:
        expected = stats.ttest_ind(second, first, equal_var=False)
    assert found.delta == pytest.approx(second.mean() - first.mean())
    assert significance.difference_p(found) == pytest.approx(expected.pvalue)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    bounds = expected.confidence_interval(0.95)
    assert significance.interval(found, 0.95) == pytest.approx(tuple(bounds))
    back = effects.run_effect(second, first, paired=paired)
    assert (back.delta, back.variance) == (-found.delta, found.variance)
    if paired:
        order = rng.permutation(6)
        assert effects.run_effect(first[order], second[order], paired=True) == found


@pytest.mark.parametrize("gain", [0.001, 1 / 600, 0.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_differences_of_runs_cannot_be_tested(gain, dtype):
    first = np.array([0.9713, 0.9688, 0.9701, 0.9747, 0.9699])
    second = (first + gain).astype(dtype)
    found = effects.run_effect(first, second, paired=True)
    assert found.delta == pytest.approx(gain, abs=1e-7)
    assert found.is_constant
    assert math.isnan(significance.difference_p(found))
    assert decide(found, p=0.0, p_tost=0.0).reasons == ["zero_variance"]


@pytest.mark.parametrize("size", [1e-30, 1e-7, 1.0, 3e5, 1e9, 1e40])
@pytest.mark.parametrize("paired", [True, False])
def test_numbers_of_any_size_are_the_t_test(size, paired):
    rng = np.random.default_rng(3)
    first, second = size * rng.normal(1, 0.1, (2, 6))
    scale = effects.scale_of(first, second)
    found = effects.run_effect(first, second, paired=paired, scale=scale)
    if paired:
        expected = stats.ttest_rel(second, first)
    else:
        expected = stats.ttest_ind(second, first, equal_var=False)
    assert found.delta == pytest.approx(second.mean() - first.mean(), rel=1e-9)
    assert significance.difference_p(found) == pytest.approx(expected.pvalue, rel=1e-6)
    assert significance.interval(found, 0.95) == pytest.approx(
        tuple(expected.confidence_interval(0.95)), rel=1e-6
    )
    back = effects.run_effect(second, first, paired=paired, scale=scale)
    assert (back.delta, back.variance) == (-found.delta, found.variance)
    first, second = 1024 * first, 1024 * second
    scale = effects.scale_of(first, second)
    larger = effects.run_effect(first, second, paired=paired, scale=scale)
    assert larger.delta == 1024 * found.delta
    assert larger.standard_error == 1024 * found.standard_error


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e12])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_differences_of_any_size_cannot_be_tested(size, dtype):
    first = np.array([0.9713, 0.9688, 0.9701, 0.9747, 0.9699]) * size
    first, second = first.astype(dtype), (first + 0.3 * size).astype(dtype)
    numbers = first.astype(float), second.astype(float)
    scale = effects.scale_of(*numbers)
    found = effects.run_effect(*numbers, paired=True, scale=scale)
    assert found.delta == pytest.approx(0.3 * size, rel=1e-5)
    assert found.is_constant


def test_whole_numbers_are_not_rounded():
    first = np.array([10_000_000.0, 10_000_001, 10_000_000, 10_000_003])
    second = first + [1, 0, 0, 1]
    scale = effects.scale_of(first, second)
    found = effects.run_effect(first, second, paired=True, scale=scale)
    assert found.delta == 0.5
    assert found.variance == np.var([1, 0, 0, 1], ddof=1) / 4


def test_runs_alone_have_no_noise_of_images_and_no_discordant_ones():
    first, second = np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.7, 0.8])
    found = effects.run_effect(first, second, paired=True)
    assert found.num_examples is found.num_discordant is None
    assert found.variance == found.seed_variance > 0
    assert decide(found, p=0.01).verdict == "better"
    assert planning.seeds_needed(found, 1e-3, 0.05) > 3


def test_paired_numbers_need_partners():
    with pytest.raises(ValueError, match="equal numbers of runs"):
        effects.run_effect(np.zeros(3), np.zeros(4), paired=True)


def test_one_seed_leaves_only_the_variance_of_images():
    rng = np.random.default_rng(5)
    found = effects.paired_effect(simulated_arm(rng, 1), simulated_arm(rng, 1))
    assert found.item_variance > 0
    for unknown in (found.seed_variance, found.standard_error):
        assert math.isnan(unknown)
    assert math.isnan(significance.difference_p(found))
    assert math.isnan(significance.equivalence_p(found, 0.001))
    assert all(map(math.isnan, significance.interval(found, 0.95)))
    assert math.isnan(planning.minimum_detectable_effect(found, 0.05))
    assert planning.seeds_needed(found, 0.001, 0.05) is None


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3)), "int64"),
        (np.zeros(3, int), np.zeros(3, int), "seeds, examples"),
        (np.zeros((0, 3), int), np.zeros((2, 3), int), "at least one seed"),
        (np.zeros((2, 3), int), np.zeros((2, 4), int), "same two or more"),
        (np.zeros((2, 1), int), np.zeros((2, 1), int), "same two or more"),
        (np.zeros((2, 3), int), np.zeros((3, 3), int), "use unpaired_effect"),
    ],
)
def test_shapes_that_make_no_sense_are_rejected(first, second, match):
    with pytest.raises(ValueError, match=match):
        effects.paired_effect(first, second)


@pytest.mark.parametrize("bits", [1, 20, 37, 52, 63])
@pytest.mark.parametrize("other", [1, 37, 63])
def test_products_of_numbers_of_any_size_are_summed_exactly(bits, other):
    rng = np.random.default_rng(bits)
    size = effects.PART_SIZE + 5
    first, second = (
        rng.integers(-(2**most), 2**most, size, endpoint=most < 63)
        for most in (bits, other)
    )
    first[:2], second[:2] = -(2**bits), -(2**other)
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    assert effects.exact_dot(first, second) == sum(x * y for x, y in pairs)
