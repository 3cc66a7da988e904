"""Statistics of two arms on one test set: pure functions of arrays.

The quantity of interest is the difference between two recipes, over new seeds AND new
images. Both are samples, and every seed sees the same images, so the design is
crossed. `paired_effect` and `unpaired_effect` estimate the difference and the exact
one-shot variance of such a design, as multi-reader multi-case studies in radiology do
(Obuchowski and Rockette 1995; Gallas 2006): seed variance plus image variance minus
the residual that both contain.

Everything is computed from integers, because float accuracies lie: five pairs that
all differ by exactly 0.001 have a float variance of 1e-34 instead of zero. Right and
wrong are 1 and 0; losses become fixed-point numbers (`fixed_point`). Sums are then
exact, so the order of seeds and images cannot change a bit, and swapping the arms
changes the sign only.

Every worker process that trains needs the calibration error, so scipy (a second of
start-up time) is imported inside the functions that use it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CALIBRATION_BINS = 15  # Guo et al. 2017
PROBABILITY_FLOOR = 1e-7  # keras.config.epsilon(), where Keras clips a cross-entropy
LOSS_UNIT = 2.0**-32  # nats; far below the float32 error of any prediction
POWER = 0.8
LEAST_SEEDS = 3  # with two seeds the false-alarm rate at .05 reaches .10
LEAST_DISCORDANT = 10  # images; fewer cannot carry a verdict
LEAST_SEEDS_FOR_SENSITIVITY = 6  # with five, no two-sided p can go below .0625
MOST_SEEDS = 1_000_000  # search limit of `seeds_needed`
LARGEST_INT64 = 2**63 - 1
RUN_SCALE = 10**9  # counts in 1 of one number per run: nine decimals are exact
LARGEST_OF_RUN = 1e6  # in size; times RUN_SCALE it is exact in float64 as well
RUN_ROUNDING = 1000  # counts; a smaller spread is rounding (float32, a CSV's decimals)
MEANINGFUL = 0.75  # probability to win; gamma of Bouthillier et al. 2021
NEAR_CHANCE = 0.1  # of the way from guessing to no error at all
FAR_BELOW = 0.05  # accuracy; less is no collapse, however alike the other runs are
FAR_BELOW_IN_SPREADS = 10  # median absolute deviations, which one run cannot stretch
LARGEST_NONCENTRALITY = 35.0  # scipy's noncentral t is NaN beyond about 38


# --- per-example values ---------------------------------------------------------------


def right_or_wrong(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """1 where the most probable class is the label, else 0.

    probabilities: (..., N, C) in [0, 1]; labels: (N,). Returns (..., N) int64.
    The first class wins a tie, as in Keras.
    """
    return (probabilities.argmax(axis=-1) == labels).astype(np.int64)


def negative_log_likelihood(
    probabilities: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Cross-entropy of each example, in nats, without any penalty.

    probabilities: (..., N, C) in [0, 1]; labels: (N,). Returns (..., N) float64.
    Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras does, so one confident
    mistake costs 16.1 nats at most instead of infinity.
    """
    chosen = probabilities[..., np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(chosen, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR))


