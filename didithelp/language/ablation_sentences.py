"""What the report says in words about an ablation: what helped, and what hurt.

The English sentences are also those of `ablation.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from didithelp.ablation import Ablation, FactorEffects, Interaction, Judged
from didithelp.comparison import Caveat
from didithelp.language import sentences
from didithelp.language.quantity import Quantity, decimals_of
from didithelp.language.words import Words, clean, code_of

MOST_SHOWN = 3  # names of arms in a warning
UNDECIDED = ("interval_too_wide", "few_discordant_examples")
POINTS_DECIMALS = 2


def answer(ablation: Ablation, words: Words) -> str:
    """What each factor does, what all do together, and whether their effects add up."""
    effects, about = ablation.primary, quantity(ablation, words)
    clauses = _factors(ablation, words)
    if about.is_accuracy:
        if not clauses.startswith(
            tuple(clean(each.factor) for each in effects.factors)
        ):
            clauses = clauses[0].upper() + clauses[1:]
        parts = [words("ablation.of_factors", clauses=clauses)]
    else:
        named = {"metric": about.name, "direction": about.direction}
        parts = [words("ablation.of_factors_on", clauses=clauses, **named)]
    if len(effects.factors) > 1:
        parts.append(_total(ablation, words))
    if effects.joint is not None:
        parts.append(_additivity(ablation, words))
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
        alone=with_verdict(budget.against_baseline, ablation, words),
        rest=with_verdict(budget.full_against_it, ablation, words),
    )


def control(ablation: Ablation, words: Words) -> str | None:
    """What the recipe against itself shows, whatever it is; None without a control."""
    found = ablation.control
    if found is None:
        return None
    text = "ablation.control"
    if found.against_baseline.verdict in ("better", "worse"):
        text = "ablation.control_alarm"
    elif set(found.against_baseline.reasons).difference(UNDECIDED):
        text = "ablation.control_mute"
    return words(
        text,
        baseline=clean(ablation.baseline),
        estimate=with_verdict(found.against_baseline, ablation, words),
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


def interaction(found: Interaction, ablation: Ablation, words: Words) -> str:
    """What the first factor of a pair does without and with the second."""
    about = quantity(ablation, words)
    first, second = map(clean, found.factors)
    return words(
        "ablation.interaction",
        first=first,
        second=second,
        without=about.measure(found.second_off.delta, "+"),
        together=about.measure(found.second_on.delta, "+"),
    )


def with_verdict(judged: Judged, ablation: Ablation, words: Words) -> str:
    """'-0.52 points (worse; 95% CI -0.70 to -0.34; p < .001)'."""
    return _with_evidence(judged, ablation, words, [words(judged.verdict)])


def quantity(ablation: Ablation, words: Words) -> Quantity:
    """How the sentences write the primary metric, all with the same decimals."""
    metric, effects = ablation.metric, ablation.primary
    decimals = POINTS_DECIMALS
    if metric.unit != "share":
        errors = [each.main.estimate.se for each in effects.factors]
        decimals = decimals_of(min((each for each in errors if each), default=1.0))
    return Quantity(metric, words, decimals)


def _names(names: str | Sequence[str], words: Words) -> str:
    """Each of the arms, in the singular as the warnings are; few of them by name."""
    if isinstance(names, str):
        return clean(names)
    arms = words.list([clean(name) for name in names])
    if len(names) > MOST_SHOWN:
        shown = [clean(name) for name in names[: MOST_SHOWN - 1]]
        number = len(names) - len(shown)
        arms = words("ablation.more_arms", first=", ".join(shown), number=number)
    return words("ablation.each_of", arms=arms)


def _factors(ablation: Ablation, words: Words) -> str:
    """A clause for each factor: those that help, those that hurt, the others."""
    effects = ablation.primary.factors
    order = ("better", "worse", "equivalent", "inconclusive")
    ranked = sorted(
        effects,
        key=lambda each: (order.index(each.main.verdict), -abs(each.main.delta)),
    )
    clauses = [_factor(each, ablation, words) for each in ranked]
    reasons = {each.main.reasons for each in effects}
    forbidden = reasons.pop() if len(reasons) == 1 else ()
    if set(forbidden) <= set(UNDECIDED):
        return words.clauses(clauses)
    why = ", ".join(sentences.reasons(forbidden, ablation.primary_metric, words))
    return words.clauses([words("ablation.no_verdict", reasons=why), *clauses])


def _factor(effects: FactorEffects, ablation: Ablation, words: Words) -> str:
    return words(
        f"ablation_effects.{effects.main.verdict}",
        factor=clean(effects.factor),
        margin=_margin(ablation, words),
        estimate=_with_evidence(effects.main, ablation, words),
    )


def _margin(ablation: Ablation, words: Words) -> str:
    """The margin with its unit; only what is equivalent, and so has one, shows it."""
    return quantity(ablation, words).parameter(ablation.margin or 0.0)


def _total(ablation: Ablation, words: Words) -> str:
    total = ablation.primary.total
    return words(
        f"ablation_totals.{total.verdict}",
        margin=_margin(ablation, words),
        estimate=_with_evidence(total, ablation, words),
    )


def _additivity(ablation: Ablation, words: Words) -> str:
    """Whether the effects add up, as far as that is shown."""
    effects = ablation.primary
    joint = effects.joint
    p = words.p_clause(None if joint is None else joint.p, ablation.alpha)
    is_shown = joint is not None and joint.is_shown
    pairs = [
        interaction(each, ablation, words)
        for each in effects.interactions
        if each.is_shown
    ]
    if pairs:
        told = words("ablation.interacting", p=p, pairs=words.clauses(pairs))
    else:
        told = words(f"ablation.{'not_additive' if is_shown else 'additive'}", p=p)
    return f"{told} {words('ablation.unlike')}" if is_shown else told


def _with_evidence(
    judged: Judged, ablation: Ablation, words: Words, first: Sequence[str] = ()
) -> str:
    """'-0.52 points (95% CI -0.70 to -0.34; p < .001)'."""
    interval, p = judged.verdict_interval, judged.estimate.p_holm
    about, evidence = quantity(ablation, words), [*first]
    if interval.low is not None:
        level = words.level(round(interval.level, 3))
        low, high = map(about.number, (interval.low, interval.high))
        evidence.append(words("ablation.ci", level=level, low=low, high=high))
    if p is not None:
        evidence.append(words.p_clause(p, ablation.alpha))
    delta = about.measure(judged.delta, "+")
    if not evidence:
        return delta
    return words("estimate", delta=delta, evidence=words.clauses(evidence))
