"""Warnings: which comparison deserves which, in words and in codes."""

import dataclasses
import json

import numpy as np
import pytest

from didithelp import caveats
from didithelp.language import sentences
from didithelp.language.words import Words
from tests.didithelp.builders import (
    accuracies_only,
    answers_only,
    baseline,
    compare,
    improved,
    judge,
    make_arm,
    pattern,
    undescribed,
    without_predictions,
)

SAME_BUDGET = {"epochs": 5, "hidden_units": [256]}


def codes(*arms, **changes):
    return [found["code"] for found in compare(*arms, **changes)["warning_codes"]]


def values(code, *arms, **changes):
    found = compare(*arms, **changes)["warning_codes"]
    return next(part["values"] for part in found if part["code"] == code)


def with_metrics(arm, **columns):
    return dataclasses.replace(arm, metrics=arm.metrics.assign(**columns))


def with_digests(arm, **digests):
    sha256 = arm.dataset.sha256 | digests
    dataset = dataclasses.replace(arm.dataset, sha256=sha256)
    return dataclasses.replace(arm, dataset=dataset)


def test_two_full_arms_of_one_budget_deserve_none():
    assert codes(baseline(), improved(recipe=SAME_BUDGET)) == []


def test_every_warning_is_told_in_words_and_as_a_code():
    data = {"fallback": "no network", "name": "mnist-5k", "train_size": 512}
    reference = baseline(num_runs=4, dataset=data)
    candidate = improved(num_runs=3, epochs=20, diverged=(8,), dataset=data)
    result = judge(reference, candidate, selected_on="test")
    assert len(result.warnings) == len(result.warning_codes) >= 7
    for text, coded in zip(result.warnings, result.warning_codes, strict=True):
        assert text == sentences.warning(coded, Words("en"))
        assert json.loads(json.dumps(coded.values)) == coded.values


def test_odd_images_are_told_once_and_first():
    findings = {
        "duplicates": {"test_seen_images": 600, "validation_seen_images": 1},
        "narrow_ranges": {"x_train": [0, 15], "x_test": [1, 16]},
    }
    plain = baseline(), improved(recipe=SAME_BUDGET)
    told = (
        baseline(dataset=findings),
        improved(recipe=SAME_BUDGET, dataset=findings),
    )
    expected = ["test_seen_images", "validation_seen_images", "narrow_pixel_range"]
    for arms in (told, (told[0], plain[1]), (plain[0], told[1])):
        assert codes(*arms) == expected
    seen, *_, narrow = compare(*told)["warnings"]
    assert seen.startswith("600 of 600 test images are in the training or validation")
    assert narrow.startswith("the pixels of x_test, x_train use only 0 to 16 of 0 to 2")
    # What is advised makes a picture of the widest range.
    advised = narrow.split("rescale them with ")[1]
    pixels = eval(advised, {"np": np, "x": np.array([0, 8, 16], np.uint8)})
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [0, 128, 255]
    repeated = {"duplicates": {"test_repeated_images": 0}}
    assert codes(baseline(dataset=repeated), plain[1]) == []


def test_a_larger_network_is_another_budget():
    larger = with_metrics(improved(recipe=SAME_BUDGET), num_parameters=814_100)
    assert codes(baseline(), larger) == ["sizes_differ"]
    text = compare(baseline(), larger)["warnings"][0]
    assert "407,050 parameters for baseline and 814,100 for improved" in text
    slightly = with_metrics(improved(recipe=SAME_BUDGET), num_parameters=409_098)
    assert codes(baseline(), slightly) == []


def test_several_changes_at_once_are_named():
    recipe = {
        "epochs": 5,
        "hidden_units": [512],
        "l2_lambda": 1e-3,
        "dropout_rate": 0.3,
    }
    found = values("several_changes", baseline(), improved(recipe=recipe))
    assert found["parameters"] == ["dropout_rate", "l2_lambda"]
    assert found["num_changes"] == 2
    warnings = compare(baseline(), improved(recipe=recipe))["warnings"]
    assert warnings == [
        "2 parameters of the recipe differ between baseline and improved "
        "(dropout_rate, l2_lambda): which of them made the difference is unknown; to "
        "know, train each combination, with mlflow run . -e ablate or for "
        "didithelp.factorial"
    ]


def test_early_stopping_that_never_fired_is_no_early_stopping():
    recipe = SAME_BUDGET | {"early_stopping_patience": 3}
    assert "early_stopping_never_fired" in codes(baseline(), improved(recipe=recipe))
    found = improved(recipe=recipe)
    stopped = found.metrics["actual_epochs"].where(found.metrics["seed"] != 2, 4)
    history = found.history.query("seed != 2 or epoch < 5")
    metrics = found.metrics.assign(actual_epochs=stopped)
    fired = dataclasses.replace(found, history=history, metrics=metrics)
    assert "early_stopping_never_fired" not in codes(baseline(), fired)
    never = SAME_BUDGET | {"early_stopping_patience": None}
    assert codes(baseline(), improved(recipe=never)) == []


