"""What arms were trained and tested on, which is one and the same for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from didithelp.arm import Arm
from didithelp.comparability import num_examples
from didithelp.comparison import Dataset, ExaminedExamples
from didithelp.dataset_description import DatasetDescription


def dataset(arms: Sequence[Arm]) -> Dataset:
    """What the data is, as the first arm that knows it says.

    What was requested is left out unless it was replaced: it may be a path, which is of
    no use on another machine.
    """
    descriptions = _descriptions(arms)
    if not descriptions:
        return Dataset(None, None, None, None, None)
    first = descriptions[0]
    return Dataset(
        name=first.name,
        fallback=first.fallback,
        counts=first.counts,
        num_classes=first.num_classes,
        requested=None if first.fallback is None else first.requested,
    )


def test_set(arms: Sequence[Arm]) -> ExaminedExamples:
    """The test set, each value as the first arm that knows it says; all agree."""
    digests = [dataset.digests for dataset in _descriptions(arms)]
    sizes = (num_examples(arm) for arm in arms)
    return ExaminedExamples(
        sha256=next((known["x_test"] for known in digests if "x_test" in known), None),
        labels_sha256=next(
            (known["y_test"] for known in digests if "y_test" in known), None
        ),
        num_examples=next((size for size in sizes if size is not None), None),
    )


def _descriptions(arms: Sequence[Arm]) -> list[DatasetDescription]:
    return [arm.dataset for arm in arms if arm.dataset is not None]
