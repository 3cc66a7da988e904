"""What the report of an ablation says beside its answer: title, tests, choices."""

from __future__ import annotations

import math
from dataclasses import dataclass

from didithelp.ablation import Ablation, MetricEffects
from didithelp.comparison import Bounds
from didithelp.language import sentences
from didithelp.language.words import EMPTY, Words, clean
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


def _margin(ablation: Ablation, words: Words) -> str:
    if ablation.margin is None:
        return words("none")
    if ablation.primary.unit == "share":
        return words.points(ablation.margin)
    return words.plain(ablation.margin)


# --- numbers --------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantity:
    """How the numbers of a metric are written.

    Attributes:
        metric: whose numbers they are; those of a share are fractions.
        words: of the language.
        decimals: of a difference, in the unit that is shown.
    """

    metric: Metric
    words: Words
    decimals: int

    @property
    def scale(self) -> int:
        """What a number is multiplied by to be shown: a fraction becomes points."""
        return 100 if self.metric.unit == "share" else 1

    def scaled(self, value: float | None) -> float | None:
        """A number as it is shown."""
        return None if value is None else self.scale * value

    def number(self, value: float | None, sign: str = "") -> str:
        """A difference, without its unit."""
        return self.words.number(self.scaled(value), self.decimals, sign)

    def measure(self, value: float, sign: str = "") -> str:
        """A difference with its unit: '+0.52 points'."""
        number = self.number(value, sign)
        if self.metric.unit == "share":
            return self.words.plural("measure", self.scale * abs(value), points=number)
        return f"{number} {self.metric.unit}".strip()

    def significant(self, value: float | None) -> str:
        """An error, with two significant digits."""
        return self.words.significant(self.scaled(value))

    def range(self, bounds: Bounds, sign: str = "+") -> str:
        """An interval without its unit; EMPTY where it is not known."""
        low, high = bounds
        if low is None or high is None:
            return EMPTY
        ends = {"low": self.number(low, sign), "high": self.number(high, sign)}
        return self.words("range", **ends)


def written(found: MetricEffects, words: Words) -> Quantity:
    """How the effects on a metric are written, all with the same decimals.

    Points have two; anything else has those that show two digits of every error.
    """
    metric = Metric(found.metric, found.higher_is_better, found.unit)
    if found.unit == "share":
        return Quantity(metric, words, 2)
    estimates = [found.total.estimate, *(each.main.estimate for each in found.factors)]
    errors = [each.se for each in estimates if each.se]
    decimals = 4 if not errors else max(0, 1 - math.floor(math.log10(min(errors))))
    return Quantity(metric, words, decimals)
