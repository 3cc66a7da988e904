"""The names for users: arms from memory or from a folder, their comparison, its answer.

`import didithelp` offers what `__all__` lists here. Everything behind it may move; what
is called here stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from didithelp import ablating, comparing, planned_looks, trials_folder
from didithelp.arm import Arm, ArmError
from didithelp.comparison import Comparison
from didithelp.decision import Verdict
from didithelp.errors import Refusal
from didithelp.factorial_answer import FactorialAnswer
from didithelp.language import sentences
from didithelp.language.words import Words, in_full
from didithelp.levels import Table
from didithelp.metric import NONE, Direction
from didithelp.parameters import explain, field_of
from didithelp.recorder import Recorder
from didithelp.requirement import (
    REQUIREMENTS,
    Requirement,
    failing,
    refuse_without_margin,
)
from didithelp.settings import Pairing, SelectionSet, Settings

if TYPE_CHECKING:
    from didithelp.report.report import Report

__all__ = [
    "Answer",
    "Arm",
    "FactorialAnswer",
    "Recorder",
    "Refusal",
    "arm_from_accuracies",
    "arm_from_metrics",
    "arm_from_predictions",
    "arm_from_scores",
    "compare",
    "factorial",
    "load_arm",
]

Value = TypeVar("Value")


def arm_from_predictions(
    name: str,
    predictions: Mapping[int, npt.ArrayLike | None],
    labels: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    recipe: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
) -> Arm:
    """The arm of one recipe with several seeds, from what each run predicts.

    Args:
        name: one line of text that tells the recipe from others, such as "baseline".
        predictions: by seed, the probabilities (N, C) of the test examples, each row
            sums to 1: arrays, lists or tensors of any precision; None for a run that
            diverged.
        labels: (N,) integers in 0..C-1, the classes of the test examples.
        clusters: (N,) integers or text, the group of each test example, such as its
            writer; None where each is its own.
        recipe: hyperparameters by name, as plain JSON values.
        versions: versions of libraries by name.

    Raises:
        Refusal: one line: what was expected, what was received, how to fix it.
    """
    recorder = Recorder(
        name, labels, clusters=clusters, recipe=recipe, versions=versions
    )
    return _recorded(recorder, "predictions", predictions, "probabilities")


def arm_from_accuracies(
    name: str,
    accuracies: Mapping[int, SupportsFloat | None],
    *,
    recipe: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
) -> Arm:
    """The arm of one recipe with several seeds, from one test accuracy per run.

    With nothing else known the answer holds for this test set only: prefer
    `arm_from_predictions` where the predictions are at hand.

    Args:
        name: one line of text that tells the recipe from others, such as "baseline".
        accuracies: by seed, the fraction of the test examples that is classified
            correctly, in [0, 1]; None for a run that diverged.
        recipe: hyperparameters by name, as plain JSON values.
        versions: versions of libraries by name.

    Raises:
        Refusal: one line: what was expected, what was received, how to fix it.
    """
    recorder = Recorder(name, recipe=recipe, versions=versions)
    return _recorded(recorder, "accuracies", accuracies, "accuracy")


def arm_from_metrics(
    name: str,
    metrics: Mapping[int, Mapping[str, SupportsFloat] | None],
    *,
    recipe: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
) -> Arm:
    """The arm of one recipe with several seeds, from any numbers of each run.

    `compare` is told which of them decides, such as metric="val_f1". The answer holds
    for the data that it was measured on only.

    Args:
        name: one line of text that tells the recipe from others, such as "baseline".
        metrics: by seed, numbers by name, such as {"val_f1": 0.91, "seconds": 12.5};
            None for a run that diverged.
        recipe: hyperparameters by name, as plain JSON values.
        versions: versions of libraries by name.

    Raises:
        Refusal: one line: what was expected, what was received, how to fix it.
    """
    recorder = Recorder(name, recipe=recipe, versions=versions)
    return _recorded(recorder, "metrics", metrics, "metrics")


def arm_from_scores(
    name: str,
    scores: Mapping[int, npt.ArrayLike | None],
    *,
    metric: str | None = None,
    examples: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    recipe: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
) -> Arm:
    """The arm of one recipe with several seeds, from one number per run and example.

    Losses, exact match per question, average precision per image: the answer counts
    seeds and examples, as with predictions. `compare` is told the metric.

    Args:
        name: one line of text that tells the recipe from others, such as "baseline".
        scores: by seed, (N,) finite numbers, one per test example; None for a run that
            diverged.
        metric: what the scores are, such as "exact_match".
        examples: (N,) integers or text, the ids of the examples, which are put into one
            order for all arms; they are numbered where none are given.
        clusters: (N,) integers or text, the group of each example, such as the
            photograph it was cut from; None where each is its own.
        recipe: hyperparameters by name, as plain JSON values.
        versions: versions of libraries by name.

    Raises:
        Refusal: one line: what was expected, what was received, how to fix it.
    """
    recorder = Recorder(
        name,
        metric=metric,
        examples=examples,
        clusters=clusters,
        recipe=recipe,
        versions=versions,
    )
    return _recorded(recorder, "scores", scores, "scores")


def load_arm(folder: str | Path) -> Arm:
    """The arm in a folder: a `trials/`, or what a `Recorder` or other software saved.

    Args:
        folder: holds at least metrics.csv (`seed`, `test_accuracy` or another metric),
            predictions.npz or scores.npz.

    Raises:
        Refusal: one line: what was expected, what was received, how to fix it.
    """
    return trials_folder.load(Path(folder))


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """Whether the candidates are better than the reference; `str` says it in full.

    Attributes:
        comparison: every number, with names and types.
        arms: the reference, then the candidates.
        language: of the sentence, the warnings and the report: "en" or "fr".
    """

    comparison: Comparison
    arms: tuple[Arm, ...]
    language: str

    @property
    def verdict(self) -> Verdict | dict[str, Verdict]:
        """A word, such as "better"; of several candidates, a word by name."""
        return self.comparison.verdict

    @property
    def sentence(self) -> str:
        """The verdict with the difference, its interval and p, in plain words."""
        return " ".join(sentences.answers(self.comparison, Words(self.language)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known before the verdict is believed, most important first."""
        return tuple(self._report.warnings)

    @property
    def table(self) -> pd.DataFrame:
        """One row per arm: its metrics, and its difference to the reference."""
        return self._report.table.copy()

    def meets(self, requirement: Requirement) -> bool:
        """Whether every candidate is "better", "not-worse" or "equivalent".

        "not-worse" is met where the verdict's interval shows that a candidate loses
        less than the margin, if anything.

        Raises:
            ValueError: another requirement, or one that takes a margin without one.
        """
        if requirement not in REQUIREMENTS:
            raise ValueError(
                f"requirement must be {', '.join(REQUIREMENTS[:-1])} or"
                f" {REQUIREMENTS[-1]}, got {requirement!r}"
            )
        refuse_without_margin(requirement, self.comparison.margin)
        return not failing(self.comparison, requirement)

    def to_json(self) -> str:
        """The text of `comparison.json`: the same for the same arms and parameters."""
        return self.comparison.to_json()

    def write(self, folder: str | Path) -> None:
        """Write the report, the tables, the figures and the JSON files to `folder`.

        The folder is made where it is missing. Files of the same names are replaced,
        each as a whole; other files stay.

        Raises:
            OSError: it cannot be written.
        """
        self._report.write(Path(folder))

    def __repr__(self) -> str:
        return f"<Answer: {self.verdict}>"

    def __str__(self) -> str:
        return in_full(self.sentence, self.warnings, Words(self.language))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self._report.excerpt()

    @cached_property
    def _report(self) -> Report:
        from didithelp.report.report import Report  # loads matplotlib

        return Report(self.comparison, self.arms, language=self.language)


