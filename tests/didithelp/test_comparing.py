"""Arms and a verdict: every way a comparison can end, on arms made by hand."""

import dataclasses
import itertools
import json
import math
import re

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from didithelp import settings as decision
from didithelp.comparison import Comparison
from didithelp.errors import Refusal
from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.report.report import Report
from tests.didithelp.builders import (
    NUM_CLASSES,
    NUM_EXAMPLES,
    accuracies_only,
    answers_only,
    baseline,
    compare,
    improved,
    judge,
    make_arm,
    pattern,
    primary,
    undescribed,
    without_predictions,
)


def as_bytes(*arms, **changes):
    return judge(*arms, **changes).to_json().encode()


def sentence_about(result, candidate):
    """What is told from the stored result alone."""
    stored = Comparison.from_json(json.dumps(result))
    (found,) = (each for each in stored.primary if each.candidate == candidate)
    return sentences.answer(stored, found, Words("en"))


def reordered(arm, seeds=None, images=None):
    """The same arm with its runs, or its test examples, in another order."""
    seeds = np.arange(len(arm.seeds)) if seeds is None else seeds
    images = np.arange(len(arm.labels)) if images is None else images
    return dataclasses.replace(
        arm,
        seeds=arm.seeds[seeds],
        labels=arm.labels[images],
        probabilities=arm.probabilities[seeds][:, images],
        metrics=arm.metrics.iloc[::-1],
    )


# --- verdicts -------------------------------------------------------------------------


def test_a_clear_gain_is_better():
    result = compare(baseline(0.2), improved(0.05))
    assert result["verdict"] == "better"
    assert primary(result)["flags"] == ["exceeds_margin"]
    assert primary(result)["delta"] == pytest.approx(
        pattern(2, 0.05).mean() - pattern(1, 0.2).mean()
    )
    assert result["sentence"].startswith("improved is better than baseline by 15.7 ")
    assert "5 paired seeds, 600 images; p < .001" in result["sentence"]
    assert "is shown to exceed the margin of 2 points" in result["sentence"]


def test_a_clear_loss_is_worse_and_its_size_is_positive():
    result = compare(baseline(0.05), improved(0.2))
    assert result["verdict"] == "worse"
    assert "improved is worse than baseline by 14.5 " in result["sentence"]
    low, high = (-100 * bound for bound in primary(result)["ci95"])
    assert f"(95% CI {high:.1f} to {low:.1f};" in result["sentence"]


def test_a_gain_that_may_be_small_is_not_said_to_exceed_the_margin():
    result = compare(baseline(0.2), improved(0.05), margin=0.14)
    assert primary(result)["flags"] == []
    assert "is not shown to exceed the margin of 14 points" in result["sentence"]


def test_a_small_difference_is_equivalent():
    result = compare(baseline(), improved(), margin=0.05)
    assert result["verdict"] == "equivalent"
    low, high = primary(result)["ci90"]
    assert -0.05 < low < high < 0.05
    assert "improved is equivalent to baseline within the margin" in result["sentence"]
    assert f"90% CI {100 * low:.3f} to {100 * high:.3f}" in result["sentence"]


def test_a_real_difference_below_the_margin_is_equivalent_with_a_flag():
    result = compare(baseline(0.2), improved(0.05), margin=0.5)
    assert result["verdict"] == "equivalent"
    assert primary(result)["flags"] == ["detectable_below_margin"]
    assert "A difference is detectable (p < .001)" in result["sentence"]


def test_a_wide_interval_is_inconclusive_and_says_what_it_would_take():
    result = compare(baseline(), improved(), margin=0.001)
    assert result["verdict"] == "inconclusive"
    assert primary(result)["reasons"] == ["interval_too_wide"]
    assert "would be found 4 times in 5" in result["sentence"]
    assert "as small as the margin no number of seeds is enough" in result["sentence"]
    assert primary(result)["seeds_needed_for_margin"] is None


def test_seeds_needed_are_said_when_more_seeds_would_help():
    result = compare(baseline(num_runs=3), improved(num_runs=3), margin=0.015)
    needed = primary(result)["seeds_needed_for_margin"]
    assert needed > 3
    assert f"the margin takes about {needed} seeds per arm." in result["sentence"]


def test_few_differing_images_are_inconclusive():
    right = np.ones((5, NUM_EXAMPLES), dtype=int)
    wrong = right.copy()
    wrong[:, :9] = 0
    result = compare(make_arm(wrong), make_arm(right, name="improved"), margin=0.0001)
    assert primary(result)["reasons"] == ["few_discordant_examples"]
    assert "differ on fewer than 10 images" in result["sentence"]


def test_arms_that_never_vary_cannot_be_tested():
    right = np.ones((3, 40), dtype=int)
    result = compare(make_arm(1 - right), make_arm(right, name="improved"))
    assert primary(result)["reasons"] == ["zero_variance"]
    for absent in ("p", "mde80", "seeds_needed_for_margin"):
        assert primary(result)[absent] is None
    assert primary(result)["ci95"] == [None, None]


def test_cross_entropy_is_lower_for_better_and_never_equivalent():
    reference, candidate = baseline(confidence=0.5), baseline(confidence=0.55)
    result = compare(reference, candidate)["comparisons"][1]
    assert result["metric"] == "test_cross_entropy"
    assert result["delta"] < 0
    assert result["verdict"] == "better"
    assert result["p_outperform"] == 1
    for absent in ("p_tost", "p_tost_holm", "seeds_needed_for_margin", "single_pair"):
        assert result[absent] is None
    itself = compare(reference, reference)["comparisons"][1]
    assert itself["verdict"] == "inconclusive"


