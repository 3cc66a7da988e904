"""Recognizes the arrays of a data set under the names that people give them.

`train_images` of MedMNIST, `X_train` of scikit-learn's examples and `trainX` all mean
`x_train`. A name with any other word in it means nothing here.
"""

import re
from collections.abc import Iterable

_SPLITS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_AXES = {
    "x": ("x", "image", "images", "img", "imgs", "data", "features", "inputs"),
    "y": ("y", "label", "labels", "target", "targets"),
}
_MEANINGS = {
    frozenset((split_word, axis_word)): f"{axis}_{split}"
    for split, split_words in _SPLITS.items()
    for split_word in split_words
    for axis, axis_words in _AXES.items()
    for axis_word in axis_words
}


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Assign the names of arrays to the names that this project has for them.

    If an array has the project's name, that one is taken. Otherwise, if two names mean
    the same, neither is.

    Args:
        names: such as ["trainX", "train_labels"].

    Returns:
        the given name by the project's name, such as {"x_train": "trainX", ...}.
    """
    names = list(names)
    spelled_by_meaning: dict[str, list[str]] = {}
    for name in names:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
        meaning = _MEANINGS.get(frozenset(word.lower() for word in words))
        if meaning is not None:
            spelled_by_meaning.setdefault(meaning, []).append(name)
    return {
        meaning: meaning if meaning in spelled else spelled[0]
        for meaning, spelled in spelled_by_meaning.items()
        if meaning in spelled or len(spelled) == 1
    }
