"""One number per run and test example: losses, exact match, average precision.

What the runs of an arm scored, with the ids that tell its examples from others. The
scores that follow from predictions are in `didithelp.scores`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from didithelp.characters import is_name
from didithelp.errors import ArmError, Refusal

LARGEST = 1e100  # of a score, in size; its square is still a number
MOST_SHOWN = 3  # ids in a message


@dataclass(frozen=True, eq=False)
class Scores:
    """What the finished runs of an arm scored on each test example.

    Attributes:
        name: of the metric; None where nobody said it.
        examples: (N,) int64 or text, the id of each example; all differ.
        values: (S, N) finite float64 below 1e100 in size, a row per finished seed in
            the order of `Arm.seeds`.
        clusters: (N,) int64 or text, the group of each example, such as the photograph
            it was cut from; None if each is its own.

    Raises:
        Refusal: one of these is otherwise.
    """

    name: str | None
    examples: np.ndarray
    values: np.ndarray
    clusters: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not is_name(self.name):
            raise ArmError(
                f"name of the scores must be one line of text, got {self.name!r}"
            )
        check_ids("examples", self.examples, self.values.shape[-1:])
        ids, counts = np.unique(self.examples, return_counts=True)
        if len(ids) < len(self.examples):
            raise ArmError(
                f"examples must have an id each, got {ids[counts > 1][0]} for several; "
                "number them, with np.arange(N)"
            )
        if self.clusters is not None:
            check_ids("clusters", self.clusters, self.examples.shape)
        if self.values.ndim != 2 or self.values.dtype != np.float64:
            raise ArmError(
                f"scores must be floats (S, {len(self.examples)}), a row per seed and "
                f"a column per example, got {self.values.dtype} {self.values.shape}"
            )
        if self.values.size and not np.abs(self.values).max() < LARGEST:
            raise ArmError(
                f"scores must be finite and below {LARGEST:g} in size, got "
                f"{self.values[~(np.abs(self.values) < LARGEST)][0]}; leave examples "
                "without a score out of all runs of all arms"
            )

    @property
    def are_right_or_wrong(self) -> bool:
        """Whether every score is 0 or 1."""
        return bool(np.isin(self.values, (0, 1)).all())

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each run's scores; none of whole numbers, which may repeat."""
        if (self.values == np.rint(self.values)).all():
            return ()
        return digests_of(self.values)

    def of(self, runs: np.ndarray) -> Scores:
        """The scores of some runs alone, by their places, in that order."""
        return replace(self, values=self.values[runs])

    def in_order_of(self, other: Scores) -> Scores:
        """The same scores with the examples in the order of another arm's.

        Raises:
            Refusal: the examples are others.
        """
        if np.array_equal(self.examples, other.examples):
            return self
        mine, theirs = (each.examples.astype(str) for each in (self, other))
        if len(surplus := np.setxor1d(mine, theirs)):
            shown = ", ".join(surplus[:MOST_SHOWN].tolist())
            raise Refusal(
                "different_test_set",
                "both arms must hold scores of the same examples, got "
                f"{len(surplus)} that one of them lacks, such as {shown}; score the "
                "same examples with both arms",
            )
        places = np.argsort(mine)[np.argsort(np.argsort(theirs))]
        clusters = None if self.clusters is None else self.clusters[places]
        return replace(
            self,
            examples=other.examples,
            values=self.values[:, places],
            clusters=clusters,
        )


def digests_of(runs: np.ndarray) -> tuple[str, ...]:
    """SHA-256 of each row of an array."""
    return tuple(hashlib.sha256(np.ravel(run).data).hexdigest() for run in runs)


def check_ids(where: str, ids: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse ids that are not one integer or text for each of (N,) examples."""
    if ids.dtype.kind not in "iuU" or ids.ndim != 1 or ids.shape != shape:
        raise ArmError(
            f"{where} must be integers or text {shape}, one per test example, got "
            f"{ids.dtype} {ids.shape}"
        )


def as_float64(numbers: np.ndarray) -> np.ndarray:
    """Numbers and truth values of any type as float64; other types stay as they are."""
    is_real = numbers.dtype.kind in "biuf"
    return numbers.astype(np.float64) if is_real else numbers


def as_ids(ids: np.ndarray) -> np.ndarray:
    """Ids as int64 or text, where they are integers or text of any width."""
    if ids.dtype.kind == "S":
        return np.char.decode(ids, "utf-8", "replace")
    is_small = ids.dtype.kind == "i" or (ids.dtype.kind == "u" and ids.itemsize < 8)
    if is_small:
        return ids.astype(np.int64)
    return ids.astype(str) if ids.dtype.kind == "u" else ids
