"""Checks images and labels before they are split and anything is trained on them."""

import math

import numpy as np

from didithelp.errors import DataError
from lab.data.sources import Source

# What pixels are commonly scaled to. Images that use at least half of one of these
# ranges are taken to be scaled to it, so that black and white stay where they are.
PIXEL_SCALES = ((0, 255), (0, 1), (-1, 1), (0, 65535), (-128, 127))
# One numbering for both arrays, even where y_test lacks a class.
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
    """How to make uint8 of the images, by the range of values that is found in them.

    Training and test images need one and the same conversion, so that of their common
    range is told, unless they are of different types or scales.
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
    """Least and largest number; (0, 0) where there is none but NaN and infinity."""
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _common_range(ranges: dict[str, tuple[float, float]]) -> tuple[float, float]:
    least, most = zip(*ranges.values(), strict=True)
    return min(least), max(most)


def _scale(low: float, high: float) -> tuple[float, float]:
    """What black and white are in images with these least and largest values."""
    for black, white in PIXEL_SCALES:
        if black <= low and high <= white and high - low >= (white - black) / 2:
            return black, white
    return low, high


def _reshaping(shape: tuple[int, ...]) -> str:
    """How to make pictures of rows, where their sides can be told."""
    side = math.isqrt(shape[1]) if len(shape) == 2 else 0
    if side and side * side == shape[1]:
        return f"use x.reshape(-1, {side}, {side})"
    return "reshape it"


def _channels_last(shape: tuple[int, ...]) -> str:
    """How to move the channels, or the images of MATLAB files, to their axis."""
    if 1 <= shape[1] <= 4:
        return "move the channels there with np.moveaxis(x, 1, -1)"
    if 1 <= shape[2] <= 4:
        return "move the images to the first axis with np.moveaxis(x, -1, 0)"
    return "keep the channels of a picture"


def _check_labels(labels: np.ndarray, num_images: int, where: str) -> None:
    if labels.ndim != 1:
        raise DataError(
            f"{where} must have the shape (n,), got {labels.shape}; "
            f"{'use y.argmax(axis=1)' if _is_one_hot(labels) else 'give one number'}"
            " per image"
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


def _is_one_hot(labels: np.ndarray) -> bool:
    """Whether each row has a single 1 among zeros: several would be several classes."""
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "biuf":
        return False
    ones = labels == 1
    return bool((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all())


def _integers(labels: np.ndarray) -> str:
    """How to make integers of labels of another type."""
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
    if len(unknown := np.setdiff1d(tested, classes)):
        raise DataError(
            f"{where}: y_test must hold labels of y_train, which are {num_classes} "
            f"from {classes[0]} to {classes[-1]}, got {unknown[0]} too; remove what "
            "cannot be learned from x_train, or number both alike"
        )
    if num_classes < 2 or not np.array_equal(classes, np.arange(num_classes)):
        raise DataError(
            f"{where}: y_train must use every label 0..C-1 of at least 2 classes, got "
            f"{num_classes} labels from {classes[0]} to {classes[-1]}; number the "
            f"classes, with {NUMBERING}"
        )
    if len(tested) < num_classes:
        absent = np.setdiff1d(classes, tested)[0]
        raise DataError(
            f"{where}: y_test must hold every class of y_train, got no image of class "
            f"{absent}; add some, or leave that class out of x_train too"
        )
