"""Checks images and labels before they are split and anything is trained on them."""

import numpy as np

from didithelp.errors import DataError
from lab.data.sources import Source


def check_source(source: Source) -> None:
    """Demand a classification problem, with every class in both sets.

    Images must be uint8 (n, height, width) or (n, height, width, 1 to 4 channels) of
    one shape, labels integers (n,) in 0..C-1.

    Raises:
        DataError: the first thing that is otherwise, and how to mend it.
    """
    arrays, where = source.arrays, source.where
    for name in ("x_train", "x_test"):
        _check_images(arrays[name], f"{where}: {name}")
    shapes = {name: arrays[name].shape[1:] for name in ("x_train", "x_test")}
    if shapes["x_train"] != shapes["x_test"]:
        raise DataError(
            f"{where}: images must have one shape, got {shapes['x_train']} in x_train "
            f"and {shapes['x_test']} in x_test; crop or resize one of them"
        )
    for split in ("train", "test"):
        num_images = len(arrays[f"x_{split}"])
        _check_labels(arrays[f"y_{split}"], num_images, f"{where}: y_{split}")
    _check_classes(arrays["y_train"], arrays["y_test"], where)


def _check_images(images: np.ndarray, where: str) -> None:
    if images.dtype != np.uint8:
        raise DataError(
            f"{where} must be uint8 in 0..255, got {images.dtype}"
            f"{_value_range(images)}; convert it {_conversion(images)}"
        )
    if images.ndim not in (3, 4):
        raise DataError(
            f"{where} must have the shape (n, height, width) or (n, height, width, "
            f"channels), got {images.shape}; reshape it"
        )
    if images.size == 0:
        raise DataError(
            f"{where} must hold images, got the empty shape {images.shape}; add some"
        )
    if images.ndim == 4 and not 1 <= images.shape[3] <= 4:
        raise DataError(
            f"{where} must have 1 to 4 channels on its last axis, got {images.shape}; "
            "move the channels there with np.moveaxis(x, 1, -1)"
        )


def _value_range(images: np.ndarray) -> str:
    """The range of an array of the wrong type, for the error; "" if it has none."""
    if images.dtype.kind not in "iuf" or images.size == 0:
        return ""
    if np.isnan(images).any():
        return " with NaN among the values"
    return f" from {images.min():g} to {images.max():g}"


def _conversion(images: np.ndarray) -> str:
    """The expression that makes uint8 of images; if all are in 0..1, 1.0 is 255."""
    to_uint8 = '.round().clip(0, 255).astype("uint8")'
    if images.dtype.kind not in "iuf":
        return 'with .astype("uint8") once it holds numbers in 0..255'
    if np.isnan(images).any():
        return "with np.nan_to_num(x)" + to_uint8
    if (
        images.dtype.kind == "f"
        and images.size
        and 0 <= images.min() <= images.max() <= 1
    ):
        return "with (x * 255)" + to_uint8
    return "with x" + to_uint8


def _check_labels(labels: np.ndarray, num_images: int, where: str) -> None:
    if labels.ndim != 1:
        column = labels.shape == (num_images, 1)
        raise DataError(
            f"{where} must have the shape (n,), got {labels.shape}; "
            f"use y.{'ravel()' if column else 'argmax(axis=1)'}"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"{where} must be integers, got {labels.dtype}; number the classes from 0 "
            'and convert with .astype("int32")'
        )
    if len(labels) != num_images:
        raise DataError(
            f"{where} must hold one label per image, got {len(labels)} labels for "
            f"{num_images} images; drop what has no partner"
        )


def _check_classes(y_train: np.ndarray, y_test: np.ndarray, where: str) -> None:
    """Labels must be 0..C-1, each class present in both sets."""
    classes = np.unique(y_train)
    num_classes = len(classes)
    if num_classes < 2 or not np.array_equal(classes, np.arange(num_classes)):
        raise DataError(
            f"{where}: y_train must use every label 0..C-1 of at least 2 classes, got "
            f"{num_classes} labels from {classes[0]} to {classes[-1]}; number the "
            "classes with np.unique(y, return_inverse=True)"
        )
    tested = np.unique(y_test)
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
