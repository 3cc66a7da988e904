"""Looks for oddities of images, which are trained on all the same but warned about."""

import hashlib

import numpy as np

from didithelp.dataset_description import SPLITS

# Pixels that differ by less than half of 0..255 were probably made for another scale,
# and a network, which divides them by 255, can hardly tell them apart.
NARROW = 128


def duplicates(arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """Count images that are there more than once and so make the answer wrong.

    Args:
        arrays: the six of a data set; `x_*` are uint8 (n, height, width[, channels]).

    Returns:
        the counts above zero, by the names of `DatasetDescription.duplicates`.
    """
    train, validation, test = (_digests(arrays[f"x_{split}"]) for split in SPLITS)
    seen_in_training, seen = set(train), {*train, *validation}
    numbers = {
        "test_seen_images": sum(digest in seen for digest in test),
        "validation_seen_images": sum(
            digest in seen_in_training for digest in validation
        ),
        "test_repeated_images": len(test) - len(set(test)),
    }
    return {kind: number for kind, number in numbers.items() if number}


def _digests(images: np.ndarray) -> list[bytes]:
    """SHA-256 of each image: 70,000 of MNIST take a quarter of a second."""
    return [hashlib.sha256(image).digest() for image in images]


def narrow_ranges(arrays: dict[str, np.ndarray]) -> dict[str, tuple[int, int]]:
    """Find arrays whose pixels differ by less than `NARROW`.

    Args:
        arrays: as in `duplicates`; `x_train` and `x_test` are looked at.

    Returns:
        least and largest pixel, by the name of the array.
    """
    ranges = {name: _widest_range(arrays[name]) for name in ("x_train", "x_test")}
    return {
        name: (low, high) for name, (low, high) in ranges.items() if high - low < NARROW
    }


def _widest_range(images: np.ndarray) -> tuple[int, int]:
    """Least and largest pixel of the channel in which they differ most.

    Channels are looked at one by one, since an opaque alpha channel holds 255 alone.
    """
    channels = images.reshape(-1, images.shape[3] if images.ndim == 4 else 1)
    low, high = channels.min(axis=0), channels.max(axis=0)
    widest = (high - low).argmax()
    return int(low[widest]), int(high[widest])
