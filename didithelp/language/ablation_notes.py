"""What the report of an ablation says beside its answer: title, tests, choices."""

from __future__ import annotations

from didithelp.ablation import Ablation, MetricEffects
from didithelp.language import quantity, sentences
from didithelp.language.ablation_sentences import POINTS_DECIMALS
from didithelp.language.quantity import Quantity
from didithelp.language.words import Words, clean
from didithelp.metric import Metric


def title(ablation: Ablation, words: Words) -> str:
    """The factors and the data; after a fall-back that comes first, in capitals."""
    names = [clean(factor.name) for factor in ablation.factors]
    text = words("ablation_report.title", factors=words.list(names))
    return sentences.on_data(text, ablation.dataset, words)


def outcome(ablation: Ablation, words: Words) -> str:
    """What came out, in short: 'budget helps (+0.30 points), l2_lambda hurts (…)'."""
    found = ablation.primary
    shown = [
        words(
            "ablation_report.outcome",
            factor=clean(each.factor),
            verdict=words(f"factor_verdicts.{each.main.verdict}"),
            size=written(found, words).measure(each.main.delta, "+"),
        )
        for each in sorted(found.factors, key=lambda each: -abs(each.main.delta))
        if each.main.verdict in ("better", "worse")
    ]
    return ", ".join(shown) or words("ablation_report.nothing_shown")


def interactions(ablation: Ablation, words: Words) -> list[str]:
    """What the joint test shows, and how much of the differences is additive."""
    found, texts = ablation.primary, []
    if found.joint is not None:
        joint = found.joint
        key = (
            "ablation_report.joint_shown"
            if joint.is_shown
            else "ablation_report.joint_not_shown"
        )
        values = {"df1": words.number(joint.df1, 1), "df2": words.number(joint.df2, 1)}
        p = words.p_clause(joint.p, ablation.alpha)
        texts.append(words(key, f=words.number(joint.f, 2), p=p, **values))
    if found.additive_share is not None:
        share = words.percent(found.additive_share, 0)
        texts.append(words("ablation_report.additive", share=share))
    if found.remainder is not None:
        about = written(found, words)
        values = {"interval": about.range(found.remainder.ci95)}
        delta = about.measure(found.remainder.delta, "+")
        texts.append(words("ablation_report.remainder", delta=delta, **values))
    return texts


def choices(ablation: Ablation, words: Words) -> str:
    """The parameters of the decision."""
    return words(
        "ablation_report.choices",
        alpha=words.plain(ablation.alpha),
        margin=_margin(ablation, words),
        factors=len(ablation.factors),
        arms=len(ablation.cells),
        selected_on=words(f"selection_sets.{ablation.selected_on}"),
    )


def metric_chosen(ablation: Ablation, words: Words) -> str:
    """The metric with its unit and which way is better; empty for test accuracy."""
    about = written(ablation.primary, words)
    return "" if about.is_accuracy else about.text("metric_chosen")


def written(found: MetricEffects, words: Words) -> Quantity:
    """How the effects on a metric are written, all with the same decimals.

    Points have two; anything else has those that show two digits of the largest error.
    """
    metric = Metric(found.metric, found.higher_is_better, found.unit)
    estimates = [found.total.estimate, *(each.main.estimate for each in found.factors)]
    errors = [each.se for each in estimates if each.se]
    decimals = quantity.decimals_of(max(errors)) if errors else 4
    is_share = found.unit == "share"
    return Quantity(metric, words, POINTS_DECIMALS if is_share else decimals)


def _margin(ablation: Ablation, words: Words) -> str:
    if ablation.margin is None:
        return words("no_margin_chosen")
    about = written(ablation.primary, words)
    return about.text("margin_chosen", margin=about.parameter(ablation.margin))
