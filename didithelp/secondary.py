"""Secondary numbers beside the verdict: reported, never decisive."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

LEAST_SEEDS_FOR_SENSITIVITY = 6  # with five, no two-sided p can go below .0625
MEANINGFUL = 0.75  # probability to win; gamma of Bouthillier et al. 2021
NEAR_CHANCE = 0.1  # of the way from guessing to no error at all
FAR_BELOW = 0.05  # accuracy; less is no collapse, however alike the other runs are
FAR_BELOW_IN_SPREADS = 10  # median absolute deviations, which one run cannot stretch


def collapsed(accuracies: np.ndarray, chance: float | None) -> np.ndarray:
    """Which finished runs of one arm hardly learned; a reader should look at them.

    A run has collapsed if it is near chance (below twice chance, and within a tenth of
    the way to 1), or more than 5 points and 10 median absolute deviations below the
    median of its arm. Of two runs the median cannot tell which is the odd one.

    Args:
        accuracies: (n,) in [0, 1].
        chance: accuracy of the best constant guess; None if unknown.

    Returns:
        (n,) booleans.
    """
    distance = np.median(accuracies) - accuracies
    spread = np.median(np.abs(distance))
    has_collapsed: np.ndarray = distance > max(FAR_BELOW, FAR_BELOW_IN_SPREADS * spread)
    if chance is not None:
        edge = min(2 * chance, chance + NEAR_CHANCE * (1 - chance))
        has_collapsed |= accuracies < edge
    return has_collapsed


class Outperformance(NamedTuple):
    """How often runs of the candidate beat runs of the reference.

    Attributes:
        probability: that a candidate run beats a reference run; ties count half.
        interval: 95% Clopper-Pearson on the untied pairs, NaN if unpaired or all tied.
        wins, ties: number of pairs (of all nA nB pairs if unpaired).
    """

    probability: float
    interval: tuple[float, float]
    wins: int
    ties: int

    @property
    def is_meaningful(self) -> bool | None:
        """Whether the candidate wins often enough to matter; None without an interval.

        By the criterion of Bouthillier et al. (2021): the interval lies above 1/2 and
        reaches beyond 3/4.
        """
        low, high = self.interval
        if math.isnan(low):
            return None
        return low > 0.5 and high > MEANINGFUL


def outperformance(
    reference: np.ndarray, candidate: np.ndarray, *, paired: bool
) -> Outperformance:
    """How often the candidate's run total is the higher one.

    Unpaired, every run of one arm meets every run of the other: Mann-Whitney's
    U / (nA nB).

    Args:
        reference: (nA,) integer totals per run, in seed order if paired; negated where
            lower is better.
        candidate: (nB,) likewise.
        paired: whether run s of both arms shares its seed.
    """
    differences = candidate - reference if paired else candidate[:, None] - reference
    wins, ties = int((differences > 0).sum()), int((differences == 0).sum())
    probability = (wins + ties / 2) / differences.size
    untied = differences.size - ties
    if not paired or not untied:
        return Outperformance(probability, (math.nan, math.nan), wins, ties)
    low, high = stats.binomtest(wins, untied).proportion_ci(0.95, method="exact")
    return Outperformance(probability, (float(low), float(high)), wins, ties)


class Sensitivity(NamedTuple):
    """Two-sided p-values of the sign-flip test and of Wilcoxon's."""

    sign_flip: float
    wilcoxon: float


def sensitivity(
    differences: np.ndarray, *, resamples: int, rng: np.random.Generator
) -> Sensitivity | None:
    """Two-sided p of tests that assume less about the seeds; None below 6 pairs.

    The hypothesis of both is that the differences are symmetric about zero.

    Args:
        differences: (n,) candidate minus reference per seed.
        resamples: of the sign-flip test, which is exact where all flips are no more.
        rng: draws the flips where they are more.
    """
    if len(differences) < LEAST_SEEDS_FOR_SENSITIVITY:
        return None
    if not differences.any():
        return Sensitivity(1.0, 1.0)
    sign_flip = stats.permutation_test(
        (differences.astype(float),),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=rng,
    )
    wilcoxon = stats.wilcoxon(differences)
    return Sensitivity(float(sign_flip.pvalue), float(wilcoxon.pvalue))


class SinglePair(NamedTuple):
    """Two networks, one per arm, on the same examples; says nothing about recipes.

    Attributes:
        both_right, only_candidate, only_reference, both_wrong: numbers of examples.
        p: exact and two-sided (McNemar).
        interval: 95%, of the difference in accuracy, candidate minus reference.
    """

    both_right: int
    only_candidate: int
    only_reference: int
    both_wrong: int
    p: float
    interval: tuple[float, float]


def single_pair(reference: np.ndarray, candidate: np.ndarray) -> SinglePair:
    """Exact McNemar test and 95% interval of the accuracy difference of two networks.

    The hypothesis is that, where only one network is right, it is either of them with
    chance 1/2. The interval is Wald's for paired proportions.

    Args:
        reference: (m,) integers, 1 where the network is right, else 0.
        candidate: (m,) likewise, on the same examples.
    """
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
