"""Recipes and seeds: what is allowed, and what is said about everything else."""

import contextlib
import math

import pytest

from didithelp.parameters import names_of, texts_of
from lab import command_line
from lab.host import cores
from lab.training.recipe import Recipe
from lab.training.seeds import Trials
from tests.lab.training.recipes import PLAIN, RECIPE, make_recipe


def refusal(parameters, texts):
    with pytest.raises(ValueError) as error:
        command_line.build(parameters, texts)
    return str(error.value)


# --- single values --------------------------------------------------------------------

# What a message calls the expectation, and texts that do not meet it.
WRONG = {
    "hidden_units": (
        "the sizes (1 to 65536) of 1 to 16 hidden layers",
        ["", "0", "-512", "512,0", "65537", "512,,256", "a", "1.5", ",".join("1" * 17)],
    ),
    "activation": ("relu, elu, gelu, ", ["", "ReLU", "softmax", "none"]),
    "dropout_rate": ("a number in [0, 1)", ["", "1", "-0.1", "1.5", "nan", "inf", "a"]),
    "l2_lambda": (
        "a number in [0, 1e30], such as 0.001",
        ["", "-0.001", "nan", "inf", "-inf", "1e39", "off"],
    ),
    "use_batch_norm": ("true or false", ["", "1", "y", "none"]),
    "batch_norm_position": (
        "before_activation or after_activation",
        ["", "before", "none"],
    ),
    "early_stopping_patience": (
        "never or a number of epochs >= 1",
        ["", "0", "-1", "2.5", "none", "Never", "inf"],
    ),
    "epochs": ("a whole number from 1 to 10000", ["", "0", "-5", "5.5", "10001", "a"]),
    "batch_size": ("a whole number", ["", "0", "-1", "1.5", "a", str(2**31)]),
    "optimizer": ("adam, rmsprop or sgd", ["", "Adam", "adamw", "none"]),
    "learning_rate": (
        "a number in (0, 1e30], such as 0.001",
        ["", "0", "-1", "nan", "inf", "1e39", "fast"],
    ),
    "momentum": ("a number in [0, 1)", ["", "1", "-0.9", "nan", "a"]),
    "learning_rate_schedule": (
        "constant, cosine, exponential or reduce_on_plateau",
        ["", "linear", "Cosine", "none"],
    ),
}


@pytest.mark.parametrize(
    ("name", "expected", "text"),
    [(name, words, text) for name, (words, texts) in WRONG.items() for text in texts],
)
def test_a_wrong_text_is_named_with_what_was_expected(name, expected, text):
    message = refusal(Recipe, RECIPE | {name: text})
    assert message.startswith(f"{name} must be {expected}")
    received = message.split(", got ")[-1].split("; did you mean")[0]
    assert received in spellings(text)


def spellings(text):
    """A text as a message may quote it: as typed, or as the number that it means."""
    found = {repr(text)}
    for convert in (int, float, command_line.integers):
        with contextlib.suppress(ValueError):
            found.add(repr(convert(text)))
    return found


