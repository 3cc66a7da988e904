"""The `trials/` folder: the only module that knows its format.

    metrics.csv      one row per started seed, empty cells where a trial diverged
    history.csv      one row per seed and epoch
    predictions.npz  seeds (S,), labels (N,), probabilities (S, N, C) of the test set
    arm.json         name, recipe, dataset, versions

A folder made by other software may hold less: metrics.csv with the columns seed and
test_accuracy, or predictions.npz; arm.json with any of its keys. What it lacks is
None, NaN or empty in the arm.

`save` writes the same bytes for the same arm on every machine; `load` never unpickles
anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from didithelp import csv_files, files, formats, run_tables, scores
from didithelp.arm import (
    ALL_COLUMNS,
    COMPARED_COLUMNS,
    FINISHED,
    HISTORY_COLUMNS,
    WHOLE_NUMBER_COLUMNS,
    Arm,
    ArmError,
    Remark,
    check_history,
    check_predictions,
)
from didithelp.dataset_description import DatasetDescription
from didithelp.errors import DataError, reason
from didithelp.probabilities import as_float32, is_one_hot

FILES = ("metrics.csv", "history.csv", "predictions.npz", "arm.json")
SUFFICIENT_FILES = ("metrics.csv", "predictions.npz")
MOST_SHOWN = 5  # names of other files in a message


class _Predictions(NamedTuple):
    """The arrays of predictions.npz, by their names in it."""

    seeds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


def save(arm: Arm, folder: Path) -> None:
    """Write `arm` to `folder`, whole or not at all; an arm already there is replaced.

    Raises:
        ArmError: the folder holds other files.
        OSError: it cannot be written.
    """
    folder = Path(folder).resolve()
    _refuse_foreign_files(folder)
    with files.whole_folder(folder) as fresh:
        (fresh / "metrics.csv").write_bytes(_csv(arm.metrics))
        (fresh / "history.csv").write_bytes(_csv(arm.history))
        (fresh / "arm.json").write_bytes(_description(arm))
        if arm.labels is not None and arm.probabilities is not None:
            # np.savez dates every member 1980-01-01: equal arrays give equal bytes.
            np.savez(
                fresh / "predictions.npz",
                seeds=arm.seeds,
                labels=arm.labels,
                probabilities=arm.probabilities,
            )


def load(folder: Path) -> Arm:
    """Read and check the arm in `folder`, of which one of `SUFFICIENT_FILES` is enough.

    Raises:
        ArmError: one line that names the folder and what is wrong with its content.
    """
    folder = Path(folder)
    if not any((folder / name).is_file() for name in SUFFICIENT_FILES):
        raise ArmError(
            f"{folder} must be the trials/ folder of a training step, or hold at least "
            f"{' or '.join(SUFFICIENT_FILES)}; missing: both{_found_in(folder)}"
        )
    try:
        predictions = _read_predictions(folder / "predictions.npz")
        metrics, remarks = _read_metrics(folder / "metrics.csv", predictions)
        history, of_history = _read_history(folder / "history.csv", metrics)
        finished = metrics.loc[metrics["status"] == FINISHED, "seed"].to_numpy()
        return Arm(
            **_read_description(folder / "arm.json"),
            metrics=metrics,
            history=history,
            seeds=finished if predictions is None else predictions.seeds,
            labels=None if predictions is None else predictions.labels,
            probabilities=None if predictions is None else predictions.probabilities,
            remarks=remarks + of_history,
        )
    except ArmError as error:
        raise ArmError(f"{folder}: {error.message}", error.reason) from None


def _refuse_foreign_files(folder: Path) -> None:
    """Refuse a folder with other files in it, because saving replaces the folder."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArmError(f"{folder} must be a folder, got a file; choose another path")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in FILES)
    if foreign:
        raise ArmError(
            f"{folder} must be new, empty or an older arm, found {foreign[0]!r} in it; "
            "choose another folder"
        )


def _found_in(folder: Path) -> str:
    """The tables and arrays that lie in the folder under other names."""
    endings = (".csv", ".tsv", ".npz", ".npy")
    names = [path.name for path in folder.glob("*") if path.suffix in endings]
    return f"; found: {', '.join(sorted(names)[:MOST_SHOWN])}; rename" if names else ""


