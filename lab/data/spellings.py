"""The names that people give to the arrays of a data set.

`train_images` of MedMNIST, `X_train` of scikit-learn's examples and `trainX` all say
`x_train`. A name with any other word in it says nothing.
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
    """The name of each array that is there, by the name that it has in this project.

    A name that is spelled as in this project comes first. Of two others that say the
    same, neither is taken.
    """
    names = list(names)
    found: dict[str, list[str]] = {}
    for name in names:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
        meaning = _MEANINGS.get(frozenset(word.lower() for word in words))
        if meaning is not None:
            found.setdefault(meaning, []).append(name)
    return {
        meaning: meaning if meaning in spelled else spelled[0]
        for meaning, spelled in found.items()
        if meaning in spelled or len(spelled) == 1
    }
