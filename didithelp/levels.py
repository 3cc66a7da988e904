"""The table of levels: which factors are on in which arm, as users write it down."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from didithelp.characters import is_name
from didithelp.errors import Refusal
from didithelp.factors import (
    MOST_IN_FULL,
    Factorial,
    Levels,
    refuse_number,
    spell,
)

ON = ("1", "1.0", "+1", "+", "on", "true", "yes", "with", "high")
OFF = ("0", "0.0", "-1", "-1.0", "-", "off", "false", "no", "without", "low")
ARM_COLUMN = "arm"
MOST_SHOWN = 5  # names in a message

Table = pd.DataFrame | Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class LevelTable:
    """Which arm is which cell of which design.

    Attributes:
        factors: their names, in the order of the table.
        design: what the cells make up.
        arms: by cell of the design, the name of its arm; in the order of the cells.
    """

    factors: tuple[str, ...]
    design: Factorial
    arms: dict[Levels, str]


def read_levels(table: Table, names: Sequence[str]) -> LevelTable:
    """Check a table of levels against the arms that it is about.

    Args:
        table: a row per arm and a column per factor, as a DataFrame whose index or
            whose column "arm" names the arms, or as {arm: {factor: level}}. A level is
            1 or 0, True or False, "on" or "off", and the like.
        names: of the arms.

    Raises:
        Refusal: one line on the first thing that makes it unusable.
    """
    frame = _frame(table)
    _check_names(frame, names)
    factors = tuple(map(str, frame.columns))
    refuse_number(factors)
    cells = {
        str(arm): tuple(
            _level(str(arm), factor, level)
            for factor, level in zip(factors, row, strict=True)
        )
        for arm, row in zip(frame.index, frame.itertuples(index=False), strict=True)
    }
    by_cell = _distinct(cells, factors)
    design = _design(by_cell, factors)
    return LevelTable(factors, design, {cell: by_cell[cell] for cell in design.cells})


def _frame(table: Table) -> pd.DataFrame:
    """The table with the arms as its index."""
    if isinstance(table, Mapping):
        if not all(isinstance(row, Mapping) for row in table.values()):
            raise _unusable(
                "levels must be a table or {arm: {factor: level}}, got other values"
            )
        rows = {arm: pd.Series(row, dtype=object) for arm, row in table.items()}
        table = pd.DataFrame(rows).T
    if not isinstance(table, pd.DataFrame):
        raise _unusable(
            "levels must be a table (pandas.DataFrame) with a row per arm and a column "
            f"per factor, or {{arm: {{factor: level}}}}, got {type(table).__name__}"
        )
    if ARM_COLUMN in table.columns:
        table = table.set_index(ARM_COLUMN)
    columns = list(map(str, table.columns))
    for name in columns:
        if not is_name(name):
            raise _unusable(
                f"a factor's name must be one line of printable text, got {name!r}"
            )
        if columns.count(name) > 1:
            raise _unusable(f"levels must have one column per factor, {name} has more")
    return table


def _check_names(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse arms of one name, and a table of other arms."""
    rows = [str(arm) for arm in frame.index]
    for what, found in (("arms must have different names", names), ("rows", rows)):
        repeated = next((name for name in found if list(found).count(name) > 1), None)
        if repeated is not None:
            if what == "rows":
                what = "levels must have one row per arm"
            raise _unusable(f"{what}, {repeated!r} occurs more than once")
    for missing, problem in (
        ([name for name in names if name not in rows], "levels has no row for"),
        ([row for row in rows if row not in names], "there is no arm for the row"),
    ):
        if missing:
            raise _unusable(
                f"levels must have one row for each arm, {problem} {_some(missing)}; "
                f"the arms are {_some(names)}"
            )


def _level(arm: str, factor: str, level: Hashable) -> bool:
    """Whether a level says "on"."""
    if isinstance(level, bool | np.bool_):
        return bool(level)
    text = str(level).strip().lower()
    if text in ON or text in OFF:
        return text in ON
    found = "an empty cell" if level is None or text in ("", "nan") else repr(level)
    raise _unusable(
        f"the level of {factor} in {arm} must be 1 or 0 (on or off, true or false), "
        f"got {found}"
    )


def _distinct(cells: dict[str, Levels], factors: Sequence[str]) -> dict[Levels, str]:
    """The arm of each cell; refuses two arms with one and the same levels."""
    by_cell: dict[Levels, str] = {}
    for arm, cell in cells.items():
        if cell in by_cell:
            raise Refusal(
                "duplicate_cell",
                "arms must differ in their levels, got the same ("
                f"{spell(cell, factors)}) for {by_cell[cell]} and {arm}; keep one of "
                "them, or give the other runs of the unchanged recipe as control",
            )
        by_cell[cell] = arm
    return by_cell


def _design(by_cell: dict[Levels, str], factors: tuple[str, ...]) -> Factorial:
    """The design that these cells make up; refuses cells that make up none."""
    for place, factor in enumerate(factors):
        found = {cell[place] for cell in by_cell}
        if len(found) == 1:
            raise Refusal(
                "constant_factor",
                f"every factor must be on in some arms and off in others, {factor} is "
                f"{'on' if found.pop() else 'off'} in all; leave its column out",
            )
    number = len(factors)
    designs = [Factorial(number)]
    if number > MOST_IN_FULL:
        designs += [Factorial(number, 1), Factorial(number, -1)]
    for design in designs:
        if set(design.cells) == by_cell.keys():
            return design
    # The one that lacks the fewest cells is what was meant.
    meant = min(designs, key=lambda design: len(set(design.cells) ^ by_cell.keys()))
    missing = [cell for cell in meant.cells if cell not in by_cell]
    surplus = [arm for cell, arm in by_cell.items() if cell not in meant.cells]
    if missing:
        names = [spell(cell, factors) for cell in missing]
        problem = f"missing: {_some(names)}"
        fix = "train them, or leave a factor out"
    else:
        problem = f"{_some(surplus)} too many"
        fix = "leave them out, or train every combination"
    what = (
        "every combination" if meant.sign is None else "a half fraction and both ends"
    )
    raise Refusal(
        "incomplete_design",
        f"levels must hold {what} of {', '.join(factors)}, {len(meant.cells)} arms, "
        f"got {len(by_cell)}; {problem}; {fix}",
    )


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    text = ", ".join(names[:MOST_SHOWN])
    more = len(names) - MOST_SHOWN
    return f"{text} and {more} more" if more > 0 else text


def _unusable(message: str) -> Refusal:
    return Refusal("unusable_levels", message)