def compare(
    reference: Arm,
    *candidates: Arm,
    alpha: float = 0.05,
    metric: str = "test_accuracy",
    direction: Direction = "auto",
    margin: float | str | None = "auto",
    resamples: int = 9999,
    seed: int = 0,
    pairing: Pairing = "seed",
    selected_on: SelectionSet = "validation",
    looks: str | Sequence[int] | None = "none",
    language: str = "en",
) -> Answer:
    """Say of each candidate whether it is better than `reference`, and how surely.

    All arms must be tested on the same examples. Candidates are not ranked: the best of
    several is a selection of its own.

    Args:
        reference: the recipe as it was.
        candidates: one or more changed recipes.
        alpha: how often equal recipes may be called better or worse, in (0, 0.5), for
            all candidates together.
        metric: name of the one that decides.
        direction: whether "higher" ("max") or "lower" ("min") is better; "auto" where
            the name tells.
        margin: the difference in the metric that would matter, in its own unit, or in
            percent such as "0.1%" if it is a share; "auto" is 0.001 for an accuracy and
            none for all else; without one ("none", None) nothing is ever equivalent.
        resamples: of the sign-flip test, which is told but decides nothing; from 1 to
            1,000,000.
        seed: of that test, >= 0.
        pairing: "seed" compares seed by seed where both arms have the same seeds,
            "none" never does.
        selected_on: what recipe, epoch and checkpoint were chosen on, "validation" or
            "test"; "test" allows no verdict.
        looks: numbers of seeds that were planned before the first run, at each of which
            the experiment may stop: "5..20" or (5, 10, 20). The seeds of an arm count
            in the order of its metrics, which is ascending unless it was loaded. Call
            again with more runs until `comparison.looks.is_over`.
        language: of the answer, "en" or "fr".

    Raises:
        Refusal: the arms must not be compared.
        ValueError: a parameter is wrong, or there is no candidate.
    """
    for arm in (reference, *candidates):
        _check_arm(
            arm, "compare", "pass them one by one: compare(reference, *candidates)"
        )
    Words(language)  # refuses a wrong one
    comparison = comparing.compare(
        reference,
        candidates,
        alpha=as_python(alpha),
        metric=metric,
        direction=direction,
        margin=NONE if margin is None else as_python(margin),
        resamples=as_python(resamples),
        seed=as_python(seed),
        pairing=pairing,
        selected_on=selected_on,
        looks=_planned(looks),
    )
    return Answer(comparison, (reference, *candidates), language)


