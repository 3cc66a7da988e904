"""Planned looks: their spelling, and levels that keep to alpha all together."""

import math

import numpy as np
import pytest

from didithelp import planned_looks

PLANS = [(5, 10), (5, 10, 12), (5, 10, 20), (5, 10, 20, 40), (6, 7, 8, 9, 10)]


@pytest.mark.parametrize(
    ("text", "planned", "spelled"),
    [
        ("none", (), "none"),
        (" None ", (), "none"),
        ("", (), "none"),
        ("5..20", (5, 10, 20), "5..20"),
        ("5 .. 12", (5, 10, 12), "5..12"),
        ("5..40", (5, 10, 20, 40), "5..40"),
        ("5,10,20", (5, 10, 20), "5..20"),
        ("5, 20,", (5, 20), "5,20"),
        ("6..7", (6, 7), "6..7"),
    ],
)
def test_a_plan_is_read_and_written(text, planned, spelled):
    assert planned_looks.parse(text) == planned
    assert planned_looks.is_plan(planned)
    assert planned_looks.spell(planned) == spelled
    assert planned_looks.parse(spelled) == planned


@pytest.mark.parametrize("text", ["5..", "..20", "5-20", "a..b", "5..10..20", "5 20"])
def test_what_is_no_plan_is_not_read(text):
    with pytest.raises(ValueError):
        planned_looks.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "3..20",
        "4,8",
        "5",
        "20..5",
        "0..5",
        "5..5",
        "5,5,10",
        "10,5",
        "5..1001",
        "-5..5",
    ],
)
def test_what_may_be_no_plan_is_none(text):
    assert not planned_looks.is_plan(planned_looks.parse(text))


def test_the_plan_that_was_simulated_has_its_levels():
    assert planned_looks.levels((5, 10, 20), 0.05) == (0.018, 0.018, 0.026)


@pytest.mark.parametrize("planned", PLANS)
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01, 1e-5])
def test_all_looks_together_keep_to_alpha(planned, alpha):
    levels = planned_looks.levels(planned, alpha)
    assert len(levels) == len(planned)
    assert levels[0] == levels[-2] < levels[-1] < alpha
    assert 0.98 * alpha < planned_looks.false_alarms(levels, planned) <= 1.004 * alpha


def test_the_simulated_levels_are_those_that_are_solved_for():
    solved = planned_looks.levels((5, 10, 20), math.nextafter(0.05, 1))
    assert solved == pytest.approx((0.018, 0.018, 0.026), rel=0.01)


def test_one_look_has_its_own_false_alarms():
    assert planned_looks.false_alarms((0.05,), (20,)) == pytest.approx(0.05, abs=1e-8)


def test_false_alarms_are_those_of_random_walks():
    planned, levels = (5, 10, 12), (0.02, 0.05, 0.03)
    steps = np.random.default_rng(0).standard_normal((400_000, planned[-1]))
    ends = steps.cumsum(axis=1)[:, np.array(planned) - 1] / np.sqrt(planned)
    critical = [planned_looks._NORMAL.inv_cdf(1 - level / 2) for level in levels]
    share = (np.abs(ends) > critical).any(axis=1).mean()
    assert planned_looks.false_alarms(levels, planned) == pytest.approx(
        share, abs=0.002
    )


def test_noise_of_the_images_makes_looks_more_alike_and_false_alarms_rarer():
    planned, levels = np.array((5, 10, 20)), (0.018, 0.018, 0.026)
    variances = 1 / planned + 0.1  # seeds, and images that no seed removes
    as_if = 1 / variances  # seeds that would leave as much, were there no images
    with_images = planned_looks.false_alarms(levels, tuple(as_if))
    assert with_images < planned_looks.false_alarms(levels, (5, 10, 20))


def test_small_levels_of_many_candidates_add_up_to_little_more():
    planned, levels = (5, 10, 20), planned_looks.levels((5, 10, 20), 0.05)
    of_one = tuple(level / 20 for level in levels)
    assert 0.05 < 20 * planned_looks.false_alarms(of_one, planned) < 1.12 * 0.05


# --- chance of a verdict --------------------------------------------------------------


def simulated_chance(delta, variance, last_variance, level, margin):
    rng = np.random.default_rng(0)
    last = rng.normal(delta, math.sqrt(variance - last_variance), 200_000)
    error = math.sqrt(last_variance)
    different = np.abs(last) > planned_looks._NORMAL.inv_cdf(1 - level / 2) * error
    one_sided = planned_looks._NORMAL.inv_cdf(1 - level) * error
    return (different | (np.abs(last) + one_sided < margin)).mean()


@pytest.mark.parametrize("delta", [-3.0, 0.0, 1.5])
@pytest.mark.parametrize("margin", [0.5, 3.0])
def test_the_chance_of_a_verdict_is_that_of_the_last_estimate(delta, margin):
    # From 5 to 20 seeds; the images contribute 0.4 - 0.3.
    estimate = planned_looks.Estimate(delta, 1.6, 0.4, 0.3, 5)
    expected = simulated_chance(delta, 1.7, 0.5, 0.026, margin)
    found = planned_looks.chance_of_verdict(estimate, 20, 0.026, margin)
    assert found == pytest.approx(expected, abs=0.005)


def test_without_a_margin_nothing_is_equivalent():
    with_margin, without = (
        planned_looks.chance_of_verdict(
            planned_looks.Estimate(0.0, 2, 0, 0, 5), 20, 0.026, margin
        )
        for margin in (9.0, None)
    )
    assert without < 0.3 < with_margin <= 1


def test_where_seeds_change_nothing_the_present_estimate_is_the_last():
    for delta, expected in ((0.0, 0), (3.0, 1), (-3.0, 1)):
        estimate = planned_looks.Estimate(delta, 0.0, 1.0, 0.0, 5)
        found = planned_looks.chance_of_verdict(estimate, 20, 0.05, 0.1)
        assert found == pytest.approx(expected)
