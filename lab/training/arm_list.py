"""Arms before they are trained, and the text that lists several of them.

The text is JSON: by name of the arm, what it has other than `train_baseline`, such as
`{"plain": {}, "wide": {"hidden_units": "1024"}}`. An arm may have `seeds` of its own.
"""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from didithelp.parameters import names_of, suggest, texts_of
from lab import command_line, literals, mlproject
from lab.training.recipe import Recipe
from lab.training.seeds import Seeds, spell_seeds

NAME = "1 to 200 letters, digits, spaces or any of .-_+, such as baseline"
EXPECTED = 'JSON such as {"plain": {}, "wide": {"hidden_units": 1024}}'
REFERENCE = "train_baseline"  # the entry point whose defaults an arm differs from
LONGEST = 6000  # characters that MLflow keeps of a parameter


@dataclasses.dataclass(frozen=True)
class WantedArm:
    """An arm to be trained: its name, its recipe, and the seeds of its trials."""

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]

    @property
    def texts(self) -> dict[str, str]:
        """The recipe and the seeds, each as it is written on a command line."""
        return {**texts_of(Recipe, self.recipe), "seeds": spell_seeds(self.seeds)}


def is_name(text: str) -> bool:
    """Whether an arm may have that name, see NAME."""
    return 0 < len(text.strip()) == len(text) <= 200 and all(
        letter.isalnum() or letter in " .-_+" for letter in text
    )


def read(text: str, seeds: tuple[int, ...]) -> tuple[WantedArm, ...]:
    """Read the list of arms.

    Args:
        text: JSON, or what Python writes for such a dictionary.
        seeds: of the arms that have none of their own.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    _refuse_long(text)
    arms = tuple(_arm(name, given, seeds) for name, given in _entries(text).items())
    if not arms:
        raise ValueError("arms must name at least one arm, got none")
    for one, other in itertools.combinations(arms, 2):
        shared = sorted({*one.seeds}.intersection(other.seeds))
        if one.recipe == other.recipe and shared:
            raise ValueError(
                f"arms must differ in recipe or seeds, got {one.name} and {other.name},"
                f" which share seed {shared[0]}; leave one out"
            )
    return arms


def write(arms: Iterable[WantedArm], seeds: tuple[int, ...]) -> str:
    """Write the list of arms; the inverse of `read`, with the same `seeds`.

    Raises:
        ValueError: it is too long for MLflow.
    """
    usual = command_line.canonical(Recipe, mlproject.defaults(REFERENCE))
    entries = {}
    for arm in arms:
        texts = texts_of(Recipe, arm.recipe)
        entry = {name: text for name, text in texts.items() if text != usual[name]}
        if arm.seeds != seeds:
            entry["seeds"] = spell_seeds(arm.seeds)
        entries[arm.name] = entry
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    _refuse_long(text)
    return text


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(
            f"arms must have at most {LONGEST:,} characters, as MLflow keeps no more,"
            f" got {len(text):,}; take fewer arms, or shorter names"
        )


def _entries(text: str) -> Mapping[str, Any]:
    """The dictionary that a text means; its values are whatever somebody has written.

    Raises:
        ValueError: it means none, or has a name twice.
    """
    entries = literals.read(text, "arms", EXPECTED)
    if not isinstance(entries, dict):
        raise ValueError(f"arms must be {EXPECTED}, got {literals.shown(text)}")
    return entries


def _arm(name: str, given: Any, seeds: tuple[int, ...]) -> WantedArm:
    """The arm of one entry, whose value is whatever somebody has written."""
    if not isinstance(name, str) or not is_name(name):
        raise ValueError(f"the name of an arm must be {NAME}, got {name!r}")
    if not isinstance(given, dict):
        raise ValueError(
            f"arm {name} must be an object of parameters, such as"
            f' {{"epochs": 20}}, got {given!r}'
        )
    texts = {str(parameter): _text(value) for parameter, value in given.items()}
    own_seeds = texts.pop("seeds", None)
    for parameter in texts:
        if parameter not in names_of(Recipe):
            hint = suggest(parameter, names_of(Recipe))
            hint = hint or f"; known are {', '.join(names_of(Recipe))}"
            raise ValueError(f"arm {name}: unknown parameter {parameter!r}{hint}")
    try:
        recipe = command_line.build(Recipe, mlproject.defaults(REFERENCE) | texts)
        if own_seeds is not None:
            seeds = command_line.build(Seeds, {"seeds": own_seeds}).seeds
    except ValueError as error:
        raise ValueError(f"arm {name}: {error}") from None
    return WantedArm(name, recipe, seeds)


def _text(value: Any) -> str:
    """A value of JSON or of Python as it would be on a command line."""
    return value if isinstance(value, str) else str(value)
