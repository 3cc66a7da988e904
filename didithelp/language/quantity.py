"""The numbers of one metric as people read them: its name, scale, digits and unit.

The texts about test accuracy are in `[texts]`. Those of every other metric have the
same keys in `[other_metric]`, with its name and unit filled in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from didithelp.compared_arm import Summary
from didithelp.comparison import Bounds, Comparison, Difference
from didithelp.language.words import EMPTY, Words, clean
from didithelp.metric import TEST_ACCURACY, Metric

# By unit, the plural of a number that was measured and that of a parameter.
_PLURALS = {
    "share": ("measure", "points"),
    "nats": ("nats", "nats"),
    "seconds": ("seconds", "seconds"),
}
# Decimals of a table, in points and in nats; else two digits of the uncertainty.
_POINTS_DECIMALS, _SECONDARY_DECIMALS = 3, {"share": 3, "nats": 4}
_LEVEL_DECIMALS = 2  # of a percentage


@dataclass(frozen=True)
class Quantity:
    """How the differences of a metric, and its values, are written.

    Attributes:
        metric: whose numbers they are; those of a share are fractions.
        words: of the language.
        decimals: of a difference, in the unit that is shown.
    """

    metric: Metric
    words: Words
    decimals: int

    # --- the metric -------------------------------------------------------------------

    @property
    def is_accuracy(self) -> bool:
        """Whether the texts are those about test accuracy."""
        return self.metric.name == TEST_ACCURACY.name

    @property
    def scale(self) -> int:
        """What a number is multiplied by to be shown: a fraction becomes points."""
        return 100 if self.metric.unit == "share" else 1

    @property
    def name(self) -> str:
        """The metric as it is called in the language, or else as it was typed."""
        return name_of(self.metric.name, self.words)

    @property
    def direction(self) -> str:
        """'lower is better' or 'higher is better'."""
        is_higher = self.metric.higher_is_better
        return self.words("higher_is_better" if is_higher else "lower_is_better")

    @property
    def difference_label(self) -> str:
        """The metric with the unit of a difference: 'accuracy, points'."""
        return self.in_difference_unit(self.name)

    @property
    def level_label(self) -> str:
        """The metric with the unit of its values: 'val_loss, nats', 'val_f1, %'."""
        return self.in_level_unit(self.name)

    @property
    def level_column(self) -> str:
        """The same as the head of a column: 'accuracy %'."""
        return self.words("accuracy_percent") if self.is_accuracy else self.level_label

    @property
    def level_axis(self) -> str:
        """The same beside the axis of a figure."""
        if self.is_accuracy:
            return self.words("axis_test_accuracy")
        return self.text("axis_level")

    @property
    def difference_column(self) -> str:
        """'difference, points'."""
        return self.in_difference_unit(self.words("difference"))

    def in_level_unit(self, name: str) -> str:
        """A name with the unit of a value: 'plain, %'."""
        return self._with_unit(f"level_units.{self.metric.unit}", name)

    def in_difference_unit(self, name: str) -> str:
        """A name with the unit of a difference."""
        return self._with_unit(f"difference_units.{self.metric.unit}", name)

    def _with_unit(self, key: str, name: str) -> str:
        """A name with the unit that has this key; the name alone without a unit."""
        if not self.metric.unit:
            return name
        return self.words("with_unit", name=name, unit=self.words(key))

    def text(self, key: str, **values: Any) -> str:
        """The text of a key about this metric."""
        if self.is_accuracy:
            return self.words(key, **values)
        about = {
            "metric": self.name,
            "direction": self.direction,
            "difference": self.difference_label,
            "level": self.level_label,
        }
        return self.words(f"other_metric.{key}", **about | values)

    # --- its differences --------------------------------------------------------------

    def scaled(self, value: float | None) -> float | None:
        """A number as it is shown: a fraction times 100."""
        return None if value is None else self.scale * value

    def number(self, value: float | None, sign: str = "") -> str:
        """A difference, without its unit."""
        return self.words.number(self.scaled(value), self.decimals, sign)

    def measure(self, value: float, sign: str = "") -> str:
        """A difference with its unit: '+0.52 points', '-0.031 nats', '+1.8 s'."""
        return self._measured(value, self.number(value, sign))

    def rough_measure(self, value: float) -> str:
        """A number with two significant digits and its unit, such as a plan."""
        return self._measured(value, self.significant(value))

    def parameter(self, value: float) -> str:
        """A parameter of the decision in this unit: '0.1 point', '0.02 nats'."""
        size = self.scale * value
        return self._plural(1, size, self.words.plain(size, 10))

    def significant(self, value: float | None, sign: str = "") -> str:
        """A spread or an error, with two significant digits."""
        return self.words.significant(self.scaled(value), sign)

    def range(self, bounds: Bounds, sign: str = "+") -> str:
        """An interval without its unit; EMPTY where it is not known."""
        low, high = bounds
        if low is None or high is None:
            return EMPTY
        ends = {"low": self.number(low, sign), "high": self.number(high, sign)}
        return self.words("range", **ends)

    def _measured(self, value: float, number: str) -> str:
        return self._plural(0, self.scale * abs(value), number)

    def _plural(self, form: int, size: float, number: str) -> str:
        """The number with its unit; the language decides which is singular."""
        if self.metric.unit not in _PLURALS:
            return number
        return self.words.plural(_PLURALS[self.metric.unit][form], size, number=number)

    # --- its values -------------------------------------------------------------------

    def level(self, value: float | None, error: float | None = None) -> str:
        """A value without its unit; of a share, in percent.

        Args:
            value: of the metric.
            error: what its digits follow, such as a standard deviation; without one
                they are those of a difference.
        """
        decimals = self.decimals if not error else decimals_of(error)
        if self.metric.unit == "share":
            decimals = _LEVEL_DECIMALS
        return self.words.number(self.scaled(value), decimals)

    def levels(self, before: float | None, after: float | None) -> tuple[str, str]:
        """Two values with their unit: '81.20%', '83.29%' or '0.342', '0.311 nats'."""
        if self.metric.unit == "share":
            return self.words.percent(before), self.words.percent(after)
        size = 0.0 if after is None else after
        return self.level(before), self._measured(size, self.level(after))

    def mean_and_sd(self, summary: Summary) -> str:
        """'97.76 ± 0.11'."""
        mean = self.level(summary.mean, summary.sd)
        if summary.sd is None:
            return mean
        return f"{mean} ± {self.significant(summary.sd)}"


def of_sentence(
    comparison: Comparison, difference: Difference, words: Words
) -> Quantity:
    """How a sentence writes the primary metric: all its numbers have the same decimals.

    Points have those that show three digits of the difference, one to three.
    """
    metric = comparison.metric
    if metric.unit != "share":
        return of_table(comparison, [difference], words)
    size = 100 * abs(difference.delta)
    decimals = min(3, max(1, 2 - math.floor(math.log10(size)))) if size else 2
    return Quantity(metric, words, decimals)


def of_comparison(comparison: Comparison, words: Words) -> Quantity:
    """How tables write the primary metric: alike for all candidates."""
    return of_table(comparison, comparison.primary, words)


def of_table(
    comparison: Comparison, differences: Sequence[Difference], words: Words
) -> Quantity:
    """How a table writes the primary metric.

    Args:
        comparison: whose metric it is.
        differences: those that are shown together, with the same decimals.
        words: of the language.
    """
    metric = comparison.metric
    if metric.unit == "share":
        return Quantity(metric, words, _POINTS_DECIMALS)
    return Quantity(metric, words, _decimals_of_all(differences))


def of_outcome(
    comparison: Comparison, difference: Difference, words: Words
) -> Quantity:
    """How a few words about one candidate write the primary metric."""
    about = of_table(comparison, [difference], words)
    if comparison.metric.unit != "share":
        return about
    return replace(about, decimals=_LEVEL_DECIMALS)


def of_secondary(difference: Difference, words: Words) -> Quantity:
    """How a table writes a metric that stands beside the primary one."""
    metric = Metric(difference.metric, difference.higher_is_better, difference.unit)
    decimals = _SECONDARY_DECIMALS.get(metric.unit)
    if decimals is None:
        decimals = _decimals_of_all([difference])
    return Quantity(metric, words, decimals)


def decimals_of(error: float) -> int:
    """The decimals that show two significant digits of a positive error.

    They are below 0 where not even its tens are significant.
    """
    return 1 - math.floor(math.log10(error))


def _decimals_of_all(differences: Sequence[Difference]) -> int:
    """The decimals that show two digits of every error; else three of the sizes."""
    if errors := [each.se for each in differences if each.se]:
        return decimals_of(min(errors))
    sizes = [abs(each.delta) for each in differences if each.delta]
    return decimals_of(min(sizes, default=1.0)) + 1


def name_of(metric: str, words: Words) -> str:
    """A metric as it is called in the language, or else as it was typed."""
    return words.get(f"metrics.{metric}") or clean(metric)
