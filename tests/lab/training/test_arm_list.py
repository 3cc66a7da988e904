"""Lists of arms as users and pipelines write them."""

import json

import pytest

from lab import command_line, mlproject
from lab.training import arm_list
from lab.training.arm_list import WantedArm
from lab.training.recipe import Recipe


def plain():
    return command_line.build(Recipe, mlproject.defaults("train_baseline"))


@pytest.mark.parametrize(
    "text",
    [
        '{"wide": {"hidden_units": "64,32", "use_batch_norm": "true", "epochs": "2"}}',
        '{"wide": {"hidden_units": [64, 32], "use_batch_norm": true, "epochs": 2.0}}',
        "{'wide': {'hidden_units': (64, 32), 'use_batch_norm': True, 'epochs': 2}}",
    ],
)
def test_an_arm_is_what_it_has_other_than_the_baseline(text):
    (arm,) = arm_list.read(text, (0, 1))
    assert (arm.name, arm.seeds) == ("wide", (0, 1))
    assert arm.recipe.hidden_units == (64, 32)
    assert (arm.recipe.use_batch_norm, arm.recipe.epochs) == (True, 2)
    assert arm.recipe.dropout_rate == plain().dropout_rate


def test_what_is_written_is_read_again_and_is_short():
    arms = arm_list.read(
        '{"ä": {}, "b": {"l2_lambda": 1e-4}, "c": {"seeds": "7,"}}', (0,)
    )
    assert arms[2] == WantedArm("c", plain(), (7,))
    text = arm_list.write(arms, (0,))
    assert text == '{"ä":{},"b":{"l2_lambda":"0.0001"},"c":{"seeds":"7,"}}'
    assert arm_list.read(text, (0,)) == arms


def test_a_list_that_is_too_long_is_not_written():
    arms = [
        WantedArm(f"{number:200}".replace(" ", "x"), plain(), (0,))
        for number in range(30)
    ]
    with pytest.raises(ValueError, match="at most 6,000 characters"):
        arm_list.write(arms, (0,))


def test_never_and_none_are_the_same_patience():
    text = '{"a": {"early_stopping_patience": null}, "b": {"epochs": 6}}'
    never = arm_list.read(text, (0,))[0].recipe.early_stopping_patience
    assert never is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be JSON such as"),
        ("[1]", "must be JSON such as"),
        ("wide", "must be JSON such as"),
        ("{}", "at least one arm, got none"),
        ('{"a": {}, "a": {"epochs": 3}}', "'a' is given twice"),
        ("{'a': {}, 'a': {'epochs': 3}}", "'a' is given twice"),
        ("[" * 5000, "must be JSON such as"),
        ('{"a|b": {}}', "the name of an arm must be 1 to 200 letters"),
        ("{1: {}}", "the name of an arm must be"),
        ('{"a": 5}', "arm a must be an object of parameters"),
        ('{"a": {"epoch": 5}}', "arm a: unknown parameter 'epoch'; did you mean"),
        ('{"a": {"qqqq": 5}}', "arm a: unknown parameter 'qqqq'; known are hidden"),
        ('{"a": {"epochs": 0}}', "arm a: epochs must be a whole number"),
        ('{"a": {"seeds": "x"}}', "arm a: seeds must be a number of trials"),
        ('{"a": {"momentum": 0.5}}', "arm a: momentum must be 0 with"),
        ('{"a": {}, "b": {"epochs": 5}}', "got a and b, which share seed 3"),
        ('{"a": {}, "b": {"seeds": "9,4"}}', "got a and b, which share seed 4"),
        (json.dumps({"a" * 6000: {}}), "at most 6,000 characters"),
    ],
)
def test_a_wrong_list_is_one_line_with_the_way_out(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        arm_list.read(text, (3, 4))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
