"""Compares a trial that was trained once more with the one that was stored."""

import dataclasses
from typing import Literal

import numpy as np

from lab.training.trial import Trial

# "Numerically equal" allows what another order of the same float32 sums can do to
# weights and probabilities after many steps.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-4, 1e-5

Word = Literal["bitwise equal", "numerically equal", "different"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """How far a trial is from the stored one; infinitely if only one has diverged."""

    word: Word
    weights: float  # largest absolute difference
    probabilities: float  # largest absolute difference, of the test set
    changed_predictions: int  # test images with another most probable class


def compare(stored: Trial, again: Trial) -> Finding:
    """Compare weights and test predictions; histories if both trials have diverged."""
    if stored.status != again.status:
        return Finding("different", np.inf, np.inf, 0)
    before, after = stored.probabilities, again.probabilities
    if before is None or after is None:
        same = repr(stored.history) == repr(again.history)  # NaN equals itself here
        return Finding("bitwise equal" if same else "different", 0, 0, 0)
    pairs = [
        *zip(stored.weights or [], again.weights or [], strict=True),
        (before, after),
    ]
    *weights, probabilities = [float(np.abs(a - b).max()) for a, b in pairs]
    if all(a.tobytes() == b.tobytes() for a, b in pairs):
        word: Word = "bitwise equal"
    elif all(
        np.allclose(a, b, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE) for a, b in pairs
    ):
        word = "numerically equal"
    else:
        word = "different"
    num_changed = int((before.argmax(axis=1) != after.argmax(axis=1)).sum())
    return Finding(word, max(weights), probabilities, num_changed)


def describe(finding: Finding, num_images: int) -> str:
    """Say the finding in one line; `num_images` is the size of the test set."""
    if finding.word == "bitwise equal":
        return (
            f"bitwise equal: every weight and the predictions of {num_images:,} images"
        )
    return (
        f"{finding.word}: weights differ by up to {finding.weights:.2g}, probabilities"
        f" by up to {finding.probabilities:.2g}, {finding.changed_predictions:,} of"
        f" {num_images:,} images are predicted to be something else"
    )
