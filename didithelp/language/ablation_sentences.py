"""What the report says in words about an ablation: what helped, and what hurt.

The English sentences are also those of `ablation.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from didithelp import decision
from didithelp.ablation import Ablation, Estimate, FactorEffects, Interaction, Judged
from didithelp.comparison import Bounds, Caveat
from didithelp.language.words import Words, clean, code_of

MOST_SHOWN = 3  # names of arms in a warning
UNDECIDED = ("interval_too_wide", "few_discordant_examples")


def answer(ablation: Ablation, words: Words) -> str:
    """What each factor does, what all do together, and whether their effects add up."""
    effects = ablation.primary
    parts = [
        words("ablation.of_factors", clauses=_factors(ablation, words)),
        *([_total(ablation, words)] if len(effects.factors) > 1 else []),
        *([_additivity(ablation, words)] if effects.joint is not None else []),
    ]
    return " ".join(parts)


def budget_matched(ablation: Ablation, words: Words) -> str | None:
    """Whether it was the budget; None where nothing is known of that."""
    budget = ablation.budget_matched
    if budget is None:
        return None
    return words(
        "ablation.budget_matched",
        factor=clean(budget.factor),
        baseline=clean(ablation.baseline),
        alone=with_verdict(budget.against_baseline, ablation.alpha, words),
        rest=with_verdict(budget.full_against_it, ablation.alpha, words),
    )


def control(ablation: Ablation, words: Words) -> str | None:
    """What the recipe against itself shows, whatever it is; None without a control."""
    found = ablation.control
    if found is None:
        return None
    is_alarm = found.against_baseline.verdict in ("better", "worse")
    return words(
        "ablation.control_alarm" if is_alarm else "ablation.control",
        baseline=clean(ablation.baseline),
        estimate=with_verdict(found.against_baseline, ablation.alpha, words),
    )


def warning(caveat: Caveat, words: Words) -> str:
    """One warning of `didithelp.ablation_caveats` in words."""
    values: dict[str, Any] = {
        name: _names(value, words) if name in ("arm", "candidate") else value
        for name, value in caveat.values.items()
    }
    return words(f"warnings.{caveat.code}", **values)


def scope(ablation: Ablation, words: Words) -> str:
    """What the verdicts are about."""
    return words(f"ablation_scopes.{code_of('ablation_scopes', ablation.scope)}")


def interaction(found: Interaction, words: Words) -> str:
    """What one factor of a pair does without and with the other."""
    first, second = map(clean, found.factors)
    return words(
        "ablation.interaction",
        first=first,
        second=second,
        without=points(found.second_off.delta, words),
        together=points(found.second_on.delta, words),
    )


def with_verdict(judged: Judged, alpha: float, words: Words) -> str:
    """'-0.52 points (worse; 95% CI -0.70 to -0.34; p < .001)'."""
    verdict = words(judged.verdict)
    return _with_evidence(judged, alpha, words, [verdict])


def points(fraction: float, words: Words, sign: str = "+") -> str:
    """A fraction in points with its unit: '+0.52 points'."""
    number = words.number(100 * fraction, 2, sign)
    return words.plural("measure", 100 * abs(fraction), number=number)


def _names(names: str | Sequence[str], words: Words) -> str:
    """Arms, by name as long as they are few."""
    if isinstance(names, str):
        return clean(names)
    cleaned = [clean(name) for name in names]
    if len(cleaned) <= MOST_SHOWN:
        return words.list(cleaned)
    first = ", ".join(cleaned[: MOST_SHOWN - 1])
    return words(
        "ablation.more_arms", first=first, number=len(cleaned) - MOST_SHOWN + 1
    )


def _factors(ablation: Ablation, words: Words) -> str:
    """A clause for each factor: those that help, those that hurt, the others."""
    effects = ablation.primary.factors
    order = ("better", "worse", "equivalent", "inconclusive")
    ranked = sorted(
        effects,
        key=lambda each: (order.index(each.main.verdict), -abs(each.main.delta)),
    )
    reasons = {each.main.reasons for each in effects}
    forbidden = reasons.pop() if len(reasons) == 1 else ()
    clauses = [_factor(each, ablation, words) for each in ranked]
    if not forbidden or set(forbidden) <= set(UNDECIDED):
        return words.clauses(clauses)
    return words.clauses([_inconclusive(forbidden, words), *clauses])


def _factor(effects: FactorEffects, ablation: Ablation, words: Words) -> str:
    return words(
        f"ablation_effects.{effects.main.verdict}",
        factor=clean(effects.factor),
        margin=words.points(ablation.margin),
        estimate=_with_evidence(effects.main, ablation.alpha, words),
    )


def _inconclusive(reasons: Sequence[str], words: Words) -> str:
    least = {
        "least_seeds": decision.LEAST_SEEDS,
        "least_images": decision.LEAST_DISCORDANT,
        "least_clusters": decision.LEAST_CLUSTERS,
    }
    texts = [words(f"reasons.{reason}", **least) for reason in reasons]
    return words("ablation.no_verdict", reasons=", ".join(texts))


def _total(ablation: Ablation, words: Words) -> str:
    total = ablation.primary.total
    return words(
        f"ablation_totals.{total.verdict}",
        margin=words.points(ablation.margin),
        estimate=_with_evidence(total, ablation.alpha, words),
    )


def _additivity(ablation: Ablation, words: Words) -> str:
    """Whether the effects add up, as far as that is shown."""
    effects = ablation.primary
    joint = effects.joint
    p = words.p_clause(None if joint is None else joint.p, ablation.alpha)
    is_shown = joint is not None and joint.is_shown
    pairs = [interaction(each, words) for each in effects.interactions if each.is_shown]
    if pairs:
        told = words("ablation.interacting", p=p, pairs=words.clauses(pairs))
    else:
        told = words(f"ablation.{'not_additive' if is_shown else 'additive'}", p=p)
    return f"{told} {words('ablation.unlike')}" if is_shown else told


def _with_evidence(
    judged: Judged, alpha: float, words: Words, first: Sequence[str] = ()
) -> str:
    """'-0.52 points (95% CI -0.70 to -0.34; p < .001)'."""
    interval, estimate = judged.verdict_interval, judged.estimate
    evidence = [
        *first,
        *_interval(interval.level, (interval.low, interval.high), words),
        *([] if estimate.p_holm is None else [words.p_clause(estimate.p_holm, alpha)]),
    ]
    delta = points(judged.delta, words)
    if not evidence:
        return delta
    return words("estimate", delta=delta, evidence=words.clauses(evidence))


def _interval(level: float, interval: Bounds, words: Words) -> list[str]:
    low, high = interval
    if low is None or high is None:
        return []
    return [
        words(
            "ablation.ci",
            level=words.level(round(level, 3)),
            low=words.number(100 * low, 2),
            high=words.number(100 * high, 2),
        )
    ]


def estimated(estimate: Estimate, words: Words) -> str:
    """'-0.52 points (95% CI -0.70 to -0.34)' of an estimate without a verdict."""
    evidence = _interval(0.95, estimate.ci95, words)
    delta = points(estimate.delta, words)
    return words("estimate", delta=delta, evidence=evidence[0]) if evidence else delta
