"""Checks images and labels before they are split and anything is trained on them."""

import math

import numpy as np

from didithelp.errors import DataError
from lab.data.sources import Source

# Common scales of pixels, black and white. Images that use at least half of one are
# taken to have that scale, so that black stays black and white stays white.
PIXEL_SCALES = ((0, 255), (0, 1), (-1, 1), (0, 65535), (-128, 127))
# Numbers the classes of both arrays alike, even if y_test lacks one.
NUMBERING = "np.searchsorted(np.unique(y_train), y) for y_train and for y_test"


def check_source(source: Source) -> None:
    """Demand a classification problem, with every class in both sets.

    Images must be uint8 (n, height, width) or (n, height, width, 1 to 4 channels) of
    one shape, labels integers (n,) in 0..C-1.

    Raises:
        DataError: the first thing that is otherwise, and how to mend it.
    """
    arrays, where = source.arrays, source.where
    images = {name: arrays[name] for name in ("x_train", "x_test")}
    for name in images:
        _check_images(images, name, f"{where}: {name}")
    shapes = {name: array.shape[1:] for name, array in images.items()}
    if shapes["x_train"] != shapes["x_test"]:
        same_size = math.prod(shapes["x_train"]) == math.prod(shapes["x_test"])
        raise DataError(
            f"{where}: images must have one shape, got {shapes['x_train']} in x_train "
            f"and {shapes['x_test']} in x_test; "
            f"{'reshape' if same_size else 'crop or resize'} one of them"
        )
    for split in ("train", "test"):
        num_images = len(arrays[f"x_{split}"])
        _check_labels(arrays[f"y_{split}"], num_images, f"{where}: y_{split}")
    _check_classes(arrays["y_train"], arrays["y_test"], where)


def _check_images(images: dict[str, np.ndarray], name: str, where: str) -> None:
    array = images[name]
    if array.dtype != np.uint8:
        raise DataError(
            f"{where} must be uint8 in 0..255, got {array.dtype}"
            f"{_value_range(array)}; {_conversion(images, name)}"
        )
    if array.ndim not in (3, 4):
        raise DataError(
            f"{where} must have the shape (n, height, width) or (n, height, width, "
            f"channels), got {array.shape}; {_reshaping(array.shape)}"
        )
    if array.size == 0:
        raise DataError(
            f"{where} must hold images, got the empty shape {array.shape}; add some"
        )
    if array.ndim == 4 and not 1 <= array.shape[3] <= 4:
        raise DataError(
            f"{where} must have 1 to 4 channels on its last axis, got {array.shape}; "
            f"{_channels_last(array.shape)}"
        )
    if array.min() == array.max():
        raise DataError(
            f"{where} must hold pixels that differ, got {array.min()} in all of them; "
            "look at how the file was made"
        )


def _value_range(images: np.ndarray) -> str:
    """The range of an array of the wrong type, for the error; "" if it has none."""
    if images.dtype.kind not in "iuf" or images.size == 0:
        return ""
    if np.isnan(images).any():
        return " with NaN among the values"
    return f" from {images.min():g} to {images.max():g}"


def _conversion(images: dict[str, np.ndarray], name: str) -> str:
    """The advice how to make uint8 of images, from the range of their values.

    Training and test images need the same conversion. So it is that of their common
    range, unless the two are of different types or scales.
    """
    dtype = images[name].dtype
    if dtype.kind not in "biuf":
        return 'convert it with .astype("uint8") once it holds numbers in 0..255'
    ranges = {
        other: _finite_range(array)
        for other, array in images.items()
        if array.dtype == dtype
    }
    low, high = _common_range(ranges)
    if any(most - least < (high - low) / 8 for least, most in ranges.values()):
        ranges = {name: ranges[name]}
        low, high = ranges[name]
    if low == high:
        return "give images whose pixels differ"
    pixels = "x"
    if not all(np.isfinite(images[other]).all() for other in ranges):
        pixels = f"np.nan_to_num(x, nan={low!r})"
    black, white = _scale(low, high)
    if (black, white) != (0, 255):
        pixels = f"np.interp({pixels}, ({black!r}, {white!r}), (0, 255))"
    return (
        f"convert {' and '.join(ranges)} with "
        f'{pixels}.round().clip(0, 255).astype("uint8")'
    )


