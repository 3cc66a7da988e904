"""The difference between two arms, and where its variance comes from.

The quantity of interest is the difference between two recipes, over new seeds AND new
images. Both are samples, and every seed sees the same images, so the design is
crossed. `paired_effect` and `unpaired_effect` estimate the difference and the exact
one-shot variance of such a design, as multi-reader multi-case studies in radiology do
(Obuchowski and Rockette 1995; Gallas 2006): seed variance plus image variance minus
the residual that both contain.

Everything is computed from integers, because float accuracies lie: five pairs that
all differ by exactly 0.001 have a float variance of 1e-34 instead of zero. Right and
wrong are 1 and 0; losses become fixed-point numbers (`scores.fixed_point`), and any
other number a whole multiple of a power of two that suits its size (`scale_of`). Sums
are then exact, so the order of seeds and images cannot change a bit, and swapping the
arms changes the sign only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LARGEST_INT64 = 2**63 - 1
LARGEST_COUNT = 1e15  # of a run, in size; it is exact in float64 as well
SCALE_BITS = 40  # of the largest number; sums of 8 million of them are still int64
FLOAT32_BITS = 22  # that two float32 numbers agree in, if they mean the same
LOW_BITS = 20  # that are multiplied by themselves, where numbers are too large
PART_SIZE = 2**16  # products of low bits that are surely summed in int64
FINEST_SCALE = 400  # as a power of two; its square is a float64


class Scale(NamedTuple):
    """How numbers become whole ones.

    Attributes:
        per_unit: counts that make up 1; a power of two, or of ten if an int.
        rounding: counts; a smaller spread is that of rounded numbers, and none.
    """

    per_unit: float
    rounding: int


RUN_SCALE = 10**9  # a fraction or nats of a run are counted in billionths
FRACTIONS = Scale(RUN_SCALE, 1000)  # of nine decimals, six survive float32 and CSV
LARGEST_OF_RUN = LARGEST_COUNT / RUN_SCALE


@dataclass(frozen=True)
class Effect:
    """Candidate minus reference, with the parts of its variance.

    All values are in the unit of the metric (fraction, nats) or its square. Variances
    are those of `delta` itself, not of one run. With one seed in a group its seed and
    residual terms are NaN, and so is everything that needs them.

    Attributes:
        delta: mean difference over seeds and examples.
        seed_terms: variance from seeds; one term if paired, one per arm if not.
        item_variance: variance from test examples.
        residual_terms: seed-by-example part, contained in both of the above.
        group_sizes: number of pairs, or of runs per arm, to match the terms.
        num_examples: test examples; None where only one number per run is known. Then
            the parts that need examples are 0, because they are left out.
        num_discordant: examples on which the means of the two arms differ, or None.
        num_clusters: groups of examples, where these are the sample; else None.
    """

    delta: float
    seed_terms: tuple[float, ...]
    item_variance: float
    residual_terms: tuple[float, ...]
    group_sizes: tuple[int, ...]
    num_examples: int | None
    num_discordant: int | None
    num_clusters: int | None = None

    @property
    def seed_variance(self) -> float:
        """The variance from seeds, of both arms together."""
        return sum(self.seed_terms)

    @property
    def residual_variance(self) -> float:
        """The seed-by-example variance, of both arms together."""
        return sum(self.residual_terms)

    @property
    def variance(self) -> float:
        """Seeds plus examples minus the residual that both contain (crossed design).

        NaN with one seed in a group, or with one group of examples. It is never less
        than one of the two parts: that is the usual truncation of a negative component.
        """
        seed, item = self.seed_variance, self.item_variance
        if math.isnan(seed + item):
            return math.nan
        return max(seed, item, seed + item - self.residual_variance)

    @property
    def standard_error(self) -> float:
        """That of `delta`; NaN where the noise of the seeds is unknown."""
        return math.sqrt(self.variance)

    @property
    def item_degrees_of_freedom(self) -> float:
        """Test examples, or their groups, minus one; infinite where none are known."""
        if self.num_examples is None:
            return math.inf
        return (self.num_clusters or self.num_examples) - 1

    @property
    def degrees_of_freedom(self) -> float:
        """Satterthwaite's approximation (1946); NaN without variance."""
        if not self.variance > 0:
            return math.nan
        items = self.item_degrees_of_freedom
        seeds = [size - 1 for size in self.group_sizes]
        squares = [self.item_variance**2 / items]
        for seed, residual, df in zip(
            self.seed_terms, self.residual_terms, seeds, strict=True
        ):
            squares += [seed**2 / df, residual**2 / (df * items)]
        return self.variance**2 / math.fsum(squares)

    @property
    def is_constant(self) -> bool:
        """Whether nothing can be tested: no variance, although the arms may differ.

        With one number per run they always may: equal accuracies do not show that the
        arms agree on any example.
        """
        may_differ = self.num_examples is None or self.residual_variance > 0
        return self.variance == 0 and (self.delta != 0 or may_differ)


