"""Planned looks: at which numbers of seeds an experiment may stop, and how surely.

All seeds share the test images, so estimates after more and more seeds have the
covariance of group-sequential trials (Jennison and Turnbull 2000): the covariance of
two of them is the variance of the later one. What the images contribute is in both and
only makes them more alike, so levels that hold without it hold with it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FIRST_LOOK = 5  # seeds; with fewer, every rule calls too many equal recipes different
LAST_LOOK = 1000  # seeds, as many as an arm may have
MOST_LOOKS = 20
# The level of the last look over that of the others. It gives most of alpha to the end,
# and is the shape of the levels whose false alarms were simulated.
LAST_OVER_OTHERS = 13 / 9
SIMULATED: dict[tuple[tuple[int, ...], float], tuple[float, ...]]
SIMULATED = {((5, 10, 20), 0.05): (0.018, 0.018, 0.026)}
LEAST_CHANCE = 0.1  # of a verdict at the last look, below which going on is hopeless

_STEPS_PER_SD = 8  # of the grid of the integrals
_LEAST_STEPS = 256
_REFINEMENTS = 12  # each gains more than a digit
_NORMAL = NormalDist()


def parse(text: str) -> tuple[int, ...]:
    """'5..20' → (5, 10, 20), '5..12' → (5, 10, 12), '5,8,20' → these; 'none' → ().

    Raises:
        ValueError: it is none of these.
    """
    word = text.strip().lower()
    if word in ("none", ""):
        return ()
    first, dots, last = word.partition("..")
    if dots:
        return tuple(doubling(int(first), int(last)))
    return tuple(int(part) for part in word.removesuffix(",").split(","))


def spell(looks: tuple[int, ...]) -> str:
    """The inverse of `parse`, with dots where they say the same."""
    if not looks:
        return "none"
    if looks == tuple(doubling(looks[0], looks[-1])):
        return f"{looks[0]}..{looks[-1]}"
    return ",".join(map(str, looks))


def doubling(first: int, last: int) -> Iterator[int]:
    """`first`, twice as many and so on, and `last` at the end."""
    seeds = first
    while 0 < seeds < last:
        yield seeds
        seeds *= 2
    yield last


def is_plan(looks: tuple[int, ...]) -> bool:
    """Whether these are planned numbers of seeds, in their order, or none at all."""
    if not looks:
        return True
    return (
        2 <= len(looks) <= MOST_LOOKS
        and all(type(seeds) is int for seeds in looks)
        and FIRST_LOOK <= looks[0]
        and looks[-1] <= LAST_LOOK
        and all(before < after for before, after in zip(looks, looks[1:], strict=False))
    )


@functools.cache
def levels(looks: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """What p must not exceed at each look, so that all looks together keep to `alpha`.

    The levels are solved for without any noise of the images, which is the least
    favorable case, and rounded down to three digits. Holm's adjustment for m candidates
    divides them; as small levels overlap less, the error of all looks together then
    rises to at most 1.12 alpha for twenty candidates.

    Args:
        looks: two or more planned numbers of seeds, ascending.
        alpha: two-sided error rate of all looks together, in (0, 0.5).
    """
    if (looks, alpha) in SIMULATED:
        return SIMULATED[looks, alpha]
    level = alpha / len(looks)
    for _ in range(_REFINEMENTS):
        level *= alpha / false_alarms(_shaped(level, len(looks)), looks)
    return tuple(_rounded_down(each) for each in _shaped(level, len(looks)))


def false_alarms(levels_of_looks: tuple[float, ...], looks: tuple[int, ...]) -> float:
    """Chance that p of equal recipes is at most its level at one of the looks.

    The estimate after n seeds, times n, is a random walk. The density of its place
    while no look has stopped it is integrated from look to look (Armitage, McPherson
    and Rowe 1969), by Simpson's rule.
    """
    times = np.array(looks) / looks[-1]
    places, weights = np.zeros(1), np.ones(1)  # the walk begins at zero
    before = 0.0
    for level, time in zip(levels_of_looks, times, strict=True):
        step = math.sqrt(time - before)
        edge = _NORMAL.inv_cdf(1 - level / 2) * math.sqrt(time)
        half = max(_LEAST_STEPS, math.ceil(_STEPS_PER_SD * edge / step))
        arrivals = np.linspace(-edge, edge, 2 * half + 1)
        simpson = np.full(2 * half + 1, 2 / 3)
        simpson[1::2], simpson[[0, -1]] = 4 / 3, 1 / 3
        distances = (arrivals[:, None] - places) / step
        density = np.exp(-(distances**2) / 2) / (step * math.sqrt(2 * math.pi))
        weights = (density @ weights) * simpson * (edge / half)
        places, before = arrivals, time
    return float(1 - weights.sum())


@dataclass(frozen=True)
class Estimate:
    """A difference as a look finds it, and the parts of its variance, which is not 0.

    Attributes:
        delta: in the unit of the metric; the variances in its square.
        seed_variance, item_variance, residual_variance: as in `effects.Effect`.
        num_seeds: that it stands on, per arm.
    """

    delta: float
    seed_variance: float
    item_variance: float
    residual_variance: float
    num_seeds: int

    def variance(self, num_seeds: int) -> float:
        """What it would be with as many seeds or more, and the same images."""
        images = max(0.0, self.item_variance - self.residual_variance)
        seeds = self.seed_variance * self.num_seeds / num_seeds
        return images + seeds


def chance_of_verdict(
    estimate: Estimate, num_seeds: int, level: float, margin: float | None
) -> float:
    """Chance that the last look shows a difference or equivalence, from what is known.

    The estimate of the last look is normal around the present one; its variance is what
    the seeds to come remove from that of the present one.

    Args:
        estimate: the present one.
        num_seeds: per arm at the last look.
        level: two-sided, of one candidate at the last look.
        margin: of equivalence; None if there is none.
    """
    last_variance = estimate.variance(num_seeds)
    removed = estimate.variance(estimate.num_seeds) - last_variance
    error = math.sqrt(last_variance)
    outcome = NormalDist(estimate.delta, math.sqrt(removed) or math.ulp(error))
    edge = _NORMAL.inv_cdf(1 - level / 2) * error
    chance = outcome.cdf(-edge) + 1 - outcome.cdf(edge)
    if margin is None:
        return chance
    inner = margin - _NORMAL.inv_cdf(1 - level) * error
    if inner <= 0:
        return chance
    return min(1.0, chance + outcome.cdf(inner) - outcome.cdf(-inner))


def _shaped(level: float, num_looks: int) -> tuple[float, ...]:
    """The level of all looks but the last, and that of the last."""
    return (*[level] * (num_looks - 1), level * LAST_OVER_OTHERS)


def _rounded_down(level: float) -> float:
    """With three significant digits."""
    digits = 2 - math.floor(math.log10(level))
    scale = 10.0**digits
    return round(math.floor(level * scale) / scale, digits)
