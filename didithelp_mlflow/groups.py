"""Sorts runs into groups by what they have in one column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from didithelp.characters import is_harmless
from didithelp.parameters import from_python, suggest
from didithelp_mlflow.columns import Column, listed
from didithelp_mlflow.runs import Run

LONGEST_NAME = 100  # of an arm; a value may have thousands of characters
# How programs write a number. "1.10" and "007" are none: so look versions and ids.
_NUMBER = re.compile(
    r"[+-]?((0|[1-9]\d*)(\.0|\.\d*[1-9])?|\.\d*[1-9])(e[+-]?\d+)?",
    re.IGNORECASE | re.ASCII,
)
_TRUTHS = ("true", "false")


@dataclass(frozen=True)
class Group:
    """The runs that have one value in common.

    Attributes:
        name: that of the arm.
        spellings: how the runs write the value, the first run's spelling first.
        runs: by their start, at least one.
    """

    name: str
    spellings: tuple[str, ...]
    runs: tuple[Run, ...]


def meaning(text: str) -> object:
    """What a text stands for: a number, a truth value, or itself.

    '1e-3' and '0.001' are one number, 'True' and 'true' one truth value.
    """
    word = text.strip()
    if word.lower() in _TRUTHS:
        return word.lower() == "true"
    if _NUMBER.fullmatch(word):
        number = float(word)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return word


def sort(runs: Iterable[Run], column: Column) -> tuple[list[Group], list[Run]]:
    """The groups in the order of their first runs, and the runs without a value."""
    members: dict[tuple[type, object], list[tuple[str, Run]]] = {}
    without = []
    for run in runs:
        value = column.of(run)
        if value is None:
            without.append(run)
            continue
        meant = meaning(value)
        key = (bool if isinstance(meant, bool) else object, meant)
        members.setdefault(key, []).append((value, run))
    names: dict[str, int] = {}
    groups = []
    for pairs in members.values():
        spellings = tuple(dict.fromkeys(value for value, _ in pairs))
        name = _name(column, spellings[0])
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:  # of two long values that begin alike
            name = f"{name} ({names[name]})"
        groups.append(Group(name, spellings, tuple(run for _, run in pairs)))
    return groups, without


def choose(parameter: str, value: str, groups: Sequence[Group]) -> Group:
    """The group that a value names, in whatever spelling.

    Args:
        parameter: whose value it is, for the error.
        value: as it was typed.
        groups: all there are.

    Raises:
        ValueError: there is none.
    """
    group = _find(value, groups)
    if group is not None:
        return group
    known = [spelling for each in groups for spelling in each.spellings]
    sizes = [f"{each.spellings[0]} ({len(each.runs):,} runs)" for each in groups]
    raise ValueError(
        f"{parameter} must be a group of these runs, got {value!r}"
        f"{suggest(value, known) or '; give another'}; there are {listed(sizes)}"
    )


def candidates(text: str, baseline: Group, groups: Sequence[Group]) -> list[Group]:
    """The groups that a text lists; every group but the reference for an empty one.

    Args:
        text: values with commas between them, or as Python writes a list; a value that
            holds a comma may stand alone or in such a list.
        baseline: the reference.
        groups: all there are.

    Raises:
        ValueError: a value names no group, the reference, or a group named before.
    """
    if not text.strip():
        return [group for group in groups if group is not baseline]
    chosen: list[Group] = []
    for value in _values(text, groups):
        group = choose("candidates", value, groups)
        if group is baseline or group in chosen:
            what = "the baseline" if group is baseline else "listed before"
            raise ValueError(
                f"candidates must be different groups besides the baseline, got "
                f"{value!r}, which is {what}; leave it out"
            )
        chosen.append(group)
    return chosen


def _values(text: str, groups: Sequence[Group]) -> list[str]:
    """'adam, sgd' or "['adam', 'sgd']" → the two values; a group's own value stays."""
    if _find(text, groups) is not None:
        return [text]
    if text.strip().startswith("["):
        try:
            items = from_python(text)
        except ValueError:
            items = None
        if isinstance(items, list):
            return [str(item) for item in items]
    return text.split(",")


def _find(value: str, groups: Sequence[Group]) -> Group | None:
    """The group that is spelled so, else the only one of that meaning or name."""
    for group in groups:
        if value in group.spellings:
            return group
    meant = meaning(value)
    for group in groups:
        first = meaning(group.spellings[0])
        if (type(first), first) == (type(meant), meant) or group.name == value.strip():
            return group
    return None


def _name(column: Column, value: str) -> str:
    """A name that speaks: 'adam', but 'learning_rate=0.01' and 'use_bias=true'."""
    plain = "".join(letter if is_harmless(letter) else " " for letter in value)
    plain = " ".join(plain.split())[:LONGEST_NAME]
    if not plain or isinstance(meaning(plain), bool | int | float):
        return f"{column.name}={plain}"
    return plain
