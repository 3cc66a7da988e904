"""Numbers worked by hand, references from other libraries, and simulated arms."""

import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from didithelp import statistics
from didithelp.statistics import Effect


def simulated_arm(rng, num_seeds=5, num_examples=400, error=0.1):
    """(seeds, examples) of 0 and 1: hard images are wrong under most seeds."""
    difficulty = rng.random(num_examples) ** 3
    noise = rng.random((num_seeds, num_examples))
    return (noise > 4 * error * difficulty).astype(np.int64)


def effect(delta=0.0, seed=1e-8, item=1e-8, residual=0.0, size=5, discordant=100):
    return Effect(delta, (seed,), item, (residual,), (size,), 10_000, discordant)


# --- per-example values ---------------------------------------------------------------


def test_calibration_error_of_four_examples_worked_by_hand():
    # Confidence .9 twice, one right: gap .4. Confidence .6 twice, both right: gap .4.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    error = statistics.expected_calibration_error(probabilities, np.array([0, 1, 0, 0]))
    assert error == pytest.approx(0.4)


def test_gaps_of_one_bin_cancel_and_those_of_two_bins_do_not():
    # Bins are (k/15, (k+1)/15]: 12/15 still belongs below, 12.5/15 above.
    edge, above, within = 12 / 15, 12.5 / 15, 11.5 / 15
    labels = np.array([0, 1])
    near = np.array([[within, 1 - within], [edge, 1 - edge]])
    far = np.array([[above, 1 - above], [edge, 1 - edge]])
    error = statistics.expected_calibration_error
    assert error(near, labels) == pytest.approx(abs(1 - within - edge) / 2)
    assert error(far, labels) == pytest.approx((1 - above + edge) / 2)


def test_perfectly_calibrated_and_certain_predictions_have_no_calibration_error():
    certain = np.eye(3, dtype=np.float32)
    assert statistics.expected_calibration_error(certain, np.arange(3)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calibration_ignores_the_order_of_examples(dtype):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 5000).astype(dtype)
    labels = rng.integers(0, 10, 5000)
    expected = statistics.reliability(probabilities, labels)
    for _ in range(5):
        order = rng.permutation(5000)
        found = statistics.reliability(probabilities[order], labels[order])
        np.testing.assert_array_equal(found.confidence, expected.confidence)
        np.testing.assert_array_equal(found.accuracy, expected.accuracy)
        assert found.calibration_error == expected.calibration_error


def test_reliability_counts_confidence_and_accuracy_by_bin():
    # Top probabilities .95, .95 and .55: bins (14/15, 1] and (8/15, 9/15].
    probabilities = np.array([[0.95, 0.05], [0.05, 0.95], [0.45, 0.55]])
    found = statistics.reliability(probabilities, np.array([0, 0, 1]))
    assert found.counts.tolist() == [0] * 8 + [1] + [0] * 5 + [2]
    assert found.confidence[[8, 14]] == pytest.approx([0.55, 0.95])
    assert found.accuracy[[8, 14]] == pytest.approx([1, 0.5])
    empty = found.counts == 0
    assert np.isnan(found.confidence[empty]).all()
    assert np.isnan(found.accuracy[empty]).all()
    assert (found.edges[[0, 8, 15]] == [0, 8 / 15, 1]).all()
    assert found.calibration_error == pytest.approx((1 * 0.45 + 2 * 0.45) / 3)


def test_brier_score_is_the_squared_error_over_all_classes():
    probabilities = np.array([[[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]]], dtype=np.float32)
    scores = statistics.brier_score(probabilities, np.array([0, 2]))
    assert scores == pytest.approx(np.array([[0.09 + 0.04 + 0.01, 2.0]]))
    one_hot = np.eye(3)[[0, 2]]
    assert scores == pytest.approx(np.square(probabilities - one_hot).sum(axis=-1))
    assert probabilities[0, 0, 0] == np.float32(0.7)  # the input is left alone


