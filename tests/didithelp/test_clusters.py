"""Examples in groups: variances from sums over groups, held against other formulas."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

import didithelp
from didithelp import clusters, effects, trials_folder
from didithelp.arm import ArmError
from didithelp.errors import Refusal
from didithelp.recorder import Recorder
from tests.didithelp.builders import (
    NUM_EXAMPLES,
    baseline,
    compare,
    improved,
    pattern,
    primary,
    simulated_arm,
)

WRITERS = np.random.default_rng(4).integers(0, 40, NUM_EXAMPLES)
ESTIMATES = {True: effects.paired_effect, False: effects.unpaired_effect}


def clustered(before, after, ids, *, paired, unit=1.0):
    effect = ESTIMATES[paired](before, after, unit)
    return clusters.by_cluster(effect, before, after, unit, ids)


def by_hand(before, after, ids, *, paired):
    """Variances of a ratio of sums over groups, in floats and one group at a time."""
    names = np.unique(ids)
    count, n = len(names), before.shape[1]
    sizes = np.array([(ids == name).sum() for name in names])

    def residuals(values):
        totals = np.array([values[..., ids == name].sum(-1) for name in names]).T
        return totals - values.mean(-1)[..., None] * sizes

    item = residuals(after.mean(0) - before.mean(0))
    v_item = count / (count - 1) * (item**2).sum() / n**2
    v_rest = 0
    for each in [after - before] if paired else [before, after]:
        s = len(each)
        rest = residuals(each) - residuals(each).mean(0)
        v_rest += count / (count - 1) * (rest**2).sum() / (s - 1) / s / n**2
    return v_item, v_rest


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("scale", [1, 2**30])
def test_variances_are_those_of_a_ratio_of_sums(paired, scale):
    rng = np.random.default_rng(2)
    before = scale * simulated_arm(rng, 4) + rng.integers(0, scale, (4, 400))
    after = scale * simulated_arm(rng, 4 if paired else 6)
    ids = rng.choice(25, 400, p=np.arange(1, 26) / 325)
    found = clustered(before, after, ids, paired=paired)
    plain = ESTIMATES[paired](before, after)
    item, rest = by_hand(before, after, ids, paired=paired)
    assert found.item_variance == pytest.approx(item)
    assert found.residual_variance == pytest.approx(rest)
    assert (found.delta, found.seed_terms) == (plain.delta, plain.seed_terms)
    assert found.num_clusters == len(np.unique(ids))
    assert found.item_degrees_of_freedom == found.num_clusters - 1


@pytest.mark.parametrize("paired", [True, False])
def test_groups_of_one_example_change_not_a_bit(paired):
    rng = np.random.default_rng(3)
    arms = simulated_arm(rng, 5), simulated_arm(rng, 5)
    plain = ESTIMATES[paired](*arms, 2.0**-3)
    found = clustered(*arms, rng.permutation(400), paired=paired, unit=2.0**-3)
    assert dataclasses.replace(found, num_clusters=None) == plain


@pytest.mark.parametrize("paired", [True, False])
def test_groups_of_equal_size_are_examples_themselves(paired):
    rng = np.random.default_rng(5)
    arms = simulated_arm(rng, 5), simulated_arm(rng, 5)
    ids = np.repeat(np.arange(80), 5)
    found = clustered(*arms, ids, paired=paired)
    sums = [arm.reshape(5, 80, 5).sum(axis=2) for arm in arms]
    expected = ESTIMATES[paired](*sums, 1 / 5)
    assert found.delta == pytest.approx(expected.delta)
    for key in ("item_variance", "residual_variance", "seed_variance"):
        assert getattr(found, key) == pytest.approx(getattr(expected, key))
    assert found.degrees_of_freedom == pytest.approx(expected.degrees_of_freedom)


def test_copies_of_examples_in_one_group_are_no_evidence():
    rng = np.random.default_rng(6)
    arms = simulated_arm(rng, 5), simulated_arm(rng, 5)
    plain = effects.paired_effect(*arms)
    copied = [np.repeat(arm, 7, axis=1) for arm in arms]
    found = clustered(*copied, np.repeat(np.arange(400), 7), paired=True)
    assert found.variance == pytest.approx(plain.variance)
    assert effects.paired_effect(*copied).item_variance < plain.item_variance / 6


def test_large_groups_that_differ_are_not_overlooked():
    """Coverage over new groups of very unequal sizes, where examples alone have little.

    The seed is fixed; 2,000 experiments without a difference.
    """
    rng = np.random.default_rng(7)
    alarms = plain_alarms = 0
    for _ in range(2000):
        sizes = rng.integers(1, 30, 40)
        ids = np.repeat(np.arange(40), sizes)
        of_groups = rng.normal(0, 1, (2, 40))[:, ids]
        before, after = (
            np.rint(100 * (shift + rng.normal(0, 1, (4, len(ids))))).astype(np.int64)
            for shift in of_groups
        )
        plain = effects.paired_effect(before, after)
        found = clusters.by_cluster(plain, before, after, 1.0, ids)
        for effect in (found, plain):
            t = abs(effect.delta) / effect.standard_error
            is_alarm = 2 * stats.t.sf(t, effect.degrees_of_freedom) <= 0.05
            alarms += is_alarm and effect is found
            plain_alarms += is_alarm and effect is plain
    assert alarms / 2000 < 0.07
    assert plain_alarms / 2000 > 0.3


# --- arms -----------------------------------------------------------------------------


def grouped(arm, ids=WRITERS):
    return dataclasses.replace(arm, clusters=ids)


def test_groups_of_predictions_widen_the_interval_and_change_its_scope():
    arms = baseline(0.2), improved(0.05)
    usual = primary(compare(*arms))
    result = compare(*map(grouped, arms))
    found = primary(result)
    assert found["num_clusters"] == 40
    assert found["num_examples"] == NUM_EXAMPLES
    assert found["delta"] == usual["delta"]
    assert found["se_seed"] == usual["se_seed"]
    assert found["se_item"] != usual["se_item"]
    assert "new groups of examples" in result["scope"]
    assert result["not_covered"][-1] == "examples of another kind"
    assert (found["per_seed"], found["single_pair"]) == (None, None)
    right = [pattern(1, 0.2), pattern(2, 0.05)]
    item, _ = by_hand(*right, WRITERS, paired=True)
    assert found["se_item"] == pytest.approx(item**0.5)
    assert all(each["num_clusters"] == 40 for each in result["comparisons"])
    assert usual["num_clusters"] is None


def test_groups_that_one_arm_knows_are_those_of_all():
    arms = baseline(0.2), improved(0.05)
    both = compare(*map(grouped, arms))["comparisons"]
    assert compare(grouped(arms[0]), arms[1])["comparisons"] == both
    assert compare(arms[0], grouped(arms[1]))["comparisons"] == both
    renamed = grouped(arms[1], np.char.add("writer ", (90 - WRITERS).astype(str)))
    assert compare(grouped(arms[0]), renamed)["comparisons"] == both


def test_other_groups_are_refused():
    other = grouped(improved(), WRITERS[::-1])
    finer = grouped(improved(), np.arange(NUM_EXAMPLES))
    for candidate in (other, finer):
        with pytest.raises(Refusal, match="^different_clusters: clusters must put"):
            compare(grouped(baseline()), candidate)


@pytest.mark.parametrize(("count", "is_enough"), [(1, False), (9, False), (10, True)])
def test_few_groups_allow_no_verdict(count, is_enough):
    ids = np.arange(NUM_EXAMPLES) % count
    result = compare(grouped(baseline(0.2), ids), grouped(improved(0.05), ids))
    assert primary(result)["reasons"] == ([] if is_enough else ["too_few_clusters"])
    assert result["verdict"] == ("better" if is_enough else "inconclusive")
    if count == 1:
        assert primary(result)["se"] is primary(result)["p"] is None
    if not is_enough:
        assert "fewer than 10 groups" in result["sentence"]


def test_groups_of_scores_follow_their_examples():
    rng = np.random.default_rng(8)
    values, ids = rng.random((2, 5, 60)), np.arange(60) // 4
    order = rng.permutation(60)

    def arm(name, values, examples, clusters):
        runs = dict(enumerate(values))
        settings = {"metric": "mae", "examples": examples, "clusters": clusters}
        return didithelp.arm_from_scores(name, runs, **settings)

    first = arm("a", values[0], np.arange(60), ids)
    second = arm("b", values[1][:, order], order, ids[order])
    found = primary(compare(first, second, metric="mae", margin="none"))
    item, rest = by_hand(*values, ids, paired=True)
    assert found["num_clusters"] == 15
    assert found["se_item"] == pytest.approx(item**0.5)
    assert found["se_res"] == pytest.approx(rest**0.5)
    wrong = arm("b", values[1][:, order], order, ids)
    with pytest.raises(Refusal, match="different_clusters"):
        compare(first, wrong, metric="mae", margin="none")


def test_groups_of_predictions_are_stored(tmp_path):
    for name, ids in (("text", WRITERS.astype(str)), ("numbers", WRITERS)):
        trials_folder.save(grouped(baseline(), ids), tmp_path / name)
        found = trials_folder.load(tmp_path / name).clusters
        np.testing.assert_array_equal(found, ids)


def test_groups_of_predictions_are_recorded(tmp_path):
    labels, probabilities = [0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
    runs = Recorder("a", labels, clusters=["x", "x", "y"])
    runs.add(0, probabilities)
    runs.save(tmp_path / "a")
    assert Recorder.resume(tmp_path / "a").arm().clusters.tolist() == ["x", "x", "y"]
    arm = didithelp.arm_from_predictions(
        "a", {0: probabilities}, labels, clusters=[1, 1, 2]
    )
    assert arm.clusters.tolist() == [1, 1, 2]


@pytest.mark.parametrize("ids", [np.arange(9), np.ones(NUM_EXAMPLES), [["a"]]])
def test_what_groups_no_examples_is_refused(ids):
    message = "clusters must be integers or text \\(600,\\), one per test example"
    with pytest.raises(ArmError, match=message):
        grouped(baseline(), np.array(ids))
