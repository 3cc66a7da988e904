"""What a training loop records becomes an arm, or one line that says what is wrong."""

import json

import numpy as np
import pandas as pd
import pytest

from didithelp import trials_folder
from didithelp.arm import ArmError
from didithelp.recorder import Recorder
from tests.didithelp.builders import make_arm

LABELS = np.array([0, 1, 2, 1])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [0.1, 0.8, 0.1]]
)
LOGITS = np.log(PROBABILITIES)


def recorder(**changes):
    return Recorder(**{"name": "improved", "labels": LABELS} | changes)


def refusal(call, *args, **values) -> str:
    with pytest.raises(ArmError) as caught:
        call(*args, **values)
    assert "\n" not in str(caught.value)
    return caught.value.message


# --- recording ------------------------------------------------------------------------


def test_runs_become_an_arm_by_ascending_seed():
    runs = recorder(recipe={"dropout": 0.3}, versions={"torch": "2.13"})
    runs.add(7, PROBABILITIES)
    runs.diverged(5)
    runs.add(2, PROBABILITIES[:, ::-1])
    arm = runs.arm()
    assert (arm.name, arm.recipe) == ("improved", {"dropout": 0.3})
    assert arm.versions == {"torch": "2.13"}
    assert arm.seeds.tolist() == [2, 7]
    assert arm.metrics["seed"].tolist() == [2, 5, 7]
    assert arm.metrics["status"].tolist() == ["finished", "diverged", "finished"]
    # Right are 0.5 and 0.8 of class 1 (seed 2) and all but the third example (seed 7).
    assert arm.metrics["test_accuracy"].tolist()[::2] == [0.75, 0.75]
    expected = -np.log([0.8, 0.5, 0.2, 0.8]).mean()
    assert arm.metrics["test_cross_entropy"][2] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(arm.probabilities[1], np.float32(PROBABILITIES))


def test_accuracies_become_an_arm_without_predictions():
    runs = recorder(labels=None)
    runs.add(1, accuracy=0.9)
    runs.add(0, accuracy=np.float32(0.75))
    arm = runs.arm()
    assert arm.metrics["test_accuracy"].tolist() == [0.75, 0.9]
    assert not arm.has_predictions


@pytest.mark.parametrize("labels", [LABELS, None])
def test_an_arm_may_have_nothing_but_diverged_runs(labels):
    runs = recorder(labels=labels)
    runs.diverged(0)
    assert runs.arm().metrics["status"].tolist() == ["diverged"]


class Tensor:
    """Like those of TensorFlow and PyTorch: NumPy asks it for an array."""

    def __init__(self, values, error=None):
        self.values, self.error = values, error

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return np.array(self.values, dtype)


@pytest.mark.parametrize(
    "given",
    [
        PROBABILITIES.astype(np.float16),
        PROBABILITIES.astype(np.longdouble),
        np.asfortranarray(PROBABILITIES),
        PROBABILITIES.tolist(),
        Tensor(PROBABILITIES),
    ],
    ids=["float16", "longdouble", "Fortran", "list", "tensor"],
)
def test_probabilities_may_be_of_any_precision_and_library(given):
    runs = recorder()
    runs.add(0, given)
    arm = runs.arm()
    assert arm.probabilities.dtype == np.float32
    np.testing.assert_allclose(arm.probabilities[0], PROBABILITIES, atol=5e-4)


def test_classes_in_one_hot_form_are_probabilities():
    runs = recorder()
    runs.add(0, np.eye(3, dtype=bool)[[0, 1, 2, 2]])
    assert runs.arm().metrics["test_accuracy"].tolist() == [0.75]


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.int16, list])
def test_labels_of_any_width_are_computed_with_as_int64(kind):
    labels = LABELS.tolist() if kind is list else LABELS.astype(kind)
    runs = recorder(labels=labels)
    runs.add(0, PROBABILITIES)
    assert runs.arm().labels.dtype == np.int64
    assert runs.arm().metrics["test_accuracy"].tolist() == [0.75]


def test_the_loop_may_change_its_own_arrays_and_dicts_afterwards():
    labels, recipe, given = LABELS.copy(), {"layers": [512]}, PROBABILITIES.astype("f4")
    runs = recorder(labels=labels, recipe=recipe)
    runs.add(0, given)
    labels[:], given[:] = 0, 0
    recipe["layers"].append(10)
    arm = runs.arm()
    assert arm.recipe == {"layers": [512]}
    assert arm.labels.tolist() == LABELS.tolist()
    assert arm.probabilities.sum() == pytest.approx(4)


