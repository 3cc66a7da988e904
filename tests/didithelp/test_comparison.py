"""comparison.json: what is stored is read back whole, or refused in one line."""

import dataclasses
import json
from pathlib import Path

import pytest

from didithelp.arm import METRIC_COLUMNS
from didithelp.compared_arm import Metrics
from didithelp.comparison import Comparison
from didithelp.metric import TEST_ACCURACY
from didithelp.runs import TIMINGS
from tests.didithelp.builders import (
    accuracies_only,
    baseline,
    improved,
    judge,
    without_predictions,
)

STORED = Path(__file__).parent / "stored" / "comparison_of_format_4.json"


def stored(**changes):
    return json.dumps(json.loads(STORED.read_text(encoding="utf-8")) | changes)


def is_kept(old, new):
    """Whether every key and value of plain JSON is there still, beside new keys."""
    if isinstance(old, dict):
        return all(key in new and is_kept(old[key], new[key]) for key in old)
    if isinstance(old, list):
        return len(old) == len(new) and all(map(is_kept, old, new))
    return bool(old == new)


def test_a_file_of_format_4_is_read_and_keeps_all_its_values():
    text = STORED.read_text(encoding="utf-8")
    comparison = Comparison.from_json(text)
    again = comparison.to_json()
    assert is_kept(json.loads(text), json.loads(again))
    assert Comparison.from_json(again) == comparison
    assert comparison.metric == TEST_ACCURACY
    parts = {
        (each.metric, each.unit, each.is_primary) for each in comparison.differences
    }
    assert parts == {
        ("test_accuracy", "share", True),
        ("test_cross_entropy", "nats", False),
    }
    assert comparison.dataset.fallback == "mnist could not be downloaded: é"
    assert comparison.arm("improved").diverged_seeds == (7,)
    assert [each.candidate for each in comparison.primary] == ["improved", "other"]
    assert comparison.primary[1].sensitivity is None
    assert comparison.verdict == {"improved": "inconclusive", "other": "inconclusive"}


@pytest.mark.parametrize("kind", [dataclasses.replace, without_predictions])
@pytest.mark.parametrize("num_runs", [1, 2, 6])
@pytest.mark.parametrize("pairing", ["seed", "none"])
def test_what_was_written_is_read_back(kind, num_runs, pairing):
    arms = [kind(make(num_runs=num_runs)) for make in (baseline, improved)]
    other = accuracies_only(improved(0.05, name="other", diverged=(9,)))
    judge(*arms, pairing=pairing)
    judge(*arms, other, pairing=pairing, run_ids=["a", None, "c"])


def test_equal_comparisons_are_equal_and_others_are_not():
    first = judge(baseline(), improved())
    assert judge(baseline(), improved()) == first
    assert judge(baseline(), improved(0.05)) != first


def test_a_comparison_cannot_be_changed():
    comparison = judge(baseline(), improved())
    with pytest.raises(dataclasses.FrozenInstanceError):
        comparison.verdict = "better"


def test_the_metrics_are_those_of_an_arm():
    names = {field.name for field in dataclasses.fields(Metrics)}
    assert names == {*METRIC_COLUMNS, "brier_score"} - {*TIMINGS}


def test_what_decides_is_told_from_what_stands_beside_it():
    comparison = judge(baseline(), improved(), improved(0.05, name="other"))
    assert [(each.candidate, each.metric) for each in comparison.differences] == [
        *(("improved", "test_accuracy"), ("improved", "test_cross_entropy")),
        *(("other", "test_accuracy"), ("other", "test_cross_entropy")),
    ]
    assert [each.is_primary for each in comparison.differences] == [True, False] * 2
    assert comparison.primary == comparison.differences[::2]
    assert comparison.arm("other") is comparison.arms[2]
    with pytest.raises(KeyError, match="third"):
        comparison.arm("third")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (stored(colour="red"), "comparison has an unknown key 'colour'; read it with"),
        (stored(arms=[{}]), r"comparison\.arms\[0\] lacks the key 'changes'; read"),
        (stored(alpha="5%"), r"comparison\.alpha must be float, got '5%'$"),
        (stored(pairing="x"), r"comparison\.pairing must be Literal\['seed', 'none'\]"),
        (stored(test_set=None), r"comparison\.test_set must be ExaminedExamples, got"),
        ("[]", r"comparison must be Comparison, got \[\]$"),
        ("{", "^Expecting property name"),
        ("[" * 100_000, "^comparison must be JSON, got too many brackets$"),
        (stored(alpha=float("nan")), "^comparison must hold finite .* got NaN$"),
    ],
)
def test_another_file_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        Comparison.from_json(text)
    assert "\n" not in str(caught.value)
