"""The rules by which a difference becomes a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from didithelp.effects import Effect
from didithelp.significance import interval

LEAST_SEEDS = 3  # with two seeds the false-alarm rate at .05 reaches .10
LEAST_CLUSTERS = 10  # groups of examples; fewer say too little of how groups differ
LEAST_DISCORDANT = 10  # images on which the arms differ; fewer cannot carry a verdict

Verdict = Literal["better", "worse", "equivalent", "inconclusive"]


class Decision(NamedTuple):
    """A verdict.

    Attributes:
        verdict: the word for it.
        reasons: codes that say why the verdict is "inconclusive"; else empty.
        flags: codes of what else there is to know about it.
    """

    verdict: Verdict
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

    Args:
        effect: candidate minus reference.
        p_holm: adjusted p of the difference; NaN if unknown.
        p_tost_holm: adjusted p of equivalence within the margin; NaN if unknown.
        alpha: what both are held against, in (0, 0.5).
        margin: difference that would matter, in the unit of the effect; None means
            that equivalence is not defined and never concluded.
        higher_is_better: whether a positive difference is an improvement.
        problems: codes of what forbids a verdict whatever the numbers say.
        multiplier: what Holm's step multiplied p by. A difference exceeds the margin
            if its whole interval at 1 - alpha / multiplier does.
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
    verdict: Verdict = "better" if is_better else "worse"
    return Decision(verdict, [], ["exceeds_margin"] if exceeds else [])


def _missing_evidence(effect: Effect) -> list[str]:
    """Codes of what the effect lacks to carry a verdict."""
    reasons = []
    if min(effect.group_sizes) < LEAST_SEEDS:
        reasons.append("too_few_seeds")
    if min(effect.group_sizes) == 1:
        reasons.append("seed_variance_unknown")
    elif effect.is_constant:
        reasons.append("zero_variance")
    if effect.num_clusters is not None and effect.num_clusters < LEAST_CLUSTERS:
        reasons.append("too_few_clusters")
    return reasons
