"""Test examples that come in groups: digits of one writer, crops of one photograph.

New examples then come in new groups, so that the groups are the sample and not the
examples. The difference stays the mean over examples: a ratio of two sums over groups,
since groups have unequal sizes, with the variance that survey sampling gives such a
ratio (Cochran 1977, chapter 9A: clusters of unequal sizes). With one example in each
group it is that of `effects` to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from didithelp.effects import Effect, exact_dot, exact_sum


def are_the_same(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two arrays of ids, (N,), put the same examples into one group."""
    codes = [np.unique(ids, return_inverse=True)[1] for ids in (first, second)]
    sizes = {int(each.max(initial=-1)) + 1 for each in codes}
    return sizes == {np.unique(np.stack(codes), axis=1).shape[1]}


class Groups(NamedTuple):
    """Examples sorted by their groups.

    Attributes:
        order: (N,) places of the examples, group after group.
        starts: (G,) where in `order` each group begins.
        sizes: (G,) examples in each group.
    """

    order: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray

    def totals(self, numbers: np.ndarray) -> np.ndarray:
        """The sums over each group: (..., N) to (..., G)."""
        sums: np.ndarray = np.add.reduceat(
            numbers[..., self.order], self.starts, axis=-1
        )
        return sums


def groups_of(clusters: np.ndarray) -> Groups:
    """The groups of examples by their ids, (N,) integers or text."""
    _, codes, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return Groups(np.argsort(codes, kind="stable"), starts, sizes)


def by_cluster(
    effect: Effect,
    reference: np.ndarray,
    candidate: np.ndarray,
    unit: float,
    clusters: np.ndarray,
) -> Effect:
    """The same effect with the variance of examples that come in groups.

    Args:
        effect: of these counts, paired or not.
        reference: (nA, m) int64, a row per seed and a column per test example.
        candidate: (nB, m) int64, likewise.
        unit: the value of one count.
        clusters: (m,) the group of each example, integers or text.

    Returns:
        An effect whose variances from examples are NaN if all are in one group.
    """
    found = groups_of(clusters)
    is_paired = len(effect.group_sizes) == 1
    before, after = found.totals(reference), found.totals(candidate)
    groups = [after - before] if is_paired else [before, after]
    if is_paired:
        divisor, surplus = len(before), groups[0].sum(axis=0)
    else:
        divisor = len(before) * len(after)
        surplus = len(before) * after.sum(axis=0) - len(after) * before.sum(axis=0)
    return replace(
        effect,
        item_variance=item_variance(surplus, divisor, found.sizes) * unit**2,
        residual_terms=tuple(
            residual_variance(each, found.sizes) * unit**2 for each in groups
        ),
        num_clusters=len(found.sizes),
    )


def item_variance(surplus: np.ndarray, divisor: int, sizes: np.ndarray) -> float:
    """Variance of the mean from groups of examples.

    Args:
        surplus: (G,) int64, the sums over each group; `divisor` times the differences.
        divisor: what they are to be divided by.
        sizes: (G,) examples in each group.
    """
    num_groups, num_examples = len(sizes), int(sizes.sum())
    if num_groups < 2:
        return math.nan
    squares = num_groups * _squares_about_mean(surplus[np.newaxis], sizes)
    scale: int = (num_groups - 1) * divisor**2 * num_examples**4
    return squares / scale


def residual_variance(totals: np.ndarray, sizes: np.ndarray) -> float:
    """The seed-by-group part of it, (seeds, G) int64 sums; NaN for one seed."""
    num_seeds, num_groups = len(totals), len(sizes)
    num_examples = int(sizes.sum())
    if min(num_seeds, num_groups) < 2:
        return math.nan
    within = num_seeds * _squares_about_mean(totals, sizes)
    squares = within - _squares_about_mean(totals.sum(axis=0, keepdims=True), sizes)
    degrees = (num_seeds - 1) * (num_groups - 1)
    scale: int = degrees * num_seeds**2 * num_examples**4
    variance: float = num_groups * squares / scale
    return variance


def _squares_about_mean(totals: np.ndarray, sizes: np.ndarray) -> int:
    """The sum over all cells of (m T - S n)^2, exact.

    T is the total of a group, n its size, S the sum of the row and m that of the sizes:
    how far a group is from what its size would give it, times m.
    """
    m, squared_sizes = int(sizes.sum()), exact_dot(sizes, sizes)
    squares = 0
    for row in totals:
        total = exact_sum(row)
        squares += m**2 * exact_dot(row, row)
        squares += total * (total * squared_sizes - 2 * m * exact_dot(row, sizes))
    return squares
