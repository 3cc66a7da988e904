"""Intervals and p-values of a difference, adjusted where there are several."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from didithelp.effects import Effect


def interval(effect: Effect, level: float) -> tuple[float, float]:
    """Two-sided t interval for the true difference at confidence `level`, in (0, 1).

    (NaN, NaN) where nothing can be tested; a point where the arms agree everywhere.
    """
    error = effect.standard_error
    if error == 0:
        unknown = effect.is_constant
        return (math.nan, math.nan) if unknown else (effect.delta, effect.delta)
    half = float(stats.t.ppf((1 + level) / 2, effect.degrees_of_freedom)) * error
    return effect.delta - half, effect.delta + half


def difference_p(effect: Effect) -> float:
    """Two-sided p of the hypothesis that the true difference is zero (t test).

    NaN where nothing can be tested; 1 where the arms agree everywhere.
    """
    error = effect.standard_error
    if error == 0:
        return math.nan if effect.is_constant else 1.0
    return float(2 * stats.t.sf(abs(effect.delta) / error, effect.degrees_of_freedom))


def equivalence_p(effect: Effect, margin: float) -> float:
    """The p of the hypothesis that the true difference is `margin` or more either way.

    Two one-sided t tests (TOST, Lakens 2018): the larger of the two p. NaN where
    nothing can be tested; 0 where the arms agree everywhere.
    """
    error = effect.standard_error
    if error == 0:
        return math.nan if effect.is_constant else 0.0
    distance = margin - abs(effect.delta)
    return float(stats.t.sf(distance / error, effect.degrees_of_freedom))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """The p-values of a family after Holm's step-down adjustment (1979), in order.

    NaN stands for a test that could not be made: it stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)  # NaN last
    multiplied = holm_multipliers(p) * p
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(multiplied[order]), 1.0)
    return adjusted


def holm_multipliers(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """What Holm's step multiplies each p by: the number of those at least as large.

    An adjusted p of at most alpha means a p of at most alpha over this factor.
    """
    p = np.asarray(p_values, dtype=float)
    multipliers: np.ndarray = (p >= p[:, None]).sum(axis=1)
    return multipliers