def factorial(
    arms: Sequence[Arm],
    levels: Table,
    *,
    control: Arm | None = None,
    alpha: float = 0.05,
    metric: str = "test_accuracy",
    direction: Direction = "auto",
    margin: float | str | None = "auto",
    selected_on: SelectionSet = "validation",
    language: str = "en",
) -> FactorialAnswer:
    """Say of several changes which helped and which hurt, and how surely.

    It takes an arm for every combination of the changes: 4 arms for two, 8 for three,
    16 for four. Five take half of the 32 combinations and the end that the half lacks,
    or all. All arms must be tested on the same examples; their seeds may be the same or
    others.

    Args:
        arms: one per combination, with different names, in any order.
        levels: which changes are on in which arm: a table with a row per arm (its index
            or its column "arm" has the names) and a column per change, or
            {arm: {change: level}}; levels are 1 and 0, True and False, "on" and "off".
        control: the unchanged recipe on other seeds, to be compared with its arm: it
            should show nothing.
        alpha: how often changes without effect may be called better or worse, in
            (0, 0.5), for all changes together.
        metric: name of the one that decides.
        direction: whether "higher" ("max") or "lower" ("min") is better; "auto" where
            the name tells.
        margin: the effect on the metric that would matter, as in `compare`.
        selected_on: what recipe, epoch and checkpoint were chosen on, "validation" or
            "test"; "test" allows no verdict.
        language: of the answer, "en" or "fr".

    Raises:
        Refusal: the arms must not be compared, or a combination is missing.
        ValueError: a parameter is wrong.
    """
    if isinstance(arms, Arm):
        raise ValueError("factorial takes a list of arms, got one; pass [arm, ...]")
    given = (*arms, *([] if control is None else [control]))
    for arm in given:
        _check_arm(arm, "factorial", "pass all arms in one list")
    Words(language)  # refuses a wrong one
    ablation = ablating.ablate(
        arms,
        levels,
        control=control,
        alpha=as_python(alpha),
        metric=metric,
        direction=direction,
        margin=NONE if margin is None else as_python(margin),
        selected_on=selected_on,
    )
    return FactorialAnswer(ablation, given, language)


def _check_arm(arm: object, taker: str, list_fix: str) -> None:
    """Refuse what is no arm, with how to get one."""
    if isinstance(arm, Arm):
        return
    fix = "make one with arm_from_predictions, arm_from_metrics or load_arm"
    if isinstance(arm, Recorder):
        fix = "pass what its method arm() returns"
    elif isinstance(arm, list | tuple):
        fix = list_fix
    raise ValueError(f"{taker} takes arms, got {type(arm).__name__}; {fix}")


def _planned(plan: str | Sequence[int] | None) -> tuple[int, ...]:
    """The planned numbers of seeds, which may be given as on a command line."""
    if plan is None:
        return ()
    try:
        if isinstance(plan, str):
            return planned_looks.parse(plan)
        return tuple(map(as_python, plan))
    except (ValueError, TypeError):
        raise ValueError(explain(field_of(Settings, "looks"), plan)) from None


def as_python(value: Value) -> Value:
    """A NumPy scalar as the Python value that it is; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _recorded(
    recorder: Recorder, what: str, results: Mapping[int, Any], keyword: str
) -> Arm:
    """The arm of all runs, whose results are by seed; None is a run that diverged.

    Args:
        recorder: has no run yet.
        what: the name that users know the results by.
        results: each of the type that `keyword` of `Recorder.add` has, hence `Any`.
        keyword: of `Recorder.add`.

    Raises:
        ArmError: the results are not given by seed, or one cannot be recorded.
    """
    if not isinstance(results, Mapping):
        raise ArmError(
            f"{what} must be given by seed, {{0: ..., 1: ...}}, got "
            f"{type(results).__name__}; if the seeds are 0, 1, 2, ... pass "
            f"dict(enumerate({what}))"
        )
    for seed, result in results.items():
        if result is None:
            recorder.diverged(seed)
        else:
            recorder.add(seed, **{keyword: result})
    return recorder.arm()