def paired_effect(
    reference: np.ndarray, candidate: np.ndarray, unit: float = 1.0
) -> Effect:
    """The effect where run s of both arms shares its seed.

    Args:
        reference: (n, m) int64, a row per seed and a column per test example.
        candidate: the same shape, in the same order of seeds and examples.
        unit: the value of one count, as a fraction or in nats.

    Raises:
        ValueError: other types or shapes, or fewer than two examples.
    """
    _check_counts(reference, candidate)
    if reference.shape != candidate.shape:
        raise ValueError(
            f"paired arms must have one shape, got {reference.shape} and "
            f"{candidate.shape}; use unpaired_effect for different seeds"
        )
    counts = candidate - reference
    num_seeds, num_examples = counts.shape
    seed, residual = seed_and_residual_terms(counts)
    per_example = counts.sum(axis=0)
    return Effect(
        delta=exact_sum(counts) / counts.size * unit,
        seed_terms=(seed * unit**2,),
        item_variance=variance_of_mean(per_example, num_seeds) * unit**2,
        residual_terms=(residual * unit**2,),
        group_sizes=(num_seeds,),
        num_examples=num_examples,
        num_discordant=int(np.count_nonzero(per_example)),
    )


def unpaired_effect(
    reference: np.ndarray, candidate: np.ndarray, unit: float = 1.0
) -> Effect:
    """The effect where the arms have their own seeds and share the test examples.

    The variance from seeds is Welch's: each arm has its own.

    Args:
        reference: (nA, m) int64, a row per seed and a column per test example.
        candidate: (nB, m) int64, the same examples in the same order.
        unit: the value of one count, as a fraction or in nats.

    Raises:
        ValueError: other types or shapes, or fewer than two examples.
    """
    _check_counts(reference, candidate)
    terms = [seed_and_residual_terms(counts) for counts in (reference, candidate)]
    sizes = (len(reference), len(candidate))
    # nA nB (mean of candidate - mean of reference), per example: still an integer
    per_example = sizes[0] * candidate.sum(axis=0) - sizes[1] * reference.sum(axis=0)
    scale = sizes[0] * sizes[1]
    return Effect(
        delta=exact_sum(per_example) / (scale * per_example.size) * unit,
        seed_terms=tuple(seed * unit**2 for seed, _ in terms),
        item_variance=variance_of_mean(per_example, scale) * unit**2,
        residual_terms=tuple(residual * unit**2 for _, residual in terms),
        group_sizes=sizes,
        num_examples=per_example.size,
        num_discordant=int(np.count_nonzero(per_example)),
    )


def scale_of(*numbers: np.ndarray) -> Scale:
    """The scale of numbers of any size: 40 bits for the largest, and integers exact.

    Args:
        numbers: arrays of finite floats of one metric, all in the same unit.
    """
    flat = np.concatenate([np.ravel(each) for each in numbers]).astype(np.float64)
    largest = float(np.abs(flat).max(initial=0))
    if largest < 2**SCALE_BITS and (flat == np.rint(flat)).all():
        return Scale(1, 0)
    shift = min(SCALE_BITS - math.frexp(largest)[1], FINEST_SCALE)
    with np.errstate(over="ignore"):
        is_single = bool((flat == flat.astype(np.float32)).all())
    return Scale(2.0**shift, 2 ** (SCALE_BITS - FLOAT32_BITS) if is_single else 4)


def run_effect(
    reference: np.ndarray,
    candidate: np.ndarray,
    *,
    paired: bool,
    scale: Scale = FRACTIONS,
) -> Effect:
    """The effect of one number per run, such as an accuracy: on this test set only.

    Its variance is that of the t test of the pairs, or of Welch's.

    Args:
        reference: (nA,) finite floats, in seed order if paired; below 1e6 in size
            unless the scale is theirs.
        candidate: (nB,) likewise.
        paired: whether run s of both arms shares its seed.
        scale: FRACTIONS for fractions and nats, else `scale_of` both arms.

    Raises:
        ValueError: larger numbers, or pairs of arms with unequal numbers of runs.
    """
    groups = [run_counts(reference, scale), run_counts(candidate, scale)]
    sizes = tuple(len(runs) for runs in groups)
    if paired and sizes[0] != sizes[1]:
        raise ValueError(f"paired arms must have equal numbers of runs, got {sizes}")
    totals = [exact_sum(runs) for runs in groups]
    if paired:
        groups = [groups[1] - groups[0]]
    surplus = sizes[0] * totals[1] - sizes[1] * totals[0]
    return Effect(
        delta=surplus / (sizes[0] * sizes[1] * scale.per_unit),
        seed_terms=tuple(variance_of_runs(runs, scale) for runs in groups),
        item_variance=0.0,
        residual_terms=(0.0,) * len(groups),
        group_sizes=tuple(len(runs) for runs in groups),
        num_examples=None,
        num_discordant=None,
    )


