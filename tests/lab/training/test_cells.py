"""Which arms an ablation has, and which factors it refuses."""

import dataclasses

import pytest

from lab import command_line
from lab.training import arm_list, cells
from pipelines import request

SEEDS = (0, 1, 2)
BUDGET = "epochs+early_stopping_patience"
FACTORS = ("dropout_rate", "l2_lambda", "use_batch_norm", BUDGET)
MOMENTUM = {"optimizer": "sgd", "momentum": "0.9"}
# Three parameters more in which the recipes differ, seven in all.
MORE = {"batch_size": "32", "hidden_units": "16", "learning_rate": "0.01"}


def laid_out(named="", overrides=None, *, with_control=False, seeds=SEEDS):
    recipes = request.recipes(overrides or {})
    factors = cells.read_factors(named)
    return cells.cells_of(*recipes, factors, seeds, with_control=with_control)


@pytest.mark.parametrize(
    "text", ["a,b+c", " a , b + c ", "a b+c", "a; b +c;", "a,\tb+ c\n"]
)
def test_factors_are_separated_as_people_write_them(text):
    assert cells.read_factors(text) == ("a", "b+c")


def test_every_combination_of_what_the_published_recipes_differ_in_is_an_arm():
    found = laid_out()
    baseline, improved = request.recipes({})
    assert found.factors == FACTORS
    assert len(found.arms) == 16 and found.control is None
    assert (found.arms[0].name, found.arms[0].recipe) == ("baseline", baseline)
    assert (found.arms[-1].name, found.arms[-1].recipe) == ("improved", improved)
    assert len({arm.recipe for arm in found.arms}) == len({*found.levels}) == 16
    assert {arm.seeds for arm in found.arms} == {SEEDS}
    for arm in found.arms:
        for factor, level in found.levels[arm.name].items():
            source = improved if level else baseline
            for name in factor.split("+"):
                assert getattr(arm.recipe, name) == getattr(source, name)


def test_arms_are_named_by_what_is_on_or_where_that_is_most_by_what_is_off():
    names = [arm.name for arm in laid_out().arms]
    assert {"l2_lambda", "l2_lambda+use_batch_norm", BUDGET} < set(names)
    assert "improved without l2_lambda" in names
    found = laid_out("l2_lambda, use_batch_norm, dropout_rate")
    assert found.arms[-1].name == "all"  # without the budget
    assert "all without l2_lambda" in found.levels
    for arm in laid_out(overrides={**MOMENTUM}).wanted:
        assert arm_list.is_name(arm.name), arm.name


def test_factors_that_are_named_leave_the_rest_as_in_the_baseline():
    found = laid_out("use_batch_norm + dropout_rate l2_lambda")
    assert [arm.name for arm in found.arms] == [
        "baseline",
        "use_batch_norm+dropout_rate",
        "l2_lambda",
        "all",
    ]
    assert {arm.recipe.epochs for arm in found.arms} == {5}


def test_what_belongs_together_is_one_factor_unless_a_user_parts_it():
    assert laid_out(overrides=MOMENTUM).factors == (*FACTORS, "optimizer+momentum")
    without_stopping = {"early_stopping_patience": "never"}
    assert laid_out(overrides=without_stopping).factors == (*FACTORS[:3], "epochs")
    assert len(laid_out("epochs, early_stopping_patience").arms) == 4


def test_five_factors_take_half_of_the_arms_and_the_missing_end():
    found = laid_out(overrides={"batch_size": "32"})
    assert len(found.factors) == 5 and len(found.arms) == 17
    assert (found.arms[0].name, found.arms[-1].name) == ("baseline", "improved")


@pytest.mark.parametrize(
    ("seeds", "others"), [((0, 1, 2), (3, 4, 5)), ((7,), (0,)), ((2, 0), (1, 3))]
)
def test_the_control_is_the_baseline_on_as_many_other_seeds(seeds, others):
    found = laid_out(with_control=True, seeds=seeds)
    assert found.control.recipe == found.arms[0].recipe
    assert found.control.seeds == others
    assert found.wanted == (*found.arms, found.control)
    assert found.control.name not in found.levels


@pytest.mark.parametrize(
    ("named", "overrides", "message"),
    [
        ("l2_lamda, epochs", {}, "got 'l2_lamda'; did you mean 'l2_lambda'"),
        ("qqqq, epochs", {}, "got 'qqqq'; those that differ are dropout_rate"),
        ("l2_lambda+, epochs", {}, "got ''; those that differ"),
        ("epochs, l2_lambda+epochs", {}, "once, got epochs more than once"),
        ("l2_lambda, batch_size", {}, "batch_size is 128 in both; .*-P batch_size="),
        ("", MORE, r"at most 5, got 7 .* 128 arms; .*'hidden_units\+dropout_rate\+l2"),
        ("optimizer, momentum", MOMENTUM, "but of momentum alone: .*; join by"),
    ],
)
def test_wrong_factors_are_one_line_with_the_way_out(named, overrides, message):
    with pytest.raises(ValueError, match=message) as caught:
        laid_out(named, overrides)
    assert "\n" not in str(caught.value)


def test_a_value_that_no_arm_would_have_is_refused():
    given = {"epochs": "7", "batch_size": "128"}
    factors = ("dropout_rate", "l2_lambda")

    def lay_out(factors):
        both = request.recipes(given)
        return cells.cells_of(*both, factors, SEEDS, with_control=False, given=given)

    with pytest.raises(ValueError, match="epochs=7 in none of them, so .* stay 5 as"):
        lay_out(factors)
    assert lay_out((*factors, "epochs")).arms[-1].recipe.epochs == 7


def test_the_way_out_of_too_many_factors_is_one():
    with pytest.raises(ValueError, match="-P factors='(.*)'$") as caught:
        laid_out(overrides=MORE)
    named = str(caught.value).partition("factors='")[2].rstrip("'")
    assert len(laid_out(named, MORE).factors) == 5


def test_one_factor_is_a_question_for_main_and_the_command_asks_it():
    with pytest.raises(ValueError, match="needs two factors or more") as caught:
        laid_out("l2_lambda")
    words = str(caught.value).split(" -P ")[1:]
    overrides = dict(word.split("=") for word in words)
    baseline, changed = request.recipes(overrides)
    assert changed == dataclasses.replace(baseline, l2_lambda=0.001)


def test_equal_recipes_have_no_factors():
    baseline, _ = request.recipes({})
    with pytest.raises(ValueError, match="must differ from the baseline"):
        cells.cells_of(baseline, baseline, (), SEEDS, with_control=False)


def test_factors_may_come_as_python_writes_a_list():
    listed = command_line._listed("['l2_lambda', 'use_batch_norm']", str)
    assert cells.read_factors(listed) == ("l2_lambda", "use_batch_norm")
