"""What a reader must know before believing a verdict.

`find` looks at a comparison and its arms, and returns warnings as codes with the values
of their texts, most important first. The words of a code are in `language/texts`, and
`sentences.warning` fills them in. Codes are stable: programs may branch on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum, auto
from typing import Any

import numpy as np
import pandas as pd

from didithelp.arm import Arm, distinct_names, finished_rows
from didithelp.compared_arm import ComparedArm
from didithelp.comparison import Caveat, Comparison, Dataset, Difference
from didithelp.dataset_description import DatasetDescription
from didithelp.metric import TEST_ACCURACY, TEST_CROSS_ENTROPY, Metric
from didithelp.run_tables import column_of
from didithelp.settings import SelectionSet

ADVISED_SEEDS = 5
ACCURACY_TOLERANCE = 1e-6  # float32 rounding; one image is 1e-4
NOTABLE_SIZE_RATIO = 1.1  # batch normalization alone adds half a percent of parameters
NOTABLE_TIME_RATIO = 2  # less may be the machine's other work

OF_PREDICTIONS = (TEST_ACCURACY.name, TEST_CROSS_ENTROPY.name)

# Keys of `DatasetDescription.duplicates`, which are the codes of their warnings, and
# the split whose images they count.
DUPLICATES = {
    "test_seen_images": "test",
    "validation_seen_images": "validation",
    "test_repeated_images": "test",
}


class Scope(StrEnum):
    """What a verdict is about; the words are in `language/texts`."""

    SEEDS_AND_IMAGES = auto()
    SEEDS_AND_EXAMPLES = auto()  # the same of scores, whatever they are of
    SEEDS_AND_CLUSTERS = auto()  # of examples that come in groups
    SEEDS_ONLY = auto()  # without predictions nobody knows about other test images
    THESE_DATA = auto()  # the same of a metric that need not be about the test set
    MIXED = auto()  # of several candidates, some are without predictions


class NotCovered(StrEnum):
    """What no verdict is about; the words are in `language/texts`."""

    TRAINING_SETS = auto()
    SEARCH = auto()
    CLUSTERED_IMAGES = auto()
    OTHER_EXAMPLES = auto()  # instead of it, where their groups are known


def uncovered(*, has_clusters: bool) -> list[NotCovered]:
    """What no verdict is about; other groups of examples are, where they are known."""
    surplus = NotCovered.CLUSTERED_IMAGES if has_clusters else NotCovered.OTHER_EXAMPLES
    return [part for part in NotCovered if part != surplus]


def find(comparison: Comparison, arms: Sequence[Arm]) -> list[Caveat]:
    """The caveats about a comparison, most important first.

    Args:
        comparison: the numbers; its sentence and warnings may still be empty.
        arms: the reference and the candidates, as they were compared.
    """
    caveats = [
        *about_data(comparison.dataset, comparison.selected_on, arms),
        *about_metric(
            comparison.metric,
            arms,
            by_run=any(each.num_examples is None for each in comparison.primary),
        ),
        *_about_looks(comparison),
    ]
    for arm, compared in zip(arms, comparison.arms, strict=True):
        caveats += about_runs(arm, compared, comparison.metric)
    num_examples, reference = comparison.test_set.num_examples, comparison.arms[0]
    for arm, compared, difference in zip(
        arms[1:], comparison.arms[1:], comparison.primary, strict=True
    ):
        both = (arms[0], arm), (reference, compared)
        caveats += _about_pair(*both, difference, num_examples)
    return caveats


def cost_warning(arms: Sequence[Arm]) -> list[Caveat]:
    """The candidates whose runs take much longer or shorter than the reference's.

    `find` leaves this warning out: times differ from run to run and must not reach
    `comparison.json`. The ratio is a whole number so that it rarely differs.
    """
    reference, *candidates = zip(distinct_names(arms), arms, strict=True)
    return [
        warning
        for candidate in candidates
        if (warning := _time_differs(dict([reference, candidate]))) is not None
    ]


def _warning(code: str, **values: Any) -> Caveat:
    return Caveat(code, values)


# --- the data -------------------------------------------------------------------------


def about_data(
    dataset: Dataset, selected_on: SelectionSet, arms: Sequence[Arm]
) -> Iterator[Caveat]:
    """What is odd about the data of the arms, and about what was chosen on it."""
    if dataset.fallback is not None:
        yield _warning(
            "fallback_data",
            dataset=dataset.name,
            requested=dataset.requested,
            reason=dataset.fallback,
        )
    if selected_on == "test":
        yield _warning("selected_on_test")
    descriptions = [arm.dataset for arm in arms if arm.dataset is not None]
    if not descriptions:
        return
    first, *others = descriptions
    # All arms have the same images, but other software may not have looked at them.
    oddities = (odd for each in descriptions if (odd := list(about_images(each))))
    yield from next(oddities, [])
    if first.train_size:
        yield _warning(
            "part_of_training_data",
            num_examples=first.counts["train"],
            train_size=first.train_size,
        )
    for other in others:
        if other.name != first.name:
            yield _warning(
                "data_names_differ",
                reference_dataset=first.name,
                candidate_dataset=other.name,
            )


def about_images(dataset: DatasetDescription) -> Iterator[Caveat]:
    """What is odd about the images of a data set, whoever is trained on them."""
    for code, split in DUPLICATES.items():
        if number := dataset.duplicates.get(code):
            yield _warning(code, number=number, num_examples=dataset.counts[split])
    if ranges := dataset.narrow_ranges:
        yield _warning(
            "narrow_pixel_range",
            arrays=sorted(ranges),
            low=min(low for low, _ in ranges.values()),
            high=max(high for _, high in ranges.values()),
        )


def _about_looks(comparison: Comparison) -> Iterator[Caveat]:
    if comparison.looks is not None and comparison.looks.unused_runs:
        yield _warning(
            "runs_beyond_the_look",
            number=comparison.looks.unused_runs,
            seeds=comparison.looks.num_seeds,
        )


def looked_before(before: int, seeds: int) -> Caveat:
    """That a comparison of `before` of these `seeds` is not the first one.

    `find` leaves this warning out: it depends on what else is in a store, which must
    not reach `comparison.json`.
    """
    return _warning("looked_before", before=before, seeds=seeds)


def about_metric(
    metric: Metric, arms: Sequence[Arm], *, by_run: bool
) -> Iterator[Caveat]:
    """What the metric cannot tell; `by_run`: where one number per run is known."""
    if metric.split == "training":
        yield _warning("training_metric", metric=metric.name)
    if metric.split == "validation":
        yield _warning("validation_metric", metric=metric.name)
    is_said = metric.name in OF_PREDICTIONS and not any(a.is_tracked for a in arms)
    if by_run and not is_said and metric.unit != "seconds":
        yield _warning("one_number_per_run", metric=metric.name)


# --- one arm --------------------------------------------------------------------------


def about_runs(arm: Arm, compared: ComparedArm, metric: Metric) -> Iterator[Caveat]:
    """What is odd about the runs of one arm, and what is not known of them."""
    name, finished = compared.name, compared.num_finished
    yield from _unknown_parts(arm, name)
    if metric.name in OF_PREDICTIONS:
        yield from _unknown_predictions(arm, name)
    for remark in arm.remarks:
        yield _warning(remark.code, arm=name, **remark.values)
    num_remarked = sum(len(remark.values.get("seeds", ())) for remark in arm.remarks)
    if num_diverged := compared.num_started - finished - num_remarked:
        yield _warning(
            "diverged_runs",
            arm=name,
            num_diverged=num_diverged,
            num_started=compared.num_started,
        )
    if compared.collapsed_seeds:
        yield _warning("collapsed_runs", arm=name, seeds=list(compared.collapsed_seeds))
    if finished < ADVISED_SEEDS:
        yield _warning(
            "one_seed" if finished == 1 else "few_seeds",
            arm=name,
            num_finished=finished,
            advised=ADVISED_SEEDS,
        )
    if compared.copied_seeds:
        yield _warning("copied_runs", arm=name, seeds=list(compared.copied_seeds))
    recorded = finished_rows(arm)["test_accuracy"].to_numpy(float)
    shown = np.array(compared.metrics.test_accuracy.values, float)
    if np.abs(recorded - shown).max() > ACCURACY_TOLERANCE:
        yield _warning("accuracies_contradict_predictions", arm=name)
    if arm.scores is not None and _is_contradicted(arm, compared, metric.name):
        yield _warning("scores_contradict_metrics", arm=name, metric=metric.name)
    yield from _early_stopping_never_fired(arm, name)


def _unknown_parts(arm: Arm, name: str) -> Iterator[Caveat]:
    if arm.is_tracked:
        return
    if arm.dataset is None:
        code = "undescribed_arm" if arm.recipe is None else "undescribed_data"
        yield _warning(code, arm=name)
    elif arm.recipe is None:
        yield _warning("undescribed_recipe", arm=name)
    if missing := _missing_digests(arm):
        yield _warning("missing_digests", arm=name, parts=missing)


def _unknown_predictions(arm: Arm, name: str) -> Iterator[Caveat]:
    if not arm.has_predictions:
        if not arm.is_tracked:  # one_number_per_run says it of all its arms
            yield _warning("no_predictions", arm=name)
    elif arm.has_answers_only:
        yield _warning("answers_only", arm=name)


def _missing_digests(arm: Arm) -> list[str]:
    known = {} if arm.dataset is None else arm.dataset.sha256
    return sorted(part for part, digest in known.items() if digest is None)


def _is_contradicted(arm: Arm, compared: ComparedArm, metric: str) -> bool:
    """Whether a column of the metric holds other numbers than those compared."""
    rows = finished_rows(arm)
    column = column_of(rows, metric)
    if column is None or metric in OF_PREDICTIONS:
        return False
    recorded = pd.to_numeric(rows[column], errors="coerce").to_numpy(float)
    shown = np.array(compared.summary(metric).values, float)
    return not np.allclose(recorded, shown, rtol=ACCURACY_TOLERANCE, equal_nan=True)


def _early_stopping_never_fired(arm: Arm, name: str) -> Iterator[Caveat]:
    recipe = arm.recipe or {}
    patience, epochs = recipe.get("early_stopping_patience"), recipe.get("epochs")
    if patience is None or epochs is None:
        return
    trained = finished_rows(arm)["actual_epochs"].to_numpy(float, na_value=np.nan)
    if (trained == epochs).all():
        yield _warning(
            "early_stopping_never_fired", arm=name, epochs=epochs, patience=patience
        )


# --- a candidate against the reference ------------------------------------------------


def _about_pair(
    arms: tuple[Arm, Arm],
    compared: tuple[ComparedArm, ComparedArm],
    difference: Difference,
    num_examples: int | None,
) -> Iterator[Caveat]:
    names = {"reference": compared[0].name, "candidate": compared[1].name}
    yield from unchecked(arms, names)
    yield from _outcome(difference, names, num_examples)
    yield from _budgets(arms, compared, names)
    yield from _changes(compared[1].changes, names)
    yield from versions(arms, names)


def unchecked(arms: tuple[Arm, Arm], names: dict[str, str]) -> Iterator[Caveat]:
    """Whether nothing shows that both arms were tested on the same examples."""
    test_set = {"x_test", "y_test"}
    by_digests = all(
        arm.dataset is not None and test_set.isdisjoint(_missing_digests(arm))
        for arm in arms
    )
    by_labels = all(arm.has_predictions for arm in arms)
    by_scores = all(arm.scores is not None for arm in arms)
    by_tracker = all(arm.is_tracked for arm in arms)
    if not (by_digests or by_labels or by_scores or by_tracker):
        yield _warning("unchecked_test_set", **names)


def _budgets(
    arms: tuple[Arm, Arm],
    compared: tuple[ComparedArm, ComparedArm],
    names: dict[str, str],
) -> Iterator[Caveat]:
    epochs = [None if arm.recipe is None else arm.recipe.get("epochs") for arm in arms]
    if None not in epochs and epochs[0] != epochs[1]:
        yield _warning(
            "epochs_differ",
            **names,
            reference_epochs=epochs[0],
            candidate_epochs=epochs[1],
        )
    means = [arm.metrics.num_parameters.mean for arm in compared]
    sizes = [mean for mean in means if mean]
    if len(sizes) == 2 and max(sizes) >= NOTABLE_SIZE_RATIO * min(sizes):
        yield _warning(
            "sizes_differ",
            **names,
            reference_parameters=round(sizes[0]),
            candidate_parameters=round(sizes[1]),
        )


def _changes(
    changes: dict[str, tuple[Any, Any]] | None, names: dict[str, str]
) -> Iterator[Caveat]:
    if changes is None:
        return
    if not changes:
        yield _warning("same_recipe", **names)
    if len(changes) > 1:
        yield _warning(
            "several_changes",
            **names,
            num_changes=len(changes),
            parameters=sorted(changes),
        )


def _outcome(
    difference: Difference, names: dict[str, str], num_examples: int | None
) -> Iterator[Caveat]:
    if "unpaired_seed_sets_differ" in difference.flags:
        yield _warning("unpaired_seeds", **names)
    if "identical_predictions" in difference.flags:
        yield _warning("identical_predictions", **names)
    elif (
        num_examples
        and difference.metric == TEST_ACCURACY.name
        and abs(difference.delta) < 1 / num_examples
    ):
        yield _warning("below_one_example", **names, num_examples=num_examples)


def versions(arms: tuple[Arm, Arm], names: dict[str, str]) -> Iterator[Caveat]:
    """Compare the versions of the libraries that both arms name."""
    first, second = (arm.versions for arm in arms)
    for library in sorted(first.keys() & second.keys()):
        if first[library] != second[library]:
            yield _warning(
                "versions_differ",
                **names,
                library=library,
                reference_version=first[library],
                candidate_version=second[library],
            )


def _time_differs(arms: dict[str, Arm]) -> Caveat | None:
    seconds = {
        name: finished_rows(arm)["train_seconds"].astype(float).mean()
        for name, arm in arms.items()
    }
    if not all(value > 0 for value in seconds.values()):
        return None
    faster, slower = sorted(seconds, key=seconds.__getitem__)
    ratio = round(seconds[slower] / seconds[faster])
    if ratio < NOTABLE_TIME_RATIO:
        return None
    return _warning("time_differs", slower=slower, faster=faster, ratio=ratio)