def test_cross_entropy_is_that_of_the_predictions():
    reference = baseline()
    chosen = reference.probabilities[:, np.arange(NUM_EXAMPLES), reference.labels]
    expected = -np.log(chosen.astype(float)).mean(axis=1)
    arms = compare(reference, improved())["arms"]
    assert arms[0]["metrics"]["test_cross_entropy"]["values"] == pytest.approx(expected)


# --- runs that do not allow a verdict -------------------------------------------------


def test_one_seed_per_arm_is_about_two_networks():
    result = compare(baseline(num_runs=1), improved(num_runs=1))
    found = primary(result)
    assert result["verdict"] == "inconclusive"
    assert found["reasons"] == ["too_few_seeds", "seed_variance_unknown"]
    for absent in ("se", "se_seed", "p", "df", "mde80", "seeds_needed_for_margin"):
        assert found[absent] is None
    assert found["se_item"] > 0
    table, pair = found["single_pair"]["table"], found["single_pair"]
    assert sum(table.values()) == NUM_EXAMPLES
    discordant = table["only_candidate_right"], table["only_reference_right"]
    assert pair["p"] == pytest.approx(
        stats.binomtest(min(discordant), sum(discordant)).pvalue
    )
    assert sum(pair["ci95"]) / 2 == pytest.approx(found["delta"])
    assert "this improved network alone gets" in result["sentence"]
    assert "about these two networks, not about the recipes" in result["sentence"]
    assert result["arms"][0]["metrics"]["test_accuracy"]["sd"] is None


def test_one_seed_against_several_has_no_variance_of_seeds():
    result = compare(baseline(num_runs=1), improved())
    assert primary(result)["reasons"] == ["too_few_seeds", "seed_variance_unknown"]
    assert primary(result)["single_pair"] is None
    assert "1 and 5 unpaired runs" in result["sentence"]


def test_two_seeds_show_estimates_but_no_verdict():
    result = compare(baseline(0.2, 2), improved(0.05, 2))
    assert primary(result)["reasons"] == ["too_few_seeds"]
    assert primary(result)["p"] is not None
    assert primary(result)["single_pair"] is None


def test_a_diverged_run_is_counted_and_forbids_a_verdict():
    reference = baseline(0.2)
    candidate = improved(0.05, 4, seeds=[0, 1, 2, 4], diverged=(3,))
    result = compare(reference, candidate)
    assert result["verdict"] == "inconclusive"
    assert primary(result)["reasons"] == ["diverged_or_missing_runs"]
    assert primary(result)["flags"] == ["unpaired_seed_sets_differ"]
    assert primary(result)["delta"] > 0.1
    arm = result["arms"][1]
    assert (arm["num_started"], arm["num_finished"]) == (5, 4)
    assert arm["diverged_seeds"] == [3]
    assert len(arm["metrics"]["test_accuracy"]["values"]) == 4
    assert any(
        "1 of 5 runs of improved diverged" in text for text in result["warnings"]
    )


def test_a_copied_run_is_no_replicate():
    reference = baseline(0.2)
    copied = reference.probabilities.copy()
    copied[3] = copied[1]
    result = compare(baseline(0.2, probabilities=copied), improved(0.05))
    reasons = ["duplicate_predictions_within_arm"]
    assert [found["reasons"] for found in result["comparisons"]] == [reasons] * 2
    assert any("seeds 1, 3 of baseline" in text for text in result["warnings"])


def test_an_arm_against_itself_is_equivalent_and_loud():
    result = compare(baseline(), baseline(name="improved"))
    assert result["verdict"] == "equivalent"
    assert primary(result)["flags"] == ["identical_predictions"]
    assert primary(result)["p"] == 1
    assert primary(result)["ci95"] == [0, 0]
    assert "was one run given twice?" in result["sentence"]
    assert any("was one run given twice?" in text for text in result["warnings"])


def test_arms_of_one_name_are_told_apart():
    result = compare(baseline(), baseline())
    assert result["reference"] == "baseline (reference)"
    assert primary(result)["candidate"] == "baseline (candidate)"


# --- several candidates ---------------------------------------------------------------


def three_candidates():
    return [
        improved(0.05, name="clear"),
        improved(0.125, name="slight"),
        make_arm(pattern(3, 0.15), name="none", confidence=0.7),
    ]


def by_candidate(result, metric="test_accuracy"):
    found = [part for part in result["comparisons"] if part["metric"] == metric]
    return {part["candidate"]: part for part in found}


def test_p_values_of_several_candidates_are_adjusted_by_holm():
    result = compare(baseline(0.2), *three_candidates())
    assert result["family_size"] == 3
    for metric in ("test_accuracy", "test_cross_entropy"):
        found = by_candidate(result, metric).values()
        expected = multipletests([part["p"] for part in found], method="holm")[1]
        assert [part["p_holm"] for part in found] == pytest.approx(expected)
    found = by_candidate(result).values()
    expected = multipletests([part["p_tost"] for part in found], method="holm")[1]
    assert [part["p_tost_holm"] for part in found] == pytest.approx(expected)


def test_each_candidate_has_the_estimates_it_would_have_alone():
    candidates = three_candidates()
    together = by_candidate(compare(baseline(0.2), *candidates))
    for candidate in candidates:
        alone = primary(compare(baseline(0.2), candidate))
        for same in ("delta", "se", "df", "p", "p_tost", "ci95", "per_seed", "wins"):
            assert together[candidate.name][same] == alone[same]
        assert alone["p_holm"] == alone["p"]
        assert alone["ci_family"] is None


def test_the_interval_of_a_family_is_at_alpha_over_its_size():
    found = by_candidate(compare(baseline(0.2), *three_candidates()))["slight"]
    half = stats.t.ppf(1 - 0.05 / 3 / 2, found["df"]) * found["se"]
    assert found["ci_family"] == pytest.approx(
        [found["delta"] - half, found["delta"] + half]
    )