def test_negative_log_likelihood_is_clipped_like_that_of_keras():
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]])
    values = statistics.negative_log_likelihood(probabilities, np.array([0, 1]))
    assert values == pytest.approx([math.log(4), -math.log(1e-7)])


def test_first_class_wins_a_tie():
    probabilities = np.array([[[0.5, 0.5], [0.5, 0.5]]])
    right = statistics.right_or_wrong(probabilities, np.array([0, 1]))
    assert right.tolist() == [[1, 0]]


# --- the effect -----------------------------------------------------------------------


def test_paired_effect_worked_by_hand():
    candidate = np.array([[1, 1, 0], [1, 0, 0]])
    found = statistics.paired_effect(np.zeros_like(candidate), candidate)
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
    found = statistics.unpaired_effect(reference, candidate)
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
    paired = statistics.paired_effect(first, second)
    reference = stats.ttest_rel(accuracies[1], accuracies[0])
    assert paired.delta / math.sqrt(paired.seed_variance) == pytest.approx(
        reference.statistic
    )
    unpaired = statistics.unpaired_effect(first[:4], second)
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
    found = statistics.paired_effect(first, second)
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
    found = statistics.paired_effect(reference, candidate)
    assert found.delta == 0.001
    assert found.seed_variance == 0
    assert found.item_variance > 0


@pytest.mark.parametrize(
    "estimate", [statistics.paired_effect, statistics.unpaired_effect]
)
@pytest.mark.parametrize("kind", ["right or wrong", "losses"])
def test_swapping_arms_negates_and_reordering_changes_nothing(estimate, kind):
    rng = np.random.default_rng(3)
    first, second = simulated_arm(rng), simulated_arm(rng)
    unit = 1.0
    if kind == "losses":
        unit = statistics.LOSS_UNIT
        first, second = (
            statistics.fixed_point(rng.exponential(2.0, first.shape)) for _ in "ab"
        )
    found, swapped = estimate(first, second, unit), estimate(second, first, unit)
    assert swapped.delta == -found.delta
    assert swapped.standard_error == found.standard_error
    assert swapped.degrees_of_freedom == found.degrees_of_freedom
    low, high = statistics.interval(found, 0.95)
    assert statistics.interval(swapped, 0.95) == (-high, -low)
    seeds, images = rng.permutation(len(first)), rng.permutation(first.shape[1])
    reordered = (values[seeds][:, images] for values in (first, second))
    assert estimate(*reordered, unit) == found


