"""Intervals: what is inside, how they are written, and what errors say of them."""

import dataclasses
import math

import pytest

from didithelp.parameters import Interval, Parameters, describe, parameter
from didithelp.settings import Settings


@pytest.mark.parametrize(
    ("interval", "text", "inside", "outside"),
    [
        (Interval(0, 1), "[0, 1]", [0, 0.5, 1], [-1e-9, 1.1]),
        (Interval(0, 1, open="low"), "(0, 1]", [5e-324, 1], [0, -0.0]),
        (Interval(0, 1, open="high"), "[0, 1)", [0, 1 - 2**-53], [1]),
        (Interval(0, 0.5, open="both"), "(0, 0.5)", [0.25], [0, 0.5]),
        (Interval(1), "[1, inf)", [1, 10**400], [0.5]),
        (Interval(0, 1e30), "[0, 1e30]", [1e30], [1.1e30]),
    ],
)
def test_an_interval_knows_its_numbers_and_how_it_is_written(
    interval, text, inside, outside
):
    assert str(interval) == text
    assert all(number in interval for number in inside)
    wrong = [*outside, math.nan, math.inf, -math.inf]
    assert not [number for number in wrong if number in interval]


@dataclasses.dataclass(frozen=True)
class Sample(Parameters):
    """A field of every kind that says something else."""

    rate: float = parameter(Interval(0, 1, open="high"), 0.3)
    size: int = parameter(Interval(1, 10_000), 20, note="20 is usual")
    seed: int = parameter(Interval(0), 0)
    wait: int | None = parameter(Interval(1), 5, noun="a number of days", none="never")
    plan: bool = parameter()
    place: str = parameter("an address, such as home")


def test_the_rows_of_a_table_say_what_an_error_says():
    assert describe(Sample) == [
        ("rate", "a number in [0, 1), such as 0.3"),
        ("size", "a whole number from 1 to 10000, such as 20 (20 is usual)"),
        ("seed", "a whole number >= 0, such as 0"),
        ("wait", "never or a number of days >= 1, such as 5"),
        ("plan", "true or false"),
        ("place", "an address, such as home"),
    ]
    assert dict(describe(Settings))["margin"] == (
        "auto, none, or a difference above 0 in the unit of the metric, such as 0.001,"
        " 0.1% or 0.1 points (auto is 0.001 for an accuracy and none for all else)"
    )
    values = {"rate": 1.0, "size": 1, "seed": 0, "wait": 1, "plan": True, "place": ""}
    with pytest.raises(ValueError) as error:
        Sample(**values)
    assert str(error.value) == "rate must be a number in [0, 1), such as 0.3, got 1.0"