def run_counts(values: np.ndarray, scale: Scale = FRACTIONS) -> np.ndarray:
    """Numbers per run in counts of the scale, int64, same shape.

    Raises:
        ValueError: a number is not finite, or too large for the scale.
    """
    limit = LARGEST_COUNT / scale.per_unit
    if not (np.abs(values) < limit).all():
        raise ValueError(
            f"numbers of runs must be finite and below {limit:g}, got "
            f"{np.max(values)}; are they fractions and nats?"
        )
    counts: np.ndarray = np.rint(values * scale.per_unit)
    return counts.astype(np.int64)


def without_rounding(
    reference: np.ndarray, candidate: np.ndarray, scale: Scale
) -> np.ndarray:
    """The candidate's counts, without differences that are those of rounding alone.

    Args:
        reference: (n, m) int64 counts of the scale, in the order of the seeds.
        candidate: likewise.
        scale: says what spread is rounding.
    """
    difference = candidate - reference
    if np.ptp(difference) > scale.rounding:
        return candidate
    constant: np.ndarray = reference + round(float(difference.mean()))
    return constant


def variance_of_runs(runs: np.ndarray, scale: Scale = FRACTIONS) -> float:
    """Variance of the mean of (n,) counts; 0 where they differ by rounding alone."""
    if len(runs) > 1 and np.ptp(runs) <= scale.rounding:
        return 0.0
    return variance_of_mean(runs, scale.per_unit)


def _check_counts(reference: np.ndarray, candidate: np.ndarray) -> None:
    """Refuse all but int64 (seeds, examples) with the same two or more examples."""
    for values in (reference, candidate):
        if values.ndim != 2 or values.dtype != np.int64 or values.shape[0] < 1:
            raise ValueError(
                "an arm must be int64 (seeds, examples) with at least one seed, got "
                f"{values.dtype} {values.shape}; see right_or_wrong and fixed_point"
            )
    if reference.shape[1] != candidate.shape[1] or reference.shape[1] < 2:
        raise ValueError(
            "both arms must have the same two or more test examples, got "
            f"{reference.shape[1]} and {candidate.shape[1]}"
        )


def exact_sum(counts: np.ndarray) -> int:
    """The exact sum: in Python integers where int64 could overflow."""
    if _largest(counts) * counts.size <= LARGEST_INT64:
        return int(counts.sum())
    return sum(counts.ravel().tolist())


def exact_dot(first: np.ndarray, second: np.ndarray) -> int:
    """The exact sum of products, also where int64 could overflow.

    Squares of fixed-point losses would. Numbers that are too large for their products
    are taken apart into high and low bits, part by part, so that little memory is used.
    """
    first, second = first.ravel(), second.ravel()
    sizes = _largest(first), _largest(second)
    if math.prod(sizes) * first.size <= LARGEST_INT64:
        return int(np.vdot(first, second))
    if first.size > PART_SIZE:
        starts = range(0, first.size, PART_SIZE)
        parts = (slice(start, start + PART_SIZE) for start in starts)
        return sum(exact_dot(first[part], second[part]) for part in parts)
    if sizes[0] < sizes[1]:
        first, second = second, first
    high, low = first >> LOW_BITS, first & (2**LOW_BITS - 1)
    return (exact_dot(high, second) << LOW_BITS) + exact_dot(low, second)


def _sum_of_squares(counts: np.ndarray) -> int:
    return exact_dot(counts, counts)


def _largest(counts: np.ndarray) -> int:
    return max(int(counts.max()), -int(counts.min()))


def variance_of_mean(totals: np.ndarray, divisor: float) -> float:
    """Variance of the mean of `totals / divisor`; NaN for one value.

    Args:
        totals: (k,) int64.
        divisor: what each total is divided by, such as the number of its summands.
    """
    size = totals.size
    if size < 2:
        return math.nan
    numerator = size * _sum_of_squares(totals) - exact_sum(totals) ** 2
    return numerator / (divisor**2 * size**2 * (size - 1))


def seed_and_residual_terms(counts: np.ndarray) -> tuple[float, float]:
    """Variances of the mean of (n, m) `counts`: from the seeds, and the residual.

    The residual mean square is the error term of a two-way analysis of variance with
    one value per cell. All its sums are multiplied by n m, which makes them integers.
    Both are NaN for one seed.
    """
    num_seeds, num_examples = counts.shape
    if num_seeds < 2:
        return math.nan, math.nan
    cells = counts.size
    per_seed, per_example = counts.sum(axis=1), counts.sum(axis=0)
    squares = (
        cells * _sum_of_squares(counts)
        - num_seeds * _sum_of_squares(per_seed)
        - num_examples * _sum_of_squares(per_example)
        + exact_sum(counts) ** 2
    )
    residual = squares / (cells**2 * (num_seeds - 1) * (num_examples - 1))
    return variance_of_mean(per_seed, num_examples), residual