def test_losses_in_fixed_point_agree_with_floats():
    rng = np.random.default_rng(4)
    first, second = rng.exponential(1.0, (2, 4, 50))
    found = statistics.paired_effect(
        *map(statistics.fixed_point, (first, second)), statistics.LOSS_UNIT
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
    found = statistics.paired_effect(reference, candidate)
    assert found.delta == sum(values) / (3 * 700)
    assert found.item_variance == float(spread / (3**2 * 700))


@pytest.mark.parametrize("paired", [True, False])
def test_one_number_per_run_is_the_t_test(paired):
    rng = np.random.default_rng(8)
    first, second = np.round(rng.normal(0.97, 0.002, (2, 6)), 4)
    second = second if paired else second[:4]
    found = statistics.run_effect(first, second, paired=paired)
    if paired:
        expected = stats.ttest_rel(second, first)
    else:
        expected = stats.ttest_ind(second, first, equal_var=False)
    assert found.delta == pytest.approx(second.mean() - first.mean())
    assert statistics.difference_p(found) == pytest.approx(expected.pvalue)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    bounds = expected.confidence_interval(0.95)
    assert statistics.interval(found, 0.95) == pytest.approx(tuple(bounds))
    back = statistics.run_effect(second, first, paired=paired)
    assert (back.delta, back.variance) == (-found.delta, found.variance)
    if paired:
        order = rng.permutation(6)
        assert statistics.run_effect(first[order], second[order], paired=True) == found


@pytest.mark.parametrize("gain", [0.001, 1 / 600, 0.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_differences_of_runs_cannot_be_tested(gain, dtype):
    first = np.array([0.9713, 0.9688, 0.9701, 0.9747, 0.9699])
    second = (first + gain).astype(dtype)
    found = statistics.run_effect(first, second, paired=True)
    assert found.delta == pytest.approx(gain, abs=1e-7)
    assert found.is_constant
    assert math.isnan(statistics.difference_p(found))
    assert decide(found, p=0.0, p_tost=0.0).reasons == ["zero_variance"]


def test_runs_alone_have_no_noise_of_images_and_no_discordant_ones():
    first, second = np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.7, 0.8])
    found = statistics.run_effect(first, second, paired=True)
    assert found.num_examples is found.num_discordant is None
    assert found.variance == found.seed_variance > 0
    assert decide(found, p=0.01).verdict == "better"
    assert statistics.seeds_needed(found, 1e-3, 0.05) > 3


def test_paired_numbers_need_partners():
    with pytest.raises(ValueError, match="equal numbers of runs"):
        statistics.run_effect(np.zeros(3), np.zeros(4), paired=True)


def test_one_seed_leaves_only_the_variance_of_images():
    rng = np.random.default_rng(5)
    found = statistics.paired_effect(simulated_arm(rng, 1), simulated_arm(rng, 1))
    assert found.item_variance > 0
    for unknown in (found.seed_variance, found.standard_error):
        assert math.isnan(unknown)
    assert math.isnan(statistics.difference_p(found))
    assert math.isnan(statistics.equivalence_p(found, 0.001))
    assert all(map(math.isnan, statistics.interval(found, 0.95)))
    assert math.isnan(statistics.minimum_detectable_effect(found, 0.05))
    assert statistics.seeds_needed(found, 0.001, 0.05) is None


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
        statistics.paired_effect(first, second)


# --- interval and tests ---------------------------------------------------------------


def test_p_equals_alpha_where_the_interval_touches_zero():
    found = effect(delta=0.0005)
    p = statistics.difference_p(found)
    low, _ = statistics.interval(found, 1 - p)
    assert low == pytest.approx(0, abs=1e-12)


def test_equivalence_at_alpha_is_an_interval_within_the_margin():
    found = effect(delta=-0.0003)
    p = statistics.equivalence_p(found, 0.001)
    low, high = statistics.interval(found, 1 - 2 * p)
    assert min(low, high) == pytest.approx(-0.001)


def test_without_any_difference_nothing_is_left_to_doubt():
    same = np.ones((3, 4), dtype=np.int64)
    found = statistics.paired_effect(same, same)
    assert statistics.difference_p(found) == 1
    assert statistics.equivalence_p(found, 0.001) == 0
    assert statistics.interval(found, 0.95) == (0, 0)
    assert statistics.minimum_detectable_effect(found, 0.05) == 0
    assert statistics.seeds_needed(found, 0.001, 0.05) == 3


def test_a_difference_without_variance_cannot_be_tested():
    wrong, right = np.zeros((3, 4), dtype=np.int64), np.ones((3, 4), dtype=np.int64)
    found = statistics.paired_effect(wrong, right)
    assert found.is_constant
    assert math.isnan(statistics.difference_p(found))
    assert math.isnan(statistics.equivalence_p(found, 0.5))
    assert all(map(math.isnan, statistics.interval(found, 0.95)))
    assert math.isnan(statistics.minimum_detectable_effect(found, 0.05))
    assert statistics.seeds_needed(found, 0.001, 0.05) is None


@pytest.mark.parametrize(
    "p_values", [[0.04, 0.01, 0.03], [0.2], [0.5, 0.5, 0.9], [0.001, 0.04, 0.04, 0.6]]
)
def test_holm_agrees_with_statsmodels(p_values):
    expected = multipletests(p_values, method="holm")[1]
    assert statistics.holm(p_values) == pytest.approx(expected)


def test_a_test_that_could_not_be_made_does_not_count_in_a_family():
    found = statistics.holm([0.02, math.nan, 0.03])
    assert found[[0, 2]] == pytest.approx(multipletests([0.02, 0.03], method="holm")[1])
    assert math.isnan(found[1])
    assert np.isnan(statistics.holm([math.nan, math.nan])).all()


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
    assert statistics.holm_multipliers(p_values).tolist() == expected


def test_p_is_below_its_own_level_wherever_the_adjusted_one_is_below_alpha():
    rng = np.random.default_rng(0)
    for _ in range(300):
        p_values = rng.choice(np.geomspace(1e-4, 0.06, 40), 4)
        adjusted = statistics.holm(p_values)
        own = 0.05 / statistics.holm_multipliers(p_values)
        assert (p_values[adjusted <= 0.05] <= own[adjusted <= 0.05] + 1e-15).all()


# --- planning -------------------------------------------------------------------------


def test_minimum_detectable_effect_agrees_with_statsmodels():
    seed_only = effect(seed=4e-8, item=0.0, size=5)
    expected = TTestPower().solve_power(nobs=5, alpha=0.05, power=0.8)
    found = statistics.minimum_detectable_effect(seed_only, 0.05)
    standard_deviation = math.sqrt(5 * 4e-8)
    assert found == pytest.approx(expected * standard_deviation, rel=1e-6)


@pytest.mark.parametrize("size", [2, 3, 30])
@pytest.mark.parametrize("alpha", [0.4, 0.05, 1e-6])
def test_minimum_detectable_effect_exists_for_every_alpha(size, alpha):
    found = statistics.minimum_detectable_effect(effect(size=size), alpha)
    assert 0 < found < math.inf


def test_seeds_needed_agree_with_statsmodels_when_only_seeds_vary():
    seed_only = effect(seed=4e-8, item=0.0, size=5)
    size = 0.001 / math.sqrt(5 * 4e-8)
    expected = TTestPower().solve_power(effect_size=size, alpha=0.05, power=0.8)
    assert statistics.seeds_needed(seed_only, 0.001, 0.05) == math.ceil(expected)


def test_seeds_needed_for_unpaired_arms_follow_welch():
    terms = (4e-8, 9e-8)
    found = Effect(0.0, terms, 0.0, (0.0, 0.0), (5, 8), 10_000, 100)
    variances = 5 * 4e-8, 8 * 9e-8
    needed = statistics.seeds_needed(found, 0.001, 0.05)

    def power(size):
        error = math.sqrt(sum(variances) / size)
        df = (size - 1) * sum(variances) ** 2 / sum(v**2 for v in variances)
        return statistics.power(0.001 / error, df, 0.05)

    assert power(needed) >= 0.8 > power(needed - 1)


def test_no_number_of_seeds_makes_a_small_test_set_large():
    assert statistics.seeds_needed(effect(item=2e-7), 0.001, 0.05) is None
    assert statistics.seeds_needed(effect(item=1e-8), 0.001, 0.05) is not None


def test_power_is_continuous_where_the_noncentral_t_is_left():
    edge = statistics.LARGEST_NONCENTRALITY
    below, above = (statistics.power(edge + step, 1, 0.01) for step in (-1e-6, 1e-6))
    assert below == pytest.approx(above, abs=0.001)


# --- the verdict ----------------------------------------------------------------------


def decide(found, p=0.5, p_tost=0.5, **changes):
    settings = {"alpha": 0.05, "margin": 0.001, "higher_is_better": True}
    return statistics.decide(found, p_holm=p, p_tost_holm=p_tost, **settings | changes)


def test_better_and_worse_follow_the_sign_and_the_direction():
    up, down = effect(delta=0.0008), effect(delta=-0.0008)
    assert decide(up, p=0.01) == ("better", [], [])
    assert decide(down, p=0.01) == ("worse", [], [])
    lower = {"higher_is_better": False, "margin": None, "p_tost": math.nan}
    assert decide(up, p=0.01, **lower).verdict == "worse"
    assert decide(down, p=0.01, **lower).verdict == "better"


def test_exceeding_the_margin_is_flagged_when_the_whole_interval_does():
    assert decide(effect(delta=0.005), p=0.001).flags == ["exceeds_margin"]
    assert decide(effect(delta=-0.005), p=0.001).flags == ["exceeds_margin"]
    assert decide(effect(delta=0.0012), p=0.001).flags == []


def test_what_holm_multiplied_p_by_takes_more_to_exceed_the_margin():
    found = effect(delta=0.0014)
    assert decide(found, p=0.001).flags == ["exceeds_margin"]
    assert decide(found, p=0.001, multiplier=20).flags == []


def test_equivalence_comes_before_difference():
    found = effect(delta=0.0003)
    assert decide(found, p=0.3, p_tost=0.01) == ("equivalent", [], [])
    assert decide(found, p=0.01, p_tost=0.01) == (
        "equivalent",
        [],
        ["detectable_below_margin"],
    )


def test_without_a_margin_nothing_is_ever_equivalent():
    found = decide(effect(), p=1.0, p_tost=math.nan, margin=None)
    assert found == ("inconclusive", ["interval_too_wide"], [])


def test_a_wide_interval_decides_nothing():
    assert decide(effect()) == ("inconclusive", ["interval_too_wide"], [])


def test_fewer_than_ten_differing_images_decide_nothing():
    found = effect(delta=0.0008, discordant=9)
    assert decide(found, p=0.01).reasons == ["few_discordant_examples"]
    assert decide(effect(delta=0.0008, discordant=10), p=0.01).verdict == "better"


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (effect(size=2), ["too_few_seeds"]),
        (effect(size=1, seed=math.nan), ["too_few_seeds", "seed_variance_unknown"]),
        (effect(delta=1.0, seed=0.0, item=0.0), ["zero_variance"]),
        (effect(seed=0.0, item=0.0, residual=1e-9), ["zero_variance"]),
    ],
)
def test_missing_evidence_is_named_whatever_p_says(found, reasons):
    assert decide(found, p=0.0, p_tost=0.0) == ("inconclusive", reasons, [])


