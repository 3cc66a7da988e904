"""What is odd about images that may be trained on all the same, to be warned about."""

import hashlib

import numpy as np

from didithelp.dataset_description import SPLITS

# Images whose pixels differ by less than half of 0..255 are hardly images to a network
# that divides them by 255; they were probably made for another scale.
NARROW = 128


def duplicates(arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """How many images there are more than once, where that makes the answer wrong.

    Args:
        arrays: the six of a data set; `x_*` are uint8 (n, height, width[, channels]).

    Returns:
        Numbers above zero, as in `DatasetDescription.duplicates`.
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
    """Least and largest pixel of the arrays whose pixels differ by less than `NARROW`.

    Args:
        arrays: those of `duplicates`; those to train and to test with are looked at.
    """
    ranges = {
        name: (int(arrays[name].min()), int(arrays[name].max()))
        for name in ("x_train", "x_test")
    }
    return {
        name: (low, high) for name, (low, high) in ranges.items() if high - low < NARROW
    }