def test_an_arm_that_was_given_out_does_not_change():
    runs = recorder()
    runs.add(0, PROBABILITIES)
    arm = runs.arm()
    runs.add(1, PROBABILITIES)
    assert arm.seeds.tolist() == [0]


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, expected",
    [
        (3 * LOGITS + 1, "look like logits: apply softmax over the classes"),
        (LOGITS, "logarithms of probabilities: pass np.exp of them"),
        (1 / (1 + np.exp(-LOGITS)), "off by 0.374; apply softmax over the classes"),
        (PROBABILITIES * np.nan, "finite, got NaN or infinity"),
        (PROBABILITIES * 1e300, "finite, got NaN or infinity"),
        (PROBABILITIES.argmax(1), "these are classes: record the accuracy instead"),
        (PROBABILITIES.argmax(1)[:, None], "these are classes"),
        (PROBABILITIES[:, 0], "np.column_stack([1 - p.ravel(), p.ravel()])"),
        (PROBABILITIES[:, :1], "np.column_stack([1 - p.ravel(), p.ravel()])"),
        (PROBABILITIES[:3], "shape (4, C), got float64 (3, 3); predict the test"),
        (PROBABILITIES[None], "got float64 (1, 4, 3); predict the test"),
        (0.5, "got float64 (); predict the test"),
        (np.full((4, 2), 0.5), "labels must lie in 0..1"),
        ([["a"] * 3] * 4, "integers or floats, got <U1 (4, 3)"),
        ([[1], [0.5, 0.5]], "an array that NumPy can read, got list"),
        (
            Tensor(0, RuntimeError("it requires\ngrad")),
            "got Tensor: it requires grad; a tensor may need .detach().cpu().numpy()",
        ),
    ],
)
def test_what_is_no_probability_is_told_apart(given, expected):
    runs = recorder()
    assert expected in refusal(runs.add, 0, given)
    assert 0 not in runs


def test_the_runs_of_an_arm_have_the_same_classes():
    runs = recorder()
    runs.add(0, PROBABILITIES)
    message = refusal(runs.add, 1, np.full((4, 4), 0.25))
    assert "shape (4, 3), got float64 (4, 4)" in message


@pytest.mark.parametrize(
    "labels, expected",
    [
        (np.eye(3), "pass labels.argmax(axis=1)"),
        (LABELS[:, None], "pass labels.ravel()"),
        (LABELS / 1, "got float64 (4,); pass labels.astype(int)"),
        (LABELS > 0, "got bool (4,); pass labels.astype(int)"),
        (["cat", "dog"], "integers or floats, got <U3"),
        (LABELS - 1, "from 0 on, got the label -1"),
        (np.zeros(0, int), "from 0 on, got no label"),
    ],
)
def test_labels_that_number_no_classes_are_refused(labels, expected):
    assert expected in refusal(recorder, labels=labels)


def test_labels_that_count_from_one_are_refused():
    runs = recorder(labels=LABELS + 1)
    assert "labels must lie in 0..2" in refusal(runs.add, 0, PROBABILITIES)


@pytest.mark.parametrize(
    "accuracy, expected",
    [
        (97.62, "a fraction in [0, 1], got 97.62; pass 0.9762"),
        (-0.1, "a fraction in [0, 1], got -0.1"),
        (float("nan"), "one number, got nan"),
        ([0.9, 0.8], "one number, got [0.9, 0.8]"),
        ("high", "integers or floats, got <U4"),
    ],
)
def test_an_accuracy_is_a_fraction(accuracy, expected):
    runs = recorder(labels=None)
    assert expected in refusal(runs.add, 0, accuracy=accuracy)


@pytest.mark.parametrize("seed", [True, -1, 0.5, "0", None, 2**63])
def test_a_seed_is_a_whole_number(seed):
    assert "seed must be" in refusal(recorder().diverged, seed)


def test_a_seed_is_recorded_once():
    runs = recorder()
    runs.add(np.int32(3), PROBABILITIES)
    for again in (runs.diverged, lambda seed: runs.add(seed, PROBABILITIES)):
        with pytest.raises(ArmError, match="seed 3 twice") as caught:
            again(3)
        assert caught.value.reason == "duplicate_seed"


def test_a_recorder_takes_either_probabilities_or_accuracies():
    runs = recorder()
    assert "got neither" in refusal(runs.add, 0)
    assert "got both" in refusal(runs.add, 0, PROBABILITIES, accuracy=0.5)
    assert "takes probabilities" in refusal(runs.add, 0, accuracy=0.5)
    others = recorder(labels=None)
    assert "Recorder(name, labels)" in refusal(others.add, 0, PROBABILITIES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "two\nlines"},
        {"recipe": {"rate": np.float32(0.1)}},
        {"recipe": [1]},
        {"versions": {"torch": 2}},
    ],
)
def test_a_wrong_description_is_told_before_hours_of_training(wrong):
    assert "must " in refusal(recorder, **wrong)


def test_an_arm_has_a_run():
    assert "at least one run" in refusal(recorder().arm)