def _finite_range(array: np.ndarray) -> tuple[float, float]:
    """Least and largest finite number; (0, 0) if there is none."""
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _common_range(ranges: dict[str, tuple[float, float]]) -> tuple[float, float]:
    least, most = zip(*ranges.values(), strict=True)
    return min(least), max(most)


def _scale(low: float, high: float) -> tuple[float, float]:
    """The values of black and white in images whose values are from `low` to `high`."""
    for black, white in PIXEL_SCALES:
        if black <= low and high <= white and high - low >= (white - black) / 2:
            return black, white
    return low, high


def _reshaping(shape: tuple[int, ...]) -> str:
    """The advice how to make images of this shape; square ones if rows allow it."""
    side = math.isqrt(shape[1]) if len(shape) == 2 else 0
    if side and side * side == shape[1]:
        return f"use x.reshape(-1, {side}, {side})"
    return "reshape it"


def _channels_last(shape: tuple[int, ...]) -> str:
    """The advice how to move channels to the last axis, or images to the first.

    MATLAB files have the images on the last axis.
    """
    if 1 <= shape[1] <= 4:
        return "move the channels there with np.moveaxis(x, 1, -1)"
    if 1 <= shape[2] <= 4:
        return "move the images to the first axis with np.moveaxis(x, -1, 0)"
    return "keep the channels of a picture"


def _check_labels(labels: np.ndarray, num_images: int, where: str) -> None:
    if labels.ndim != 1:
        raise DataError(
            f"{where} must have the shape (n,), got {labels.shape}; "
            f"{_one_axis(labels, num_images)}"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"{where} must be integers, got {labels.dtype}; {_integers(labels)}"
        )
    if len(labels) != num_images:
        raise DataError(
            f"{where} must hold one label per image, got {len(labels)} labels for "
            f"{num_images} images; drop what has no partner"
        )


def _one_axis(labels: np.ndarray, num_images: int) -> str:
    """How to make one label per image of a table, where it holds no more than that."""
    if labels.size == num_images in labels.shape:
        return "use y.ravel()"
    if _is_one_hot(labels):
        return "use y.argmax(axis=1)"
    return "give one number per image"


def _is_one_hot(labels: np.ndarray) -> bool:
    """Whether each row has a single 1 among zeros, and so names one class."""
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "biuf":
        return False
    ones = labels == 1
    return bool((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all())


def _integers(labels: np.ndarray) -> str:
    """The advice how to make integers of labels of another type."""
    kind = labels.dtype.kind
    if kind == "b" or (kind == "f" and (labels == np.round(labels)).all()):
        return 'use y.astype("int32")'
    if kind in "SU":
        return f"number the classes, with {NUMBERING}"
    return "give the number of a class, counted from 0, not a quantity"


def _check_classes(y_train: np.ndarray, y_test: np.ndarray, where: str) -> None:
    """Labels must be 0..C-1, each class present in both sets."""
    classes, tested = np.unique(y_train), np.unique(y_test)
    num_classes = len(classes)
    if num_classes < 2 or not np.array_equal(classes, np.arange(num_classes)):
        unknown = np.setdiff1d(tested, classes)
        raise DataError(
            f"{where}: y_train must use every label 0..C-1 of at least 2 classes, got "
            f"{num_classes} labels from {classes[0]} to {classes[-1]}"
            + (
                f", without {unknown[0]} of y_test; number both alike from 0"
                if len(unknown)
                else f"; number the classes, with {NUMBERING}"
            )
        )
    if tested[0] < 0 or tested[-1] >= num_classes:
        raise DataError(
            f"{where}: y_test must be in 0..{num_classes - 1} like y_train, got "
            f"{tested[0]} to {tested[-1]}; remove what cannot be learned from x_train"
        )
    if len(tested) < num_classes:
        absent = np.setdiff1d(classes, tested)[0]
        raise DataError(
            f"{where}: y_test must hold every class of y_train, got no image of class "
            f"{absent}; add some, or leave that class out of x_train too"
        )