def test_the_table_of_wrong_texts_covers_every_field():
    assert list(WRONG) == names_of(Recipe) == list(RECIPE)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_units", value) for value in (512, [512], (), (1.0,), (True,), "512")]
    + [("activation", value) for value in (None, len, 0)]
    + [("dropout_rate", value) for value in (True, "0.3", None)]
    + [("l2_lambda", value) for value in (False, "0", None, math.nan)]
    + [("use_batch_norm", value) for value in (1, 0, "true", None)]
    + [("early_stopping_patience", value) for value in (0, True, 5.0, "never")]
    + [("epochs", value) for value in (True, 5.0, "5", None)]
    + [("batch_size", value) for value in (True, 32.0, "32", None)]
    + [("optimizer", None), ("learning_rate", "0.1"), ("learning_rate", True)]
    + [("momentum", None), ("learning_rate_schedule", 0.1)],
)
def test_a_value_of_the_wrong_type_is_refused(name, value):
    with pytest.raises(ValueError) as error:
        make_recipe(**{name: value})
    assert str(error.value).startswith(f"{name} must be ")
    assert f"got {value!r}" in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden_units", "512,256", (512, 256)),
        ("hidden_units", "1", (1,)),
        ("hidden_units", "65536,", (65536,)),
        ("hidden_units", ",".join("1" * 16), (1,) * 16),
        ("dropout_rate", "0", 0.0),
        ("dropout_rate", "0.999", 0.999),
        ("l2_lambda", "0", 0.0),
        ("l2_lambda", "1e-4", 0.0001),
        ("use_batch_norm", "False", False),
        ("early_stopping_patience", "never", None),
        ("early_stopping_patience", "1", 1),
        ("epochs", "1", 1),
        ("epochs", "10000", 10000),
        ("batch_size", "1", 1),
        ("batch_size", "60000", 60000),
        ("learning_rate", "1e-5", 1e-5),
        ("learning_rate", "10", 10.0),
    ],
)
def test_values_at_the_edge_are_allowed(name, text, value):
    assert getattr(command_line.build(Recipe, RECIPE | {name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("activation", "rellu", "relu"),
        ("activation", "leakyrelu", "leaky_relu"),
        ("batch_norm_position", "before_activaton", "before_activation"),
        ("optimizer", "rmsprob", "rmsprop"),
        ("learning_rate_schedule", "cosin", "cosine"),
        ("learning_rate_schedule", "reduce-on-plateau", "reduce_on_plateau"),
    ],
)
def test_a_misspelt_choice_gets_a_suggestion(name, text, meant):
    message = refusal(Recipe, RECIPE | {name: text})
    assert message.endswith(f"got {text!r}; did you mean {meant!r}?")


def test_every_recipe_can_be_spelled_and_built_again():
    for changes in ({}, PLAIN, {"hidden_units": (8, 4)}, {"l2_lambda": 1e-05}):
        recipe = make_recipe(**changes)
        assert command_line.build(Recipe, texts_of(Recipe, recipe)) == recipe


# --- combinations ---------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_momentum_belongs_to_sgd(optimizer):
    assert make_recipe(optimizer="sgd", momentum=0.9).momentum == 0.9
    message = refusal(Recipe, RECIPE | {"optimizer": optimizer, "momentum": "0.9"})
    assert message.startswith("momentum must be 0 with optimizer")
    assert optimizer in message and "got 0.9" in message and "sgd" in message


def test_a_position_needs_batch_normalisation():
    texts = RECIPE | {"batch_norm_position": "after_activation"}
    assert command_line.build(Recipe, texts).batch_norm_position == "after_activation"
    message = refusal(Recipe, texts | {"use_batch_norm": "false"})
    assert message.startswith("batch_norm_position must be before_activation without")
    assert "got 'after_activation'" in message and "use_batch_norm=true" in message


def test_a_wrong_value_is_told_before_a_wrong_combination():
    texts = RECIPE | {"momentum": "0.9", "epochs": "0"}
    assert refusal(Recipe, texts).startswith("epochs must be ")


@pytest.mark.parametrize(
    ("changes", "applied"),
    [
        ({}, False),
        ({"dropout_rate": 0.5}, False),
        ({"l2_lambda": 1e-4}, True),
        ({"use_batch_norm": True}, True),
        ({"early_stopping_patience": 1}, True),
    ],
)
def test_regularization_is_what_the_second_lab_adds(changes, applied):
    assert make_recipe(**PLAIN | changes).regularization_applied is applied


# --- seeds and workers ----------------------------------------------------------------

TRIALS = {"seeds": "5", "workers": "auto"}


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("5", (0, 1, 2, 3, 4)),
        ("1", (0,)),
        ("1000", tuple(range(1000))),
        ("3,7,11", (3, 7, 11)),
        ("11,3,7,", (11, 3, 7)),
        ("7,", (7,)),
        ("0,", (0,)),
        ("[0, 1, 2]", (0, 1, 2)),  # as Python writes a list and so on
        ("(7,)", (7,)),
        ("range(3, 9, 2)", (3, 5, 7)),
        ("[5]", (5,)),
        ("5.0", (0, 1, 2, 3, 4)),
        ("4294967295,", (2**32 - 1,)),
    ],
)
def test_seeds_are_a_number_or_a_list(text, seeds):
    built = command_line.build(Trials, TRIALS | {"seeds": text})
    assert built.seeds == seeds
    assert command_line.build(Trials, texts_of(Trials, built)) == built


@pytest.mark.parametrize(
    "text",
    ["0", "1001", "-1", "a", "", ",", "1,1", "3,-1", "3,,7", "1.5", "1.5,", "3 7"]
    + ["4294967296,", "1e3", "auto"],
)
def test_other_seeds_are_refused(text):
    message = refusal(Trials, TRIALS | {"seeds": text})
    assert message.startswith(
        "seeds must be a number of trials from 1 to 1000, such as"
    )
    assert "3,7,11" in message


@pytest.mark.parametrize("seeds", [(), [0, 1], 5, (True,), (1.0,), ("1",), None])
def test_seeds_of_the_wrong_type_are_refused(seeds):
    with pytest.raises(ValueError, match="^seeds must be "):
        Trials(seeds=seeds, workers=None)


@pytest.mark.parametrize(
    ("text", "workers"), [("auto", None), ("1", 1), ("1024", 1024)]
)
def test_workers_are_a_number_or_auto(text, workers):
    built = command_line.build(Trials, TRIALS | {"workers": text})
    assert built.workers == workers
    assert texts_of(Trials, built)["workers"] == text


@pytest.mark.parametrize("text", ["0", "1025", "-1", "", "Auto", "2.5", "none", "all"])
def test_other_workers_are_refused(text):
    message = refusal(Trials, TRIALS | {"workers": text})
    assert message.startswith(
        "workers must be auto or a number of processes from 1 to 1024, such as 2 (auto"
        " is one per core), got "
    )


@pytest.mark.parametrize(
    ("seeds", "workers", "expected"),
    [("5", "auto", 4), ("5", "2", 2), ("2", "auto", 2), ("2", "8", 2), ("9,", "3", 1)],
)
def test_no_more_workers_than_trials_or_cores(monkeypatch, seeds, workers, expected):
    monkeypatch.setattr(cores, "available", lambda: [0, 1, 2, 3])
    built = command_line.build(Trials, {"seeds": seeds, "workers": workers})
    assert built.num_workers == expected


def test_this_machine_has_a_core():
    assert len(cores.available()) >= 1
