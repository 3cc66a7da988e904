"""Dataclasses to JSON and back: nothing is lost, nothing unknown gets in."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest

from didithelp import codec


@dataclass(frozen=True)
class Inner:
    number: float | None
    word: Literal["a", "b"]


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    pair: tuple[int, float | None]
    is_so: bool
    by_name: str | dict[str, int]
    whatever: Any
    renamed: int = field(metadata={"key": "file name"})


VALUE = Outer(
    (Inner(0.1, "a"), Inner(None, "b")), (1, 2.5), True, {"x": 3}, {"y": [None]}, 4
)
PLAIN = {
    "inner": [{"number": 0.1, "word": "a"}, {"number": None, "word": "b"}],
    "pair": [1, 2.5],
    "is_so": True,
    "by_name": {"x": 3},
    "whatever": {"y": [None]},
    "file name": 4,
}


def test_decode_is_the_inverse_of_encode():
    assert codec.encode(VALUE) == PLAIN
    assert codec.decode(Outer, PLAIN, "it") == VALUE


def test_what_is_no_number_becomes_null():
    values = {"a": np.nan, "b": [np.inf, np.float32(0.5)], "c": (np.int64(3),)}
    assert codec.encode(values) == {"a": None, "b": [None, 0.5], "c": [3]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"new": 1}, "it has an unknown key 'new'"),
        ({"pair": [1]}, "it.pair must hold 2 values, got 1"),
        ({"pair": [1, "2"]}, "it.pair[1] must be float | None, got '2'"),
        ({"pair": [True, 2]}, "it.pair[0] must be int, got True"),
        ({"is_so": 1}, "it.is_so must be bool, got 1"),
        ({"by_name": {"x": "y"}}, "it.by_name.x must be int, got 'y'"),
        ({"by_name": None}, "it.by_name must be str | dict[str, int], got None"),
        ({"inner": [{"number": 1.0}]}, "it.inner[0] lacks the key 'word'"),
        (
            {"inner": [{"number": 1, "word": "c"}]},
            "it.inner[0].word must be Literal['a', 'b'], got 'c'",
        ),
        ({"inner": [7]}, "it.inner[0] must be Inner, got 7"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(changes, message):
    with pytest.raises(ValueError) as caught:
        codec.decode(Outer, PLAIN | changes, "it")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
