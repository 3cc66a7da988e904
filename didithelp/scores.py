"""What the predictions of a run are worth, example by example, and their calibration.

Pure functions of arrays, which need NumPy alone: processes that train call them too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CALIBRATION_BINS = 15  # Guo et al. 2017
PROBABILITY_FLOOR = 1e-7  # keras.config.epsilon(), where Keras clips a cross-entropy
LOSS_UNIT = 2.0**-32  # nats; far below the float32 error of any prediction


def right_or_wrong(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """1 where the most probable class is the label, else 0.

    The first class wins a tie, as in Keras.

    Args:
        probabilities: (..., N, C) in [0, 1].
        labels: (N,) integers in 0..C-1.

    Returns:
        (..., N) int64.
    """
    is_right: np.ndarray = probabilities.argmax(axis=-1) == labels
    return is_right.astype(np.int64)


def negative_log_likelihood(
    probabilities: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Cross-entropy of each example, in nats, without any penalty.

    Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras does, so that one confident
    mistake costs 16.1 nats instead of infinity.

    Args:
        probabilities: (..., N, C) in [0, 1].
        labels: (N,) integers in 0..C-1.

    Returns:
        (..., N) float64.
    """
    chosen = probabilities[..., np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(chosen, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR))


def fixed_point(losses: np.ndarray) -> np.ndarray:
    """Losses in nats as the nearest multiples of LOSS_UNIT, int64, same shape."""
    return np.rint(losses / LOSS_UNIT).astype(np.int64)


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared error of each example, summed over the classes, in [0, 2] (Brier 1950).

    Args:
        probabilities: (..., N, C) in [0, 1].
        labels: (N,) integers in 0..C-1.

    Returns:
        (..., N) float64.
    """
    errors = probabilities.astype(np.float64)
    errors[..., np.arange(len(labels)), labels] -= 1
    total: np.ndarray = np.square(errors).sum(axis=-1)
    return total


class Reliability(NamedTuple):
    """Top probability against accuracy, in CALIBRATION_BINS equal bins.

    Attributes:
        edges: (bins + 1,) from 0 to 1; bin k is (edges[k], edges[k + 1]].
        counts: (bins,) number of examples.
        confidence, accuracy: (bins,) means over the bin's examples, NaN where it is
            empty.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def calibration_error(self) -> float:
        """Mean of |accuracy - confidence|, weighted by the counts (Guo et al. 2017)."""
        gaps = self.counts * np.abs(self.accuracy - self.confidence)
        return float(np.nansum(gaps) / self.counts.sum())


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> Reliability:
    """How far the top probability can be believed.

    Args:
        probabilities: (N, C) in [0, 1]; to pool several networks, stack their examples.
        labels: (N,) integers in 0..C-1, N > 0.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(confidence)  # sums then do not depend on the order of examples
    confidence = confidence[order]
    right = right_or_wrong(probabilities, labels)[order]
    edges = np.arange(CALIBRATION_BINS + 1) / CALIBRATION_BINS
    bins = np.searchsorted(edges, confidence, side="left") - 1
    bins = np.clip(bins, 0, CALIBRATION_BINS - 1)
    counts, num_right, total = (
        np.bincount(bins, weights=weights, minlength=CALIBRATION_BINS)
        for weights in (None, right, confidence)
    )
    divisor = np.where(counts, counts, np.nan)
    return Reliability(edges, counts, total / divisor, num_right / divisor)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """ECE of one network, in [0, 1] (Guo et al. 2017).

    It is biased upwards for small N and no proper score: report it beside the
    cross-entropy.

    Args:
        probabilities: (N, C) in [0, 1].
        labels: (N,) integers in 0..C-1, N > 0.
    """
    return reliability(probabilities, labels).calibration_error
