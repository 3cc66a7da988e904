"""One candidate and the reference in one metric: which numbers are compared, and how.

Where both arms have predictions or scores of the same examples, every run and example
counts; else one number per run does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from didithelp import clusters, effects
from didithelp.caveats import OF_PREDICTIONS, Scope
from didithelp.effects import Effect, Scale
from didithelp.examined import COUNT_UNITS
from didithelp.example_scores import Scores
from didithelp.metric import TEST_ACCURACY, Metric
from didithelp.runs import Runs, run_scale


@dataclass(frozen=True, eq=False)
class Pair:
    """One candidate and the reference in one metric.

    Attributes:
        metric: in which they are compared; every arm has it, or `is_known` is false.
        is_paired: whether run s of both shares its seed.
    """

    metric: Metric
    reference: Runs
    candidate: Runs
    is_paired: bool

    @property
    def arms(self) -> tuple[Runs, Runs]:
        """The reference and the candidate."""
        return self.reference, self.candidate

    @property
    def is_crossed(self) -> bool:
        """Whether it is known of both arms what every run made of every example."""
        return self.has_counts or self.has_scores

    @property
    def has_counts(self) -> bool:
        """Whether both arms have predictions that give the metric."""
        return all(self.metric.name in runs.counts for runs in self.arms)

    @property
    def has_scores(self) -> bool:
        """Whether both arms have scores in the metric."""
        return all(self.metric.name in runs.scores for runs in self.arms)

    @property
    def scores(self) -> tuple[Scores, Scores]:
        """Those of each arm; only where both have them."""
        name = self.metric.name
        return self.reference.scores[name], self.candidate.scores[name]

    @property
    def is_right_or_wrong(self) -> bool:
        """Whether the metric is the share of examples that are right."""
        if self.metric.name == TEST_ACCURACY.name:
            return True
        is_binary = self.has_scores and all(s.are_right_or_wrong for s in self.scores)
        return is_binary and self.metric.higher_is_better

    @property
    def scope(self) -> Scope:
        """What the verdict is about; other images only where predictions are known."""
        is_of_test_set = self.metric.name in OF_PREDICTIONS
        if self.clusters is not None:
            return Scope.SEEDS_AND_CLUSTERS
        if self.is_crossed:
            return (
                Scope.SEEDS_AND_IMAGES if is_of_test_set else Scope.SEEDS_AND_EXAMPLES
            )
        return Scope.SEEDS_ONLY if is_of_test_set else Scope.THESE_DATA

    @property
    def is_known(self) -> bool:
        """Whether every run of both arms has the metric."""
        return all(np.isfinite(values).all() for values in self.values)

    @property
    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """One number per run of each arm, (seeds,) float64."""
        name = self.metric.name
        return self.reference.values[name], self.candidate.values[name]

    @cached_property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts of each arm, (seeds, examples) int64; only where it is crossed."""
        name = self.metric.name
        if self.has_counts:
            return self.reference.counts[name], self.candidate.counts[name]
        before, after = (
            effects.run_counts(scores.values, self.scale) for scores in self.scores
        )
        if self.is_paired:
            after = effects.without_rounding(before, after, self.scale)
        return before, after

    @property
    def unit(self) -> float:
        """The value of one count."""
        return (
            COUNT_UNITS[self.metric.name]
            if self.has_counts
            else 1 / self.scale.per_unit
        )

    @cached_property
    def effect(self) -> Effect:
        """Candidate minus reference, with where its variance comes from."""
        if not self.is_crossed:
            return effects.run_effect(
                *self.values, paired=self.is_paired, scale=self.scale
            )
        estimate = effects.paired_effect if self.is_paired else effects.unpaired_effect
        effect = estimate(*self.counts, self.unit)
        if self.clusters is None:
            return effect
        return clusters.by_cluster(effect, *self.counts, self.unit, self.clusters)

    @property
    def clusters(self) -> np.ndarray | None:
        """The group of each example; None where each is its own. Both arms agree."""
        if self.has_scores and not self.has_counts:
            return self.scores[0].clusters
        return self.reference.clusters if self.has_counts else None

    @cached_property
    def scale(self) -> Scale:
        """In what scores, or one number per run, are counted."""
        if self.has_scores:
            return effects.scale_of(*(scores.values for scores in self.scores))
        return run_scale(self.metric.name, *self.values)

    @property
    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """The sum of each run of each arm, (seeds,) int64; larger ones are better."""
        sign = 1 if self.metric.higher_is_better else -1
        if self.is_crossed:
            before, after = (counts.sum(axis=1) for counts in self.counts)
        else:
            before, after = (
                effects.run_counts(values, self.scale) for values in self.values
            )
        return sign * before, sign * after
