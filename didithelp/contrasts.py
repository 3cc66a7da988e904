"""Weighted sums of the means of several arms, and where their variance comes from.

Arms are independent samples of seeds that share the test examples. So the estimate of
`effects.unpaired_effect` holds for any weights: each arm has its own variance from
seeds and its own residual, times the square of its weight; the variance from examples
is that of the weighted sum of each example's means. Weights -1 and 1 of two arms give
the unpaired effect to the last bit, since everything here is an integer or a fraction,
too. Of the (seeds, examples) array of an arm only sums are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy import stats

from didithelp import effects
from didithelp.clusters import Groups, item_variance, residual_variance
from didithelp.effects import FRACTIONS, LARGEST_INT64, Effect, Scale


@dataclass(frozen=True, eq=False)
class Moments:
    """What the runs of one arm contribute to a contrast in one metric.

    Attributes:
        num_seeds: finished runs.
        totals: (N,) int64, the sum of the runs' counts of each example; of one number
            per run (1,), the sum over the runs.
        per_unit: counts that make up 1 in the unit of the metric.
        seed_variance, residual_variance: of the arm's mean; NaN for one run. The
            residual is 0 with one number per run.
        is_crossed: whether `totals` are those of examples.
        groups: of the examples, which all arms share; None where each is its own.
    """

    num_seeds: int
    totals: np.ndarray
    per_unit: float
    seed_variance: float
    residual_variance: float
    is_crossed: bool
    groups: Groups | None = None

    @property
    def mean(self) -> np.ndarray:
        """(N,) float64 mean over the runs, in the unit of the metric."""
        means: np.ndarray = self.totals / (self.num_seeds * self.per_unit)
        return means


def moments(counts: np.ndarray, unit: float, groups: Groups | None = None) -> Moments:
    """Those of an arm where it is known what every run made of every example.

    Args:
        counts: (seeds, examples) int64, two examples or more.
        unit: the value of one count, in the unit of the metric; a power of two.
        groups: of the examples; None where each is its own.
    """
    seed, residual = effects.seed_and_residual_terms(counts)
    if groups is not None:
        residual = residual_variance(groups.totals(counts), groups.sizes)
    return Moments(
        num_seeds=len(counts),
        totals=counts.sum(axis=0),
        per_unit=1 / unit,
        seed_variance=seed * unit**2,
        residual_variance=residual * unit**2,
        is_crossed=True,
        groups=groups,
    )


def moments_of_runs(values: np.ndarray, scale: Scale = FRACTIONS) -> Moments:
    """Those of an arm with one number per run: about these data only.

    Args:
        values: (seeds,) finite floats.
        scale: FRACTIONS for fractions and nats, else `effects.scale_of` all arms.

    Raises:
        ValueError: a number is too large for the scale.
    """
    counts = effects.run_counts(values, scale)
    seed = effects.variance_of_runs(counts, scale)
    totals = np.array([effects.exact_sum(counts)])
    return Moments(len(counts), totals, scale.per_unit, seed, 0.0, False)


def contrast(arms: Sequence[Moments], weights: Sequence[Fraction]) -> Effect:
    """The sum of the arms' means, each times its weight, with its variance.

    Args:
        arms: all of the same examples and unit, all crossed or none.
        weights: one per arm; they sum to 0, and some are not 0.
    """
    used = [pair for pair in zip(arms, weights, strict=True) if pair[1]]
    totals, divisor = _weighted_totals(used)
    first, total = used[0][0], effects.exact_sum(totals)
    squares = [float(weight**2) for _, weight in used]
    effect = Effect(
        delta=total / (divisor * first.per_unit),
        seed_terms=_scaled([arm.seed_variance for arm, _ in used], squares),
        item_variance=0.0,
        residual_terms=_scaled([arm.residual_variance for arm, _ in used], squares),
        group_sizes=tuple(arm.num_seeds for arm, _ in used),
        num_examples=None,
        num_discordant=None,
    )
    if not first.is_crossed:
        return effect
    return replace(
        effect,
        delta=total / (divisor * totals.size) / first.per_unit,
        item_variance=_item_variance(totals, divisor, first.groups) / first.per_unit**2,
        num_examples=totals.size,
        num_discordant=int(np.count_nonzero(totals)),
        num_clusters=_num_clusters(first),
    )


def _item_variance(totals: np.ndarray, divisor: int, groups: Groups | None) -> float:
    if groups is None:
        return effects.variance_of_mean(totals, divisor)
    return item_variance(groups.totals(totals), divisor, groups.sizes)


def _num_clusters(arm: Moments) -> int | None:
    return None if arm.groups is None else len(arm.groups.sizes)


def _weighted_totals(
    used: Sequence[tuple[Moments, Fraction]],
) -> tuple[np.ndarray, int]:
    """(N,) integers and what they are to be divided by: each example's weighted mean.

    In Python's integers where int64 could overflow.
    """
    shares = [weight / arm.num_seeds for arm, weight in used]
    divisor = math.lcm(*(share.denominator for share in shares))
    scales = [int(share * divisor) for share in shares]
    largest = sum(
        abs(scale) * int(np.abs(arm.totals).max())
        for (arm, _), scale in zip(used, scales, strict=True)
    )
    size = used[0][0].totals.size  # a group of examples may hold all of them
    kind = np.int64 if largest * size <= LARGEST_INT64 else object
    totals = np.zeros(used[0][0].totals.shape, kind)
    for (arm, _), scale in zip(used, scales, strict=True):
        totals += arm.totals.astype(kind) * scale
    return totals, divisor


def _scaled(variances: Sequence[float], squares: Sequence[float]) -> tuple[float, ...]:
    return tuple(
        variance * square for variance, square in zip(variances, squares, strict=True)
    )


# --- several at once ------------------------------------------------------------------


@dataclass(frozen=True)
class FTest:
    """The statistic of a joint test, its degrees of freedom and p."""

    f: float
    df1: float
    df2: float
    p: float


def joint_test(
    arms: Sequence[Moments], weights: Sequence[Sequence[Fraction]]
) -> FTest | None:
    """The test that all of these contrasts are zero; None if nothing can be tested.

    The ANOVA-type statistic of Brunner, Dette and Munk (1997), which needs neither
    equal variances nor the inverse of an estimated covariance: the sum of the squared
    contrasts over the sum of their variances. Under the hypothesis it is about F with
    tr(C)^2 / tr(C C) and, by Satterthwaite, the degrees of freedom of tr(C), where C is
    the covariance of the contrasts. Here C is the crossed one, from seeds and examples.
    One contrast gives its own t test: F = t squared, with the same p.

    Args:
        arms: as in `contrast`.
        weights: orthogonal to each other and of equal size, one sequence per contrast.
    """
    singles = [contrast(arms, row) for row in weights]
    rows = np.array(weights, dtype=float)
    squares = (rows**2).sum(axis=0).tolist()
    used = [(arm, size) for arm, size in zip(arms, squares, strict=True) if size]
    sizes = [size for _, size in used]
    together = Effect(
        delta=math.nan,
        seed_terms=_scaled([arm.seed_variance for arm, _ in used], sizes),
        item_variance=math.fsum(single.item_variance for single in singles),
        residual_terms=_scaled([arm.residual_variance for arm, _ in used], sizes),
        group_sizes=tuple(arm.num_seeds for arm, _ in used),
        num_examples=singles[0].num_examples,
        num_discordant=None,
        num_clusters=singles[0].num_clusters,
    )
    if not together.variance > 0:
        return None
    f = math.fsum(single.delta**2 for single in singles) / together.variance
    covariance = _covariance(arms, rows)
    df1 = float(np.trace(covariance) ** 2 / np.square(covariance).sum())
    df2 = together.degrees_of_freedom
    return FTest(f, df1, df2, float(stats.f.sf(f, df1, df2)))


def _covariance(arms: Sequence[Moments], rows: np.ndarray) -> np.ndarray:
    """(q, q) covariance of q contrasts, whose weights are `rows`, (q, arms).

    The residual, and what seeds and examples vary beyond it, each without the negative
    variances that estimated components may have.
    """
    kept = np.flatnonzero(np.square(rows).sum(axis=0))
    used, rows = [arms[place] for place in kept.tolist()], rows[:, kept]
    seed: np.ndarray = rows * [arm.seed_variance for arm in used] @ rows.T
    if not used[0].is_crossed:
        return seed
    residual: np.ndarray = rows * [arm.residual_variance for arm in used] @ rows.T
    means = rows @ np.stack([arm.mean for arm in used])
    size, groups = means.shape[1], used[0].groups
    distances = means - means.mean(axis=1, keepdims=True)
    if groups is not None:
        distances = groups.totals(distances)
    num_units = distances.shape[1]
    item = num_units / (num_units - 1) * (distances @ distances.T) / size**2
    covariance: np.ndarray = (
        residual + _positive(seed - residual) + _positive(item - residual)
    )
    return covariance


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The symmetric matrix with its negative eigenvalues set to zero."""
    values, vectors = np.linalg.eigh(matrix)
    kept: np.ndarray = vectors * np.maximum(values, 0) @ vectors.T
    return kept
