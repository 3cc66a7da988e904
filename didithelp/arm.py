"""An arm: one recipe trained with several seeds, and what must hold of it.

`Arm` checks its own content, so an arm that exists can be trusted. Reading and writing
its folder belongs to `didithelp.trials_folder`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from didithelp import effects
from didithelp.characters import is_name
from didithelp.dataset_description import DatasetDescription
from didithelp.errors import ArmError as ArmError
from didithelp.example_scores import Scores, check_ids
from didithelp.probabilities import each_run, is_one_hot, problem

FINISHED, DIVERGED = "finished", "diverged"
WHOLE_NUMBER_COLUMNS = (
    "seed",
    "actual_epochs",
    "best_epoch",
    "kept_epoch",
    "num_parameters",
)
METRIC_COLUMNS = (
    "test_accuracy",
    "test_loss",
    "final_val_accuracy",
    "best_val_accuracy",
    "final_val_loss",
    "best_val_loss",
    "actual_epochs",
    "best_epoch",
    "kept_epoch",
    "test_cross_entropy",
    "best_val_cross_entropy",
    "train_accuracy",
    "generalization_gap",
    "expected_calibration_error",
    "train_seconds",
    "num_parameters",
)
ALL_COLUMNS = ("seed", "status", *METRIC_COLUMNS)
HISTORY_COLUMNS = ("seed", "epoch", "loss", "accuracy", "val_loss", "val_accuracy")
CURVE_COLUMNS = ("val_cross_entropy",)  # of a history, where they are known
# Columns whose values per run are compared by `effects.run_effect`: fractions and nats.
COMPARED_COLUMNS = ("test_cross_entropy", "expected_calibration_error")
RUN_ID = "run_id"  # a column of metrics: what an experiment tracker calls the run
LARGEST_NUMBER = 1e15  # beyond it a number of metrics.csv measures nothing


@dataclass(frozen=True)
class Remark:
    """What a reader must know of how an arm was read: a warning, without its arm.

    Attributes:
        code: of a warning in `language/texts`.
        values: of its text, plain JSON.
    """

    code: str
    values: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Arm:
    """One recipe over several seeds, with everything a comparison needs.

    Attributes:
        name: one line of text, for example "baseline".
        recipe: hyperparameters, as plain JSON values; None if unknown.
        dataset: what the recipe was trained and tested on; None if nothing is known.
        versions: library versions by name, and whatever else decides the bits, such
            as the number of threads.
        metrics: one row per started seed with ALL_COLUMNS and any others, of which
            `status` is FINISHED or DIVERGED; accuracies are fractions, losses nats. A
            metric is unknown for all runs or known for every finished one; one at
            least is known. RUN_ID may be there as well.
        history: one row per seed and epoch with HISTORY_COLUMNS and any others;
            `epoch` counts from 1. Empty if unknown.
        seeds: (S,) int64, the finished trials, in the order of `probabilities`.
        labels: (N,) integers in 0..C-1, the test labels; None without predictions.
        probabilities: (S, N, C) float32 in [0, 1], each row sums to 1; None if unknown.
            They may lie in a file, and are read run by run.
        remarks: what of the files was read otherwise than it stands there, or left
            out; not stored.
        is_tracked: whether it was read from the store of an experiment tracker, so that
            its remarks say as well what of its data and runs could not be checked; not
            stored.
        scores: of each finished run on each example, in the order of `seeds`; None if
            unknown. The examples need not be those of the predictions.
        clusters: (N,) int64 or text, the group of each example of the predictions,
            such as its writer; None if unknown, or if each is its own.

    Raises:
        ArmError: a part is of another type, out of range, or contradicts another one.
    """

    name: str
    recipe: dict[str, Any] | None
    dataset: DatasetDescription | None
    versions: dict[str, str]
    metrics: pd.DataFrame
    history: pd.DataFrame
    seeds: np.ndarray
    labels: np.ndarray | None
    probabilities: np.ndarray | None
    remarks: tuple[Remark, ...] = ()
    is_tracked: bool = False
    scores: Scores | None = None
    clusters: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_description(self)
        _check_metrics(self.metrics, has_scores=self.scores is not None)
        check_history(self.history, self.metrics)
        if (self.labels is None) != (self.probabilities is None):
            raise ArmError("labels and probabilities must be given together, got one")
        if self.labels is not None and self.probabilities is not None:
            check_predictions(self.seeds, self.labels, self.probabilities)
        if self.clusters is not None:
            shape = () if self.labels is None else self.labels.shape
            check_ids("clusters", self.clusters, shape)
        _check_agreement(self)

    @property
    def has_predictions(self) -> bool:
        """Whether it is known what each run predicted for each test example."""
        return self.probabilities is not None

    @cached_property
    def has_answers_only(self) -> bool:
        """Whether the predictions name a class and do not say how sure they are."""
        return self.probabilities is not None and is_one_hot(self.probabilities)


def finished_rows(arm: Arm) -> pd.DataFrame:
    """Rows of `metrics` of the finished trials, by ascending seed."""
    rows = arm.metrics[arm.metrics["status"] == FINISHED]
    return rows.sort_values("seed", ignore_index=True)


def metric_columns(metrics: pd.DataFrame) -> list[str]:
    """The columns that hold a number for at least one run, but for the seeds."""
    numbers = metrics.select_dtypes("number").dropna(axis=1, how="all")
    return [str(column) for column in numbers if column != "seed"]


def with_seeds(arm: Arm, seeds: Collection[int]) -> Arm:
    """The same arm, as if only these of its seeds had been started."""
    wanted, probabilities = [*seeds], arm.probabilities
    places = np.isin(arm.seeds, wanted)
    return replace(
        arm,
        metrics=arm.metrics[arm.metrics["seed"].isin(wanted)],
        history=arm.history[arm.history["seed"].isin(wanted)],
        seeds=arm.seeds[places],
        probabilities=None if probabilities is None else _of(probabilities, places),
        scores=None if arm.scores is None else arm.scores.of(places),
        remarks=tuple(_remarks_on(wanted, arm.remarks)),
    )


def _of(probabilities: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Those of some runs, by (S,) booleans; of all runs, they stay where they are."""
    return probabilities if places.all() else probabilities[places]