def fixed_point(losses: np.ndarray) -> np.ndarray:
    """Losses in nats as whole multiples of LOSS_UNIT, int64, same shape."""
    return np.rint(losses / LOSS_UNIT).astype(np.int64)


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared error of each example, summed over the classes, in [0, 2] (Brier 1950).

    probabilities: (..., N, C) in [0, 1]; labels: (N,). Returns (..., N) float64.
    """
    errors = probabilities.astype(np.float64)
    errors[..., np.arange(len(labels)), labels] -= 1
    return np.square(errors).sum(axis=-1)


class Reliability(NamedTuple):
    """Top probability against accuracy, in CALIBRATION_BINS equal bins.

    edges: (bins + 1,) from 0 to 1; bin k is (edges[k], edges[k + 1]].
    counts: (bins,) number of examples.
    confidence, accuracy: (bins,) means over the bin's examples, NaN where it is empty.
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

    probabilities: (N, C) in [0, 1]; labels: (N,). Several networks are pooled by
    stacking their examples.
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

    probabilities: (N, C); labels: (N,). It is biased upwards for small N and no proper
    score: report it beside the cross-entropy.
    """
    return reliability(probabilities, labels).calibration_error


# --- the difference of two arms -------------------------------------------------------


@dataclass(frozen=True)
class Effect:
    """Candidate minus reference, with the parts of its variance.

    All values are in the unit of the metric (fraction, nats) or its square. Variances
    are those of `delta` itself, not of one run. With one seed in a group its seed and
    residual terms are NaN, and so is everything that needs them.

    delta: mean difference over seeds and examples.
    seed_terms: variance from seeds; one term if paired, one per arm if not.
    item_variance: variance from test examples.
    residual_terms: seed-by-example part, contained in both of the above.
    group_sizes: number of pairs, or of runs per arm, to match the terms.
    num_examples: test examples; None where only one number per run is known. Then the
        parts that need examples are 0, because they are left out.
    num_discordant: examples on which the means of the two arms differ, or None.
    """

    delta: float
    seed_terms: tuple[float, ...]
    item_variance: float
    residual_terms: tuple[float, ...]
    group_sizes: tuple[int, ...]
    num_examples: int | None
    num_discordant: int | None

    @property
    def seed_variance(self) -> float:
        return sum(self.seed_terms)

    @property
    def residual_variance(self) -> float:
        return sum(self.residual_terms)

    @property
    def variance(self) -> float:
        """Crossed design; max() is the usual truncation of negative components."""
        seed, item = self.seed_variance, self.item_variance
        if math.isnan(seed):
            return math.nan
        return max(seed, item, seed + item - self.residual_variance)

    @property
    def standard_error(self) -> float:
        return math.sqrt(self.variance)

    @property
    def item_degrees_of_freedom(self) -> float:
        return math.inf if self.num_examples is None else self.num_examples - 1

    @property
    def degrees_of_freedom(self) -> float:
        """Satterthwaite's approximation; NaN without variance."""
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
        """No variance although the arms differ somewhere: nothing can be tested.

        Equal numbers per run do not show that the arms agree on any example.
        """
        may_differ = self.num_examples is None or self.residual_variance > 0
        return self.variance == 0 and (self.delta != 0 or may_differ)


def paired_effect(
    reference: np.ndarray, candidate: np.ndarray, unit: float = 1.0
) -> Effect:
    """Effect when run s of both arms shares its seed.

    reference, candidate: (n, m) integers, row = seed, column = test example, both in
    the same order; `unit` is the value of 1.
    """
    _check_counts(reference, candidate)
    if reference.shape != candidate.shape:
        raise ValueError(
            f"paired arms must have one shape, got {reference.shape} and "
            f"{candidate.shape}; use unpaired_effect for different seeds"
        )
    counts = candidate - reference
    num_seeds, num_examples = counts.shape
    seed, residual = _seed_and_residual_terms(counts)
    per_example = counts.sum(axis=0)
    return Effect(
        delta=_sum(counts) / counts.size * unit,
        seed_terms=(seed * unit**2,),
        item_variance=_variance_of_mean(per_example, num_seeds) * unit**2,
        residual_terms=(residual * unit**2,),
        group_sizes=(num_seeds,),
        num_examples=num_examples,
        num_discordant=int(np.count_nonzero(per_example)),
    )


def unpaired_effect(
    reference: np.ndarray, candidate: np.ndarray, unit: float = 1.0
) -> Effect:
    """Effect when the arms have their own seeds; test examples are still shared.

    reference: (nA, m), candidate: (nB, m) integers; `unit` is the value of 1. The seed
    part is Welch's.
    """
    _check_counts(reference, candidate)
    terms = [_seed_and_residual_terms(counts) for counts in (reference, candidate)]
    sizes = (len(reference), len(candidate))
    # nA nB (mean of candidate - mean of reference), per example: still an integer
    per_example = sizes[0] * candidate.sum(axis=0) - sizes[1] * reference.sum(axis=0)
    scale = sizes[0] * sizes[1]
    return Effect(
        delta=_sum(per_example) / (scale * per_example.size) * unit,
        seed_terms=tuple(seed * unit**2 for seed, _ in terms),
        item_variance=_variance_of_mean(per_example, scale) * unit**2,
        residual_terms=tuple(residual * unit**2 for _, residual in terms),
        group_sizes=sizes,
        num_examples=per_example.size,
        num_discordant=int(np.count_nonzero(per_example)),
    )