def test_problems_of_the_runs_come_first():
    found = decide(effect(size=2), p=0.0, problems=["diverged_or_missing_runs"])
    assert found.reasons == ["diverged_or_missing_runs", "too_few_seeds"]


# --- secondary numbers ----------------------------------------------------------------


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
    found = statistics.collapsed(np.array(accuracies), chance)
    assert np.flatnonzero(found).tolist() == expected


def test_three_wins_of_three_say_little():
    found = statistics.outperformance(np.zeros(3, int), np.ones(3, int), paired=True)
    assert found.probability == 1
    assert found.interval == pytest.approx((0.025 ** (1 / 3), 1))


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(6, 0, True), (5, 0, False), (0, 6, False), (3, 3, False), (70, 30, True)]
    + [(600, 300, False), (0, 0, None)],
)
def test_a_meaningful_win_beats_chance_and_may_be_three_in_four(wins, losses, expected):
    differences = np.array([1] * wins + [-1] * losses + [0])
    found = statistics.outperformance(differences * 0, differences, paired=True)
    assert found.is_meaningful is expected
    unpaired = statistics.outperformance(differences * 0, differences, paired=False)
    assert unpaired.is_meaningful is None


def test_ties_count_half_and_leave_the_interval():
    reference, candidate = np.array([5, 5, 5, 5]), np.array([6, 5, 4, 6])
    found = statistics.outperformance(reference, candidate, paired=True)
    assert (found.probability, found.wins, found.ties) == (2.5 / 4, 2, 1)
    tied = statistics.outperformance(reference, reference, paired=True)
    assert tied.probability == 0.5
    assert all(map(math.isnan, tied.interval))