def _remarks_on(seeds: Sequence[int], remarks: Sequence[Remark]) -> Iterator[Remark]:
    """The remarks on the whole arm, and those on seeds as far as it still has them."""
    for remark in remarks:
        if "seeds" not in remark.values:
            yield remark
        elif kept := [seed for seed in remark.values["seeds"] if seed in seeds]:
            yield replace(remark, values=remark.values | {"seeds": kept})


def distinct_names(arms: Sequence[Arm]) -> list[str]:
    """The names of a reference and its candidates, told apart where they are equal.

    A name that occurs twice gets its role: "baseline (reference)", "baseline
    (candidate)".
    """
    names = [arm.name for arm in arms]
    numbers = [f" {index}" if len(arms) > 2 else "" for index in range(1, len(arms))]
    roles = ["reference", *(f"candidate{number}" for number in numbers)]
    labels = [f"{name} ({role})" for name, role in zip(names, roles, strict=True)]
    occurrences = Counter(names)
    distinct = [
        label if occurrences[name] > 1 else name
        for name, label in zip(names, labels, strict=True)
    ]
    return distinct if len(set(distinct)) == len(distinct) else labels


def require(where: str, present: Container[str], expected: tuple[str, ...]) -> None:
    """Raise `ArmError` if `present` lacks one of the `expected` names."""
    missing = [key for key in expected if key not in present]
    if missing:
        raise ArmError(
            f"{where} must hold {', '.join(expected)}; missing: {', '.join(missing)}"
        )


def _check_description(arm: Arm) -> None:
    if not (isinstance(arm.name, str) and is_name(arm.name)):
        raise ArmError(f"name must be one line of printable text, got {arm.name!r}")
    if arm.recipe is not None:
        _check_json("recipe", arm.recipe)
    _check_json("versions", arm.versions)
    if not all(isinstance(version, str) for version in arm.versions.values()):
        raise ArmError(f"versions must be text by name, got {arm.versions!r}")
    if arm.dataset is None:
        return
    if not isinstance(arm.dataset, DatasetDescription):
        raise ArmError(
            f"dataset must be a DatasetDescription, got {type(arm.dataset).__name__}; "
            "make one with DatasetDescription.from_json"
        )
    _check_json("dataset", arm.dataset.to_json())


def _check_json(key: str, value: dict[str, Any]) -> None:
    if not isinstance(value, dict):
        raise ArmError(f"{key} must be a dict, got {type(value).__name__}")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")  # JSON can hold half a character, a file cannot
    except (TypeError, ValueError) as error:
        raise ArmError(f"{key} must hold plain finite JSON values: {error}") from None


