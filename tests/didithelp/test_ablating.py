"""Which change did it: the whole answer, from arms whose truth is planted."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import didithelp
from didithelp import ablating, effects, scores, significance
from didithelp.ablation import Ablation
from didithelp.arm import with_seeds
from didithelp.comparison import Caveat
from didithelp.errors import Refusal
from didithelp.factors import Factorial, spell
from didithelp.language import ablation_sentences
from didithelp.language.words import Words
from tests.didithelp.builders import (
    accuracies_only,
    answers_only,
    make_arm,
    without_predictions,
)

NAMES = ("l2", "bn", "dropout", "budget", "noise")
ENGLISH, FRENCH = Words("en"), Words("fr")
SETTINGS = {
    **{"alpha": 0.05, "metric": "test_accuracy", "direction": "auto"},
    **{"margin": 0.001, "selected_on": "validation"},
}
NUM_EXAMPLES = 1200


def recipe(cell):
    on = dict(zip(NAMES, cell, strict=False))
    return {
        "hidden_units": [512],
        "l2_lambda": 0.001 if on.get("l2") else 0.0,
        "use_batch_norm": bool(on.get("bn")),
        "dropout_rate": 0.3 if on.get("dropout") else 0.2,
        "epochs": 20 if on.get("budget") else 5,
        "early_stopping_patience": 5 if on.get("budget") else None,
    }


def experiment(design, worth, num_runs=3, **changes):
    """Arms of a design whose accuracy is about 0.9 + worth(cell), and their levels."""
    rng = np.random.default_rng(0)
    hard = rng.random(NUM_EXAMPLES)
    arms, levels = [], {}
    for place, cell in enumerate(design.cells):
        limit = 0.9 + worth(cell)
        noise = 0.02 * rng.standard_normal((num_runs, NUM_EXAMPLES))
        name = spell(cell, NAMES[: design.num_factors])
        settings = {
            "name": name,
            "recipe": recipe(cell),
            "confidence": 0.9 - 0.002 * place,
        }
        arms.append(make_arm(hard + noise < limit, **settings | changes))
        levels[name] = dict(zip(NAMES, cell, strict=False))
    return arms, levels


def control_arm(seeds=(10, 11, 12), limit=0.9, **changes):
    rng = np.random.default_rng(0)
    hard = rng.random(NUM_EXAMPLES)
    noise = 0.02 * np.random.default_rng(1).standard_normal((len(seeds), NUM_EXAMPLES))
    settings = {"name": "control", "recipe": recipe((False,) * 4), "seeds": seeds}
    return make_arm(hard + noise < limit, **settings | changes)


def ablate(arms, levels, **changes):
    """The typed answer; whatever test asks for one, its file holds the whole of it."""
    found = ablating.ablate(arms, levels, **SETTINGS | changes)
    text = found.to_json()
    assert Ablation.from_json(text) == found
    assert Ablation.from_json(text).to_json() == text
    return found


def planted(cell):
    """l2 hurts by 3 points, batch normalization helps by 2; the rest does nothing."""
    l2, bn, *_ = (*cell, False)
    return -0.03 * l2 + 0.02 * bn


def interacting(cell):
    """As planted, but l2 hurts only by 2 points where batch normalization is on."""
    return planted(cell) + 0.01 * (cell[0] and cell[1])


@pytest.fixture(scope="module")
def additive():
    return ablate(*experiment(Factorial(4), planted), control=control_arm())


@pytest.fixture(scope="module")
def unlike():
    return ablate(*experiment(Factorial(4), interacting))


# --- what is found --------------------------------------------------------------------


def test_what_helped_and_what_hurt_is_named(additive):
    verdicts = {each.factor: each.main.verdict for each in additive.primary.factors}
    assert verdicts == {
        **{"l2": "worse", "bn": "better"},
        **{"dropout": "inconclusive", "budget": "inconclusive"},
    }
    assert additive.sentence.startswith("bn helped: +2.")
    assert "l2 hurt: -3.0" in additive.sentence
    assert "no effect of dropout is shown" in additive.sentence
    assert "All changes together are not shown to differ from" in additive.sentence
    assert "not shown that the effects do more or less than add up" in additive.sentence
    assert additive.primary.additive_share > 0.99
    assert not additive.primary.joint.is_shown


def test_a_planted_interaction_is_named_and_a_planted_zero_is_not(unlike):
    shown = {each.factors: each.is_shown for each in unlike.primary.interactions}
    assert shown.pop(("l2", "bn"))
    assert not any(shown.values())
    assert unlike.primary.joint.is_shown
    pair = unlike.primary.interactions[0]
    assert pair.estimate.delta == pytest.approx(0.005, abs=0.002)
    assert pair.second_on.delta - pair.second_off.delta == pytest.approx(
        2 * pair.estimate.delta
    )
    assert pair.first_on.delta - pair.first_off.delta == pytest.approx(
        2 * pair.estimate.delta
    )
    assert "do not simply add up (joint p < .001): l2 does -3" in unlike.sentence
    assert "points without bn and -1." in unlike.sentence
    assert "average over unlike situations" in unlike.sentence
    for each in unlike.primary.factors:
        assert each.main.flags[-1] == "unlike_situations"


def test_shapley_values_add_up_to_the_total(additive):
    total = sum(each.shapley.delta for each in additive.primary.factors)
    assert total == pytest.approx(additive.primary.total.delta, abs=1e-12)


def test_effects_at_both_ends_are_differences_of_two_arms(additive):
    arms, _ = experiment(Factorial(4), planted)
    right = {
        arm.name: scores.right_or_wrong(arm.probabilities, arm.labels) for arm in arms
    }
    l2 = additive.primary.factors[0]
    for estimate, less, more in (
        (l2.at_baseline, "none", "l2"),
        (l2.at_full, "bn + dropout + budget", "l2 + bn + dropout + budget"),
        (additive.primary.total.estimate, "none", "l2 + bn + dropout + budget"),
    ):
        expected = effects.unpaired_effect(right[less], right[more])
        assert estimate.delta == expected.delta
        assert estimate.se == expected.standard_error
        assert estimate.ci95 == significance.interval(expected, 0.95)
        assert estimate.p == significance.difference_p(expected)


def test_the_order_of_arms_and_rows_does_not_matter(additive):
    arms, levels = experiment(Factorial(4), planted)
    turned = dict(reversed(levels.items()))
    assert ablate(arms[::-1], turned, control=control_arm()) == additive
    frame = pd.DataFrame(levels).T.astype(int)
    assert ablate(arms, frame, control=control_arm()) == additive


def test_holm_covers_the_factors_and_the_pairs_apart(additive):
    effects_ = additive.primary
    mains = [each.main.estimate for each in effects_.factors]
    assert {each.family_size for each in mains} == {4}
    smallest = min(mains, key=lambda each: each.p)
    assert smallest.p_holm == pytest.approx(4 * smallest.p)
    pairs = [each.estimate for each in effects_.interactions]
    assert {each.family_size for each in pairs} == {6}
    assert min(pairs, key=lambda each: each.p).p_holm == pytest.approx(
        min(1, 6 * min(each.p for each in pairs))
    )
    assert effects_.factors[0].shapley.p_holm is None


def test_cells_and_factors_are_told_with_their_parameters(additive):
    assert additive.baseline == "none"
    assert additive.full == "l2 + bn + dropout + budget"
    assert [cell.arm.name for cell in additive.cells[:3]] == ["none", "l2", "bn"]
    assert additive.cells[1].levels == {name: name == NAMES[0] for name in NAMES[:4]}
    assert additive.factors[0].parameters == {"l2_lambda": (0.0, 0.001)}
    assert additive.factors[3].parameters == {
        "early_stopping_patience": (None, 5),
        "epochs": (5, 20),
    }
    assert additive.arm("control").seeds == (10, 11, 12)
    assert additive.cells[1].arm.changes == {"l2_lambda": (0.0, 0.001)}


def test_all_metrics_are_told(additive):
    assert [each.metric for each in additive.effects] == [
        *("test_accuracy", "test_cross_entropy"),
        *("expected_calibration_error", "brier_score"),
    ]
    loss = additive.of("test_cross_entropy")
    assert not loss.higher_is_better and loss.unit == "nats"
    assert loss.factors[0].main.verdict == "worse" and loss.factors[0].main.delta > 0
    assert loss.factors[0].main.p_tost is None
    calibration = additive.of("expected_calibration_error")
    assert calibration.total.estimate.se_item is None
    assert "on this test set only" in calibration.scope


# --- controls -------------------------------------------------------------------------


def test_the_budget_alone_is_compared_with_both_ends(additive):
    budget = additive.budget_matched
    assert (budget.factor, budget.arm) == ("budget", "budget")
    assert budget.against_baseline.estimate.family_size == 2
    assert (
        budget.against_baseline.delta + budget.full_against_it.delta
        == pytest.approx(additive.primary.total.delta)
    )
    text = ablation_sentences.budget_matched(additive, ENGLISH)
    assert "budget alone does" in text and "(inconclusive; 97.5% CI" in text
    assert ablation_sentences.budget_matched(additive, FRENCH) != text


def test_a_control_shows_nothing_and_is_told(additive):
    judged = additive.control.against_baseline
    assert judged.verdict == "inconclusive"
    baseline, control = experiment(Factorial(1), planted)[0][0], control_arm()
    expected = effects.unpaired_effect(
        *(
            scores.right_or_wrong(arm.probabilities, arm.labels)
            for arm in (baseline, control)
        )
    )
    assert judged.estimate.se == pytest.approx(expected.standard_error)
    text = ablation_sentences.control(additive, ENGLISH)
    assert "none against itself" in text and "Nothing is shown" in text


def test_a_control_that_could_show_nothing_reassures_of_nothing():
    seeds = control_arm().seeds[:2]
    control = with_seeds(control_arm(), seeds)
    found = ablate(*experiment(Factorial(2), planted), control=control)
    assert found.control.against_baseline.reasons == ("too_few_seeds",)
    text = ablation_sentences.control(found, ENGLISH)
    assert "could show nothing" in text and "Nothing is shown" not in text


def test_a_control_that_differs_is_an_alarm():
    found = ablate(*experiment(Factorial(2), planted), control=control_arm(limit=0.85))
    assert found.control.against_baseline.verdict == "worse"
    assert found.warning_codes[0].code == "control_differs"
    assert "do not trust" in ablation_sentences.control(found, ENGLISH)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seeds": (2, 10)}, "control_shares_seeds"),
        ({"recipe": recipe((True,))}, "control_recipe_differs"),
    ],
)
def test_a_control_that_is_none_is_refused(changes, reason):
    with pytest.raises(Refusal) as refusal:
        ablate(*experiment(Factorial(2), planted), control=control_arm(**changes))
    assert refusal.value.reason == reason


# --- other designs and other arms -----------------------------------------------------


def test_half_a_design_says_what_it_can():
    found = ablate(*experiment(Factorial(5, 1), interacting))
    assert found.design == "half"
    assert len(found.cells) == 17
    for each in found.primary.factors:
        assert each.shapley is None and each.at_full is None
        assert each.at_baseline is not None
    assert found.primary.factors[0].main.verdict == "worse"
    assert len(found.primary.interactions) == 10
    assert found.budget_matched.arm == "budget"
    assert found.primary.remainder is not None


def test_one_factor_is_a_comparison_of_two():
    found = ablate(*experiment(Factorial(1), planted))
    assert found.primary.joint is None
    assert found.primary.additive_share is None
    assert found.primary.remainder is None
    assert found.budget_matched is None
    assert found.sentence.startswith("l2 hurt: -2.9")
    assert "together" not in found.sentence


@pytest.mark.parametrize("kind", [without_predictions, accuracies_only])
def test_arms_with_one_number_per_run_are_about_this_test_set(kind):
    arms, levels = experiment(Factorial(2), planted)
    found = ablate([kind(arm) for arm in arms], levels)
    assert "on this test set only" in found.scope
    assert found.primary.total.estimate.se_item is None
    assert found.primary.factors[0].main.verdict == "worse"
    assert "no_predictions" in {caveat.code for caveat in found.warning_codes}
    assert found.arms[0].reliability is None


def test_one_arm_without_predictions_makes_all_go_by_runs():
    arms, levels = experiment(Factorial(2), planted)
    found = ablate([without_predictions(arms[0]), *arms[1:]], levels)
    assert found.primary.factors[1].main.estimate.se_item is None


def test_answers_without_probabilities_have_no_loss():
    arms, levels = experiment(Factorial(2), planted)
    found = ablate([answers_only(arm) for arm in arms], levels)
    assert [each.metric for each in found.effects] == ["test_accuracy"]
    assert found.primary.total.estimate.se_item is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_runs": 2}, "too_few_seeds"),
        ({"num_runs": 1}, "seed_variance_unknown"),
        ({"diverged": (7,)}, "diverged_or_missing_runs"),
    ],
)
def test_what_forbids_a_verdict_forbids_it(changes, reason):
    found = ablate(*experiment(Factorial(2), planted, **changes))
    assert reason in found.primary.factors[0].main.reasons
    assert found.sentence.startswith("No verdict, since ")
    assert "l2 is shown: -" in found.sentence


def test_a_sentence_begins_in_upper_case_unless_with_a_name():
    found = ablate(*experiment(Factorial(2), lambda cell: 0.0))
    assert found.sentence.startswith("No effect of ")
    assert ablation_sentences.answer(found, FRENCH).startswith("Aucun effet de ")


def test_a_choice_on_the_test_set_forbids_verdicts():
    found = ablate(*experiment(Factorial(2), planted), selected_on="test")
    assert found.primary.total.verdict == "inconclusive"
    assert found.warning_codes[0].code == "selected_on_test"


# --- caveats --------------------------------------------------------------------------


def test_a_caveat_of_many_arms_is_told_once(additive):
    codes = [caveat.code for caveat in additive.warning_codes]
    assert codes == ["early_stopping_never_fired"] * codes.count(
        "early_stopping_never_fired"
    )
    arms, levels = experiment(Factorial(3), planted)
    found = ablate([without_predictions(arm) for arm in arms], levels)
    (text,) = [each for each in found.warnings if "predictions.npz" in each]
    assert text.startswith("each of none, l2 and 6 other arms has ")


def test_a_caveat_of_several_arms_is_one_of_each_of_them():
    caveat = Caveat("one_seed", {"arm": ["l2", "bn"], "advised": 5})
    each_of_them = "each of l2 and bn has 1 finished seed; 5 is the least advised"
    assert ablation_sentences.warning(caveat, ENGLISH) == each_of_them
    french = ablation_sentences.warning(caveat, FRENCH)
    assert french.startswith("chacun des bras l2 et bn n'a qu'une graine finie")


def test_recipes_that_follow_no_factor_are_told():
    arms, levels = experiment(Factorial(2), planted)
    mixed = levels | {"l2": levels["bn"], "bn": levels["l2"]}
    swapped = ablate(arms, mixed)  # names of both factors exchanged: still a design
    assert swapped.factors[0].parameters == {"use_batch_norm": (False, True)}
    odd = dataclasses.replace(arms[1], recipe=arms[1].recipe | {"batch_size": 60})
    found = ablate([arms[0], odd, *arms[2:]], levels)
    (caveat,) = [
        each for each in found.warning_codes if each.code == "levels_contradict_recipes"
    ]
    assert caveat.values == {"parameters": ["batch_size"]}


def test_arms_with_the_same_predictions_are_told():
    arms, levels = experiment(Factorial(2), planted)
    copy = dataclasses.replace(arms[0], name="bn", recipe=arms[2].recipe)
    found = ablate([arms[0], arms[1], copy, arms[3]], levels)
    assert "identical_predictions" in {each.code for each in found.warning_codes}


def test_a_factor_that_changes_no_prediction_is_told_once():
    arms, levels = experiment(Factorial(3), planted)
    twins = [
        dataclasses.replace(arms[without], name=arms[place].name)
        for place, without in ((3, 0), (5, 1), (6, 2), (7, 4))  # dropout, on and off
    ]
    found = ablate([*arms[:3], arms[4], *twins], levels)
    told = [caveat for caveat in found.warning_codes if "nothing" in caveat.code]
    assert [caveat.values for caveat in told] == [{"factor": "dropout"}]
    codes = [caveat.code for caveat in found.warning_codes]
    assert "identical_predictions" not in codes


def test_incomparable_arms_are_refused():
    arms, levels = experiment(Factorial(2), planted)
    digests = {key: f"other {key}" for key in arms[0].dataset.sha256}
    other = experiment(Factorial(2), planted, dataset={"sha256": digests})[0]
    with pytest.raises(Refusal, match="different_test_set"):
        ablate([*arms[:3], other[3]], levels)


def test_a_wrong_parameter_is_refused():
    with pytest.raises(ValueError, match="alpha must be a number in"):
        ablate(*experiment(Factorial(1), planted), alpha=0.7)


# --- words ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [ENGLISH, FRENCH], ids=["en", "fr"])
def test_both_languages_say_all_of_it(additive, unlike, words):
    for found in (additive, unlike):
        text = ablation_sentences.answer(found, words)
        for name in NAMES[:4]:
            assert name in text
        assert text.endswith(".") and "  " not in text
        for caveat in found.warning_codes:
            assert ablation_sentences.warning(caveat, words)
    assert ablation_sentences.answer(unlike, ENGLISH) == unlike.sentence


def test_hostile_names_stay_on_one_line():
    arms, levels = experiment(Factorial(2), planted)
    levels = {
        arm: {"a\u202eb": row["l2"], "bn": row["bn"]} for arm, row in levels.items()
    }
    with pytest.raises(Refusal, match="one line of printable text"):
        ablate(arms, levels)


def test_the_file_is_strict_json(additive):
    content = json.loads(additive.to_json())
    assert set(content) == {field.name for field in dataclasses.fields(Ablation)}


def test_another_metric_is_told_in_its_own_unit():
    found = ablate(
        *experiment(Factorial(2), planted), metric="test_cross_entropy", margin=0.02
    )
    assert found.metric.unit == "nats" and found.margin == 0.02
    sentence = found.sentence
    assert sentence.startswith("cross-entropy (lower is better): bn helped: -0.0")
    assert " nats (" in sentence and "points" not in sentence
    assert ablation_sentences.answer(found, FRENCH).startswith("entropie croisée (")


def test_a_metric_of_any_size_counts_alike_in_all_arms():
    arms, levels = experiment(Factorial(2), planted)
    rewards = np.array([[9e7, 9.1e7, 9.2e7], [1e7, 1.1e7, 1.2e7]])
    tables = [
        arm.metrics.assign(reward=rewards[levels[arm.name]["l2"] * 1]) for arm in arms
    ]
    given = [
        dataclasses.replace(without_predictions(arm), metrics=table)
        for arm, table in zip(arms, tables, strict=True)
    ]
    found = ablate(given, levels, metric="reward", margin="none")
    assert found.primary.factors[0].main.delta == -8e7
    assert found.primary.factors[1].main.delta == 0
    assert found.primary.factors[0].main.verdict == "worse"
    assert "on the data that the metric was measured on" in found.scope
    assert found.effects[1].metric == "test_accuracy"


def scored(design, *, clusters=None, examples=None):
    """Arms of one score per run and example, of which those with l2 score less."""
    rng = np.random.default_rng(5)
    hard, arms, levels = rng.random(400), [], {}
    for cell in design.cells:
        name = spell(cell, NAMES[: design.num_factors])
        values = hard - 0.1 * cell[0] + 0.05 * rng.standard_normal((3, 400))
        arm = didithelp.arm_from_scores(
            name,
            dict(enumerate(values)),
            metric="average_precision",
            clusters=clusters,
            examples=examples,
        )
        arms.append(arm)
        levels[name] = dict(zip(NAMES, cell, strict=False))
    return arms, levels


def test_scores_of_examples_count_like_predictions():
    arms, levels = scored(Factorial(2))
    found = ablate(arms, levels, metric="average_precision", margin="none")
    assert found.primary.is_crossed
    assert "new examples of the same kind" in found.scope
    l2 = found.primary.factors[0]
    assert l2.main.verdict == "worse"
    expected = np.mean([arms[1].scores.values - arms[0].scores.values])
    assert l2.at_baseline.delta == pytest.approx(expected, abs=1e-9)
    assert [each.metric for each in found.effects] == ["average_precision"]


def test_scores_are_put_in_the_order_of_the_first_arm():
    arms, levels = scored(Factorial(2), examples=np.arange(400))
    turned = didithelp.arm_from_scores(
        arms[3].name,
        dict(enumerate(arms[3].scores.values[:, ::-1])),
        metric="average_precision",
        examples=np.arange(400)[::-1],
    )
    settings = {"metric": "average_precision", "margin": "none"}
    found = ablate([*arms[:3], turned], levels, **settings)
    assert found.effects == ablate(arms, levels, **settings).effects


def test_groups_of_examples_are_the_sample():
    settings = {"metric": "average_precision", "margin": "none"}
    alone = ablate(*scored(Factorial(2)), **settings)
    photos = np.arange(400) // 8
    found = ablate(*scored(Factorial(2), clusters=photos), **settings)
    assert "groups of examples" in found.scope
    assert found.not_covered != alone.not_covered
    main, plain = (each.primary.factors[0].main.estimate for each in (found, alone))
    assert main.delta == plain.delta and main.se_seed == plain.se_seed
    assert main.se_item != plain.se_item
    few = ablate(*scored(Factorial(2), clusters=np.arange(400) // 100), **settings)
    assert few.primary.factors[0].main.reasons == ("too_few_clusters",)
    assert "no verdict, since " in few.sentence


def test_a_control_of_the_same_name_is_refused():
    with pytest.raises(Refusal, match="a name of its own, got that of the arm none"):
        ablate(*experiment(Factorial(2), planted), control=control_arm(name="none"))
