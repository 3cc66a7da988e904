"""What a person asks of a pipeline: its parameters, those of the recipes, a name."""

import re
from collections.abc import Callable
from typing import TypeVar

from didithelp.metric import TEST_ACCURACY
from didithelp.parameters import Parameters, names_of, suggest, texts_of
from lab import command_line, mlproject
from lab.runs.keys import NO_EFFECT
from lab.training.recipe import Recipe

LONGEST_QUESTION = 150  # letters of the name of a run

Params = TypeVar("Params", bound=Parameters)


def read(
    parameters: type[Params],
    spelled_out: Callable[[dict[str, str]], dict[str, str]] = dict,
) -> tuple[Params, dict[str, str]]:
    """Read the command line: the pipeline's own parameters, and those of the recipe.

    Args:
        parameters: the class to make one of.
        spelled_out: replaces what is short for other parameters; ValueError if wrong.

    Returns:
        the parameters, and the text of each one that is of the improved recipe.

    Raises:
        SystemExit: a parameter is missing, unknown or wrong.
    """
    given = command_line.read(names_of(parameters), names_of(Recipe))
    overrides = {name: given.pop(name) for name in names_of(Recipe) if name in given}
    given = command_line.or_exit(spelled_out, given)
    return command_line.or_exit(command_line.build, parameters, given), overrides


def refuse_unknown_metric(name: str) -> None:
    """Say before any training that its trials will have a metric.

    Raises:
        ValueError: they will not.
    """
    if name == TEST_ACCURACY.name:
        return
    from didithelp.arm import METRIC_COLUMNS  # loads pandas

    if name not in METRIC_COLUMNS:
        raise ValueError(
            f"metric must be one of {', '.join(METRIC_COLUMNS)}, got {name!r}"
            f"{suggest(name, METRIC_COLUMNS)}"
        )


def recipes(overrides: dict[str, str]) -> tuple[Recipe, Recipe]:
    """Both recipes as they will be trained.

    Raises:
        ValueError: an override is wrong.
    """
    return (
        command_line.build(Recipe, mlproject.defaults("train_baseline")),
        command_line.build(Recipe, mlproject.defaults("train_improved") | overrides),
    )


def question(entry_point: str, params: Parameters, improved: Recipe) -> str:
    """What is asked, to name a run: `l2_lambda=0.0001` or `main on mnist-5k`.

    Args:
        entry_point: of the pipeline.
        params: of the experiment; those that differ from their defaults are named.
        improved: the recipe, of which the same holds.
    """
    usual = command_line.build(type(params), mlproject.defaults(entry_point))
    changed = changes(recipes({})[1], improved) | changes(usual, params)
    if "looks" in changed and changed["seeds"][1].isdecimal():
        del changed["seeds"]  # the last look says how many
    words = [
        f"{name}={text}"
        for name, (_, text) in changed.items()
        if name not in (*NO_EFFECT, "dataset", "language")
    ]
    name = ", ".join(words) or entry_point
    if "dataset" in changed:
        name += f" on {_last_part(changed['dataset'][1])}"
    return name if len(name) <= LONGEST_QUESTION else f"{name[:LONGEST_QUESTION]}..."


def changes(before: Parameters, after: Parameters) -> dict[str, tuple[str, str]]:
    """Both texts of every parameter that differs between two sets of the same kind."""
    old, new = texts_of(type(before), before), texts_of(type(after), after)
    return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def _last_part(text: str) -> str:
    """The file that a path or an address ends in: no folders, query or digest."""
    return re.split(r"[?#]", text)[0].rstrip("/").rpartition("/")[2]
