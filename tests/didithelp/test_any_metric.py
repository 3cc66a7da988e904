"""Arms that are compared by another metric than the accuracy, one number per run."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from didithelp import trials_folder
from didithelp.comparison import Comparison
from didithelp.errors import Refusal
from didithelp.front_door import arm_from_metrics
from didithelp.metric import Metric
from tests.didithelp.builders import (
    accuracies_only,
    baseline,
    compare,
    improved,
    judge,
    primary,
)

OLD = [0.412, 0.398, 0.425, 0.41, 0.402]
NEW = [0.371, 0.365, 0.39, 0.36, 0.377]


def arm(values, metric="val_loss", *, name="plain", seeds=None, **others):
    seeds = range(len(values)) if seeds is None else seeds
    runs = zip(seeds, values, strict=True)
    return arm_from_metrics(name, {seed: {metric: v, **others} for seed, v in runs})


def pair(old=OLD, new=NEW, metric="val_loss"):
    return arm(old, metric), arm(new, metric, name="changed")


def asked(*arms, metric="val_loss", margin="auto", **changes):
    return compare(*arms, metric=metric, margin=margin, **changes)


# --- one number per run ---------------------------------------------------------------


@pytest.mark.parametrize("paired", [True, False])
def test_a_loss_is_the_t_test_and_lower_is_better(paired):
    new = NEW if paired else NEW[:4]
    result = asked(*pair(new=new))
    found = primary(result)
    test = (
        stats.ttest_rel(new, OLD)
        if paired
        else stats.ttest_ind(new, OLD, equal_var=False)
    )
    assert result["verdict"] == "better"
    assert result["metric"] == {
        "name": "val_loss",
        "higher_is_better": False,
        "unit": "nats",
    }
    assert result["primary_metric"] == found["metric"] == "val_loss"
    assert (found["unit"], found["is_primary"]) == ("nats", True)
    assert found["paired"] == paired
    assert found["delta"] == pytest.approx(np.mean(new) - np.mean(OLD))
    assert found["p"] == pytest.approx(test.pvalue)
    assert found["ci95"] == pytest.approx(list(test.confidence_interval(0.95)))
    assert found["num_examples"] is None
    assert "only on the data that the metric was measured on" in result["scope"]
    summary = result["arms"][1]["other_metrics"]["val_loss"]
    assert summary["values"] == new
    assert summary["sd"] == pytest.approx(np.std(new, ddof=1))


def test_swapping_the_arms_changes_the_sign():
    first, second = pair()
    found, back = primary(asked(first, second)), primary(asked(second, first))
    assert back["delta"] == -found["delta"]
    assert back["ci95"] == [-bound for bound in found["ci95"][::-1]]
    assert (back["p"], back["verdict"]) == (found["p"], "worse")


@pytest.mark.parametrize("factor", [1e-12, 1000.0, 1e20])
def test_another_unit_scales_the_answer_alone(factor):
    found = primary(asked(*pair(metric="mse"), metric="mse", margin=0.01))
    scaled = pair(*(factor * np.array(values) for values in (OLD, NEW)), "mse")
    again = primary(asked(*scaled, metric="mse", margin=0.01 * factor))
    for key in ("delta", "se", "mde80"):
        assert again[key] == pytest.approx(factor * found[key])
    assert again["ci95"] == pytest.approx([factor * bound for bound in found["ci95"]])
    for key in ("p", "p_tost", "df", "seeds_needed_for_margin"):
        assert again[key] == pytest.approx(found[key])
    for key in ("verdict", "flags", "wins"):
        assert again[key] == found[key]


def test_the_user_tells_direction_and_margin():
    arms = pair(metric="quality")
    with pytest.raises(ValueError, match="direction must be higher or lower"):
        asked(*arms, metric="quality")
    assert asked(*arms, metric="quality", direction="higher")["verdict"] == "worse"
    assert asked(*arms, metric="quality", direction="maximize")["verdict"] == "worse"
    close = pair(OLD, [value + 0.0001 for value in OLD[::-1]], "quality")
    settings = {"metric": "quality", "direction": "lower", "pairing": "none"}
    assert asked(*close, **settings)["verdict"] == "inconclusive"
    assert asked(*close, **settings, margin=0.05)["verdict"] == "equivalent"


@pytest.mark.parametrize("margin", ["auto", "none"])
def test_without_a_margin_nothing_is_equivalent(margin):
    same = OLD[::-1]
    result = asked(*pair(new=same), margin=margin, pairing="none")
    assert result["margin"] is None
    found = primary(result)
    assert (found["verdict"], found["p_tost"]) == ("inconclusive", None)
    assert found["seeds_needed_for_margin"] is None


def test_a_constant_gain_has_no_variance():
    result = asked(*pair(new=[value - 0.1 for value in OLD]))
    assert primary(result)["reasons"] == ["zero_variance"]


def test_an_accuracy_has_the_margin_of_accuracies():
    result = asked(*pair(metric="val_accuracy"), metric="val_accuracy")
    assert result["margin"] == 0.001
    assert result["metric"]["unit"] == "share"


# --- percentages ----------------------------------------------------------------------


def test_percentages_are_bare_numbers():
    percent = pair(*(100 * np.array(values) for values in (OLD, NEW)), "val_acc")
    result = asked(*percent, metric="val_acc")
    assert result["metric"]["unit"] == primary(result)["unit"] == ""
    assert result["margin"] is None
    with pytest.raises(ValueError, match="no fraction, got '0.1%'; give the bare"):
        asked(*percent, metric="val_acc", margin="0.1%")


def test_looks_at_percentages_are_planned_without_a_margin():
    plan = (5, 10)
    old, new = 90 + np.array([*OLD, *NEW]), 90 + np.array([*OLD[::-1], *OLD])
    percent = pair(old, new, "val_acc")
    given = {"metric": "val_acc", "looks": plan}
    seen = judge(*percent, margin="auto", **given).looks.taken
    assert seen == judge(*percent, margin="none", **given).looks.taken
    assert seen[0].chance is not None


def test_fractions_are_not_compared_with_percentages():
    for first, second in ((OLD, 100 * np.array(NEW)), (100 * np.array(OLD), NEW)):
        with pytest.raises(Refusal, match="unlike_units: val_f1 must be fractions in"):
            asked(*pair(first, second, "val_f1"), metric="val_f1")


# --- arms that have more --------------------------------------------------------------


def test_accuracy_and_cross_entropy_are_told_beside_another_metric():
    arms = baseline(0.2), improved(0.05)
    usual = compare(*arms)["comparisons"]
    found = asked(*arms, metric="best_val_loss")["comparisons"]
    assert [each["metric"] for each in found] == [
        "best_val_loss",
        "test_accuracy",
        "test_cross_entropy",
    ]
    assert [each["is_primary"] for each in found] == [True, False, False]
    for before, after in zip(usual, found[1:], strict=True):
        for key in ("delta", "se", "df", "ci95", "p", "sensitivity", "calibration"):
            assert after[key] == before[key]
    assert found[1]["per_seed"] == usual[0]["per_seed"]


def test_cross_entropy_decides_over_seeds_and_examples():
    arms = baseline(confidence=0.5), baseline(confidence=0.55)
    usual = compare(*arms)["comparisons"]
    result = asked(*arms, metric="test_cross_entropy", margin=0.001)
    assert result["verdict"] == "better"
    assert "new test images" in result["scope"]
    first, second = result["comparisons"]
    assert first["num_examples"] == 600
    for key in ("delta", "se_seed", "se_item", "se", "df", "ci95", "p"):
        assert first[key] == usual[1][key]
        assert second[key] == usual[0][key]
    assert first["flags"] == ["exceeds_margin"]


def test_the_brier_score_of_predictions_decides_over_seeds_and_examples():
    arms = baseline(0.2), improved(0.05)
    usual = primary(compare(*arms))["calibration"]["brier_score"]
    found = primary(asked(*arms, metric="brier_score"))
    assert (found["num_examples"], found["unit"]) == (600, "")
    assert found["delta"] == pytest.approx(usual["delta"])
    assert found["se_seed"] == pytest.approx(usual["se"], rel=1e-5)
    with pytest.raises(Refusal, match="must have the metric brier_score"):
        asked(*map(accuracies_only, arms), metric="brier_score")


def test_a_time_is_compared_where_it_is_asked_for():
    first = baseline()
    slow = baseline().metrics.assign(train_seconds=[9, 9.5, 9.2, 9.1, 9.9])
    fast = slow.assign(train_seconds=slow["train_seconds"] / 2)
    arms = baseline(metrics=slow), baseline(name="fast", metrics=fast)
    result = asked(*arms, metric="train_seconds")
    assert result["verdict"] == "better"
    assert result["metric"]["unit"] == "seconds"
    assert "train_seconds" not in compare(first, *arms)["arms"][0]["other_metrics"]


def test_an_arm_without_accuracies_has_no_warning_about_them():
    result = asked(*pair())
    codes = {each["code"] for each in result["warning_codes"]}
    assert {"one_number_per_run", "validation_metric"} <= codes
    assert not codes & {"no_predictions", "collapsed_runs", "below_one_example"}
    assert [each["metric"] for each in result["comparisons"]] == ["val_loss"]
    accuracy = result["arms"][0]["metrics"]["test_accuracy"]
    assert accuracy["values"] == [None] * 5


@pytest.mark.parametrize(
    ("metric", "code"),
    [("train_f1", "training_metric"), ("eval_f1", None), ("train_seconds", None)],
)
def test_a_metric_of_the_training_data_is_a_warning(metric, code):
    codes = [
        each["code"]
        for each in asked(*pair(metric=metric), metric=metric)["warning_codes"]
    ]
    split = [each for each in codes if each in ("training_metric", "validation_metric")]
    assert split == ([code] if code else [])


def test_what_is_stored_is_read_back():
    comparison = judge(*pair(), metric="val_loss", margin=0.01)
    again = Comparison.from_json(comparison.to_json())
    assert again == comparison
    assert again.metric == Metric("val_loss", False, "nats")
    assert again.arms[0].summary("val_loss").values == tuple(OLD)
    with pytest.raises(KeyError):
        again.arms[0].summary("val_f1")


# --- columns of a table ---------------------------------------------------------------


def folder_of(tmp_path, text, name="arm"):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "metrics.csv").write_text(text)
    return trials_folder.load(folder)


def test_a_column_may_be_spelled_as_a_tracker_does(tmp_path):
    rows = "".join(f"{seed},{value}\n" for seed, value in enumerate(OLD))
    table = folder_of(tmp_path, "seed,metrics.val/loss\n" + rows)
    found = primary(asked(table, pair()[1]))
    assert found["delta"] == primary(asked(*pair()))["delta"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed,val_los\n0,1\n", "must have the metric val_loss, got val_los; name one"),
        ("seed,val_los\n0,1\n", "did you mean 'val_los'?"),
        ("seed,val_loss,a\n0,,1\n", "must have the metric val_loss, got a;"),
        ("seed,a,val_loss\n0,1,0.5\n1,1,\n", "got nan for seed 1; fill it in, or say"),
        ("seed,a,val_loss\n0,1,0.5\n1,1,inf\n", "below 1e+100 for every finished run"),
        ("seed,a,val_loss\n0,1,0.5\n1,1,5%\n", "got 5% for seed 1"),
        (
            "seed,val-loss,val/loss\n0,1,1\n",
            "one column val_loss, got val-loss, val/lo",
        ),
    ],
)
def test_a_metric_that_an_arm_lacks_is_refused(tmp_path, text, message):
    lacking = folder_of(tmp_path, text)
    for arms in ((lacking, pair()[0]), (pair()[0], lacking)):
        with pytest.raises(Refusal) as caught:
            asked(*arms)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_accuracy_is_refused_where_only_another_metric_is_known():
    with pytest.raises(
        Refusal, match="must have the metric test_accuracy, got val_loss"
    ):
        compare(*pair())


def test_seeds_of_an_arm_without_accuracies_are_still_checked():
    twice = dataclasses.replace(pair()[0])
    twice.seeds[1] = twice.seeds[0]
    with pytest.raises(Refusal, match="^duplicate_seed: "):
        asked(twice, pair()[1])


def test_accuracies_that_are_known_must_be_fractions_whatever_decides():
    wrong = accuracies_only(baseline())
    wrong = dataclasses.replace(wrong, metrics=wrong.metrics.assign(test_accuracy=97.0))
    with pytest.raises(Refusal, match="accuracy_out_of_range"):
        asked(wrong, improved(), metric="best_val_loss")
