"""What two arms predicted for the same test images: confusions and flips.

Pure functions on arrays. Probabilities are (runs, images, classes), labels (images,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from didithelp.probabilities import each_run


@dataclass(frozen=True)
class Opinion:
    """What the runs of one arm say about one image."""

    predicted: int  # the class that most runs predict; the lowest one in a tie
    num_runs: int  # runs that predict it
    num_right: int  # runs that predict the true class


@dataclass(frozen=True)
class Flip:
    """A test image that one arm gets right more often than the other."""

    index: int
    label: int
    reference: Opinion
    candidate: Opinion


def predicted_classes(probabilities: np.ndarray) -> np.ndarray:
    """The class with the largest probability, the lowest in a tie: (runs, images).

    They are of the narrowest type that holds every class.
    """
    num_runs, num_images, num_classes = probabilities.shape
    narrowest = np.min_scalar_type(num_classes - 1)
    classes = np.empty((num_runs, num_images), narrowest)
    for place, run in enumerate(each_run(probabilities)):
        classes[place] = run.argmax(axis=1)
    return classes


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Number of images by true class (row) and predicted class (column).

    Args:
        predicted: (runs, images) classes.
        labels: (images,) true classes, integers of any width.
        classes: how many there are.

    Returns:
        (classes, classes) floats: means over the runs.
    """
    rows = labels.astype(np.int64) * classes
    counts = sum(np.bincount(rows + run, minlength=classes**2) for run in predicted)
    return np.reshape(counts, (classes, classes)) / len(predicted)


def most_flipped(
    reference: np.ndarray, candidate: np.ndarray, labels: np.ndarray, count: int
) -> tuple[list[Flip], list[Flip]]:
    """The images that the candidate gains most clearly, and those that it loses.

    What is compared is the share of an arm's runs that are right; ties are in the order
    of the images.

    Args:
        reference: (runs, images) predicted classes.
        candidate: the same; its number of runs may be another.
        labels: (images,) true classes.
        count: how many of each to give at most.
    """
    shares = [
        (predicted == labels).mean(axis=0) for predicted in (reference, candidate)
    ]
    gained, lost = (
        [
            Flip(
                int(index),
                int(labels[index]),
                _opinion(reference[:, index], labels[index]),
                _opinion(candidate[:, index], labels[index]),
            )
            for index in np.argsort(-gain, kind="stable")[:count]
            if gain[index] > 0
        ]
        for gain in (shares[1] - shares[0], shares[0] - shares[1])
    )
    return gained, lost


def _opinion(predicted: np.ndarray, label: int) -> Opinion:
    votes = np.bincount(predicted)
    most = int(votes.argmax())
    return Opinion(most, int(votes[most]), int((predicted == label).sum()))
