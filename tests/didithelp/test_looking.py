"""Looks at arms: they see the first seeds alone, and a verdict stands once given."""

import dataclasses

import numpy as np
import pytest

import didithelp
from didithelp.arm import Remark, with_seeds
from didithelp.comparison import Comparison
from didithelp.errors import Refusal
from didithelp.looking import as_seen
from tests.didithelp.builders import (
    SETTINGS,
    accuracies_only,
    baseline,
    improved,
    judge,
    make_arm,
    pattern,
)

PLAN = (5, 10, 20)


def arms(error=0.15, num_runs=20, **changes):
    return baseline(num_runs=num_runs), improved(error, num_runs=num_runs, **changes)


def first(arm, num_seeds):
    return with_seeds(arm, arm.metrics["seed"][:num_seeds])


def test_without_a_plan_the_file_says_nothing_of_looks():
    comparison = judge(*arms())
    assert comparison.looks is None
    assert '"looks"' not in comparison.to_json()
    assert comparison.level(comparison.primary[0]) == 0.05


def test_a_clear_difference_ends_at_the_first_look():
    comparison = judge(*arms(0.05), looks=PLAN)
    found = comparison.looks
    assert comparison.verdict == "better"
    assert (found.planned, found.levels) == (PLAN, (0.018, 0.018, 0.026))
    assert [look.num_seeds for look in found.taken] == [5]
    assert (found.num_seeds, found.is_over, found.saved_seeds) == (5, True, 15)
    assert found.unused_runs == 30


def test_a_look_is_the_comparison_of_the_first_seeds_at_its_level():
    given = arms(0.149)
    comparison = judge(*given, looks=PLAN)
    assert [look.num_seeds for look in comparison.looks.taken] == [5, 10]
    for look in comparison.looks.taken:
        alone = judge(*(first(arm, look.num_seeds) for arm in given), alpha=look.level)
        expected = alone.primary[0]
        assert look.delta == expected.delta
        assert look.p_holm == expected.p_holm
        assert look.p_tost_holm == expected.p_tost_holm
        assert look.interval == expected.verdict_interval
        assert look.verdict == expected.verdict
    assert comparison.differences == alone.differences
    assert comparison.arms == alone.arms
    assert comparison.alpha == 0.05


def test_later_seeds_do_not_change_what_a_look_has_said():
    whole = arms(0.149)
    seen = [first(arm, 10) for arm in whole]
    long, short = judge(*whole, looks=PLAN), judge(*seen, looks=PLAN)
    assert long.looks.unused_runs == 20 and short.looks.unused_runs == 0
    said = {"sentence": "", "warnings": (), "warning_codes": ()}
    looks = dataclasses.replace(long.looks, unused_runs=0)
    assert dataclasses.replace(long, looks=looks, **said) == (
        dataclasses.replace(short, **said)
    )


def test_seeds_count_in_the_order_in_which_they_were_planned():
    seeds = np.random.default_rng(0).permutation(20)
    rows = pattern(2, 0.149, 20)
    arm = make_arm(rows, seeds=seeds, name="improved", confidence=0.8)
    reference = make_arm(pattern(1, 0.15, 20), seeds=np.arange(20))
    in_order = make_arm(pattern(1, 0.15, 20), seeds=seeds)
    comparison = judge(in_order, arm, looks=PLAN)
    assert comparison.arms[0].seeds == tuple(sorted(seeds[:10].tolist()))
    # The same seeds in another order: those of the reference are taken of both.
    comparison = judge(reference, arm, looks=PLAN)
    first_seeds = tuple(range(comparison.looks.num_seeds))
    assert {each.seeds for each in comparison.arms} == {first_seeds}
    assert comparison.primary[0].paired


def test_where_seeds_are_missing_the_answer_is_open():
    comparison = judge(*arms(0.149, num_runs=7), looks=PLAN)
    found = comparison.looks
    assert comparison.verdict == "inconclusive"
    assert (found.num_seeds, found.is_over, found.saved_seeds) == (5, False, 0)
    assert found.unused_runs == 4
    assert found.taken[0].chance > 0.9 and found.taken[0].hopeless is None


def test_the_last_look_ends_whatever_it_sees():
    comparison = judge(*arms(0.147), looks=(5, 20), margin=0.005, alpha=0.001)
    found = comparison.looks
    assert comparison.verdict == "inconclusive"
    assert (found.num_seeds, found.is_over, found.saved_seeds) == (20, True, 0)
    assert (found.taken[-1].chance, found.taken[-1].hopeless) == (None, None)


def test_too_small_a_test_set_is_hopeless():
    comparison = judge(*arms(), looks=PLAN, margin=0.002)
    look = comparison.looks.taken[-1]
    assert comparison.verdict == "inconclusive" and comparison.looks.is_over
    assert look.hopeless == "test_set_too_small"
    assert 0 < look.chance < 0.1
    assert comparison.primary[0].seeds_needed_for_margin is None


