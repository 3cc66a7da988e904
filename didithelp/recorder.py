"""Arms from what a program holds in memory, recorded run by run.

Here the arrays of users become those of an `Arm`: whatever NumPy can read is taken, and
the error for what is often mistaken for probabilities (logits, classes) names it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, SupportsFloat

import numpy as np
import numpy.typing as npt
import pandas as pd

from didithelp import trials_folder
from didithelp.arm import (
    ALL_COLUMNS,
    COMPARED_COLUMNS,
    DIVERGED,
    FINISHED,
    HISTORY_COLUMNS,
    WHOLE_NUMBER_COLUMNS,
    Arm,
    ArmError,
    check_predictions,
    finished_rows,
    labels_fix,
    metric_columns,
)
from didithelp.characters import is_name
from didithelp.errors import reason
from didithelp.example_scores import Scores, as_float64, as_ids, check_ids
from didithelp.probabilities import as_float32, problem

# What predictions give; it is computed from them and never recorded beside them.
COMPUTED_COLUMNS = ("test_accuracy", *COMPARED_COLUMNS)

NO_RESULT = "a run without a result is told by diverged(seed), in a mapping by None"


@dataclass(frozen=True, eq=False)
class _Run:
    """What is recorded of one finished run.

    Attributes:
        probabilities: (N, C) float32; None without labels.
        scores: (N,) float64; None where there are none.
        metrics: any numbers by name; `test_accuracy` without labels alone.
    """

    probabilities: np.ndarray | None
    scores: np.ndarray | None
    metrics: dict[str, float]


class Recorder:
    """Records the runs of one recipe, seed by seed, for example in a training loop.

    A recorder with labels takes the predicted probabilities of every run: the better
    choice, because the noise of the test examples is then known too. One without labels
    takes one test accuracy per run, or scores: one number per run and test example,
    which serve as well as predictions. Both take any other metrics of a run.

    Args:
        name: one line of text that tells the recipe from others, such as "baseline".
        labels: (N,) integers in 0..C-1, the classes of the test examples; None where
            accuracies or scores are recorded.
        metric: what the scores are, such as "exact_match".
        examples: (N,) integers or text, the ids of the scored examples; they are
            numbered where none are given.
        clusters: (N,) integers or text, the group of each test example, such as the
            photograph it was cut from; None where each is its own.
        recipe: hyperparameters by name, as plain JSON values; the report shows in which
            of them the arms differ.
        versions: versions of libraries by name.

    Raises:
        ArmError: one of these cannot be used.
    """

    def __init__(
        self,
        name: str,
        labels: npt.ArrayLike | None = None,
        *,
        metric: str | None = None,
        examples: npt.ArrayLike | None = None,
        clusters: npt.ArrayLike | None = None,
        recipe: dict[str, Any] | None = None,
        versions: dict[str, str] | None = None,
    ) -> None:
        self._name = name
        self._labels = None if labels is None else _labels(labels)
        self._metric = metric
        self._examples = None if examples is None else _ids("examples", examples)
        self._clusters = None if clusters is None else _ids("clusters", clusters)
        # Copies: a loop may change its own before the next recipe.
        self._recipe = copy.deepcopy(recipe)
        self._versions = copy.deepcopy({} if versions is None else versions)
        self._runs: dict[int, _Run | None] = {}  # by seed; None where it diverged
        # What is wrong is told now, not after hours of training.
        self._arm_of({0: None})
        if self._labels is not None and self._clusters is not None:
            check_ids("clusters", self._clusters, self._labels.shape)
        if metric is not None or examples is not None:
            known = [ids for ids in (self._examples, self._clusters) if ids is not None]
            self._scores_of(np.empty((0, len(known[0]) if known else 0)))

    def __contains__(self, seed: object) -> bool:
        """Whether the run of this seed is recorded, be it as diverged."""
        return seed in self._runs

    def add(
        self,
        seed: int,
        probabilities: npt.ArrayLike | None = None,
        *,
        accuracy: SupportsFloat | None = None,
        scores: npt.ArrayLike | None = None,
        metrics: Mapping[str, SupportsFloat] | None = None,
    ) -> None:
        """Record what one trained network makes of the test examples.

        Args:
            seed: a whole number >= 0; arms that have the same seeds are compared seed
                by seed.
            probabilities: (N, C) in [0, 1], each row sums to 1: an array, a list or a
                tensor of any precision, which is copied.
            accuracy: the fraction of test examples that are classified correctly, in
                [0, 1]; for a recorder without labels.
            scores: (N,) finite numbers, one per test example, of every run or of none.
            metrics: any other numbers by name, such as {"val_f1": 0.91}, one of which
                `compare` may be asked to decide by; they may stand alone.

        Raises:
            ArmError: the values cannot be used, or the seed is recorded already.
        """
        numbers = dict(metrics or {})
        if accuracy is None:
            accuracy = numbers.pop("test_accuracy", None)
        self._check_kind(
            probabilities is not None,
            accuracy is not None,
            is_more=scores is not None or bool(numbers),
        )
        known = {name: _number(seed, name, value) for name, value in numbers.items()}
        if accuracy is not None:
            known["test_accuracy"] = _accuracy(f"accuracy of seed {seed}", accuracy)
        predicted = scored = None
        if probabilities is not None:
            predicted = self._probabilities(seed, probabilities)
        if scores is not None or self._has_scores:
            scored = self._scores(seed, scores)
        self._record(seed, _Run(predicted, scored, known))

    def diverged(self, seed: int) -> None:
        """Record that the run of this seed was started and came to no result.

        An arm that hides such runs would look better than it is.

        Args:
            seed: as for `add`.

        Raises:
            ArmError: no whole number >= 0, or the seed is recorded already.
        """
        self._record(seed, None)

    def arm(self) -> Arm:
        """The arm of all recorded runs, by ascending seed.

        Raises:
            ArmError: nothing is recorded.
        """
        if not self._runs:
            raise ArmError(
                f"{self._name} must have at least one run, got none; add one per seed"
            )
        return self._arm_of(self._runs)

    def save(self, folder: str | Path) -> None:
        """Write all recorded runs to `folder`, whole or not at all.

        `load_arm` and `mlflow run . -e compare -P improved=FOLDER` read it. Call it
        after every seed, and a program that is killed loses only the seed at work.

        Raises:
            ArmError: nothing is recorded, or the folder holds other files.
            OSError: it cannot be written.
        """
        trials_folder.save(self.arm(), Path(folder))

    @classmethod
    def resume(cls, folder: str | Path) -> Self:
        """A recorder that holds the runs which an earlier one saved to `folder`.

        Raises:
            ArmError: the folder holds no arm, or more than a recorder writes.
        """
        arm = trials_folder.load(Path(folder))
        columns = set(arm.metrics.dropna(axis=1, how="all"))
        texts = columns - {"seed", "status"} - set(metric_columns(arm.metrics))
        more = arm.dataset is not None or len(arm.history) or texts
        if more or arm.remarks:  # remarks are on what could not be read, or was changed
            raise ArmError(
                f"{folder} must be saved by a Recorder, got an arm that holds more, "
                "which saving it again would lose; choose another folder"
            )
        scores = arm.scores
        recorder = cls(
            arm.name,
            arm.labels,
            metric=None if scores is None else scores.name,
            examples=None if scores is None else scores.examples,
            clusters=arm.clusters if scores is None else scores.clusters,
            recipe=arm.recipe,
            versions=arm.versions,
        )
        recorder._runs = dict.fromkeys(arm.metrics["seed"].tolist())
        recorder._runs |= _runs_of(arm)
        return recorder

    def _record(self, seed: int, run: _Run | None) -> None:
        is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
        if not is_whole or not 0 <= seed <= np.iinfo(np.int64).max:
            raise ArmError(f"seed must be a whole number >= 0, got {seed!r}")
        if int(seed) in self._runs:
            raise ArmError(
                f"{self._name} must have one run per seed, got seed {seed} twice; give "
                "every run a seed of its own",
                "duplicate_seed",
            )
        self._runs[int(seed)] = run

    def _check_kind(
        self, is_predicted: bool, is_accuracy: bool, *, is_more: bool
    ) -> None:
        """Refuse a run of another kind than the recorder takes, or of none."""
        if not (is_predicted or is_accuracy or is_more) or (
            is_predicted and is_accuracy
        ):
            received = "both" if is_predicted else "neither"
            raise ArmError(
                "add takes either the probabilities of a run or its accuracy, got "
                f"{received}; {NO_RESULT}"
            )
        if self._labels is not None and not is_predicted:
            received = "an accuracy" if is_accuracy else "no probabilities"
            raise ArmError(
                f"{self._name} has labels, so that add takes probabilities, got "
                f"{received}; make a Recorder without labels to record accuracies, "
                "scores or metrics alone"
            )

    @property
    def _has_scores(self) -> bool:
        """Whether a run with scores is recorded; then all others need them."""
        return any(
            run is not None and run.scores is not None for run in self._runs.values()
        )

    def _scores(self, seed: int, given: npt.ArrayLike | None) -> np.ndarray:
        """Check the scores of one run and make them (N,) float64."""
        where = f"scores of seed {seed}"
        finished = [run for run in self._runs.values() if run is not None]
        if given is None or (finished and finished[0].scores is None):
            raise ArmError(
                f"{self._name} must have scores of every run or of none, got a run "
                f"without at seed {seed} or before; give them to each add"
            )
        scores = as_float64(_array(where, given).copy())
        sizes = (
            [finished[0].scores.size]
            if finished and finished[0].scores is not None
            else []
        )
        for ids in (self._examples, self._clusters):
            sizes += [] if ids is None else [ids.size]
        if scores.ndim != 1 or set(sizes) - {scores.size}:
            raise ArmError(
                f"{where} must be one number per test example, "
                f"({', '.join(map(str, sizes[:1])) or 'N'},), got {scores.dtype} "
                f"{scores.shape}; give them in one order for all runs"
            )
        self._scores_of(scores[np.newaxis])
        return scores

    def _scores_of(self, values: np.ndarray) -> Scores:
        """The scores of some runs, (S, N), with what is known of their examples."""
        examples = self._examples
        if examples is None:
            examples = np.arange(values.shape[1])
        return Scores(self._metric, examples, values, self._clusters)

    def _probabilities(self, seed: int, given: npt.ArrayLike) -> np.ndarray:
        """Check the probabilities of one run and make them (N, C) float32."""
        where = f"probabilities of seed {seed}"
        if self._labels is None:
            raise ArmError(
                f"{where} need the labels of the test examples, got none; make the "
                "recorder with them: Recorder(name, labels)"
            )
        array = _array(where, given)
        shapes = {
            run.probabilities.shape
            for run in self._runs.values()
            if run is not None and run.probabilities is not None
        }
        _check_shape(where, array, len(self._labels), shapes)
        probabilities = as_float32(array.copy())
        if text := problem(probabilities):
            is_finite = np.isfinite(probabilities).all()
            raise ArmError(f"{where} {text}{'' if is_finite else f'; {NO_RESULT}'}")
        seeds = np.zeros(1, np.int64)
        check_predictions(seeds, self._labels, probabilities[np.newaxis])
        return probabilities

    def _arm_of(self, runs: Mapping[int, _Run | None]) -> Arm:
        finished = {seed: run for seed, run in sorted(runs.items()) if run is not None}
        seeds = np.array(list(finished), np.int64)
        metrics = pd.DataFrame([run.metrics for run in finished.values()], index=seeds)
        labels = probabilities = None
        if finished and self._labels is not None:
            labels = self._labels
            probabilities = np.stack(
                [
                    run.probabilities
                    for run in finished.values()
                    if run.probabilities is not None
                ]
            )
            computed = trials_folder.metrics_of(seeds, labels, probabilities)
            metrics = metrics.join(computed.set_index("seed"))
        scored = [run.scores for run in finished.values() if run.scores is not None]
        scores = self._scores_of(np.stack(scored)) if scored else None
        metrics = metrics.rename_axis("seed").reindex(sorted(runs)).reset_index()
        is_finished = metrics["seed"].isin(seeds)
        metrics["status"] = np.where(is_finished, FINISHED, DIVERGED)
        if scores is not None:
            metrics = trials_folder.with_means(metrics, seeds, scores)
        others = metrics.columns.difference([*ALL_COLUMNS], sort=False)
        return Arm(
            name=self._name,
            recipe=self._recipe,
            dataset=None,
            versions=self._versions,
            metrics=metrics.reindex(columns=[*ALL_COLUMNS, *others]),
            history=pd.DataFrame(columns=list(HISTORY_COLUMNS)),
            seeds=seeds,
            labels=labels,
            probabilities=probabilities,
            scores=scores,
            clusters=None if probabilities is None else self._clusters,
        )


def _runs_of(arm: Arm) -> dict[int, _Run]:
    """The finished runs of an arm that a recorder made, by seed."""
    computed = [*COMPUTED_COLUMNS] if arm.has_predictions else []
    if arm.scores is not None and arm.scores.name is not None:
        computed.append(arm.scores.name)
    names = [name for name in metric_columns(arm.metrics) if name not in computed]
    rows = finished_rows(arm).set_index("seed")[names]
    return {
        seed: _Run(
            None if arm.probabilities is None else arm.probabilities[place],
            None if arm.scores is None else arm.scores.values[place],
            rows.loc[seed].dropna().to_dict(),
        )
        for place, seed in enumerate(arm.seeds.tolist())
    }


def _array(where: str, values: object) -> np.ndarray:
    """Make an array of numbers, of whatever type they are."""
    try:
        array = np.asarray(values)
    except Exception as error:  # each library of tensors raises its own kinds
        raise ArmError(
            f"{where} must be an array that NumPy can read, got "
            f"{type(values).__name__}: {reason(error)}; a tensor may need "
            ".detach().cpu().numpy()"
        ) from None
    if array.dtype.kind not in "biuf":
        raise ArmError(
            f"{where} must be integers or floats, got {array.dtype} {array.shape}; "
            "convert them to a type that NumPy has"
        )
    return array


def _ids(where: str, values: npt.ArrayLike) -> np.ndarray:
    """Make ids (N,) int64 or text."""
    ids = as_ids(np.array(values))
    check_ids(where, ids, ids.shape[:1])
    return ids


def _labels(values: npt.ArrayLike) -> np.ndarray:
    """Check labels and make them (N,) int64, N > 0."""
    array = _array("labels", values)
    if array.ndim == 1 and array.dtype.kind in "iu":
        labels = array.astype(np.int64)
        if not labels.size or labels.min() < 0:
            received = f"the label {labels.min()}" if labels.size else "no label"
            raise ArmError(
                f"labels must number the classes from 0 on, got {received}; give each "
                "test example the index of its class"
            )
        return labels
    raise ArmError(
        f"labels must be integers (N,), the class of each test example, got "
        f"{array.dtype} {array.shape}; pass {labels_fix(array)}"
    )


def _number(seed: int, name: str, value: SupportsFloat) -> float:
    """Check a number of a run, of any metric but the accuracy."""
    where = f"{name} of seed {seed}"
    if not (isinstance(name, str) and is_name(name)) or name in ("seed", "status"):
        raise ArmError(
            "metrics must have names of one line other than seed and status, got "
            f"{name!r}; choose another name"
        )
    number = _array(where, value).astype(np.float64)
    if number.ndim or not np.isfinite(number):
        raise ArmError(f"{where} must be one finite number, got {value!r}; {NO_RESULT}")
    if name in WHOLE_NUMBER_COLUMNS and number % 1:
        raise ArmError(f"{where} must be a whole number, got {value!r}; count it again")
    return float(number)


def _accuracy(where: str, value: SupportsFloat) -> float:
    """Check an accuracy, a fraction in [0, 1]."""
    accuracy = _array(where, value).astype(np.float64)
    if accuracy.ndim or np.isnan(accuracy):
        raise ArmError(f"{where} must be one number, got {value!r}; {NO_RESULT}")
    if not 0 <= accuracy <= 1:
        fix = f"; pass {accuracy / 100:g}" if 1 < accuracy <= 100 else ""
        raise ArmError(
            f"{where} must be a fraction in [0, 1], got {accuracy:g}{fix}",
            "accuracy_out_of_range",
        )
    return float(accuracy)


def _check_shape(
    where: str, array: np.ndarray, num_examples: int, others: set[tuple[int, ...]]
) -> None:
    """Refuse an array that is not (N, C) like the `others`, with a guess what it is."""
    expected = str(next(iter(others), f"({num_examples}, C)"))
    if array.ndim == 2 and array.shape[1] > 1 and array.shape[0] == num_examples:
        if not others or array.shape in others:
            return
        fix = "record networks with the same classes"
    elif array.shape not in ((num_examples,), (num_examples, 1)):
        fix = "predict the test examples that the labels are of"
    elif array.dtype.kind in "iu":
        fix = (
            "these are classes: record the accuracy instead, in a Recorder without "
            "labels, or the probabilities that they were chosen by"
        )
    else:
        fix = (
            "of the probability p of class 1 pass np.column_stack([1 - p.ravel(), "
            "p.ravel()])"
        )
    raise ArmError(
        f"{where} must have the shape {expected}, got {array.dtype} {array.shape}; "
        f"{fix}"
    )