def run_effect(reference: np.ndarray, candidate: np.ndarray, *, paired: bool) -> Effect:
    """Effect of one number per run, such as an accuracy: on this test set only.

    reference: (nA,), candidate: (nB,) finite floats below 1e6, in seed order if paired.
    The t-test of the pairs, or Welch's.
    """
    groups = [run_counts(reference), run_counts(candidate)]
    sizes = tuple(len(runs) for runs in groups)
    if paired and sizes[0] != sizes[1]:
        raise ValueError(f"paired arms must have equal numbers of runs, got {sizes}")
    totals = [_sum(runs) for runs in groups]
    if paired:
        groups = [groups[1] - groups[0]]
    surplus = sizes[0] * totals[1] - sizes[1] * totals[0]
    return Effect(
        delta=surplus / (sizes[0] * sizes[1] * RUN_SCALE),
        seed_terms=tuple(_variance_of_runs(runs) for runs in groups),
        item_variance=0.0,
        residual_terms=(0.0,) * len(groups),
        group_sizes=tuple(len(runs) for runs in groups),
        num_examples=None,
        num_discordant=None,
    )


def run_counts(values: np.ndarray) -> np.ndarray:
    """Numbers below 1e6 in size times RUN_SCALE, rounded, int64, same shape."""
    if not (np.abs(values) < LARGEST_OF_RUN).all():
        raise ValueError(
            f"numbers of runs must be finite and below {LARGEST_OF_RUN:g}, got "
            f"{np.max(values)}; are they fractions and nats?"
        )
    return np.rint(values * RUN_SCALE).astype(np.int64)


def _variance_of_runs(runs: np.ndarray) -> float:
    """Variance of the mean of (n,) rounded numbers; 0 where they differ by rounding."""
    if len(runs) > 1 and np.ptp(runs) <= RUN_ROUNDING:
        return 0.0
    return _variance_of_mean(runs, RUN_SCALE)


def _check_counts(reference: np.ndarray, candidate: np.ndarray) -> None:
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


def _sum(counts: np.ndarray) -> int:
    """Exact, as below."""
    if _largest(counts) * counts.size <= LARGEST_INT64:
        return int(counts.sum())
    return sum(counts.ravel().tolist())


def _sum_of_squares(counts: np.ndarray) -> int:
    """Exact: in Python integers where int64 could overflow, as it does with squares of
    fixed-point losses; those of right and wrong fit, at a hundredth of the time."""
    if _largest(counts) ** 2 * counts.size <= LARGEST_INT64:
        return int(np.vdot(counts, counts))
    return sum(value * value for value in counts.ravel().tolist())


def _largest(counts: np.ndarray) -> int:
    return max(int(counts.max()), -int(counts.min()))


def _variance_of_mean(totals: np.ndarray, divisor: int) -> float:
    """Variance of the mean of `totals / divisor`, (k,) integers; NaN for one value."""
    size = totals.size
    if size < 2:
        return math.nan
    numerator = size * _sum_of_squares(totals) - _sum(totals) ** 2
    return numerator / (divisor**2 * size**2 * (size - 1))