def test_too_few_planned_seeds_are_hopeless():
    values = {seed: 0.9 + 0.001 * (-1) ** seed for seed in range(20)}
    same = {seed: 0.9 + 0.001 * (-1) ** (seed // 2) for seed in range(20)}
    made = (
        didithelp.arm_from_accuracies("a", values),
        didithelp.arm_from_accuracies("b", same),
    )
    comparison = judge(*made, looks=(8, 12), margin=0.0002)
    look = comparison.looks.taken[0]
    assert look.hopeless == "too_few_seeds" and look.chance < 0.1
    assert comparison.primary[0].seeds_needed_for_margin > 12


@pytest.mark.parametrize(
    "changes", [{"selected_on": "test"}, {"diverged": (99,)}], ids=["chosen", "failed"]
)
def test_what_forbids_a_verdict_forbids_it_to_every_look(changes):
    diverged = changes.pop("diverged", ())
    reference, candidate = arms(0.05)
    if diverged:  # the first of the seeds
        candidate = improved(0.05, num_runs=20, diverged=diverged)
        order = np.argsort(candidate.metrics["status"] != "diverged", kind="stable")
        metrics = candidate.metrics.iloc[order]
        candidate = dataclasses.replace(candidate, metrics=metrics)
    comparison = judge(reference, candidate, looks=PLAN, **changes)
    assert comparison.looks.taken[-1].hopeless == "no_verdict_possible"
    assert comparison.looks.num_seeds == 5 and comparison.looks.is_over


def test_arms_that_do_not_vary_are_looked_at_again():
    made = (
        didithelp.arm_from_accuracies("a", dict.fromkeys(range(10), 0.9)),
        didithelp.arm_from_accuracies("b", dict.fromkeys(range(10), 0.8)),
    )
    comparison = judge(*made, looks=(5, 10))
    assert [look.chance for look in comparison.looks.taken] == [None, None]
    assert comparison.verdict == "inconclusive"


def test_each_candidate_is_answered_by_the_look_that_settled_it():
    reference, clear = arms(0.05)
    like = improved(0.149, num_runs=20, name="like")
    comparison = judge(reference, clear, like, looks=PLAN)
    assert comparison.verdict == {"improved": "better", "like": "equivalent"}
    steps = [(look.candidate, look.num_seeds) for look in comparison.looks.taken]
    assert steps == [("improved", 5), ("like", 5), ("like", 10), ("like", 20)]
    assert [each.num_seeds[1] for each in comparison.primary] == [5, 20]
    alone = judge(*(first(arm, 5) for arm in (reference, clear, like)), alpha=0.018)
    assert comparison.primary[0] == alone.primary[0]
    assert comparison.looks.last("improved").num_seeds == 5
    order = [(each.candidate, each.metric) for each in comparison.differences]
    assert order == [(each.candidate, each.metric) for each in alone.differences]


def test_arms_without_predictions_are_looked_at_as_well():
    made = [accuracies_only(arm) for arm in arms(0.05)]
    comparison = judge(*made, looks=PLAN)
    assert comparison.verdict == "better" and comparison.looks.num_seeds == 5


def test_scores_of_every_example_and_another_metric_are_looked_at_as_well():
    rng = np.random.default_rng(0)
    hard = rng.gamma(1.0, size=200)
    made = [
        didithelp.arm_from_scores(
            name,
            {seed: size * hard + 0.1 * rng.random(200) for seed in range(12)},
            metric="loss",
        )
        for name, size in (("long", 1.0), ("short", 0.8))
    ]
    answer = didithelp.compare(*made, metric="loss", margin=0.01, looks="5..10")
    found = answer.comparison.looks
    assert answer.verdict == "better"
    assert (found.num_seeds, found.saved_seeds, found.unused_runs) == (5, 5, 14)
    assert as_seen(made, found)[0].scores.values.shape == (5, 200)


def test_without_a_margin_no_test_set_is_too_small():
    answer = didithelp.compare(
        *arms(), metric="test_accuracy", margin="none", looks=PLAN
    )
    look = answer.comparison.looks.taken[-1]
    assert look.hopeless == "too_few_seeds" and look.p_tost_holm is None


def test_the_arms_as_they_were_seen():
    given = arms(0.05)
    comparison = judge(*given, looks=PLAN)
    seen = as_seen(given, comparison.looks)
    assert [len(arm.metrics) for arm in seen] == [5, 5]
    assert seen[0].probabilities.shape[0] == 5
    assert set(seen[0].history["seed"]) == set(range(5))
    assert as_seen(given, None) == given


def test_remarks_on_seeds_follow_them():
    whole = Remark("unusable_curves", {"problem": "none"})
    some = Remark("unfinished_runs", {"seeds": [3, 7], "states": ["failed"]})
    arm = dataclasses.replace(baseline(num_runs=8), remarks=(whole, some))
    assert with_seeds(arm, range(3)).remarks == (whole,)
    assert with_seeds(arm, range(5)).remarks[1].values["seeds"] == [3]


def test_too_few_seeds_for_the_first_look_are_refused():
    with pytest.raises(Refusal, match="5 seeds of the first look, got 4; train more"):
        judge(*arms(num_runs=4), looks=PLAN)


@pytest.mark.parametrize("plan", ["5..20", (5, 10, 20), [5, np.int64(10), 20]])
def test_the_front_door_takes_a_plan_as_people_write_it(plan):
    settings = SETTINGS | {"looks": plan}
    answer = didithelp.compare(*arms(0.05), **settings)
    assert answer.comparison.looks.planned == PLAN
    assert Comparison.from_json(answer.to_json()) == answer.comparison


@pytest.mark.parametrize("plan", ["none", "", (), None])
def test_the_front_door_takes_no_plan_as_people_write_it(plan):
    settings = SETTINGS | {"looks": plan}
    assert didithelp.compare(*arms(num_runs=3), **settings).comparison.looks is None


@pytest.mark.parametrize("plan", ["3..20", "often", (5,), (20, 5), 5, True])
def test_the_front_door_refuses_another_plan(plan):
    with pytest.raises(ValueError, match=r"^looks must be none, the first .*, got "):
        didithelp.compare(*arms(), looks=plan)
