"""What these runs could have found, and how many seeds a difference would take."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from scipy import optimize, stats

from didithelp.decision import LEAST_SEEDS
from didithelp.effects import Effect

POWER = 0.8
MOST_SEEDS = 1_000_000  # search limit of `seeds_needed`
LARGEST_NONCENTRALITY = 35.0  # scipy's noncentral t is NaN beyond about 38


def power(noncentrality: float, df: float, alpha: float) -> float:
    """Chance that a two-sided t test at `alpha` rejects.

    Beyond LARGEST_NONCENTRALITY only the noise of the standard error still matters.

    Args:
        noncentrality: true difference over its standard error, >= 0.
        df: degrees of freedom, above 0.
        alpha: in (0, 1).
    """
    critical = float(stats.t.ppf(1 - alpha / 2, df))
    if noncentrality > LARGEST_NONCENTRALITY:
        return float(stats.chi2.cdf(df * (noncentrality / critical) ** 2, df))
    upper = stats.nct.sf(critical, df, noncentrality)
    lower = stats.nct.cdf(-critical, df, noncentrality)
    return float(upper + np.nan_to_num(lower))  # scipy: NaN where it is negligible


def minimum_detectable_effect(effect: Effect, alpha: float) -> float:
    """Smallest true |difference| found with power .8 at the present noise and df.

    NaN where the noise is unknown: with one seed, or with `effect.is_constant`.
    """
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

    The seed variance is itself an estimate, and so is this number.

    Args:
        effect: what is known of the noise.
        target: a difference above 0, in the unit of the effect.
        alpha: two-sided level of the planned test, in (0, 1).

    Returns:
        At least LEAST_SEEDS and at most MOST_SEEDS; None if no such number is enough,
        because the noise of the test set alone hides the target, or if the noise is
        unknown.
    """
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
    """Standard error and df with `num_seeds` seeds per arm.

    `floor` is the variance that no number of seeds removes.
    """
    groups = zip(effect.seed_terms, effect.group_sizes, strict=True)
    terms = [term * size / num_seeds for term, size in groups]
    variance = sum(terms) + floor
    denominator = sum(term**2 for term in terms) / (num_seeds - 1)
    denominator += floor**2 / effect.item_degrees_of_freedom
    return math.sqrt(variance), variance**2 / denominator if denominator else math.inf
