"""Probabilities as other software leaves them: converted, or what they look like.

Pure functions of arrays (..., C), one row per example.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator

import numpy as np

ROW_SUM_TOLERANCE = 1e-3  # a softmax in float32 stays within 1e-6 of one
RANGE_TOLERANCE = 1e-6
HALF_TOLERANCE = 0.01  # a softmax in half precision stays within it, also in bfloat16

SOFTMAX = (
    "e = np.exp(x - x.max(axis=-1, keepdims=True)); "
    "probabilities = e / e.sum(axis=-1, keepdims=True)"
)
NORMALIZE = "probabilities = x / x.sum(axis=-1, keepdims=True)"


def as_float32(numbers: np.ndarray) -> np.ndarray:
    """Real numbers of any type as float32, same shape; other types stay as they are.

    Half precision rounds each probability, so that the sum of a row is off by up to
    0.01. Each row is divided by its sum, which keeps the order of its classes. What is
    float32 already is not copied.
    """
    if numbers.dtype.kind not in "biuf":
        return numbers
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        converted = numbers.astype(np.float32, copy=False)
    if numbers.dtype == np.float16 and numbers.ndim > 1:
        sums = converted.sum(axis=-1, keepdims=True)
        if _distance(sums, 1) <= HALF_TOLERANCE:
            converted /= sums
    return converted


def each_run(
    probabilities: np.ndarray, places: Iterable[int] | None = None
) -> Iterator[np.ndarray]:
    """The predictions of one run after the other: (S, N, C) as S times (N, C).

    Of those that lie in a file, only one run is in memory at a time.

    Args:
        probabilities: of all runs.
        places: of the runs that are wanted, in their order; None for all.
    """
    file = probabilities.base
    for place in range(len(probabilities)) if places is None else places:
        run = probabilities[place]
        if isinstance(file, mmap.mmap):
            run = np.array(run)
            file.madvise(mmap.MADV_DONTNEED)  # else all that was read would stay
        yield run


def is_one_hot(probabilities: np.ndarray) -> bool:
    """Whether every row of (S, N, C) has 1 for one class and 0 for the others.

    These are answers alone. A network that is very sure gives such rows as well, but
    not for all examples.
    """
    is_answer = ((run.max(axis=-1) == 1).all() for run in each_run(probabilities))
    return bool(probabilities.size) and all(is_answer)


def problem(probabilities: np.ndarray) -> str | None:
    """What keeps float32 rows from being probabilities; None if nothing does."""
    if not probabilities.size:
        return None
    if not np.isfinite(probabilities).all():
        return "must be finite, got NaN or infinity"
    low, high = float(probabilities.min()), float(probabilities.max())
    sums = probabilities.sum(axis=-1, dtype=np.float64)
    in_range = -RANGE_TOLERANCE <= low and high <= 1 + RANGE_TOLERANCE
    if in_range and _distance(sums, 1) <= ROW_SUM_TOLERANCE:
        return None
    return (
        "must lie in [0, 1] and must sum to 1 for each example, got "
        f"{low:.3g} to {high:.3g} and a sum that is off by {_distance(sums, 1):.3g}; "
        + _way_out(probabilities, sums, in_range)
    )


def _way_out(numbers: np.ndarray, sums: np.ndarray, in_range: bool) -> str:
    """What the numbers look like, and the line of NumPy that converts them."""
    if in_range and _distance(sums, 1) <= HALF_TOLERANCE:
        return f"these look rounded to half precision, so pass {NORMALIZE}"
    if numbers.max() <= RANGE_TOLERANCE and _are_logarithms(numbers):
        return (
            "these look like logits after a log-softmax, which are logarithms of "
            "probabilities: pass np.exp of them, probabilities = np.exp(x)"
        )
    if numbers.min() >= 0 and _distance(sums / 100, 1) <= HALF_TOLERANCE:
        return "these look like percentages: pass probabilities = x / 100"
    if numbers.min() >= 0 and not (numbers % 1).any() and sums.min() > 0:
        return f"these look like counts or votes: pass {NORMALIZE}"
    if in_range:
        return (
            "apply softmax over the classes to what the network gives before its last "
            f"activation, x: {SOFTMAX}; if the classes have a sigmoid each, {NORMALIZE}"
        )
    return f"these look like logits: apply softmax over the classes, {SOFTMAX}"


def _are_logarithms(numbers: np.ndarray) -> bool:
    return _distance(np.exp(numbers).sum(axis=-1, dtype=np.float64), 1) <= 0.01


def _distance(values: np.ndarray, target: float) -> float:
    """The largest distance of a value to `target`; NaN if a value is NaN."""
    return float(np.abs(values - target).max(initial=0))
