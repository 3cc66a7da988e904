"""The table of levels, as users write it and as they get it wrong."""

import numpy as np
import pandas as pd
import pytest

from didithelp import levels
from didithelp.errors import Refusal
from didithelp.factors import Factorial

NAMES = ("plain", "l2", "bn", "both")
ROWS = {
    "plain": {"l2": 0, "bn": 0},
    "l2": {"l2": 1, "bn": 0},
    "bn": {"l2": 0, "bn": 1},
    "both": {"l2": 1, "bn": 1},
}


def table(design, factors="abcde"):
    names = list(factors[: design.num_factors])
    rows = [f"arm {place}" for place in range(len(design.cells))]
    return pd.DataFrame(design.cells, index=rows, columns=names)


def refused(table, names, reason, *words):
    with pytest.raises(Refusal) as refusal:
        levels.read_levels(table, names)
    assert refusal.value.reason == reason
    assert "\n" not in str(refusal.value)
    for word in words:
        assert word in refusal.value.message


@pytest.mark.parametrize(
    ("off", "on"),
    [
        *((0, 1), (False, True), (0.0, 1.0), (-1, 1), ("off", "on"), ("0", "1")),
        *(
            ("No", " yes "),
            ("false", "TRUE"),
            ("-", "+"),
            (np.bool_(False), np.int8(1)),
        ),
    ],
)
def test_levels_are_understood_as_people_write_them(off, on):
    rows = {
        arm: {factor: on if level else off for factor, level in row.items()}
        for arm, row in ROWS.items()
    }
    frame = pd.DataFrame(rows).T
    for given in (rows, frame, frame.reset_index(names="arm")):
        found = levels.read_levels(given, NAMES)
        assert found.factors == ("l2", "bn")
        assert found.design == Factorial(2)
        assert list(found.arms.items()) == [
            ((False, False), "plain"),
            ((True, False), "l2"),
            ((False, True), "bn"),
            ((True, True), "both"),
        ]


@pytest.mark.parametrize(
    "design", [*map(Factorial, (1, 2, 3, 4, 5)), Factorial(5, 1), Factorial(5, -1)]
)
def test_every_design_is_recognized_in_any_order(design):
    rows = table(design)
    shuffled = rows.sample(frac=1, random_state=0)
    found = levels.read_levels(shuffled, list(rows.index))
    assert found.design == design
    assert list(found.arms.values()) == list(rows.index)


def test_a_missing_arm_is_named_by_what_is_on():
    rows = table(Factorial(3)).drop(index="arm 4")
    refused(rows, list(rows.index), "incomplete_design", "8 arms, got 7", "a + b;")
    rows = table(Factorial(5, 1)).drop(index="arm 0")
    refused(
        *(rows, list(rows.index), "incomplete_design"),
        *("a half fraction and both ends", "17 arms, got 16", "missing: none"),
    )


def test_what_is_too_many_is_named():
    rows = table(Factorial(5, 1))
    rows.loc["more"] = [True, True, False, False, False]
    refused(rows, list(rows.index), "incomplete_design", "17 arms, got 18", "more too")


def test_two_arms_of_one_cell_are_refused():
    rows = ROWS | {"again": ROWS["l2"]}
    refused(rows, (*NAMES, "again"), "duplicate_cell", "(l2) for l2 and again")


def test_a_factor_that_never_changes_is_refused():
    rows = {arm: row | {"dropout": 1} for arm, row in ROWS.items()}
    refused(rows, NAMES, "constant_factor", "dropout is on in all")


def test_six_factors_are_refused_with_advice():
    rows = pd.DataFrame([[0] * 6, [1] * 6], index=["x", "y"], columns=list("abcdef"))
    refused(rows, ["x", "y"], "too_many_factors", "got 6", "group")


@pytest.mark.parametrize(
    ("given", "names", "words"),
    [
        (ROWS, (*NAMES, "new"), ["no row for new"]),
        (ROWS, NAMES[:3], ["no arm for the row both"]),
        (ROWS, ("plain", "plain", "bn", "both"), ["different names", "'plain'"]),
        (pd.DataFrame(ROWS).T.iloc[[0, 0, 1, 2]], NAMES, ["one row per arm"]),
        (ROWS | {"bn": {"l2": 0}}, NAMES, ["level of bn in bn", "an empty cell"]),
        (ROWS | {"bn": {"l2": 0, "bn": 0.001}}, NAMES, ["bn in bn", "0.001"]),
        ([1, 2], NAMES, ["must be a table", "got list"]),
        ({"plain": 1}, NAMES, ["got other values"]),
        (
            pd.DataFrame([[0, 1]] * 4, index=NAMES, columns=["a", "a"]),
            NAMES,
            ["one column per factor"],
        ),
        (
            pd.DataFrame([[0, 1]] * 4, index=NAMES, columns=["a", "b\nc"]),
            NAMES,
            ["one line"],
        ),
    ],
)
def test_an_unusable_table_is_refused_in_one_line(given, names, words):
    refused(given, names, "unusable_levels", *words)