def _check_metrics(metrics: pd.DataFrame, *, has_scores: bool) -> None:
    require("metrics", metrics.columns, ALL_COLUMNS)
    if metrics.empty:
        raise ArmError("metrics must have at least one row, got none")
    _check_whole_numbers("metrics", metrics, "seed", least=0)
    repeated = metrics["seed"][metrics["seed"].duplicated()]
    if len(repeated):
        raise ArmError(
            f"metrics must have one row per seed, seed {repeated.iloc[0]} has several; "
            "keep one run of each seed",
            "duplicate_seed",
        )
    unknown = set(metrics["status"]) - {FINISHED, DIVERGED}
    if unknown:
        raise ArmError(
            f"status must be {FINISHED!r} or {DIVERGED!r}, got {unknown.pop()!r}"
        )
    for column in METRIC_COLUMNS:
        _check_numbers("metrics", metrics, column)
    finished = metrics[metrics["status"] == FINISHED]
    is_otherwise_known = has_scores or bool(metric_columns(finished))
    for column in ("test_accuracy", "test_cross_entropy"):
        numbers = finished[column].to_numpy(float, na_value=np.nan)
        is_unknown = is_otherwise_known and np.isnan(numbers).all()
        if not is_unknown and not np.isfinite(numbers).all():
            seed = finished["seed"].to_numpy()[~np.isfinite(numbers)][0]
            raise ArmError(
                f"metrics column {column} must be finite for every finished trial, got "
                f"none for seed {seed}; fill it in, or say in status that it diverged"
            )
    _check_sizes(finished)


def _check_numbers(where: str, frame: pd.DataFrame, column: str) -> None:
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values) or values.isna().all():
        return
    is_text = pd.to_numeric(values, errors="coerce").isna() & values.notna()
    first = frame[is_text if is_text.any() else values.notna()].iloc[0]
    raise ArmError(
        f"{where} column {column} must hold numbers or empty cells, got "
        f"{first[column]!r} for seed {first['seed']}"
    )


def _check_sizes(finished: pd.DataFrame) -> None:
    """Refuse numbers too large to be summed and squared; infinities are not summed."""
    for column in METRIC_COLUMNS:
        sizes = np.abs(finished[column].to_numpy(float, na_value=np.nan))
        largest = max(sizes[np.isfinite(sizes)], default=0)
        is_compared = column in COMPARED_COLUMNS
        limit = effects.LARGEST_OF_RUN if is_compared else LARGEST_NUMBER
        if largest >= limit:
            raise ArmError(
                f"metrics column {column} must hold numbers below {limit:g}, got "
                f"{largest:g}"
            )


def _check_whole_numbers(
    where: str, frame: pd.DataFrame, column: str, *, least: int
) -> None:
    """Refuse a column that holds anything but integers of at least `least`."""
    values = frame[column]
    if not pd.api.types.is_integer_dtype(values) or values.isna().any():
        raise ArmError(f"{where} column {column} must hold integers, got other values")
    if values.min() < least:
        raise ArmError(
            f"{where} column {column} must be at least {least}, got {values.min()}"
        )


def check_history(history: pd.DataFrame, metrics: pd.DataFrame) -> None:
    """Raise `ArmError` unless the history is what `Arm` says of it."""
    require("history", history.columns, HISTORY_COLUMNS)
    if history.empty:  # trials may all diverge before their first epoch ends
        return
    _check_whole_numbers("history", history, "seed", least=0)
    _check_whole_numbers("history", history, "epoch", least=1)
    if history.duplicated(["seed", "epoch"]).any():
        raise ArmError("history must have one row per seed and epoch, got several")
    for column in (*HISTORY_COLUMNS, *CURVE_COLUMNS):
        if column in history:
            _check_numbers("history", history, column)
    strangers = set(history["seed"]) - set(metrics["seed"])
    if strangers:
        raise ArmError(
            f"history has seed {min(strangers)}, which metrics does not list; "
            "keep the files of one run together"
        )
    finished = metrics[metrics["status"] == FINISHED].dropna(subset="actual_epochs")
    recorded = history["seed"].value_counts()
    for seed, epochs in zip(finished["seed"], finished["actual_epochs"], strict=True):
        if recorded.get(seed, 0) != epochs:
            raise ArmError(
                f"history must have the {epochs:g} epochs that metrics gives for seed "
                f"{seed}, got {recorded.get(seed, 0)}; keep the files of one run "
                "together"
            )


