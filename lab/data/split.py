"""Draws the images to train with and to validate with, alike on every machine."""

from dataclasses import dataclass

import numpy as np

from didithelp.errors import DataError
from didithelp.parameters import Interval, Parameters, parameter
from lab.data.sources import Source


@dataclass(frozen=True)
class Split(Parameters):
    """How the training images are split; the same values give the same bytes.

    validation_fraction: share of the training images held back.
    split_seed: seed of both random choices.
    train_size: images to keep of the training set, of which the validation images are
        a part; 0 keeps all.
    """

    validation_fraction: float = parameter(Interval(0, 0.5, open="low"), 0.1)
    # NumPy's RandomState takes no larger seed.
    split_seed: int = parameter(Interval(0, 2**32 - 1), 0)
    train_size: int = parameter(Interval(0), 2000, note="0 keeps all images")


def split_training_images(
    source: Source, split: Split
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the images to train with and to validate with, every class in proportion.

    Returns:
        the positions in x_train, int64, of either; both sorted, so that the result
        depends on which images are drawn and not on the order of drawing.

    Raises:
        DataError: fewer images than wanted, or a class without an image in one part.
    """
    labels = source.arrays["y_train"].astype(np.int32)
    if split.train_size > len(labels):
        raise DataError(
            f"train_size must be at most the {len(labels)} training images of "
            f"{source.name}, got {split.train_size}; use 0 for all of them"
            + (f" ({source.fallback})" if source.fallback else "")
        )
    # RandomState, because NumPy promises that its stream will never change.
    random = np.random.RandomState(split.split_seed)
    kept = np.arange(len(labels))
    if split.train_size:
        kept = _stratified_choice(labels, split.train_size, random)
    num_validation = round(split.validation_fraction * len(kept))
    chosen = _stratified_choice(labels[kept], num_validation, random)
    train, validation = np.delete(kept, chosen), kept[chosen]
    _check_no_class_is_lost(labels, train, validation, source.where)
    return train, validation


def _stratified_choice(
    labels: np.ndarray, size: int, random: np.random.RandomState
) -> np.ndarray:
    """Sorted positions of `size` random labels, every class in proportion.

    Shares are rounded by largest remainder. scikit-learn's `train_test_split` does the
    same job, but importing it takes longer than preparing all of MNIST.
    """
    counts = np.bincount(labels)
    shares, remainders = np.divmod(counts * size, len(labels))
    largest_first = np.argsort(-remainders, kind="stable")
    shares[largest_first[: size - shares.sum()]] += 1
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(shares)
    ]
    return np.sort(np.concatenate(chosen))


def _check_no_class_is_lost(
    labels: np.ndarray, train: np.ndarray, validation: np.ndarray, where: str
) -> None:
    num_classes = int(labels.max()) + 1
    for split, positions in (("training", train), ("validation", validation)):
        counts = np.bincount(labels[positions], minlength=num_classes)
        if counts.min() == 0:
            available = int((labels == counts.argmin()).sum())
            raise DataError(
                f"{where}: every class must be in the {split} split, got none of class "
                f"{counts.argmin()} among {len(positions)} images ({available} before "
                "the split); raise train_size or validation_fraction, or add images"
            )


def take(
    arrays: dict[str, np.ndarray], train: np.ndarray, validation: np.ndarray
) -> dict[str, np.ndarray]:
    """Copy the images of a split; the test set stays whole and in its order.

    Args:
        arrays: those of the source.
        train: positions in x_train to train with.
        validation: positions in x_train to validate with.

    Returns:
        the six arrays of a data set: images as uint8, labels as int32.
    """
    taken = {
        "x_train": arrays["x_train"][train],
        "y_train": arrays["y_train"][train],
        "x_validation": arrays["x_train"][validation],
        "y_validation": arrays["y_train"][validation],
        "x_test": arrays["x_test"],
        "y_test": arrays["y_test"],
    }
    # One layout and type whatever the source had: equal data, equal bytes.
    return {
        name: np.ascontiguousarray(array, np.uint8 if name[0] == "x" else np.int32)
        for name, array in taken.items()
    }
