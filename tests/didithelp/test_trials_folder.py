"""The `trials/` folder: what is written comes back, what is broken is refused."""

import dataclasses
import json
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from didithelp import formats, trials_folder
from didithelp.arm import METRIC_COLUMNS, ArmError
from tests.didithelp.builders import NUM_CLASSES, _dataset, _history, judge, make_arm

RIGHT = [[1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]


@pytest.fixture
def folder(tmp_path):
    """A good arm, for the tests that break it."""
    trials_folder.save(make_arm(RIGHT), tmp_path / "trials")
    return tmp_path / "trials"


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# --- saving ---------------------------------------------------------------------------


def test_a_saved_arm_comes_back_bit_for_bit(tmp_path):
    saved = make_arm(RIGHT, seeds=[3, 11, 7], diverged=(5,))
    trials_folder.save(saved, tmp_path / "trials")
    found = trials_folder.load(tmp_path / "trials")
    for field in ("name", "recipe", "dataset", "versions"):
        assert getattr(found, field) == getattr(saved, field)
    for field in ("seeds", "labels", "probabilities"):
        np.testing.assert_array_equal(getattr(found, field), getattr(saved, field))
        assert getattr(found, field).dtype == getattr(saved, field).dtype
    for field in ("metrics", "history"):
        pd.testing.assert_frame_equal(
            getattr(found, field), getattr(saved, field), check_exact=True
        )


def test_floats_survive_the_csv_exactly(tmp_path):
    values = np.random.default_rng(0).random(3) * [1e-12, 1.0, 1e9]
    saved = make_arm(RIGHT)
    metrics = saved.metrics.assign(test_loss=values)
    trials_folder.save(dataclasses.replace(saved, metrics=metrics), tmp_path / "trials")
    assert trials_folder.load(tmp_path / "trials").metrics[
        "test_loss"
    ].tolist() == list(values)


def test_equal_arms_give_equal_bytes(tmp_path):
    saved = make_arm(RIGHT, diverged=(9,))
    trials_folder.save(saved, tmp_path / "first")
    trials_folder.save(trials_folder.load(tmp_path / "first"), tmp_path / "second")
    assert content(tmp_path / "first") == content(tmp_path / "second")


def test_files_read_well(tmp_path):
    trials_folder.save(
        make_arm(RIGHT, name="größer", diverged=(9,)), tmp_path / "trials"
    )
    files = content(tmp_path / "trials")
    assert list(files) == sorted({*trials_folder.FILES} - {"scores.npz"})
    rows = files["metrics.csv"].decode().splitlines()
    assert rows[1].startswith("0,finished,0.75,")
    assert rows[1].endswith(",407050")
    assert rows[-1] == "9,diverged" + "," * len(METRIC_COLUMNS)
    assert '"name": "größer"' in files["arm.json"].decode()
    assert b"\r" not in files["metrics.csv"] + files["history.csv"]


def test_saving_replaces_an_older_arm_and_leaves_nothing_behind(folder):
    trials_folder.save(make_arm(RIGHT[:2], name="newer"), folder)
    assert trials_folder.load(folder).name == "newer"
    assert [path.name for path in folder.parent.iterdir()] == ["trials"]


def test_saving_never_deletes_the_files_of_others(folder):
    (folder / "thesis.txt").write_text("months of work")
    before = content(folder)
    with pytest.raises(ArmError, match="thesis.txt"):
        trials_folder.save(make_arm(RIGHT, name="newer"), folder)
    assert content(folder) == before


def test_saving_over_a_file_is_refused(tmp_path):
    (tmp_path / "trials").write_text("")
    with pytest.raises(ArmError, match="must be a folder"):
        trials_folder.save(make_arm(RIGHT), tmp_path / "trials")


def test_a_failed_save_leaves_the_older_arm(folder, monkeypatch):
    before = content(folder)
    monkeypatch.setattr(np, "savez", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        trials_folder.save(make_arm(RIGHT, name="newer"), folder)
    assert content(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["trials"]


def test_an_arm_whose_trials_all_diverged_can_be_stored(tmp_path):
    saved = make_arm(np.ones((0, 4)), diverged=(0, 1), history=_history([], 5))
    trials_folder.save(saved, tmp_path / "trials")
    found = trials_folder.load(tmp_path / "trials")
    assert found.probabilities.shape == (0, 4, NUM_CLASSES)
    assert found.metrics["status"].tolist() == ["diverged", "diverged"]


# --- broken files ---------------------------------------------------------------------


def refusal(folder) -> str:
    with pytest.raises(ArmError) as caught:
        trials_folder.load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_a_missing_folder_is_explained(tmp_path):
    assert "must be the trials/ folder" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("kept", ["history.csv", "arm.json"])
def test_accuracies_or_predictions_there_must_be(folder, kept):
    for path in folder.iterdir():
        if path.name != kept:
            path.unlink()
    assert "metrics.csv, predictions.npz, scores.npz at least; missing: all" in refusal(
        folder
    )


def test_files_of_other_names_are_found(tmp_path):
    (tmp_path / "wandb_export.csv").write_text("seed,test_accuracy\n0,0.9\n")
    assert "missing: all; found: wandb_export.csv; rename" in refusal(tmp_path)


def damage_file(path, damage):
    whole = path.read_bytes()
    damaged = {"empty": b"", "half": whole[: len(whole) // 2], "noise": b"\xff\x00\xfe"}
    path.write_bytes(damaged[damage])


each_damage = pytest.mark.parametrize("damage", ["empty", "half", "noise"])


@pytest.mark.parametrize("name", ["metrics.csv", "predictions.npz", "arm.json"])
@each_damage
def test_a_damaged_file_is_named(folder, name, damage):
    damage_file(folder / name, damage)
    assert name.split(".")[0] in refusal(folder)


def problem_of_curves(folder) -> str:
    found = trials_folder.load(folder)
    assert found.history.empty
    (remark,) = found.remarks
    assert remark.code == "unusable_curves"
    return remark.values["problem"]


@each_damage
def test_damaged_curves_are_left_out_and_the_arm_is_read(folder, damage):
    damage_file(folder / "history.csv", damage)
    assert "history.csv must be CSV in UTF-8" in problem_of_curves(folder)


def test_a_flipped_bit_in_the_predictions_is_noticed(folder):
    path = folder / "predictions.npz"
    stored = probabilities().tobytes()
    flipped = bytes([stored[0] ^ 1]) + stored[1:]
    path.write_bytes(path.read_bytes().replace(stored, flipped))
    assert "CRC" in refusal(folder)


def rewrite_predictions(folder, **changes):
    with np.load(folder / "predictions.npz") as archive:
        arrays = dict(archive) | changes
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez(folder / "predictions.npz", **kept)


class Trap:
    """Would run code if anything unpickled it."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_pickled_arrays_are_never_opened(folder):
    rewrite_predictions(folder, labels=np.array([Trap()], dtype=object))
    assert "pickled Python objects" in refusal(folder)


def test_a_single_array_is_no_archive(folder):
    with open(folder / "predictions.npz", "wb") as file:
        np.save(file, np.zeros(3))
    assert "must be an .npz archive" in refusal(folder)


def probabilities(**changes) -> np.ndarray:
    values = make_arm(RIGHT).probabilities.copy()
    values[0, 0] = changes.get("row", values[0, 0])
    return values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "add labels"),
        ({"probabilities": probabilities()[:2]}, "as seeds and labels say"),
        ({"probabilities": probabilities()[:, :, 0]}, "as seeds and labels say"),
        (
            {"probabilities": probabilities().swapaxes(0, 1)},
            "probabilities.swapaxes(0, 1)",
        ),
        ({"probabilities": probabilities().astype("c8")}, "pass probabilities.astype("),
        ({"probabilities": probabilities()[0]}, "as seeds and labels say"),
        ({"probabilities": probabilities()[:, :, 0]}, "np.stack([1 - p, p], axis=-1)"),
        ({"probabilities": probabilities().argmax(2) + 1}, "pass np.eye(C)[x]"),
        ({"labels": np.eye(4, 3)}, "pass labels.argmax(axis=1)"),
        ({"labels": np.zeros((4, 1), int)}, "pass labels.ravel()"),
        ({"probabilities": np.full((3, 4, 3), 1e300)}, "NaN or infinity"),
        ({"probabilities": probabilities(row=[np.nan, 0, 0])}, "NaN or infinity"),
        ({"probabilities": probabilities(row=[np.inf, 0, 0])}, "NaN or infinity"),
        ({"probabilities": probabilities(row=[1.5, -0.5, 0])}, "in [0, 1]"),
        ({"probabilities": probabilities(row=[0.5, 0.4, 0])}, "must sum to 1"),
        ({"labels": np.array([0, 1, 2, 3])}, "must lie in 0..2"),
        ({"labels": np.array([0, 1, 2, -1])}, "must lie in 0..2"),
        ({"labels": np.array([1, 2, 3, 3])}, "got 1..3; pass labels - 1"),
        ({"labels": np.zeros(4)}, "labels must be integers"),
        ({"seeds": np.array([0, 1, 1])}, "duplicate_seed: "),
        ({"seeds": np.array([0, 1, 4])}, "must be the finished seeds of metrics"),
        ({"seeds": np.array([0.0, 1.0, 2.0])}, "seeds must be int64"),
        ({"seeds": np.array(3)}, "seeds must be int64"),
    ],
)
def test_wrong_predictions_are_explained(folder, changes, message):
    rewrite_predictions(folder, **changes)
    assert message in refusal(folder)


def test_probabilities_within_rounding_are_accepted(folder):
    rewrite_predictions(folder, probabilities=probabilities(row=[0.9005, 0.05, 0.05]))
    trials_folder.load(folder)


def edit_csv(folder, name, edit):
    frame = edit(pd.read_csv(folder / name))
    frame.to_csv(folder / name, index=False)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda frame: frame.drop(columns="seed"), "missing: seed"),
        (lambda frame: frame[["seed"]], "missing: test_accuracy"),
        (lambda frame: frame.assign(test_cross_entropy=[1, 2, np.nan]), "be finite"),
        (lambda frame: frame.assign(status="fine"), "got 'fine'"),
        (lambda frame: frame.assign(status="diverged"), "must be the finished seeds"),
        (lambda frame: frame.assign(seed=[0, 1, 1]), "duplicate_seed: "),
        (lambda frame: frame.assign(seed=[0, 1, -2]), "at least 0, got -2"),
        (lambda frame: frame.assign(seed=[0, 1, 2.5]), "seed must hold integers"),
        (lambda frame: frame.assign(seed=["0", "1", "x"]), "seed must hold integers"),
        (lambda frame: frame.assign(test_loss="low"), "test_loss must hold numbers"),
        (
            lambda frame: frame.assign(test_accuracy=[0.5, np.nan, 0.5]),
            "must be finite for every",
        ),
        (lambda frame: frame[:0], "at least one row"),
        (
            lambda frame: frame.assign(test_cross_entropy=1e6),
            "test_cross_entropy must hold numbers below 1e+06, got 1e+06",
        ),
        (
            lambda frame: frame.assign(expected_calibration_error=-1e7),
            "expected_calibration_error must hold numbers below 1e+06",
        ),
        (
            lambda frame: frame.assign(test_loss=[0.1, -1e300, np.nan]),
            "test_loss must hold numbers below 1e+15, got 1e+300",
        ),
    ],
)
def test_wrong_metrics_are_explained(folder, edit, message):
    edit_csv(folder, "metrics.csv", edit)
    assert message in refusal(folder)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda frame: frame.drop(columns="val_loss"), "missing: val_loss"),
        (lambda frame: frame.assign(epoch=-1), "at least 1, got -1"),
        (lambda frame: frame.assign(epoch=1), "one row per seed and epoch"),
        (lambda frame: frame.assign(epoch="first"), "got 'first' in row 1"),
        (lambda frame: frame.assign(loss="tensor(0.5)"), "loss must hold numbers"),
        (lambda frame: frame.assign(seed=frame["seed"] + 1), "which metrics does not"),
        (lambda frame: frame[:-1], "the 5 epochs that metrics gives for seed 2, got 4"),
    ],
)
def test_wrong_curves_are_left_out_with_the_reason(folder, edit, message):
    edit_csv(folder, "history.csv", edit)
    assert message in problem_of_curves(folder)


def test_epochs_from_zero_on_are_understood(folder):
    whole = trials_folder.load(folder)
    edit_csv(folder, "history.csv", lambda rows: rows.assign(epoch=rows["epoch"] - 1))
    found = trials_folder.load(folder)
    pd.testing.assert_frame_equal(found.history, whole.history)
    assert found.remarks == ()


def edit_json(folder, **changes):
    found = json.loads((folder / "arm.json").read_text()) | changes
    (folder / "arm.json").write_text(json.dumps(found))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "one line of printable text"),
        ({"name": "two\nlines"}, "one line of printable text"),
        ({"name": "\x1b[31mred"}, "one line of printable text"),
        ({"name": 3}, "one line of printable text"),
        ({"recipe": []}, "recipe must be a dict"),
        ({"recipe": {"l2_lambda": float("nan")}}, "finite JSON"),
        ({"recipe": {"note": "\ud800"}}, "recipe must hold plain finite JSON values"),
        ({"versions": {"python": 3.11}}, "versions must be text"),
        ({"dataset": []}, "dataset must be a dict, got list"),
        ({"dataset": _dataset(4) | {"source": "\ud800"}}, "finite JSON values"),
        ({"dataset": {}}, "missing: name, requested"),
        ({"dataset": _dataset(4) | {"sha256": {}}}, "missing: x_train"),
        ({"dataset": _dataset(4) | {"counts": {"test": 4}}}, "missing: train"),
        ({"dataset": _dataset(4) | {"counts": 4}}, "counts must be a dict"),
        ({"dataset": _dataset(4) | {"fallback": True}}, "must be null or text"),
        ({"dataset": _dataset(4) | {"name": 5}}, "dataset name must be text, got 5"),
        ({"dataset": _dataset(4) | {"requested": None}}, "requested must be text"),
        ({"dataset": _dataset(4) | {"train_size": "all"}}, "train_size must be null"),
        ({"dataset": _dataset(4) | {"train_size": True}}, "train_size must be null"),
        ({"dataset": _dataset(4, x_test=7)}, "sha256 of x_test must be null or text"),
        ({"dataset": _dataset(4) | {"num_classes": "3"}}, "must be an integer"),
        ({"dataset": _dataset(4) | {"num_classes": 0}}, "at least 1, got 0"),
        ({"dataset": _dataset(5)}, "must cover 5 test examples"),
        ({"dataset": _dataset(4) | {"num_classes": 10}}, "and 10 classes"),
    ],
)
def test_wrong_description_is_explained(folder, changes, message):
    edit_json(folder, **changes)
    assert message in refusal(folder)


def test_other_software_may_leave_out_what_is_only_told(folder):
    told = {"source": None, "image_shape": "28x28", "train_size": None, "ours": [1]}
    edit_json(folder, dataset=_dataset(4) | told)
    found = trials_folder.load(folder).dataset
    assert (found.source, found.image_shape, found.train_size) == ("", (), None)
    edit_json(folder, dataset=_dataset(4, x_train=None))
    assert trials_folder.load(folder).dataset.sha256["x_train"] is None


def test_a_dict_is_no_description_of_a_data_set():
    with pytest.raises(ArmError, match="must be a DatasetDescription, got dict"):
        dataclasses.replace(make_arm(RIGHT), dataset=_dataset(4))


def test_endless_json_is_no_description(folder):
    (folder / "arm.json").write_text("[" * 100_000)
    assert "arm.json must be JSON" in refusal(folder)


def test_a_json_list_is_no_description(folder):
    (folder / "arm.json").write_text("[]")
    assert "must be a JSON object, got list" in refusal(folder)


def test_rows_of_metrics_may_stand_in_any_order(folder):
    edit_csv(folder, "metrics.csv", lambda frame: frame[::-1])
    assert trials_folder.load(folder).seeds.tolist() == [0, 1, 2]


def test_a_recipe_that_json_cannot_hold_is_refused_when_the_arm_is_made():
    with pytest.raises(ArmError, match="plain finite JSON"):
        make_arm(RIGHT, recipe={"path": object()})


# --- folders of other software --------------------------------------------------------


def write(folder, content):
    folder.mkdir()
    (folder / "metrics.csv").write_text(content)
    return folder


def test_seeds_and_accuracies_are_an_arm(tmp_path):
    found = trials_folder.load(
        write(tmp_path / "torch", "seed, test_accuracy\n3,0.9\n1,0.8\n")
    )
    assert found.name == "torch"
    assert found.seeds.tolist() == [3, 1]
    assert found.metrics["test_accuracy"].tolist() == [0.9, 0.8]
    assert found.metrics["status"].tolist() == ["finished", "finished"]
    assert not found.has_predictions
    assert found.labels is found.recipe is found.dataset is None
    assert found.versions == {}
    assert found.history.empty
    assert found.metrics["test_cross_entropy"].isna().all()


def test_a_run_without_an_accuracy_did_not_finish(tmp_path):
    found = trials_folder.load(
        write(tmp_path / "a", "seed,test_accuracy\n0,\n1,0.8\n2,inf\n")
    )
    assert found.metrics["status"].tolist() == ["diverged", "finished", "diverged"]
    assert found.seeds.tolist() == [1]


def test_any_column_of_numbers_makes_an_arm(tmp_path):
    content = "seed,lr,val/f1\n3,0.1,\n1,,0.8\n2,,\n"
    found = trials_folder.load(write(tmp_path / "a", content))
    assert found.metrics["status"].tolist() == ["finished", "finished", "diverged"]
    assert found.metrics["test_accuracy"].isna().all()
    assert found.metrics["val/f1"].tolist()[1] == 0.8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed,accuracy\n0,high\n", "missing: test_accuracy"),
        ("seed,step,loss\n0,1,0.9\n0,2,0.8\n", "this looks like a log by step"),
        ("seed,test_accuracy\n", "at least one row"),
        ("seed,test_accuracy\n0,0.9\n0,0.8\n", "duplicate_seed: "),
        ("seed,test_accuracy\n0,high\n", "must hold numbers or empty cells"),
        ("seed,test_accuracy,status\n0,0.9,ok\n", "got 'ok'"),
        ("seed,test_accuracy,status\n0,,finished\n", "must be finite"),
        ("seed,test_accuracy\nx,0.9\n", "seed must hold integers"),
    ],
)
def test_wrong_accuracies_are_explained(tmp_path, content, message):
    assert message in refusal(write(tmp_path / "other", content))


def test_other_software_need_not_end_the_last_line(tmp_path):
    folder = write(tmp_path / "other", "seed,test_accuracy\n0,0.9\n1,0.8")
    assert trials_folder.load(folder).metrics["test_accuracy"].tolist() == [0.9, 0.8]
    (folder / "arm.json").write_text('{"name": "described"}')
    assert "unfinished last line; write it again" in refusal(folder)


def test_what_arm_json_lacks_is_unknown(tmp_path):
    folder = write(tmp_path / "torch", "seed,test_accuracy\n0,0.9\n")
    (folder / "arm.json").write_text('{"recipe": {"epochs": 3}, "note": "ours"}')
    found = trials_folder.load(folder)
    assert (found.name, found.recipe) == ("torch", {"epochs": 3})
    assert (found.dataset, found.versions) == (None, {})


def keep_only(folder, name):
    for path in folder.iterdir():
        if path.name != name:
            path.unlink()


def test_predictions_alone_are_an_arm(folder):
    whole = trials_folder.load(folder)
    keep_only(folder, "predictions.npz")
    found = trials_folder.load(folder)
    assert found.name == "trials"
    assert found.dataset is None
    np.testing.assert_array_equal(found.probabilities, whole.probabilities)
    for column in ("seed", "status", "test_accuracy"):
        assert found.metrics[column].tolist() == whole.metrics[column].tolist()
    chosen = whole.probabilities[:, np.arange(4), whole.labels].astype(float)
    assert found.metrics["test_cross_entropy"].tolist() == pytest.approx(
        -np.log(chosen).mean(axis=1)
    )


def test_predictions_of_other_types_are_converted(folder):
    whole = trials_folder.load(folder)
    rewrite_predictions(
        folder,
        seeds=whole.seeds.astype(np.uint8),
        labels=whole.labels.astype(np.uint8),
        probabilities=whole.probabilities.astype(np.float64),
    )
    found = trials_folder.load(folder)
    assert found.seeds.dtype == found.labels.dtype == np.int64
    assert found.probabilities.dtype == np.float32
    np.testing.assert_array_equal(found.probabilities, whole.probabilities)


@pytest.mark.parametrize("kind", ["f2", ">f4", "g"])
def test_probabilities_of_any_precision_are_converted(folder, kind):
    whole = trials_folder.load(folder)
    rewrite_predictions(folder, probabilities=whole.probabilities.astype(kind))
    found = trials_folder.load(folder).probabilities
    np.testing.assert_allclose(found, whole.probabilities, rtol=1e-3)
    np.testing.assert_allclose(found.sum(axis=2), 1, rtol=1e-6)


def test_answers_alone_tell_accuracies_and_no_losses(folder):
    keep_only(folder, "predictions.npz")
    answers = np.eye(3, dtype=np.uint8)[probabilities().argmax(axis=2)]
    rewrite_predictions(folder, probabilities=answers)
    found = trials_folder.load(folder)
    assert found.has_answers_only
    assert found.metrics["test_accuracy"].tolist() == [0.75, 0.5, 1]
    assert found.metrics["test_cross_entropy"].isna().all()


def test_wrong_predictions_are_explained_without_metrics_too(folder):
    keep_only(folder, "predictions.npz")
    rewrite_predictions(folder, seeds=np.array([0, 1, 1]))
    assert "duplicate_seed: " in refusal(folder)


def test_predictions_of_nothing_are_no_arm(folder):
    keep_only(folder, "predictions.npz")
    empty = np.zeros((3, 0, 3), np.float32)
    rewrite_predictions(folder, labels=np.zeros(0, int), probabilities=empty)
    assert "at least one test example" in refusal(folder)


def test_an_arm_keeps_what_is_known_without_its_predictions(folder):
    (folder / "predictions.npz").unlink()
    found = trials_folder.load(folder)
    assert (found.name, found.recipe["epochs"]) == ("baseline", 5)
    assert found.seeds.tolist() == [0, 1, 2]
    assert not found.history.empty
    assert not found.has_predictions
    without = content(folder)
    trials_folder.save(found, folder)
    assert content(folder) == without


def replace_header(folder, shape):
    """predictions.npz whose probabilities claim another shape than they have."""
    with np.load(folder / "predictions.npz") as archive:
        arrays = dict(archive)
    header = BytesIO()
    description = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    with zipfile.ZipFile(folder / "predictions.npz", "w") as archive:
        for key, array in arrays.items():
            member = BytesIO()
            np.save(member, array)
            content = member.getvalue()
            if key == "probabilities":
                content = header.getvalue() + array.tobytes()
            archive.writestr(f"{key}.npy", content)


@pytest.mark.parametrize("shape", [(3, 10**15, 3), (3, -4, 3), (2, 4, 3)])
def test_a_header_that_claims_another_size_is_refused_before_it_is_believed(
    folder, shape
):
    replace_header(folder, shape)
    assert "with a header for float32 of shape" in refusal(folder)


def test_an_archive_that_unpacks_to_too_much_is_refused(folder, monkeypatch):
    with np.load(folder / "predictions.npz") as archive:
        size = sum(array.nbytes for array in archive.values())
    monkeypatch.setattr(formats, "MAX_BYTES", size)
    assert f"must unpack to at most {size:,} bytes" in refusal(folder)


def test_the_ids_that_a_tracker_gave_the_runs_reach_the_answer(tmp_path):
    rows = "seed,test_accuracy,status,run_id\n1,0.8,finished,b\n0,0.9,finished,a\n"
    (tmp_path / "metrics.csv").write_text(rows + "2,,failed,c\n")
    arm = trials_folder.load(tmp_path)
    compared = judge(arm, dataclasses.replace(arm, name="other")).arms[1]
    assert compared.seeds == (0, 1)
    assert compared.run_ids == ("a", "b")