def test_a_difference_below_one_image_per_seed_is_pointed_out():
    reference = baseline()
    probabilities = reference.probabilities.copy()
    image = int(np.flatnonzero(probabilities.argmax(axis=2)[0] == reference.labels)[0])
    probabilities[0, image] = np.roll(probabilities[0, image], 1)
    candidate = improved(probabilities=probabilities, recipe=SAME_BUDGET)
    found = values("below_one_example", reference, candidate)
    assert found["num_examples"] == 600
    assert "below_one_example" not in codes(reference, improved(0.05))
    same_accuracies = baseline(name="improved", recipe=SAME_BUDGET)
    bare = without_predictions(reference), without_predictions(same_accuracies)
    assert values("below_one_example", *bare) == found
    assert "below_one_example" not in codes(*map(accuracies_only, bare))


def test_identical_arms_are_not_called_close():
    found = codes(baseline(), baseline(name="improved"))
    assert found == ["identical_predictions", "same_recipe"]


@pytest.mark.parametrize("kind", [lambda arm: arm, without_predictions])
def test_a_collapsed_run_is_named_and_counted(kind):
    right = pattern(2, 0.15)
    right[3, :410] = 0  # a third is right: three classes
    candidate = make_arm(right, name="improved", recipe=SAME_BUDGET, seeds=range(2, 7))
    reference = baseline(seeds=range(2, 7))
    result = compare(kind(reference), kind(candidate))
    assert values("collapsed_runs", kind(reference), kind(candidate)) == {
        "arm": "improved",
        "seeds": [5],
    }
    assert [arm["collapsed_seeds"] for arm in result["arms"]] == [[], [5]]
    accuracy = result["arms"][1]["metrics"]["test_accuracy"]
    assert accuracy["mean"] == pytest.approx(right.mean())
    assert accuracy["median"] == sorted(right.mean(axis=1))[2]


def test_a_library_that_only_one_arm_names_is_no_difference():
    torch = {"torch": "2.8.0", "python": "3.12.0"}
    candidate = improved(recipe=SAME_BUDGET, versions=torch)
    assert codes(baseline(), candidate) == ["versions_differ"]
    assert values("versions_differ", baseline(), candidate)["library"] == "python"


def test_copied_runs_are_named_by_their_seeds():
    probabilities = baseline().probabilities.copy()
    probabilities[3] = probabilities[1]
    copied = baseline(probabilities=probabilities)
    assert values("copied_runs", copied, improved())["seeds"] == [1, 3]


@pytest.mark.parametrize(
    ("reference", "candidate", "expected"),
    [
        (undescribed, undescribed, ["undescribed_arm"] * 2),
        (undescribed, lambda arm: arm, ["undescribed_arm"]),
        (without_predictions, lambda arm: arm, ["no_predictions"]),
        (
            lambda arm: dataclasses.replace(arm, dataset=None),
            lambda arm: dataclasses.replace(arm, recipe=None),
            ["undescribed_data", "undescribed_recipe"],
        ),
        (
            without_predictions,
            lambda arm: with_digests(arm, y_test=None),
            ["no_predictions", "missing_digests", "unchecked_test_set"],
        ),
        (
            accuracies_only,
            lambda arm: arm,
            ["undescribed_arm", "no_predictions", "unchecked_test_set"],
        ),
        (
            undescribed,
            without_predictions,
            ["undescribed_arm", "no_predictions", "unchecked_test_set"],
        ),
        (
            accuracies_only,
            accuracies_only,
            ["undescribed_arm", "no_predictions"] * 2 + ["unchecked_test_set"],
        ),
    ],
)
def test_what_could_not_be_checked_is_said(reference, candidate, expected):
    arms = reference(baseline()), candidate(improved(recipe=SAME_BUDGET))
    assert codes(*arms) == expected


def test_each_candidate_has_warnings_of_its_own():
    long = improved(epochs=20, name="long")
    found = compare(baseline(), long, improved(num_runs=6))["warning_codes"]
    candidates = {part["code"]: part["values"]["candidate"] for part in found}
    assert candidates == {
        "epochs_differ": "long",
        "unpaired_seeds": "improved",
        "same_recipe": "improved",
    }


def test_answers_without_confidence_are_named():
    found = answers_only(improved(recipe=SAME_BUDGET))
    assert values("answers_only", baseline(), found) == {"arm": "improved"}
    assert codes(baseline(), found) == ["answers_only"]
    saturated = improved(recipe=SAME_BUDGET)
    saturated.probabilities[:, 1:] = found.probabilities[:, 1:]
    assert codes(baseline(), saturated) == []


def test_costs_are_compared_in_whole_ratios_and_stay_out_of_the_result():
    fast = with_metrics(baseline(), train_seconds=10.2)
    slow = with_metrics(improved(recipe=SAME_BUDGET), train_seconds=31.0)
    for arms in ((fast, slow), (slow, fast)):
        (found,) = caveats.cost_warning(list(arms))
        assert found.values == {
            "slower": "improved",
            "faster": "baseline",
            "ratio": 3,
        }
        assert sentences.warning(found, Words("en")) == (
            "a run of improved takes about 3 times as long as one of baseline"
        )
        assert codes(*arms) == []
    assert caveats.cost_warning([fast, with_metrics(slow, train_seconds=14.0)]) == []
    slow_namesake = dataclasses.replace(slow, name="baseline")
    (found,) = caveats.cost_warning([fast, slow_namesake])
    assert found.values["slower"] == "baseline (candidate)"
    assert caveats.cost_warning([fast, with_metrics(slow, train_seconds=np.nan)]) == []