def test_several_candidates_have_a_verdict_and_a_sentence_each():
    result = compare(baseline(0.2), *three_candidates())
    found = by_candidate(result)
    assert result["verdict"] == {name: part["verdict"] for name, part in found.items()}
    assert result["verdict"]["clear"] == "better"
    answers = [sentence_about(result, name) for name in found]
    assert result["sentence"] == " ".join(answers)
    assert answers[0].startswith("clear is better than baseline by ")
    assert [arm["name"] for arm in result["arms"]] == ["baseline", *found]


@pytest.mark.parametrize("margin", [0.001, 0.02])
@pytest.mark.parametrize("error", [0.15, 0.17])
def test_the_interval_of_the_sentence_agrees_with_the_verdict_of_a_family(
    margin, error
):
    candidates = [
        make_arm(pattern(seed, 0.15), name=f"candidate {seed}") for seed in range(5, 11)
    ]
    result = compare(baseline(error), *candidates, margin=margin)
    for found in by_candidate(result).values():
        low, high = (found["verdict_interval"][end] for end in ("low", "high"))
        assert_the_sentence_agrees(result, found)
        if found["verdict"] == "equivalent":
            assert -margin < low < high < margin
        elif found["reasons"] != ["few_discordant_examples"]:
            excludes_zero = low > 0 or high < 0
            assert excludes_zero == (found["verdict"] in ("better", "worse"))


def assert_the_sentence_agrees(result, found):
    """The flag, and the numbers that are printed, are those of one interval."""
    text = sentence_about(result, found["candidate"])
    numbers = re.search(r"([\d.]+)% CI (-?[\d.]+) to (-?[\d.]+);", text).groups()
    level, *printed = map(float, numbers)
    assert level == pytest.approx(100 * found["verdict_interval"]["level"], rel=1e-3)
    bounds = [100 * found["verdict_interval"][end] for end in ("low", "high")]
    is_size = found["verdict"] in ("better", "worse") and found["delta"] < 0
    shown = sorted(-bound for bound in bounds) if is_size else bounds
    assert printed == pytest.approx(shown, abs=0.051)
    if found["verdict"] in ("better", "worse"):
        exceeds = shown[0] > 100 * result["margin"]
        assert exceeds == ("exceeds_margin" in found["flags"])
        assert exceeds == ("is shown to exceed" in text)


def test_exceeding_the_margin_is_read_off_the_interval_of_the_sentence():
    """The p of "close" comes last, so Holm leaves it and its 95% interval alone."""
    clear, close = improved(0.05, name="clear"), improved(0.15, name="close")
    result = compare(baseline(0.165), clear, close, margin=0.001)
    found = by_candidate(result)["close"]
    assert found["verdict_interval"]["level"] == 0.95
    assert found["ci_family"][0] < 0.001 < found["verdict_interval"]["low"]
    assert found["flags"] == ["exceeds_margin"]
    for each in by_candidate(result).values():
        assert_the_sentence_agrees(result, each)


def test_an_adjusted_p_can_take_a_verdict_away():
    candidate = improved(0.15)
    found = primary(compare(baseline(0.165), candidate))
    assert found["verdict"] == "better"
    assert 0.05 / 4 < found["p"] <= 0.05
    others = [make_arm(pattern(n, 0.165), name=f"other {n}") for n in (11, 12, 13)]
    found = by_candidate(compare(baseline(0.165), candidate, *others))["improved"]
    assert found["verdict"] == "inconclusive"


def test_a_verdict_that_holm_allows_has_the_interval_that_shows_it():
    """The second p of two is multiplied by one only; the first paid for both."""
    clear, close = improved(0.05, name="clear"), improved(0.15, name="close")
    found = by_candidate(compare(baseline(0.165), clear, close))["close"]
    assert 0.05 / 2 < found["p"] == found["p_holm"] <= 0.05
    assert found["verdict"] == "better"
    assert found["verdict_interval"]["level"] == 0.95
    assert found["verdict_interval"]["low"] > 0 > found["ci_family"][0]


def test_a_larger_family_needs_a_larger_effect():
    alone = primary(compare(baseline(), improved()))
    others = [make_arm(pattern(n, 0.15), name=f"other {n}") for n in (11, 12)]
    found = by_candidate(compare(baseline(), improved(), *others))["improved"]
    strict = primary(compare(baseline(), improved(), alpha=0.05 / 3))
    assert found["mde80"] == pytest.approx(strict["mde80"])
    assert found["mde80"] > alone["mde80"]


def test_the_order_of_candidates_changes_no_result():
    first, *others = three_candidates()
    expected = by_candidate(compare(baseline(0.2), first, *others))
    assert by_candidate(compare(baseline(0.2), *others, first)) == expected


def test_a_candidate_that_cannot_be_tested_does_not_count_in_the_family():
    single = improved(num_runs=1, name="single")
    found = by_candidate(compare(baseline(0.2), improved(0.05), single))
    assert found["improved"]["family_size"] == 1
    assert found["improved"]["ci_family"] is None
    assert found["improved"]["p_holm"] == found["improved"]["p"]
    assert found["single"]["p_holm"] is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b", "c"], ["a", "b", "c"]),
        (["a", "a"], ["a (reference)", "a (candidate)"]),
        (["a", "b", "b"], ["a", "b (candidate 1)", "b (candidate 2)"]),
    ],
)
def test_names_of_arms_are_told_apart_by_their_role(names, expected):
    arms = [make_arm(pattern(n, 0.1), name=name) for n, name in enumerate(names)]
    assert [arm["name"] for arm in compare(*arms)["arms"]] == expected