def test_unpaired_outperformance_is_the_statistic_of_mann_and_whitney():
    reference, candidate = np.array([1, 4, 6]), np.array([2, 4, 5, 9])
    found = statistics.outperformance(reference, candidate, paired=False)
    expected = stats.mannwhitneyu(candidate, reference).statistic / 12
    assert found.probability == pytest.approx(expected)


def test_sensitivity_needs_six_pairs_and_then_is_exact():
    def check(values):
        rng = np.random.default_rng(0)
        return statistics.sensitivity(np.array(values), resamples=9999, rng=rng)

    assert check([1, 2, 3, 4, 5]) is None
    assert check([0] * 6) == {"sign_flip": 1.0, "wilcoxon": 1.0}
    assert check([1, 2, 3, 4, 5, 6]) == pytest.approx(
        {"sign_flip": 2 / 64, "wilcoxon": 2 / 64}
    )
    assert set(check([3, 3, -3, 0, 1, 7])) == {"sign_flip", "wilcoxon"}


def test_sampled_sign_flips_follow_the_generator():
    values = np.random.default_rng(6).integers(-5, 8, 20)

    def p(seed):
        rng = np.random.default_rng(seed)
        return statistics.sensitivity(values, resamples=500, rng=rng)["sign_flip"]

    assert p(0) == p(0)
    assert len({p(seed) for seed in range(5)}) > 1