def _seed_and_residual_terms(counts: np.ndarray) -> tuple[float, float]:
    """Variances of the grand mean of (n, m) `counts` from seeds and from the residual.

    The residual mean square is the error term of a two-way analysis of variance with
    one value per cell. Multiplied by n m all its sums are integers.
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
        + _sum(counts) ** 2
    )
    residual = squares / (cells**2 * (num_seeds - 1) * (num_examples - 1))
    return _variance_of_mean(per_seed, num_examples), residual


# --- interval, tests ------------------------------------------------------------------


def interval(effect: Effect, level: float) -> tuple[float, float]:
    """Two-sided t interval for the true difference at confidence `level`, in (0, 1)."""
    from scipy import stats

    error = effect.standard_error
    if error == 0:
        unknown = effect.is_constant
        return (math.nan, math.nan) if unknown else (effect.delta, effect.delta)
    half = float(stats.t.ppf((1 + level) / 2, effect.degrees_of_freedom)) * error
    return effect.delta - half, effect.delta + half


def difference_p(effect: Effect) -> float:
    """Two-sided p of the hypothesis that the true difference is zero (t test)."""
    from scipy import stats

    error = effect.standard_error
    if error == 0:
        return math.nan if effect.is_constant else 1.0
    return float(2 * stats.t.sf(abs(effect.delta) / error, effect.degrees_of_freedom))


def equivalence_p(effect: Effect, margin: float) -> float:
    """p of the hypothesis that the true difference is `margin` or more either way.

    Two one-sided t tests (TOST, Lakens 2018): the larger of the two p-values.
    """
    from scipy import stats

    error = effect.standard_error
    if error == 0:
        return math.nan if effect.is_constant else 0.0
    distance = margin - abs(effect.delta)
    return float(stats.t.sf(distance / error, effect.degrees_of_freedom))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's step-down adjustment of a family of p-values, in the given order.

    NaN stands for a test that could not be made: it stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)  # NaN last
    multiplied = holm_multipliers(p) * p
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(multiplied[order]), 1.0)
    return adjusted


def holm_multipliers(p_values: Sequence[float]) -> np.ndarray:
    """What Holm's step multiplies each p by: the number of those at least as large.

    Where the adjusted p is at most alpha, p is at most alpha over this number.
    """
    p = np.asarray(p_values, dtype=float)
    return (p >= p[:, None]).sum(axis=1)


# --- planning -------------------------------------------------------------------------


def power(noncentrality: float, df: float, alpha: float) -> float:
    """Chance that a two-sided t test at `alpha` rejects.

    noncentrality: true difference over its standard error, >= 0. Beyond
    LARGEST_NONCENTRALITY only the noise of the standard error still matters.
    """
    from scipy import stats

    critical = float(stats.t.ppf(1 - alpha / 2, df))
    if noncentrality > LARGEST_NONCENTRALITY:
        return float(stats.chi2.cdf(df * (noncentrality / critical) ** 2, df))
    upper = stats.nct.sf(critical, df, noncentrality)
    lower = stats.nct.cdf(-critical, df, noncentrality)
    return float(upper + np.nan_to_num(lower))  # scipy: NaN where it is negligible


def minimum_detectable_effect(effect: Effect, alpha: float) -> float:
    """Smallest true |difference| found with power .8 at the present noise and df.

    NaN where the noise is unknown: with one seed, or no variance to judge it by.
    """
    from scipy import optimize

    if effect.is_constant:
        return math.nan
    error, df = effect.standard_error, effect.degrees_of_freedom
    if error == 0 or math.isnan(error):
        return error
    high = 1.0
    while power(high, df, alpha) < POWER:
        high *= 2

    def excess(noncentrality: float) -> float:
        return power(noncentrality, df, alpha) - POWER

    return error * float(optimize.brentq(excess, 0.0, high, xtol=1e-9))


def seeds_needed(effect: Effect, target: float, alpha: float) -> int | None:
    """Seeds per arm that find a true difference of `target` with power .8.

    At least 3; None if no number of seeds is enough, because the noise of the test set
    alone hides the target, or if the noise is unknown. It is a plan: the seed variance
    is itself an estimate.
    """
    from scipy import stats

    if math.isnan(effect.variance) or effect.is_constant:
        return None
    floor = max(0.0, effect.item_variance - effect.residual_variance)
    reach = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(POWER)
    if reach * math.sqrt(floor) >= target:
        return None

    def is_enough(num_seeds: int) -> bool:
        error, df = _planned_error(effect, num_seeds, floor)
        return error == 0 or power(target / error, df, alpha) >= POWER

    high = LEAST_SEEDS
    while not is_enough(high):
        high *= 2
        if high > MOST_SEEDS:
            return None
    candidates = range(max(LEAST_SEEDS, high // 2), high)
    return candidates.start + bisect_left(candidates, True, key=is_enough)


def _planned_error(effect: Effect, num_seeds: int, floor: float) -> tuple[float, float]:
    """Standard error and df with `num_seeds` seeds per arm; `floor` does not shrink."""
    groups = zip(effect.seed_terms, effect.group_sizes, strict=True)
    terms = [term * size / num_seeds for term, size in groups]
    variance = sum(terms) + floor
    denominator = sum(term**2 for term in terms) / (num_seeds - 1)
    denominator += floor**2 / effect.item_degrees_of_freedom
    return math.sqrt(variance), variance**2 / denominator if denominator else math.inf


# --- the verdict ----------------------------------------------------------------------


class Decision(NamedTuple):
    """verdict: better, worse, equivalent or inconclusive; why; what else to know."""

    verdict: str
    reasons: list[str]
    flags: list[str]


def decide(
    effect: Effect,
    *,
    p_holm: float,
    p_tost_holm: float,
    alpha: float,
    margin: float | None,
    higher_is_better: bool,
    problems: Sequence[str] = (),
    multiplier: int = 1,
) -> Decision:
    """The verdict on the candidate, by rules in a fixed order.

    1. Any of `problems`, too few seeds, no variance: inconclusive.
    2. Shown to lie within the margin: equivalent, even if p is small as well.
    3. Shown to differ from zero, on enough examples: better or worse.
    4. Else inconclusive: neither shown different nor shown equal.
    `margin` None means that equivalence is not defined and never concluded.
    `multiplier` is the one of `holm_multipliers`: what exceeds the margin is the whole
    interval at 1 - alpha / multiplier, the one that shows the difference.
    """
    reasons = [*problems, *_missing_evidence(effect)]
    if reasons:
        return Decision("inconclusive", reasons, [])
    is_different = p_holm <= alpha
    if margin is not None and p_tost_holm <= alpha:
        flags = ["detectable_below_margin"] if is_different else []
        return Decision("equivalent", [], flags)
    if not is_different:
        return Decision("inconclusive", ["interval_too_wide"], [])
    num_discordant = effect.num_discordant
    if num_discordant is not None and num_discordant < LEAST_DISCORDANT:
        return Decision("inconclusive", ["few_discordant_examples"], [])
    low, high = interval(effect, 1 - alpha / multiplier)
    exceeds = margin is not None and (low > margin or high < -margin)
    is_better = (effect.delta > 0) == higher_is_better
    verdict = "better" if is_better else "worse"
    return Decision(verdict, [], ["exceeds_margin"] if exceeds else [])


def _missing_evidence(effect: Effect) -> list[str]:
    reasons = []
    if min(effect.group_sizes) < LEAST_SEEDS:
        reasons.append("too_few_seeds")
    if min(effect.group_sizes) == 1:
        reasons.append("seed_variance_unknown")
    elif effect.is_constant:
        reasons.append("zero_variance")
    return reasons


# --- secondary numbers: reported, never decide ----------------------------------------


def collapsed(accuracies: np.ndarray, chance: float | None) -> np.ndarray:
    """Which finished runs of one arm hardly learned, (n,) booleans: to look at.

    accuracies: (n,) in [0, 1]. chance: accuracy of the best constant guess, None if
    unknown. A run has collapsed if it is near chance (below twice chance, and within a
    tenth of the way to 1), or more than 5 points and 10 median absolute deviations
    below the median of its arm. Two runs cannot tell which of them is the odd one.
    """
    distance = np.median(accuracies) - accuracies
    spread = np.median(np.abs(distance))
    found = (distance > FAR_BELOW) & (distance > FAR_BELOW_IN_SPREADS * spread)
    if chance is not None:
        edge = min(2 * chance, chance + NEAR_CHANCE * (1 - chance))
        found |= accuracies < edge
    return found


class Outperformance(NamedTuple):
    """probability: that a candidate run beats a reference run, ties count half.

    interval: 95% Clopper-Pearson on the untied pairs, NaN if unpaired or all tied.
    wins, ties: number of pairs (of all nA nB pairs if unpaired).
    """

    probability: float
    interval: tuple[float, float]
    wins: int
    ties: int

    @property
    def is_meaningful(self) -> bool | None:
        """Bouthillier et al. 2021: it beats chance, and may well be three in four.

        None without an interval.
        """
        low, high = self.interval
        if math.isnan(low):
            return None
        return low > 0.5 and high > MEANINGFUL


def outperformance(
    reference: np.ndarray, candidate: np.ndarray, *, paired: bool
) -> Outperformance:
    """How often the candidate's run total is the higher one.

    reference: (nA,), candidate: (nB,) integer totals per run, in seed order if paired.
    Negate both where lower is better. Unpaired it is Mann-Whitney's U / (nA nB).
    """
    differences = candidate - reference if paired else candidate[:, None] - reference
    wins, ties = int((differences > 0).sum()), int((differences == 0).sum())
    probability = (wins + ties / 2) / differences.size
    untied = differences.size - ties
    if not paired or not untied:
        return Outperformance(probability, (math.nan, math.nan), wins, ties)
    from scipy import stats

    low, high = stats.binomtest(wins, untied).proportion_ci(0.95, method="exact")
    return Outperformance(probability, (float(low), float(high)), wins, ties)


def sensitivity(
    differences: np.ndarray, *, resamples: int, rng: np.random.Generator
) -> dict[str, float] | None:
    """Two-sided p of tests that assume less about the seeds; None below 6 pairs.

    differences: (n,) candidate minus reference per seed. Hypothesis of both: symmetric
    about zero. `sign_flip` is exact up to `resamples` flips, else sampled with `rng`.
    """
    if len(differences) < LEAST_SEEDS_FOR_SENSITIVITY:
        return None
    if not differences.any():
        return {"sign_flip": 1.0, "wilcoxon": 1.0}
    from scipy import stats

    sign_flip = stats.permutation_test(
        (differences.astype(float),),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=rng,
    )
    wilcoxon = stats.wilcoxon(differences)
    return {"sign_flip": float(sign_flip.pvalue), "wilcoxon": float(wilcoxon.pvalue)}


class SinglePair(NamedTuple):
    """Two networks, one per arm, on the same examples; says nothing about recipes."""

    both_right: int
    only_candidate: int
    only_reference: int
    both_wrong: int
    p: float
    interval: tuple[float, float]


def single_pair(reference: np.ndarray, candidate: np.ndarray) -> SinglePair:
    """Exact McNemar test and 95% interval of the accuracy difference of two networks.

    reference, candidate: (m,) of 0 and 1. Hypothesis: where only one network is right,
    it is either with chance 1/2. The interval is Wald's for paired proportions.
    """
    from scipy import stats

    num_examples = len(reference)
    only_candidate = int(((candidate == 1) & (reference == 0)).sum())
    only_reference = int(((candidate == 0) & (reference == 1)).sum())
    both_right = int(((candidate == 1) & (reference == 1)).sum())
    discordant = only_candidate + only_reference
    p = 1.0  # binomtest rejects zero trials
    if discordant:
        smaller = min(only_candidate, only_reference)
        p = float(stats.binomtest(smaller, discordant).pvalue)
    surplus = only_candidate - only_reference
    spread = math.sqrt(discordant - surplus**2 / num_examples)
    half = float(stats.norm.ppf(0.975)) * spread
    bounds = ((surplus - half) / num_examples, (surplus + half) / num_examples)
    both_wrong = num_examples - both_right - discordant
    return SinglePair(both_right, only_candidate, only_reference, both_wrong, p, bounds)
