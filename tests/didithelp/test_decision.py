"""The rules of the verdict, one by one and on simulated recipes."""

import math

import numpy as np
import pytest
from scipy import stats

from didithelp import effects, significance
from tests.didithelp.builders import decide, effect


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


def p_of_equal_recipes(rng, num_seeds, num_examples=1000):
    """Both recipes err on 4% of new images, but learn different functions: each has
    its own chance of erring on an image, and each seed its own shift."""
    arms = []
    for _ in range(2):
        chance = rng.beta(0.08, 1.92, num_examples)
        shift = rng.normal(0, 0.002, (num_seeds, 1))
        draws = rng.random((num_seeds, num_examples))
        arms.append((draws < chance + shift).astype(np.int64))
    found = effects.paired_effect(*arms)
    seed_only = stats.ttest_rel(arms[0].mean(axis=1), arms[1].mean(axis=1)).pvalue
    return significance.difference_p(found), seed_only


@pytest.mark.parametrize("num_seeds", [3, 10])
def test_false_alarms_stay_near_alpha_where_those_of_a_seed_t_test_do_not(num_seeds):
    rng = np.random.default_rng(7)
    found = np.array([p_of_equal_recipes(rng, num_seeds) for _ in range(500)])
    crossed, seed_only = (found < 0.05).mean(axis=0)
    assert 0.01 < crossed < 0.08
    assert seed_only > (0.09 if num_seeds == 3 else 0.2)
