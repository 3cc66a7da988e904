"""What people use instead of the verdict: the usual tests, and no test at all.

All take (seeds, images) int64 arrays of 0 and 1, and say +1 for "the candidate is
better", -1 for "worse" and 0 for "cannot tell" at `alpha`, two-sided.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats


def higher_wins(reference: np.ndarray, candidate: np.ndarray) -> int:
    """One run each (the first), and the higher accuracy wins."""
    return int(np.sign(candidate[0].sum() - reference[0].sum()))


def seeds_only(reference: np.ndarray, candidate: np.ndarray, alpha: float) -> int:
    """Paired t test of the accuracies: sees the seeds, but not that images vary."""
    differences = candidate.sum(axis=1) - reference.sum(axis=1)
    if not np.ptp(differences):
        return int(np.sign(differences[0]))
    size = len(differences)
    t = differences.mean() / differences.std(ddof=1) * math.sqrt(size)
    p = 2 * special.stdtr(size - 1, -abs(t))
    return int(np.sign(t)) if p <= alpha else 0


def seeds_only_unpaired(
    reference: np.ndarray, candidate: np.ndarray, alpha: float
) -> int:
    """Welch's t test of the accuracies."""
    totals = candidate.sum(axis=1), reference.sum(axis=1)
    if not any(np.ptp(total) for total in totals):
        return int(np.sign(totals[0][0] - totals[1][0]))
    test = stats.ttest_ind(*totals, equal_var=False)
    return int(np.sign(test.statistic)) if test.pvalue <= alpha else 0


def mcnemar_one_pair(reference: np.ndarray, candidate: np.ndarray, alpha: float) -> int:
    """McNemar's exact test of the first run of each: sees the images, but no seed."""
    return mcnemar(reference[:1], candidate[:1], alpha)


def mcnemar(reference: np.ndarray, candidate: np.ndarray, alpha: float) -> int:
    """McNemar's exact test of every pair of runs as if their images were new ones."""
    gained = int((candidate > reference).sum())
    lost = int((candidate < reference).sum())
    p = min(1.0, 2 * special.bdtr(min(gained, lost), gained + lost, 0.5))
    return int(np.sign(gained - lost)) if p <= alpha else 0
