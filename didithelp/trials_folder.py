"""The `trials/` folder: the only module that knows its format.

    metrics.csv      one row per started seed, empty cells where a trial diverged
    history.csv      one row per seed and epoch
    predictions.npz  seeds (S,), labels (N,), probabilities (S, N, C) of the test set
    scores.npz       seeds (S,), examples (N,), scores (S, N) of any metric, its name
    arm.json         name, recipe, dataset, versions

Both archives may hold clusters (N,), the group of each example. A folder made by other
software may hold less: metrics.csv with the columns seed and test_accuracy or another
metric, or predictions.npz, or scores.npz; arm.json with any of its keys. What it lacks
is None, NaN or empty in the arm.

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
    check_seeds,
)
from didithelp.dataset_description import DatasetDescription
from didithelp.errors import DataError, reason
from didithelp.example_scores import Scores, as_float64, as_ids
from didithelp.probabilities import as_float32, each_run, is_one_hot
from didithelp.run_tables import column_of

FILES = ("metrics.csv", "history.csv", "predictions.npz", "scores.npz", "arm.json")
SUFFICIENT_FILES = ("metrics.csv", "predictions.npz", "scores.npz")
MOST_SHOWN = 5  # names of other files in a message


class _Predictions(NamedTuple):
    """The arrays of predictions.npz, by their names in it."""

    seeds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    clusters: np.ndarray | None = None


class _ScoresOfSeeds(NamedTuple):
    """The content of scores.npz; the rows of the scores are in the order of seeds."""

    seeds: np.ndarray
    scores: Scores


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
        if arm.probabilities is not None:
            _write_arrays(
                fresh / "predictions.npz",
                seeds=arm.seeds,
                labels=arm.labels,
                probabilities=arm.probabilities,
                clusters=arm.clusters,
            )
        if arm.scores is not None:
            name = arm.scores.name
            _write_arrays(
                fresh / "scores.npz",
                seeds=arm.seeds,
                examples=arm.scores.examples,
                scores=arm.scores.values,
                clusters=arm.scores.clusters,
                name=None if name is None else np.array(name),
            )


def load(folder: Path, *, mapped: bool = False) -> Arm:
    """Read and check the arm in `folder`, of which one of `SUFFICIENT_FILES` is enough.

    Args:
        folder: as `save` writes it, or with less in it.
        mapped: whether probabilities may stay in their file, from where they are read
            run by run; it must then not be changed as long as the arm is used.

    Raises:
        ArmError: one line that names the folder and what is wrong with its content.
    """
    folder = Path(folder)
    if not any((folder / name).is_file() for name in SUFFICIENT_FILES):
        raise ArmError(
            f"{folder} must be the trials/ folder of a training step, or hold one of "
            f"{', '.join(SUFFICIENT_FILES)} at least; missing: all{_found_in(folder)}"
        )
    try:
        predictions = _read_predictions(folder / "predictions.npz", mapped=mapped)
        scored = _read_scores(folder / "scores.npz")
        metrics, remarks = _read_metrics(folder / "metrics.csv", predictions, scored)
        history, of_history = _read_history(folder / "history.csv", metrics)
        seeds = metrics.loc[metrics["status"] == FINISHED, "seed"].to_numpy()
        arrays: dict[str, Any] = {"labels": None, "probabilities": None}
        if predictions is not None:
            arrays = predictions._asdict()
            seeds = arrays.pop("seeds")
        return Arm(
            **_read_description(folder / "arm.json"),
            metrics=metrics,
            history=history,
            seeds=seeds,
            **arrays,
            remarks=remarks + of_history,
            scores=None if scored is None else _by_seed(scored, seeds),
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
    path: Path, predictions: _Predictions | None, scored: _ScoresOfSeeds | None
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Read metrics.csv, or else compute its columns from predictions and scores."""
    remarks: tuple[Remark, ...] = ()
    if path.is_file():
        metrics, remarks = run_tables.runs(_read_csv(path))
    elif predictions is not None:
        metrics = metrics_of(*predictions[:3]).assign(status=FINISHED)
    elif scored is not None:
        metrics = pd.DataFrame({"seed": scored.seeds, "status": FINISHED})
    if scored is not None:
        metrics = with_means(metrics, *scored)
    others = [name for name in metrics if name not in ALL_COLUMNS]
    return metrics.reindex(columns=[*ALL_COLUMNS, *others]), remarks