# --- folders --------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [LABELS, None])
def test_a_saved_recorder_is_the_same_arm(tmp_path, labels):
    runs = recorder(labels=labels, recipe={"dropout": 0.3})
    results = [PROBABILITIES, PROBABILITIES[:, [0, 2, 1]]]
    for seed, result in zip((4, 1), results, strict=True):
        if labels is None:
            runs.add(seed, accuracy=1 / (seed + 2))
        else:
            runs.add(seed, result)
    runs.diverged(2)
    runs.save(tmp_path / "new" / "improved")
    saved, loaded = runs.arm(), trials_folder.load(tmp_path / "new" / "improved")
    pd.testing.assert_frame_equal(saved.metrics, loaded.metrics, check_exact=True)
    for field in ("seeds", "labels", "probabilities"):
        np.testing.assert_array_equal(getattr(saved, field), getattr(loaded, field))
    for field in ("name", "recipe", "dataset", "versions"):
        assert getattr(saved, field) == getattr(loaded, field)


def test_any_numbers_of_a_run_are_recorded_beside_its_predictions_or_alone():
    runs = recorder()
    runs.add(3, PROBABILITIES, metrics={"val_f1": np.float32(0.5), "train_seconds": 9})
    runs.add(1, PROBABILITIES)
    metrics = runs.arm().metrics
    assert metrics["val_f1"].tolist()[1:] == [0.5]
    assert np.isnan(metrics["val_f1"][0])
    assert metrics["train_seconds"].tolist()[1:] == [9]
    assert metrics["test_accuracy"].tolist() == [0.75, 0.75]
    alone = recorder(labels=None)
    alone.add(0, metrics={"test_accuracy": 0.5, "reward": -3})
    alone.add(1, accuracy=0.25, metrics={"reward": 1e9})
    metrics = alone.arm().metrics
    assert metrics["test_accuracy"].tolist() == [0.5, 0.25]
    assert metrics["reward"].tolist() == [-3, 1e9]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"f1": np.nan}, "f1 of seed 0 must be one finite number, got nan"),
        ({"f1": [0.5, 0.6]}, "f1 of seed 0 must be one finite number"),
        ({"f1": "high"}, "f1 of seed 0 must be integers or floats"),
        ({"seed": 1}, "metrics must have names of one line other than seed and status"),
        ({"a\nb": 1}, "metrics must have names of one line"),
        ({"num_parameters": 1.5}, "num_parameters of seed 0 must be a whole number"),
        ({"test_accuracy": 97}, "accuracy of seed 0 must be a fraction"),
        ({}, "got neither"),
    ],
)
def test_metrics_that_are_no_numbers_are_refused(metrics, message):
    assert message in refusal(recorder(labels=None).add, 0, metrics=metrics)


def test_a_recorder_with_labels_takes_no_metrics_alone():
    message = refusal(recorder().add, 0, metrics={"val_f1": 0.5})
    assert "so that add takes probabilities, got no probabilities" in message


@pytest.mark.parametrize("labels", [LABELS, None])
def test_a_killed_loop_goes_on_where_it_was(tmp_path, labels):
    given = {"probabilities": PROBABILITIES} if labels is not None else {"accuracy": 1}
    given["metrics"] = {"val_f1": 0.1 + 0.2, "num_parameters": 7, "epoch": 2}
    whole, killed = (recorder(labels=labels, recipe={"a": 1}) for _ in range(2))
    for seed in (3, 1):
        whole.add(seed, **given)
        killed.add(seed, **given)
    for runs in (whole, killed):
        runs.diverged(0)
    killed.save(tmp_path / "killed")
    resumed = Recorder.resume(tmp_path / "killed")
    assert [seed for seed in range(5) if seed not in resumed] == [2, 4]
    for runs in (whole, resumed):
        runs.add(2, **given)
    whole.save(tmp_path / "whole")
    resumed.save(tmp_path / "killed")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes()


def test_an_arm_that_holds_more_is_not_resumed(tmp_path):
    folder = tmp_path / "trials"
    trials_folder.save(make_arm([[1, 1, 0]]), folder)
    assert "must be saved by a Recorder" in refusal(Recorder.resume, folder)
    (folder / "history.csv").unlink()
    description = json.loads((folder / "arm.json").read_text())
    (folder / "arm.json").write_text(json.dumps(description | {"dataset": None}))
    metrics = (folder / "metrics.csv").read_text()
    header, row = metrics.splitlines()
    (folder / "metrics.csv").write_text(f"{header},host\n{row},gpu1\n")
    assert "must be saved by a Recorder" in refusal(Recorder.resume, folder)
    (folder / "predictions.npz").unlink()
    (folder / "metrics.csv").write_text("seed,test_accuracy\n0,0.9\n")
    (folder / "history.csv").write_bytes(b"curves that cannot be read")
    assert "must be saved by a Recorder" in refusal(Recorder.resume, folder)