def test_names_that_look_like_roles_are_told_apart_too():
    names = ["a (candidate 2)", "b", "a", "a"]
    arms = [make_arm(pattern(n, 0.1), name=name) for n, name in enumerate(names)]
    found = [arm["name"] for arm in compare(*arms)["arms"]]
    assert len(set(found)) == 4
    assert all(label.startswith(name) for name, label in zip(names, found, strict=True))


def test_a_comparison_takes_a_candidate():
    with pytest.raises(ValueError, match="at least one arm"):
        compare(baseline())


# --- pairing --------------------------------------------------------------------------


def test_equal_seed_sets_are_paired_in_any_order():
    result = compare(baseline(), improved(seeds=[4, 3, 2, 1, 0]))
    assert primary(result)["paired"]
    first, second = pattern(1, 0.15).mean(axis=1), pattern(2, 0.15).mean(axis=1)[::-1]
    expected = stats.ttest_rel(second, first)
    found = primary(result)["delta"] / primary(result)["se_seed"]
    assert found == pytest.approx(expected.statistic)


def test_different_seed_sets_are_unpaired_and_all_used():
    result = compare(baseline(), improved(num_runs=7))
    found = primary(result)
    assert found["num_seeds"] == [5, 7]
    assert not found["paired"]
    assert "unpaired_seed_sets_differ" in found["flags"]
    assert found["p_outperform_ci95"] == [None, None]
    assert "5 and 7 unpaired runs" in result["sentence"]


def test_equal_seeds_are_unpaired_on_request():
    reference, candidate = baseline(0.2), improved(0.05)
    result = compare(reference, candidate, pairing="none")
    found = primary(result)
    assert not found["paired"]
    assert found["flags"] == ["exceeds_margin"]
    assert found["sensitivity"] is None
    assert found["per_seed"] == primary(compare(reference, candidate))["per_seed"]
    assert result["pairing"] == "none"
    assert "5 and 5 unpaired runs" in result["sentence"]
    accuracies = pattern(1, 0.2).mean(axis=1), pattern(2, 0.05).mean(axis=1)
    expected = stats.ttest_ind(accuracies[1], accuracies[0], equal_var=False)
    assert found["delta"] / found["se_seed"] == pytest.approx(expected.statistic)


def test_different_seeds_need_no_flag_when_pairing_was_not_asked_for():
    found = primary(compare(baseline(), improved(num_runs=7), pairing="none"))
    assert "unpaired_seed_sets_differ" not in found["flags"]


def test_choices_made_on_the_test_set_allow_no_verdict():
    result = compare(baseline(0.2), improved(0.05), selected_on="test")
    assert result["verdict"] == "inconclusive"
    assert primary(result)["reasons"] == ["selected_on_test"]
    assert primary(result)["delta"] > 0.1
    assert "were chosen on the test set" in result["sentence"]
    assert result["warning_codes"][0]["code"] == "selected_on_test"


# --- what holds for every comparison --------------------------------------------------

every_kind = pytest.mark.parametrize(
    "kind", [dataclasses.replace, without_predictions, undescribed, accuracies_only]
)
every_pairing = pytest.mark.parametrize("pairing", decision.PAIRINGS)


@every_kind
@every_pairing
@pytest.mark.parametrize("error", [0.14, 0.2])
def test_swapping_the_arms_negates_the_difference_and_mirrors_the_verdict(
    kind, pairing, error
):
    arms = kind(baseline(0.15, 6)), kind(improved(error, 6))
    there, back = (compare(*order, pairing=pairing) for order in (arms, arms[::-1]))
    mirrored = {"better": "worse", "worse": "better"}
    for first, second in zip(there["comparisons"], back["comparisons"], strict=True):
        assert second["delta"] == -first["delta"]
        if None not in first["ci95"]:
            assert second["ci95"] == [-bound for bound in reversed(first["ci95"])]
        assert second["verdict"] == mirrored.get(first["verdict"], first["verdict"])
        for same in ("se", "df", "p", "p_tost", "mde80", "reasons", "flags"):
            assert second[same] == first[same]
        for name in first["calibration"] or ():
            before, after = (part["calibration"][name] for part in (first, second))
            assert (before or {}).get("p") == (after or {}).get("p")


@every_kind
@every_pairing
def test_the_order_of_seeds_changes_no_byte(kind, pairing):
    order = np.array([3, 0, 4, 1, 2])
    arms = baseline(), improved()
    shuffled = [kind(reordered(arm, seeds=order)) for arm in arms]
    expected = as_bytes(*map(kind, arms), pairing=pairing)
    assert as_bytes(*shuffled, pairing=pairing) == expected


@every_pairing
def test_the_order_of_images_changes_no_byte(pairing):
    order = np.random.default_rng(0).permutation(NUM_EXAMPLES)
    arms = baseline(), improved()
    shuffled = [reordered(arm, images=order) for arm in arms]
    expected = as_bytes(*arms, pairing=pairing)
    assert as_bytes(*shuffled, pairing=pairing) == expected


@every_pairing
@pytest.mark.parametrize("copied_arm", [0, 1])
def test_a_copied_run_under_another_seed_never_sharpens_a_verdict(pairing, copied_arm):
    """Not even where it makes the seed sets of both arms equal."""
    for num_runs, errors in itertools.product((2, 5), ((0.2, 0.05), (0.15, 0.15))):
        honest = [baseline(errors[0], num_runs + 1), improved(errors[1], num_runs + 1)]
        right = [pattern(n + 1, e, num_runs + 1) for n, e in enumerate(errors)]
        right[copied_arm][-1] = right[copied_arm][0]
        name = honest[copied_arm].name
        copied = make_arm(right[copied_arm], name=name)
        copied.probabilities[-1] = copied.probabilities[0]
        honest[copied_arm] = copied
        result = compare(*honest, pairing=pairing, margin=0.05)
        assert {part["verdict"] for part in result["comparisons"]} == {"inconclusive"}
        assert result["arms"][copied_arm]["copied_seeds"] == [0, num_runs]