def with_means(
    metrics: pd.DataFrame, seeds: np.ndarray, scores: Scores
) -> pd.DataFrame:
    """The metrics with the mean of each run's scores, where that column is missing.

    Args:
        metrics: one row per run, with its seed.
        seeds: (S,) those of the scores.
        scores: of the runs; nothing is added where nobody named their metric.
    """
    if scores.name is None or column_of(metrics, scores.name) is not None:
        return metrics
    means = pd.Series(scores.values.mean(axis=1), seeds)
    return metrics.assign(**{scores.name: metrics["seed"].map(means)})


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
    # How sure the networks were is unknown of answers alone.
    has_answers_only = is_one_hot(probabilities)
    rows = [
        {"test_accuracy": scores.right_or_wrong(run, labels).mean()}
        | ({} if has_answers_only else _of_confidence(run, labels))
        for run in each_run(probabilities)
    ]
    columns = ["test_accuracy", *COMPARED_COLUMNS]
    computed = pd.DataFrame(rows, columns=columns, dtype=float)
    computed.insert(0, "seed", seeds)
    return computed


def _of_confidence(run: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The metrics of one run, (N, C), that tell how sure it was."""
    return {
        "test_cross_entropy": scores.negative_log_likelihood(run, labels).mean(),
        "expected_calibration_error": scores.expected_calibration_error(run, labels),
    }


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


def _read_predictions(path: Path, *, mapped: bool) -> _Predictions | None:
    """The arrays of predictions.npz, if there is one."""
    arrays = _read_arrays(
        path,
        ("seeds", "labels", "probabilities"),
        ("clusters",),
        mapped=("probabilities",) if mapped else (),
    )
    if arrays is None:
        return None
    if np.issubdtype(arrays["labels"].dtype, np.integer):
        arrays["labels"] = arrays["labels"].astype(np.int64)
    arrays["probabilities"] = as_float32(arrays["probabilities"])
    return _Predictions(**arrays)


def _read_scores(path: Path) -> _ScoresOfSeeds | None:
    """The scores in scores.npz, if there is one.

    Raises:
        ArmError: they are no numbers, or belong to no seeds or examples.
    """
    optional = ("clusters", "name")
    arrays = _read_arrays(path, ("seeds", "examples", "scores"), optional)
    if arrays is None:
        return None
    seeds, name = arrays["seeds"], arrays.get("name")
    check_seeds(seeds)
    if name is not None and name.shape:
        raise ArmError(
            f"name in {path.name} must be one text, got {name.dtype} {name.shape}; "
            "write it as np.array('exact_match')"
        )
    scores = Scores(
        name=None if name is None else str(as_ids(name)),
        examples=as_ids(arrays["examples"]),
        values=as_float64(arrays["scores"]),
        clusters=arrays.get("clusters"),
    )
    if len(scores.values) != len(seeds):
        raise ArmError(
            f"scores must have a row for each of the {len(seeds)} seeds, got "
            f"{len(scores.values)}"
        )
    return _ScoresOfSeeds(seeds, scores)


def _by_seed(scored: _ScoresOfSeeds, seeds: np.ndarray) -> Scores:
    """The scores with their rows in the order of an arm's seeds.

    Raises:
        ArmError: they are of other seeds.
    """
    if set(scored.seeds.tolist()) != set(seeds.tolist()):
        raise ArmError(
            "seeds of the scores must be the finished seeds, "
            f"{sorted(seeds.tolist())}, got {sorted(scored.seeds.tolist())}; keep the "
            "files of one run together"
        )
    places = {seed: place for place, seed in enumerate(scored.seeds.tolist())}
    return scored.scores.of(np.array([places[seed] for seed in seeds.tolist()], int))


def _read_arrays(
    path: Path,
    names: tuple[str, ...],
    optional: tuple[str, ...],
    mapped: tuple[str, ...] = (),
) -> dict[str, np.ndarray] | None:
    """The arrays of an archive, if there is one.

    Seeds of any width become int64, and groups of examples int64 or text. Pickled
    content is refused, not run.
    """
    if not path.is_file():
        return None
    try:
        with open(path, "rb") as file:
            arrays = formats.read_npz(file, names, path.name, optional, mapped)
    except OSError as error:
        raise ArmError(f"{path.name} must be readable, got: {reason(error)}") from None
    except DataError as error:
        raise ArmError(str(error)) from None
    if np.issubdtype(arrays["seeds"].dtype, np.integer):
        arrays["seeds"] = arrays["seeds"].astype(np.int64)
    if "clusters" in arrays:
        arrays["clusters"] = as_ids(arrays["clusters"])
    return arrays


def _write_arrays(path: Path, **arrays: np.ndarray | None) -> None:
    """Write those that are there; equal arrays give equal bytes.

    NumPy dates every member 1980-01-01.
    """
    known = {name: array for name, array in arrays.items() if array is not None}
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, **known)