def _csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 CSV whose floats read back bit for bit; whole numbers have no point."""
    frame = frame.copy()
    for column in WHOLE_NUMBER_COLUMNS + ("epoch",):
        if column in frame:
            frame[column] = frame[column].astype("Int64")
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file, and refuse one of ours that was cut off.

    Files that stand beside an arm.json are ours: whole, they end in a line break. Of
    other software that is not known.
    """
    try:
        content = path.read_bytes()
        is_ours = path.with_name("arm.json").is_file()
        if is_ours and not content.endswith(b"\n"):
            raise ValueError("an unfinished last line")
        return csv_files.read(content)
    except (OSError, ValueError) as error:
        raise ArmError(
            f"{path.name} must be CSV in UTF-8, got: {error}; write it again"
        ) from None


def _read_metrics(
    path: Path, predictions: _Predictions | None
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Read metrics.csv, or else compute its columns from the predictions."""
    if path.is_file() or predictions is None:
        metrics, remarks = run_tables.runs(_read_csv(path))
    else:
        metrics, remarks = metrics_of(*predictions).assign(status=FINISHED), ()
    others = [name for name in metrics if name not in ALL_COLUMNS]
    return metrics.reindex(columns=[*ALL_COLUMNS, *others]), remarks


def metrics_of(
    seeds: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    """Compute the metrics that predictions give: one row per run, with its seed.

    Args:
        seeds: (S,) int64.
        labels: (N,) integers in 0..C-1, N > 0.
        probabilities: (S, N, C) float32 in [0, 1], each row sums to 1.

    Raises:
        ArmError: an array has another type, shape or range, or N is 0.
    """
    check_predictions(seeds, labels, probabilities)
    if not labels.size:
        raise ArmError("predictions must cover at least one test example, got none")
    right = scores.right_or_wrong(probabilities, labels)
    accuracies = {"seed": seeds, "test_accuracy": right.mean(axis=1)}
    if is_one_hot(probabilities):  # how sure the networks were is unknown
        return pd.DataFrame(accuracies | dict.fromkeys(COMPARED_COLUMNS, np.nan))
    losses = scores.negative_log_likelihood(probabilities, labels)
    return pd.DataFrame(
        {
            **accuracies,
            "test_cross_entropy": losses.mean(axis=1),
            "expected_calibration_error": [
                scores.expected_calibration_error(run, labels) for run in probabilities
            ],
        }
    )


def _read_history(
    path: Path, metrics: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Read history.csv; curves decide nothing, so unusable ones are left out."""
    empty = pd.DataFrame(columns=list(HISTORY_COLUMNS))
    if not path.is_file():
        return empty, ()
    try:
        history = run_tables.epochs(_read_csv(path))
        check_history(history, metrics)
    except ArmError as error:
        return empty, (Remark("unusable_curves", {"problem": error.message}),)
    return history, ()


def _description(arm: Arm) -> bytes:
    content = {
        "name": arm.name,
        "recipe": arm.recipe,
        "dataset": None if arm.dataset is None else arm.dataset.to_json(),
        "versions": arm.versions,
    }
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8")


def _read_description(path: Path) -> dict[str, Any]:
    """Read arm.json; without it, or a key of it, the name is that of the folder."""
    unknown: dict[str, Any] = {"recipe": None, "dataset": None, "versions": {}}
    description = {"name": path.absolute().parent.name, **unknown}
    if not path.is_file():
        return description
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ArmError(
            f"{path.name} must be JSON in UTF-8, got: {error}; write it again"
        ) from None
    if not isinstance(content, dict):
        raise ArmError(
            f"{path.name} must be a JSON object, got {type(content).__name__}; "
            "write it again"
        )
    description |= {key: content[key] for key in description if key in content}
    if description["dataset"] is not None:
        try:
            dataset = DatasetDescription.from_json(description["dataset"])
        except DataError as error:
            raise ArmError(str(error)) from None
        description["dataset"] = dataset
    return description


def _read_predictions(path: Path) -> _Predictions | None:
    """The arrays of predictions.npz, if there is one.

    Integers of any width become int64, probabilities of any type float32. Pickled
    content is refused, not run.
    """
    if not path.is_file():
        return None
    try:
        with open(path, "rb") as file:
            arrays = formats.read_npz(file, _Predictions._fields, path.name)
    except OSError as error:
        raise ArmError(f"{path.name} must be readable, got: {reason(error)}") from None
    except DataError as error:
        raise ArmError(str(error)) from None
    for name in ("seeds", "labels"):
        if np.issubdtype(arrays[name].dtype, np.integer):
            arrays[name] = arrays[name].astype(np.int64)
    arrays["probabilities"] = as_float32(arrays["probabilities"])
    return _Predictions(**arrays)
