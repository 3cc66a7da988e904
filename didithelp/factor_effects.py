"""What the factors of a design do to one metric: estimates, tests, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from didithelp import contrasts, decision, effects, families, planning, significance
from didithelp.ablation import (
    Estimate,
    FactorEffects,
    Interaction,
    JointTest,
    Judged,
    MetricEffects,
)
from didithelp.clusters import Groups, groups_of
from didithelp.comparison import Interval, bounds, known, root
from didithelp.contrasts import Moments
from didithelp.effects import Effect, Scale
from didithelp.examined import COUNT_UNITS
from didithelp.factors import Factorial, Levels, Weights
from didithelp.families import Tests
from didithelp.metric import Metric
from didithelp.runs import Runs, run_scale
from didithelp.settings import Rule

UNLIKE_SITUATIONS = "unlike_situations"


@dataclass(frozen=True, eq=False)
class Sample:
    """What is kept of one arm.

    Attributes:
        runs: its finished runs without their counts and scores, which are large.
        crossed: moments by metric of which it is known what every run made of every
            example.
    """

    runs: Runs
    crossed: dict[str, Moments]

    @property
    def is_complete(self) -> bool:
        """Whether every run that was started has finished."""
        return len(self.runs.seeds) == self.runs.num_started

    @property
    def has_copies(self) -> bool:
        """Whether runs with different seeds made identical predictions."""
        return len(set(self.runs.digests)) < len(self.runs.digests)


def samples_of(arms: Sequence[Runs]) -> list[Sample]:
    """What contrasts need of arms that are compared: sums in place of predictions.

    Args:
        arms: the runs of all arms, with the same examples in the same order.
    """
    scored: dict[str, list[np.ndarray]] = {}
    for runs in arms:
        for name, scores in runs.scores.items():
            scored.setdefault(name, []).append(scores.values)
    scales = {name: effects.scale_of(*values) for name, values in scored.items()}
    return [_sample(runs, scales) for runs in arms]


def _sample(runs: Runs, scales: dict[str, Scale]) -> Sample:
    """Scores are counted in the scale of all arms; predictions go before scores."""
    crossed = {}
    for name, scores in runs.scores.items():
        counts = effects.run_counts(scores.values, scales[name])
        unit = 1 / scales[name].per_unit
        crossed[name] = contrasts.moments(counts, unit, _groups(scores.clusters))
    for name, counts in runs.counts.items():
        unit, groups = COUNT_UNITS[name], _groups(runs.clusters)
        crossed[name] = contrasts.moments(counts, unit, groups)
    return Sample(replace(runs, counts={}, scores={}), crossed)


def _groups(clusters: np.ndarray | None) -> Groups | None:
    return None if clusters is None else groups_of(clusters)


class Estimator:
    """Estimates of one metric from the samples of arms.

    Args:
        metric: what is estimated.
        margin: effect that would matter; None where the metric has none.
        samples: of the arms, by cell.
        rule: how to decide; its alpha and selected_on are used.
    """

    def __init__(
        self,
        metric: Metric,
        margin: float | None,
        samples: dict[Levels, Sample],
        rule: Rule,
    ) -> None:
        self.metric, self._margin, self._rule = metric, margin, rule
        self._cells = tuple(samples)
        self._samples = tuple(samples.values())
        name = metric.name
        values = [each.runs.values[name] for each in self._samples]
        self.is_known = all(np.isfinite(each).all() for each in values)
        self.is_crossed = all(name in each.crossed for each in self._samples)
        self.has_clusters = False
        if self.is_crossed:
            self._moments = [each.crossed[name] for each in self._samples]
            self.has_clusters = self._moments[0].groups is not None
        elif self.is_known:
            scale = run_scale(name, *values)
            self._moments = [contrasts.moments_of_runs(each, scale) for each in values]

    def effect(self, weights: Weights) -> Effect:
        """The contrast with these weights."""
        return contrasts.contrast(self._moments, self._row(weights))

    def estimate(self, weights: Weights | None) -> Estimate | None:
        """The contrast as it is told; None for no weights."""
        return self.known_estimate(weights) if weights else None

    def known_estimate(self, weights: Weights) -> Estimate:
        """The contrast as it is told, for weights that are there."""
        return self._told(self.effect(weights), None)

    def family(self, all_weights: Sequence[Weights]) -> list[Estimate]:
        """Contrasts with p-values that are adjusted together."""
        effects = [self.effect(weights) for weights in all_weights]
        adjusted = families.tests(effects, None)
        return [
            self._told(effect, tests)
            for effect, tests in zip(effects, adjusted, strict=True)
        ]

    def judged(
        self, all_weights: Sequence[Weights], flags: Sequence[str] = ()
    ) -> list[Judged]:
        """Contrasts with verdicts, adjusted together; each gets these flags as well."""
        effects = [self.effect(weights) for weights in all_weights]
        adjusted = families.tests(effects, self._margin)
        return [
            self._judged(effect, tests, weights, flags)
            for effect, tests, weights in zip(
                effects, adjusted, all_weights, strict=True
            )
        ]

    def joint(self, all_weights: Sequence[Weights]) -> JointTest | None:
        """The test that all of these contrasts are zero; None if there is none."""
        if not all_weights:
            return None
        rows = [self._row(weights) for weights in all_weights]
        found = contrasts.joint_test(self._moments, rows)
        if found is None:
            return None
        is_shown = found.p <= self._rule.alpha
        return JointTest(found.f, found.df1, found.df2, found.p, is_shown)

    def is_shown(self, estimate: Estimate) -> bool:
        """Whether an estimate of a family is shown to differ from zero."""
        p = estimate.p_holm
        return p is not None and p <= self._rule.alpha

    def _row(self, weights: Weights) -> list[Fraction]:
        return [weights.get(cell, Fraction(0)) for cell in self._cells]

    def _told(self, effect: Effect, tests: Tests | None) -> Estimate:
        p = significance.difference_p(effect) if tests is None else tests.p
        is_crossed = effect.num_examples is not None
        return Estimate(
            delta=effect.delta,
            se_seed=root(effect.seed_variance),
            se_item=root(effect.item_variance) if is_crossed else None,
            se_res=root(effect.residual_variance) if is_crossed else None,
            se=known(effect.standard_error),
            df=known(effect.degrees_of_freedom),
            ci95=bounds(significance.interval(effect, 0.95)),
            p=known(p),
            p_holm=None if tests is None else known(tests.p_holm),
            family_size=None if tests is None else tests.family_size,
            mde80=None if tests is None else self._mde80(effect, tests),
        )

    def _mde80(self, effect: Effect, tests: Tests) -> float | None:
        alpha = self._rule.alpha / tests.family_size
        return known(planning.minimum_detectable_effect(effect, alpha))

    def _judged(
        self, effect: Effect, tests: Tests, weights: Weights, flags: Sequence[str]
    ) -> Judged:
        alpha = self._rule.alpha
        decided = decision.decide(
            effect,
            p_holm=tests.p_holm,
            p_tost_holm=tests.p_tost_holm,
            alpha=alpha,
            margin=self._margin,
            higher_is_better=self.metric.higher_is_better,
            problems=self._problems(weights),
            multiplier=tests.multiplier,
        )
        level = tests.level(decided.verdict, alpha)
        return Judged(
            estimate=self._told(effect, tests),
            p_tost=known(tests.p_tost),
            p_tost_holm=known(tests.p_tost_holm),
            verdict_interval=Interval(
                level, *bounds(significance.interval(effect, level))
            ),
            verdict=decided.verdict,
            reasons=tuple(decided.reasons),
            flags=(*decided.flags, *flags),
        )

    def _problems(self, weights: Weights) -> list[str]:
        """Codes of what forbids a verdict on this contrast, whatever its numbers."""
        used = [
            sample
            for cell, sample in zip(self._cells, self._samples, strict=True)
            if weights.get(cell)
        ]
        problems = []
        if not all(sample.is_complete for sample in used):
            problems.append("diverged_or_missing_runs")
        if any(sample.has_copies for sample in used):
            problems.append("duplicate_predictions_within_arm")
        if self._rule.selected_on == "test":
            problems.append("selected_on_test")
        return problems


def effects_on(
    estimator: Estimator, design: Factorial, factors: Sequence[str], scope: str
) -> MetricEffects:
    """All that is told of one metric.

    Args:
        estimator: of this metric, of all cells of the design.
        design: the design.
        factors: their names, in the order of the design.
        scope: what the estimates are about, in English.
    """
    pairs = [design.interaction(*pair) for pair in design.pairs]
    joint = estimator.joint(pairs)
    is_unlike = joint is not None and joint.is_shown
    places = range(len(factors))
    mains = estimator.judged(
        [design.main(place) for place in places], [UNLIKE_SITUATIONS] * is_unlike
    )
    return MetricEffects(
        metric=estimator.metric.name,
        higher_is_better=estimator.metric.higher_is_better,
        unit=estimator.metric.unit,
        scope=scope,
        total=estimator.judged([design.total()])[0],
        factors=tuple(
            FactorEffects(
                factor=factors[place],
                main=mains[place],
                at_baseline=estimator.estimate(design.at_baseline(place)),
                at_full=estimator.estimate(design.at_full(place)),
                shapley=estimator.estimate(design.shapley(place)),
            )
            for place in places
        ),
        interactions=_interactions(estimator, design, factors),
        joint=joint,
        remainder=estimator.estimate(design.remainder()),
        additive_share=_additive_share(estimator, design),
    )


def _interactions(
    estimator: Estimator, design: Factorial, factors: Sequence[str]
) -> tuple[Interaction, ...]:
    def where(factor: int, other: int, *, is_on: bool) -> Estimate:
        weights = design.effect_where(factor, other, is_on=is_on)
        return estimator.known_estimate(weights)

    family = estimator.family([design.interaction(*pair) for pair in design.pairs])
    return tuple(
        Interaction(
            factors=(factors[first], factors[second]),
            estimate=estimate,
            is_shown=estimator.is_shown(estimate),
            second_off=where(first, second, is_on=False),
            second_on=where(first, second, is_on=True),
            first_off=where(second, first, is_on=False),
            first_on=where(second, first, is_on=True),
        )
        for (first, second), estimate in zip(design.pairs, family, strict=True)
    )


def _additive_share(estimator: Estimator, design: Factorial) -> float | None:
    """Part of the differences between the cells that main effects make up.

    Squares of estimates are too large by their variance, which is taken off. The
    contrasts of a design are orthogonal, so that their squares add up to what the
    cells' means vary. None where only noise is left, or only one factor is there.
    """
    main = rest = 0.0
    for product in design.contrasts():
        effect = estimator.effect(design.product(*product))
        surplus = effect.delta**2 - effect.variance
        if len(product) == 1:
            main += surplus
        else:
            rest += surplus
    main, rest = max(main, 0.0), max(rest, 0.0)
    if design.num_factors == 1 or not main + rest > 0:
        return None
    return main / (main + rest)