def test_reordering_the_seeds_changes_no_byte():
    order = np.array([3, 0, 4, 1, 2])
    reference = baseline(diverged=(8,))
    shuffled = baseline(
        diverged=(8,),
        seeds=order,
        metrics=reference.metrics.sample(frac=1, random_state=0),
        probabilities=reference.probabilities[order],
    )
    assert shuffled.seeds.tolist() != reference.seeds.tolist()
    expected = as_bytes(reference, improved())
    assert as_bytes(shuffled, improved()) == expected


def test_reordering_the_images_changes_no_estimate():
    order = np.random.default_rng(0).permutation(NUM_EXAMPLES)
    reordered = (
        make(labels=make().labels[order], probabilities=make().probabilities[:, order])
        for make in (baseline, improved)
    )
    expected = compare(baseline(), improved())["comparisons"]
    assert compare(*reordered)["comparisons"] == expected


def test_swapping_the_arms_negates_every_difference():
    there = compare(baseline(0.2, 8), improved(0.05, 8))
    back = compare(improved(0.05, 8), baseline(0.2, 8))
    assert (there["verdict"], back["verdict"]) == ("better", "worse")
    for first, second in zip(there["comparisons"], back["comparisons"], strict=True):
        assert second["delta"] == -first["delta"]
        assert second["ci95"] == [-bound for bound in reversed(first["ci95"])]
        assert second["p_outperform"] == pytest.approx(1 - first["p_outperform"])
        for unchanged in ("se", "df", "p", "p_tost", "mde80", "sensitivity"):
            assert second[unchanged] == first[unchanged]


def test_equal_inputs_give_equal_bytes_and_no_time_gets_in():
    first = baseline()
    slower = baseline(metrics=first.metrics.assign(train_seconds=1e6))
    assert as_bytes(first, improved()) == as_bytes(slower, improved())


# --- what the result holds ------------------------------------------------------------


def test_the_result_has_the_documented_structure():
    result = compare(baseline(), improved(), run_ids=("a1", "b2"))
    assert {
        *(
            "scope",
            "alpha",
            "margin",
            "pairing",
            "selected_on",
            "test_set",
            "reference",
        ),
        *("arms", "comparisons", "verdict", "sentence", "warnings"),
    } <= result.keys()
    assert result["pairing"] == "seed"
    assert result["selected_on"] == "validation"
    assert result["test_set"]["sha256"] == "digest of x_test"
    assert result["test_set"]["num_examples"] == NUM_EXAMPLES
    assert [arm["run_id"] for arm in result["arms"]] == ["a1", "b2"]
    metric = result["arms"][0]["metrics"]["test_accuracy"]
    assert metric.keys() == {"mean", "median", "sd", "min", "max", "values"}
    assert metric["values"] == pattern(1, 0.15).mean(axis=1).tolist()
    assert metric["median"] == sorted(metric["values"])[2]
    assert "train_seconds" not in result["arms"][0]["metrics"]
    assert {
        *("candidate", "metric", "num_seeds", "paired", "delta", "se_seed", "se_item"),
        *("se_res", "se", "df", "ci95", "ci90", "p", "p_holm", "p_tost"),
        *("p_tost_holm", "mde80", "seeds_needed_for_margin", "verdict", "reasons"),
        *("flags", "p_outperform", "single_pair"),
    } <= primary(result).keys()


def test_flips_of_each_seed_are_counted_and_tested_apart():
    first, second = pattern(1, 0.2), pattern(2, 0.1)
    found = primary(compare(baseline(0.2), improved(0.1)))["per_seed"]
    assert [part["seed"] for part in found] == [0, 1, 2, 3, 4]
    for part, old, new in zip(found, first, second, strict=True):
        gains, losses = int((new > old).sum()), int((old > new).sum())
        assert part["only_candidate_right"] == gains
        assert part["only_reference_right"] == losses
        assert part["p"] == stats.binomtest(min(gains, losses), gains + losses).pvalue


def test_networks_of_different_seeds_have_no_flips():
    for arms in (
        (baseline(), improved(num_runs=6)),
        (baseline(num_runs=4), baseline()),
    ):
        result = compare(*arms)
        assert [part["per_seed"] for part in result["comparisons"]] == [None, None]


def test_reliability_is_that_of_the_predictions():
    arm = baseline()
    found = compare(arm, improved())["arms"][0]
    pooled, per_seed = found["reliability"]["pooled"], found["reliability"]["per_seed"]
    assert len(pooled) == 15
    assert [len(bins) for bins in per_seed] == [15] * 5
    assert sum(part["count"] for part in pooled) == 5 * NUM_EXAMPLES
    top = arm.probabilities.max(axis=2).ravel()
    right = (arm.probabilities.argmax(axis=2) == arm.labels).ravel()
    for part in pooled:
        inside = (top > part["low"]) & (top <= part["high"])
        assert part["count"] == inside.sum()
        if inside.any():
            assert part["confidence"] == pytest.approx(top[inside].mean())
            assert part["accuracy"] == pytest.approx(right[inside].mean())
        else:
            assert part["confidence"] is part["accuracy"] is None
    errors = found["metrics"]["expected_calibration_error"]["values"]
    for bins, error in zip(per_seed, errors, strict=True):
        gaps = [
            b["count"] * abs(b["accuracy"] - b["confidence"])
            for b in bins
            if b["count"]
        ]
        assert error == pytest.approx(sum(gaps) / NUM_EXAMPLES)


