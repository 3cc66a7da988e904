"""`verdict.json`: short, stable, strict JSON."""

import json
import math

import pytest

from didithelp import codec
from didithelp.short_answer import ShortAnswer
from tests.didithelp.builders import HOSTILE, baseline, improved, judge, make_arm

KEYS = [
    *("schema_version", "verdict", "metric", "higher_is_better", "unit"),
    *("margin", "alpha"),
    *("dataset", "reference", "differences", "warnings", "requirement", "met"),
]
KEYS_OF_ONE = [
    *("candidate", "verdict", "reasons", "flags", "delta", "interval"),
    *("p", "p_holm", "p_tost_holm", "seeds", "met"),
]


def content(*arms, requirement="", **changes):
    return json.loads(ShortAnswer.of(judge(*arms, **changes), requirement).to_json())


def test_the_keys_are_these_and_the_values_those_of_the_comparison():
    comparison = judge(baseline(0.2), improved(0.05))
    found = json.loads(ShortAnswer.of(comparison, "not-worse").to_json())
    assert list(found) == KEYS
    (difference,) = found["differences"]
    assert list(difference) == KEYS_OF_ONE
    whole = json.loads(comparison.to_json())
    for key in ("verdict", "margin", "alpha", "reference"):
        assert found[key] == whole[key]
    (first, *_) = whole["comparisons"]
    for key in ("candidate", "verdict", "reasons", "flags", "delta", "p", "p_holm"):
        assert difference[key] == first[key]
    assert difference["interval"] == first["verdict_interval"]
    assert difference["seeds"] == [5, 5]
    assert (found["requirement"], found["met"], difference["met"]) == (
        *("not-worse", True, True),
    )
    assert found["warnings"] == [each["code"] for each in whole["warning_codes"]]
    assert (found["schema_version"], found["dataset"]) == (1, "mnist")


def test_nothing_required_is_neither_met_nor_missed():
    found = content(baseline(), improved())
    assert (
        found["requirement"] is found["met"] is found["differences"][0]["met"] is None
    )


def test_several_candidates_are_told_apart():
    arms = improved(0.02, name="a"), improved(0.3, name="b")
    found = content(baseline(), *arms, requirement="better")
    assert found["verdict"] == {"a": "better", "b": "worse"}
    assert [each["met"] for each in found["differences"]] == [True, False]
    assert found["met"] is False


@pytest.mark.parametrize("num_candidates", [1, 30])
def test_it_has_at_most_20_lines_and_is_strict_json(num_candidates):
    right = [[1, 0, 1, 1, 0, 1, 1, 1, 0, 1]]  # one seed: no interval, no p
    names = [*HOSTILE, *map(str, range(num_candidates))][:num_candidates]
    arms = [make_arm(right, name=name) for name in ("reference", *names)]
    answer = ShortAnswer.of(judge(*arms), "equivalent")
    text = answer.to_json()
    assert len(text.splitlines()) <= 20
    assert all(line.isprintable() for line in text.splitlines())
    found = json.loads(text, parse_constant=lambda _: pytest.fail("no JSON"))
    assert found["differences"][0]["interval"]["low"] is None
    assert codec.decode(ShortAnswer, found, "verdict") == answer
    assert not any(math.isnan(each.delta) for each in answer.differences)
