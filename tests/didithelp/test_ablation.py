"""ablation.json: what is stored is read back, or refused in one line."""

import dataclasses
import json
from pathlib import Path

import pytest

from didithelp.ablation import Ablation

STORED = Path(__file__).parent / "stored" / "ablation.json"


def stored(**changes):
    return json.dumps(json.loads(STORED.read_text(encoding="utf-8")) | changes)


@pytest.fixture(scope="module")
def ablation():
    return Ablation.from_json(STORED.read_text(encoding="utf-8"))


def test_a_stored_file_is_read(ablation):
    assert ablation.design == "full"
    assert [factor.name for factor in ablation.factors] == ["l2", "bn"]
    assert ablation.factors[0].parameters == {"l2_lambda": (0.0, 0.001)}
    assert ablation.primary.metric == ablation.primary_metric == "test_accuracy"
    assert [each.main.verdict for each in ablation.primary.factors] == [
        *("worse", "better")
    ]
    assert ablation.sentence.startswith("bn helped: +")
    assert Ablation.from_json(ablation.to_json()) == ablation


def test_arms_and_metrics_are_found_by_name(ablation):
    assert [arm.name for arm in ablation.arms] == ["none", "l2", "bn", "l2 + bn"]
    assert ablation.arm("bn") is ablation.cells[2].arm
    assert ablation.arm("control") is ablation.control.arm
    assert ablation.of("test_accuracy") is ablation.primary
    assert not ablation.primary.is_crossed
    with pytest.raises(KeyError):
        ablation.arm("another")
    with pytest.raises(KeyError):
        ablation.of("another")


def test_an_ablation_cannot_be_changed(ablation):
    with pytest.raises(dataclasses.FrozenInstanceError):
        ablation.sentence = ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "ablation must be Ablation, got"),
        ("{}", "ablation lacks the key 'alpha'"),
        (stored(more=1), "ablation has an unknown key 'more'"),
        (stored(design="third"), "ablation.design must be Literal"),
        (stored(alpha=float("nan")), "finite numbers or null, got NaN"),
        ("[" * 100_000, "ablation must be JSON, got too many brackets"),
    ],
)
def test_what_is_no_ablation_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[")) as refusal:
        Ablation.from_json(text)
    assert "\n" not in str(refusal.value)