@every_pairing
def test_calibration_is_compared_by_the_t_test_over_seeds(pairing):
    result = compare(baseline(0.2), improved(0.1), pairing=pairing)
    for name in ("expected_calibration_error", "brier_score"):
        first, second = (arm["metrics"][name]["values"] for arm in result["arms"])
        if pairing == "seed":
            expected = stats.ttest_rel(second, first)
        else:
            expected = stats.ttest_ind(second, first, equal_var=False)
        found = primary(result)["calibration"][name]
        assert found["delta"] == pytest.approx(np.mean(second) - np.mean(first))
        assert found["p"] == pytest.approx(expected.pvalue, rel=1e-4)
        assert found["df"] == pytest.approx(expected.df)
        bounds = tuple(expected.confidence_interval(0.95))
        assert found["ci95"] == pytest.approx(bounds, rel=1e-4)


def test_brier_score_is_that_of_the_predictions():
    arm = baseline()
    one_hot = np.eye(NUM_CLASSES)[arm.labels]
    expected = np.square(arm.probabilities - one_hot).sum(axis=2).mean(axis=1)
    found = compare(arm, improved())["arms"][0]["metrics"]["brier_score"]["values"]
    assert found == pytest.approx(expected)


def test_changes_of_the_recipe_are_those_against_the_reference():
    recipe = {"epochs": 20, "hidden_units": [512], "l2_lambda": 0.001}
    arms = compare(baseline(), improved(recipe=recipe), undescribed(improved()))["arms"]
    assert [arm["changes"] for arm in arms] == [
        {},
        {"epochs": [5, 20], "l2_lambda": [None, 0.001]},
        None,
    ]


def test_names_in_a_recipe_may_be_numbers():
    before, after = {1: 2, "a": (1,)}, {"1": 3, 2: 0, "a": [1]}
    arms = baseline(recipe=before), improved(recipe=after)
    assert compare(*arms)["arms"][1]["changes"] == {"1": [2, 3], "2": [None, 0]}


def test_the_sentence_needs_nothing_but_the_result():
    for result in (*inconclusive_results(), compare(baseline(0.2), improved(0.05))):
        candidate = primary(result)["candidate"]
        assert sentence_about(result, candidate) == result["sentence"]


def test_the_interval_of_the_sentence_follows_alpha():
    result = compare(baseline(0.2), improved(0.05), alpha=0.01)
    assert primary(result)["verdict_interval"]["level"] == 0.99
    assert "99% CI" in result["sentence"]
    low, high = primary(result)["ci95"]
    assert primary(result)["verdict_interval"]["low"] < low


def test_relative_error_reduction_is_the_part_of_the_error_removed():
    result = compare(baseline(0.2), improved(0.05))
    errors = [1 - pattern(*key).mean() for key in ((1, 0.2), (2, 0.05))]
    expected = (errors[0] - errors[1]) / errors[0]
    found = primary(result)
    assert found["relative_error_reduction"] == pytest.approx(expected)
    low, high = found["relative_error_reduction_ci95"]
    assert (low + high) / 2 == pytest.approx(expected)
    assert low == pytest.approx(found["ci95"][0] / errors[0])
    assert result["comparisons"][1]["relative_error_reduction_ci95"] is None


def test_a_reference_without_errors_has_no_relative_reduction():
    perfect = make_arm(np.ones((3, NUM_EXAMPLES), dtype=int))
    found = primary(compare(perfect, improved(num_runs=3)))
    assert found["relative_error_reduction"] is None
    assert found["relative_error_reduction_ci95"] is None


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ((baseline(0.2, 6), improved(0.05, 6)), "meaningful"),
        ((baseline(0.05, 6), improved(0.2, 6)), "not_meaningful"),
        ((baseline(0.2), improved(0.05)), "not_meaningful"),  # five wins of five
        ((baseline(0.2, 6), improved(0.05, 7)), None),
    ],
)
def test_winning_often_has_a_label(arms, expected):
    assert primary(compare(*arms))["outperformance"] == expected


def test_metrics_with_empty_cells_have_no_mean():
    metrics = baseline().metrics
    metrics.loc[2, "best_val_loss"] = math.nan
    found = compare(baseline(metrics=metrics), improved())["arms"][0]["metrics"]
    assert found["best_val_loss"]["mean"] is None
    assert found["best_val_loss"]["values"][2] is None


# --- arms of other software -----------------------------------------------------------


@pytest.mark.parametrize("num_runs", [5, 7])
def test_accuracies_alone_are_compared_by_a_t_test(num_runs):
    arms = accuracies_only(baseline(0.2)), accuracies_only(improved(0.05, num_runs))
    result = compare(*arms)
    found = primary(result)
    first, second = (
        pattern(1, 0.2).mean(axis=1),
        pattern(2, 0.05, num_runs).mean(axis=1),
    )
    if num_runs == 5:
        expected = stats.ttest_rel(second, first)
    else:
        expected = stats.ttest_ind(second, first, equal_var=False)
    assert found["p"] == pytest.approx(expected.pvalue)
    assert found["df"] == pytest.approx(expected.df)
    assert found["se"] == found["se_seed"]
    assert result["verdict"] == "better"
    assert "on this test set only" in result["scope"]
    sizes = "5 paired seeds" if num_runs == 5 else "5 and 7 unpaired runs"
    assert f"; {sizes}, this test set only; p < .001" in result["sentence"]
    unknown = ("se_item", "se_res", "num_examples", "num_discordant", "per_seed")
    assert [found[name] for name in unknown] == [None] * len(unknown)
    assert found["calibration"]["brier_score"] is None
    assert result["test_set"] == dict.fromkeys(result["test_set"])
    assert result["dataset"] == dict.fromkeys(result["dataset"])
    assert [arm["reliability"] for arm in result["arms"]] == [None, None]


