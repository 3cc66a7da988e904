"""A small recipe with everything on, and what turns everything off."""

import dataclasses
from typing import Any

from lab import command_line
from lab.training.recipe import Recipe

RECIPE = {
    "hidden_units": "16",
    "activation": "relu",
    "dropout_rate": "0.3",
    "l2_lambda": "0.001",
    "use_batch_norm": "true",
    "batch_norm_position": "before_activation",
    "early_stopping_patience": "5",
    "epochs": "20",
    "batch_size": "32",
    "optimizer": "adam",
    "learning_rate": "0.001",
    "momentum": "0",
    "learning_rate_schedule": "constant",
}
PLAIN = {
    "dropout_rate": 0.0,
    "l2_lambda": 0.0,
    "use_batch_norm": False,
    "early_stopping_patience": None,
}


def make_recipe(**changes: Any) -> Recipe:
    """A small, regularised recipe with some values changed."""
    return dataclasses.replace(command_line.build(Recipe, RECIPE), **changes)
