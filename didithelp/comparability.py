"""Which arms may be compared: those that saw the same data and hold usable runs.

What is not known of an arm cannot be checked; `didithelp.caveats` says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from didithelp.arm import Arm, finished_rows, metric_columns
from didithelp.errors import Refusal
from didithelp.examined import BRIER_SCORE
from didithelp.metric import Metric
from didithelp.parameters import suggest
from didithelp.run_tables import column_of
from didithelp.runs import scores_of

MOST_SHOWN = 12  # names of metrics in a message
LARGEST = 1e100  # in size; the square of such a metric is still a number


def refuse_incomparable(arms: Sequence[Arm], metric: Metric) -> None:
    """Check the reference, which comes first, and each candidate against it.

    Args:
        arms: the reference, then the candidates.
        metric: the one that decides, which every arm must have.

    Raises:
        Refusal: one line on the first thing that forbids the comparison.
    """
    for arm in arms:
        _refuse_unusable_runs(arm)
        _refuse_missing_metric(arm, metric)
    for candidate in arms[1:]:
        _refuse_other_digests(arms[0], candidate)
        _refuse_other_examples(arms[0], candidate)


def _refuse_other_digests(reference: Arm, candidate: Arm) -> None:
    """Refuse arms whose known digests say that they saw other arrays."""
    if reference.dataset is None or candidate.dataset is None:
        return
    for reason, keys, fix in (
        ("different_test_set", ("x_test", "y_test"), "test both arms on one data set"),
        (
            "different_training_set",
            ("x_train", "y_train", "x_validation", "y_validation"),
            "train both arms from one prepare_data run",
        ),
    ):
        first, second = reference.dataset.sha256, candidate.dataset.sha256
        known = [key for key in keys if None not in (first[key], second[key])]
        changed = [key for key in known if first[key] != second[key]]
        if changed:
            key = changed[0]
            raise Refusal(
                reason,
                f"SHA-256 of {key} must be equal in both arms, got {first[key]:.12} in "
                f"{reference.name} and {second[key]:.12} in {candidate.name}; {fix}",
            )


def _refuse_other_examples(reference: Arm, candidate: Arm) -> None:
    """Refuse arms that were tested on other numbers of examples, or on other labels."""
    sizes = num_examples(reference), num_examples(candidate)
    if None not in sizes and sizes[0] != sizes[1]:
        raise Refusal(
            "different_test_set",
            f"both arms must be tested on the same examples, got {sizes[0]:,} in "
            f"{reference.name} and {sizes[1]:,} in {candidate.name}; test both arms on "
            "one data set",
        )
    if reference.labels is None or candidate.labels is None:
        return
    if not np.array_equal(reference.labels, candidate.labels):
        raise Refusal(
            "different_test_set",
            "both arms must hold predictions for the same examples in the same order, "
            "got different labels; test both arms on one data set",
        )


def num_examples(arm: Arm) -> int | None:
    """Size of the test set, None where the arm does not tell it."""
    if arm.labels is not None:
        return len(arm.labels)
    return None if arm.dataset is None else arm.dataset.counts["test"]


def _refuse_unusable_runs(arm: Arm) -> None:
    """Refuse an arm whose finished runs are none, or cannot be compared."""
    seeds = arm.seeds.tolist()
    if len(set(seeds)) != len(seeds):
        raise Refusal(
            "duplicate_seed",
            f"seeds of {arm.name} must differ, got {seeds}; keep one run of each seed",
        )
    if not seeds:
        raise Refusal(
            "no_finished_run",
            f"{arm.name} must have a finished run, got {len(arm.metrics)} that "
            "diverged or failed; leave this arm out, or repeat its runs, such as with a"
            " lower learning rate",
        )
    examples = None if arm.scores is None else arm.scores.examples
    for tested in (arm.labels, examples):
        if tested is not None and len(tested) < 2:
            raise Refusal(
                "too_few_examples",
                f"{arm.name} must be tested on two examples or more, got "
                f"{len(tested)}; use a larger test set",
            )
    accuracies = finished_rows(arm)["test_accuracy"].dropna()
    outside = accuracies[~accuracies.between(0, 1)]
    if len(outside):
        raise Refusal(
            "accuracy_out_of_range",
            f"test_accuracy of {arm.name} must be a fraction in [0, 1], got "
            f"{outside.iloc[0]:g}; if these are percentages, divide them by 100",
        )


def _refuse_missing_metric(arm: Arm, metric: Metric) -> None:
    """Refuse an arm that lacks a number of the metric for one of its finished runs."""
    is_computed = metric.name == BRIER_SCORE and arm.has_predictions
    if scores_of(arm, metric) is not None or (is_computed and not arm.has_answers_only):
        return
    rows = finished_rows(arm)
    known, name = metric_columns(rows), column_of(rows, metric.name)
    if name is None or (name not in known and rows[name].isna().all()):
        shown = ", ".join(known[:MOST_SHOWN]) + ", ..." * (len(known) > MOST_SHOWN)
        raise Refusal(
            "missing_metric",
            f"{arm.name} must have the metric {metric.name}, got {shown or 'none'}; "
            f"name one of them as metric{suggest(metric.name, known)}",
        )
    numbers = pd.to_numeric(rows[name], errors="coerce").to_numpy(float)
    is_known = np.abs(numbers) < LARGEST
    if not is_known.all():
        place = int(np.flatnonzero(~is_known)[0])
        raise Refusal(
            "missing_metric",
            f"{name} of {arm.name} must be a number below {LARGEST:g} for every "
            f"finished run, got {rows[name].iloc[place]} for seed "
            f"{rows['seed'].iloc[place]}; fill it in, or say in the column status that "
            "the run diverged",
        )