def test_relative_error_reduction_of_accuracies_is_that_of_the_predictions():
    arms = baseline(0.2), improved(0.05)
    whole, bare = compare(*arms), compare(*map(accuracies_only, arms))
    for name in ("relative_error_reduction", "p_outperform", "wins"):
        assert primary(bare)[name] == pytest.approx(primary(whole)[name])


def test_of_answers_only_the_accuracies_are_compared():
    whole, result = (
        compare(baseline(), arm) for arm in (improved(), answers_only(improved()))
    )
    (found,) = result["comparisons"]
    for key in ("delta", "se", "p", "verdict", "scope", "num_discordant"):
        assert found[key] == primary(whole)[key]
    assert found["calibration"] == {
        "expected_calibration_error": None,
        "brier_score": None,
    }
    candidate = result["arms"][1]
    assert candidate["reliability"] is None
    for name in ("test_cross_entropy", "expected_calibration_error", "brier_score"):
        assert candidate["metrics"][name]["mean"] is None


def test_without_cross_entropies_only_accuracies_are_compared():
    arm = accuracies_only(baseline(0.2))
    arm = dataclasses.replace(
        arm, metrics=arm.metrics.assign(test_cross_entropy=np.nan)
    )
    result = compare(arm, accuracies_only(improved(0.05)))
    assert [part["metric"] for part in result["comparisons"]] == ["test_accuracy"]
    assert result["arms"][0]["metrics"]["test_cross_entropy"]["mean"] is None


def test_equal_accuracies_in_every_pair_are_no_evidence_of_equivalence():
    arms = accuracies_only(baseline()), accuracies_only(baseline(name="improved"))
    result = compare(*arms, margin=0.05)
    assert primary(result)["reasons"] == ["zero_variance"]


@pytest.mark.parametrize("bare", [0, 1])
def test_one_arm_without_predictions_reduces_both_to_accuracies(bare):
    arms = [baseline(0.2), improved(0.05)]
    both = compare(*map(without_predictions, arms))
    arms[bare] = without_predictions(arms[bare])
    result = compare(*arms)
    assert primary(result) | {"calibration": None} == primary(both) | {
        "calibration": None
    }
    assert result["test_set"]["num_examples"] == NUM_EXAMPLES
    assert result["arms"][1 - bare]["reliability"] is not None
    codes = [warning["code"] for warning in result["warning_codes"]]
    assert "no_predictions" in codes
    assert "unchecked_test_set" not in codes  # arm.json has the digests


def test_each_candidate_has_the_scope_that_its_data_allow():
    bare = dataclasses.replace(without_predictions(improved(0.05)), name="bare")
    result = compare(baseline(0.2), improved(0.05), bare)
    scopes = {name: found["scope"] for name, found in by_candidate(result).items()}
    assert "new test images" in scopes["improved"]
    assert "on this test set only" in scopes["bare"]
    assert "only where both arms have predictions" in result["scope"]
    assert compare(baseline(), improved())["scope"] == scopes["improved"]


def test_sizes_of_the_test_set_are_checked_where_labels_cannot_be():
    larger = without_predictions(improved())
    counts = larger.dataset.counts | {"test": 700}
    dataset = dataclasses.replace(larger.dataset, counts=counts)
    larger = dataclasses.replace(larger, dataset=dataset)
    for arms in ((undescribed(baseline()), larger), (larger, undescribed(baseline()))):
        with pytest.raises(Refusal, match="different_test_set: .* got .*700"):
            compare(*arms)


def test_predictions_alone_give_the_full_answer():
    arms = baseline(0.2), improved(0.05)
    result = compare(*map(undescribed, arms))
    assert result["comparisons"] == compare(*arms)["comparisons"]
    assert result["test_set"]["num_examples"] == NUM_EXAMPLES
    assert result["test_set"]["sha256"] is None


def inconclusive_results():
    reference, copied = baseline(), baseline().probabilities.copy()
    copied[3] = copied[1]
    right = np.ones((3, 40), dtype=int)
    return [
        compare(reference, improved(), margin=0.001),
        compare(baseline(num_runs=1), improved(num_runs=1)),
        compare(baseline(num_runs=1), improved()),
        compare(baseline(num_runs=2), improved(num_runs=2)),
        compare(baseline(diverged=(9,)), improved()),
        compare(baseline(), improved(), selected_on="test"),
        compare(accuracies_only(baseline()), improved(), margin=0.001),
        compare(accuracies_only(baseline()), accuracies_only(baseline())),
        compare(baseline(probabilities=copied), improved()),
        compare(make_arm(1 - right), make_arm(right)),
    ]


def test_an_inconclusive_sentence_never_claims_equality():
    for result in inconclusive_results():
        assert result["verdict"] == "inconclusive"
        sentence = result["sentence"].lower()
        assert sentence.startswith("inconclusive: ")
        for forbidden in ("no difference", "same", "nan", "none"):
            assert forbidden not in sentence


# --- warnings -------------------------------------------------------------------------


def test_two_full_arms_of_one_budget_give_no_warning():
    other = improved(recipe={"epochs": 5, "hidden_units": [256]})
    assert compare(baseline(), other)["warnings"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 20}, "at most 5 epochs for baseline and 20 for improved"),
        ({"num_runs": 3}, "improved has 3 finished seeds; 5 is the least"),
        ({"num_runs": 6}, "baseline and improved finished different seeds"),
        ({"versions": {"python": "3.12.0", "threads": "1"}}, "python differs: 3.11.7"),
        ({"dataset": {"name": "digits"}}, "name their data mnist and digits"),
        ({}, "baseline and improved have one and the same recipe"),
    ],
)
def test_what_a_reader_must_know_is_a_warning(changes, message):
    warnings = compare(baseline(), improved(**changes))["warnings"]
    assert any(message in text for text in warnings)