def test_single_pair_is_an_exact_mcnemar_test():
    reference = np.array([1] * 1 + [0] * 11 + [1] * 80 + [0] * 8)
    candidate = np.array([0] * 1 + [1] * 11 + [1] * 80 + [0] * 8)
    found = statistics.single_pair(reference, candidate)
    assert found[:4] == (80, 11, 1, 8)
    assert found.p == pytest.approx(0.006348, abs=1e-6)
    assert found.p == pytest.approx(mcnemar([[80, 1], [11, 8]]).pvalue)
    half = 1.959964 * math.sqrt(12 - 100 / 100) / 100
    assert found.interval == pytest.approx((0.1 - half, 0.1 + half))


def test_two_networks_that_agree_everywhere_have_p_one():
    right = np.array([1, 0, 1])
    assert statistics.single_pair(right, right).p == 1


# --- the whole rule on simulated recipes ----------------------------------------------


def p_of_equal_recipes(rng, num_seeds, num_examples=1000):
    """Both recipes err on 4% of new images, but learn different functions: each has
    its own chance of erring on an image, and each seed its own shift."""
    arms = []
    for _ in range(2):
        chance = rng.beta(0.08, 1.92, num_examples)
        shift = rng.normal(0, 0.002, (num_seeds, 1))
        draws = rng.random((num_seeds, num_examples))
        arms.append((draws < chance + shift).astype(np.int64))
    found = statistics.paired_effect(*arms)
    seed_only = stats.ttest_rel(arms[0].mean(axis=1), arms[1].mean(axis=1)).pvalue
    return statistics.difference_p(found), seed_only


@pytest.mark.parametrize("num_seeds", [3, 10])
def test_false_alarms_stay_near_alpha_where_those_of_a_seed_t_test_do_not(num_seeds):
    rng = np.random.default_rng(7)
    found = np.array([p_of_equal_recipes(rng, num_seeds) for _ in range(500)])
    crossed, seed_only = (found < 0.05).mean(axis=0)
    assert 0.01 < crossed < 0.08
    assert seed_only > (0.09 if num_seeds == 3 else 0.2)


def test_workers_get_the_calibration_error_without_loading_scipy():
    code = "import sys, didithelp.statistics; sys.exit('scipy' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