def check_seeds(seeds: np.ndarray) -> None:
    """Raise `ArmError` unless they are int64 (S,) and all differ."""
    if seeds.ndim != 1 or seeds.dtype != np.int64:
        raise ArmError(
            f"seeds must be int64 (S,), got {seeds.dtype} {seeds.shape}; number the "
            "runs, with np.array([0, 1, 2])"
        )
    if len(np.unique(seeds)) != len(seeds):
        raise ArmError(
            f"seeds must differ, got {seeds.tolist()}; keep one run of each seed",
            "duplicate_seed",
        )


def check_predictions(
    seeds: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> None:
    """Raise `ArmError` unless the arrays have the types and ranges that `Arm` gives."""
    check_seeds(seeds)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ArmError(
            "labels must be integers (N,), the class of each test example, got "
            f"{labels.dtype} {labels.shape}; pass {labels_fix(labels)}"
        )
    shape = probabilities.shape
    expected = (len(seeds), len(labels))
    if len(shape) != 3 or shape[:2] != expected or probabilities.dtype != np.float32:
        raise ArmError(
            f"probabilities must be float32 ({len(seeds)}, {len(labels)}, C), as seeds "
            f"and labels say, got {probabilities.dtype} {shape}"
            f"{_shape_fix(probabilities, expected)}"
        )
    if labels.size and not (0 <= labels.min() and labels.max() < shape[2]):
        raise ArmError(
            f"labels must lie in 0..{shape[2] - 1}, as the probabilities have "
            f"{shape[2]} classes, got {labels.min()}..{labels.max()}"
            f"{'; pass labels - 1' if labels.min() == 1 else ''}"
        )
    for run in each_run(probabilities):
        if text := problem(run):
            raise ArmError(f"probabilities {text}")


def labels_fix(labels: np.ndarray) -> str:
    """What to pass instead of labels of another shape or type."""
    if labels.ndim == 2:
        is_column = labels.shape[1] == 1
        return "labels.ravel()" if is_column else "labels.argmax(axis=1)"
    return "labels.astype(int)"


def _shape_fix(numbers: np.ndarray, expected: tuple[int, int]) -> str:
    """What to pass instead of an array whose shape tells what it holds."""
    shape = numbers.shape
    if numbers.dtype != np.float32:
        return "; pass probabilities.astype(np.float32)"
    if len(shape) == 3 and shape[:2] == expected[::-1]:
        return "; pass probabilities.swapaxes(0, 1)"
    if len(shape) == 2 and (1, shape[0]) == expected:
        return "; of a single run pass probabilities[np.newaxis]"
    if shape in (expected, (*expected, 1)):
        if numbers.size and not (numbers % 1).any() and numbers.max() > 1:
            return "; these are classes: pass np.eye(C)[x], C being their number"
        return (
            "; of the probability p of class 1 pass np.stack([1 - p, p], axis=-1)"
            f"{'' if shape == expected else ' with p = p[..., 0]'}"
        )
    return ""


def _check_agreement(arm: Arm) -> None:
    """Refuse parts that differ in their seeds, test examples or classes."""
    finished = set(arm.metrics.loc[arm.metrics["status"] == FINISHED, "seed"])
    if finished != set(arm.seeds.tolist()):
        raise ArmError(
            f"seeds of the predictions must be the finished seeds of metrics, "
            f"{sorted(finished)}, got {sorted(arm.seeds.tolist())}; "
            "keep the files of one run together"
        )
    if arm.scores is not None and len(arm.scores.values) != len(arm.seeds):
        raise ArmError(
            f"scores must have a row for each of the {len(arm.seeds)} finished seeds, "
            f"got {len(arm.scores.values)}; keep the files of one run together"
        )
    if arm.dataset is None or arm.probabilities is None:
        return
    _, num_examples, num_classes = arm.probabilities.shape
    expected = (arm.dataset.counts["test"], arm.dataset.num_classes)
    if (num_examples, num_classes) != expected:
        raise ArmError(
            f"predictions must cover {expected[0]} test examples and {expected[1]} "
            f"classes, as dataset says, got {num_examples} and {num_classes}"
        )