def test_a_fallback_is_the_first_warning():
    data = {"name": "mnist-5k", "fallback": "mnist could not be downloaded"}
    small = data | {"train_size": 512}
    result = compare(baseline(dataset=small), improved(dataset=small))
    assert result["warnings"][0] == (
        "fall-back data set: the answer is about mnist-5k, not about mnist: "
        "mnist could not be downloaded"
    )
    assert "train_size 512" in result["warnings"][1]
    assert result["dataset"]["requested"] == "mnist"


def test_metrics_that_contradict_the_predictions_are_a_warning():
    metrics = baseline().metrics.assign(test_accuracy=0.5)
    warnings = compare(baseline(metrics=metrics), improved())["warnings"]
    assert any("differs from that of its predictions" in text for text in warnings)


# --- refusals -------------------------------------------------------------------------


def digests(**changes):
    return {"sha256": baseline().dataset.sha256 | changes}


def relabelled():
    labels = (improved().labels + 1) % NUM_CLASSES
    return improved(labels=labels)


@pytest.mark.parametrize("unknown", [0, 1])
def test_a_digest_that_is_unknown_refuses_nothing(unknown):
    known = digests(x_train="the same")
    arms = [baseline(dataset=known), improved(dataset=known)]
    arms[unknown] = dataclasses.replace(
        arms[unknown],
        dataset=dataclasses.replace(
            arms[unknown].dataset, **digests(x_train=None, x_test=None)
        ),
    )
    result = compare(*arms)
    assert result["test_set"]["sha256"] == "digest of x_test"
    missing = result["warning_codes"][0]
    assert missing["code"] == "missing_digests"
    assert missing["values"] == {
        "arm": result["arms"][unknown]["name"],
        "parts": ["x_test", "x_train"],
    }


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (lambda: improved(dataset=digests(x_test="other")), "different_test_set"),
        (lambda: improved(dataset=digests(y_test="other")), "different_test_set"),
        (relabelled, "different_test_set"),
        (lambda: undescribed(relabelled()), "different_test_set"),
        (lambda: make_arm(np.ones((5, 9))), "different_test_set"),
        (lambda: undescribed(make_arm(np.ones((5, 9)))), "different_test_set"),
        (lambda: improved(dataset=digests(x_train="x")), "different_training_set"),
        (lambda: improved(dataset=digests(y_validation="x")), "different_training_set"),
        (lambda: make_arm(np.ones((0, 600)), diverged=(0, 1)), "no_finished_run"),
        (lambda: make_arm(np.ones((5, 1))), "too_few_examples"),
        (
            lambda: improved(metrics=improved().metrics.assign(test_accuracy=97.6)),
            "accuracy_out_of_range",
        ),
    ],
)
def test_arms_that_must_not_be_compared_are_refused(candidate, reason):
    for arms in ((baseline(), candidate()), (candidate(), baseline())):
        with pytest.raises(Refusal) as caught:
            compare(*arms)
        assert caught.value.reason == reason
        assert str(caught.value).startswith(f"{reason}: ")
        assert "\n" not in str(caught.value)


def test_an_arm_without_a_finished_run_is_told_what_helps_whatever_its_recipe():
    with pytest.raises(Refusal) as caught:
        compare(baseline(), make_arm(np.ones((0, 600)), diverged=(0, 1), name="mine"))
    assert str(caught.value) == (
        "no_finished_run: mine must have a finished run, got 2 that diverged or failed;"
        " leave this arm out, or repeat its runs, such as with a lower learning rate"
    )


def test_duplicate_seeds_are_refused_even_if_an_arm_was_changed_after_its_check():
    arm = baseline()
    arm.seeds[1] = arm.seeds[0]
    with pytest.raises(Refusal, match="^duplicate_seed: .*keep one run"):
        compare(arm, improved())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 0.0}, "alpha must be a number in (0, 0.5), such as 0.05, got 0.0"),
        ({"alpha": 0.5}, "alpha must be a number"),
        ({"alpha": math.nan}, "alpha must be a number"),
        ({"alpha": "0.05"}, "alpha must be a number"),
        ({"margin": 0}, "margin must be auto, none, or a difference above 0 in the"),
        ({"margin": 1.0}, "margin must be a difference in (0, 1), such as 0.001, got"),
        (
            {"margin": "5 points", "metric": "mse"},
            "margin must be a number in the unit",
        ),
        ({"metric": " "}, "metric must be the name of a metric, such as"),
        ({"metric": "x"}, "direction must be higher or lower for the metric 'x'"),
        ({"direction": "up"}, "direction must be higher, lower or auto, got 'up'"),
        ({"resamples": 0}, "resamples must be a whole number from 1"),
        ({"resamples": 10.0}, "resamples must be a whole number"),
        ({"seed": -1}, "seed must be a whole number >= 0, such as 0, got -1"),
        ({"seed": True}, "seed must be a whole number"),
        ({"pairing": "image"}, "pairing must be seed or none, got 'image'"),
        ({"selected_on": None}, "selected_on must be validation or test, got None"),
    ],
)
def test_senseless_parameters_are_rejected(changes, message):
    with pytest.raises(ValueError) as caught:
        compare(baseline(), improved(), **changes)
    assert message in str(caught.value)


def test_the_report_writes_what_compare_returns(tmp_path):
    arms = baseline(), improved()
    comparison = judge(*arms)
    Report(comparison, arms, language="en").write(tmp_path)
    written = (tmp_path / "comparison.json").read_text(encoding="utf-8")
    assert written == comparison.to_json()
