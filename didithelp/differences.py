"""One candidate against the reference in one metric: estimate, tests, verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from didithelp import decision, effects, planning, secondary, significance
from didithelp.caveats import Scope
from didithelp.comparison import (
    PRIMARY_METRIC,
    Bounds,
    Calibration,
    CalibrationDifference,
    Difference,
    Interval,
    PairTable,
    SeedFlips,
    Sensitivity,
    SinglePair,
    bounds,
    known,
)
from didithelp.decision import Decision
from didithelp.effects import Effect
from didithelp.language.words import Words
from didithelp.runs import METRICS, Metric, Runs
from didithelp.settings import Settings

# Whether the candidate wins often enough to matter; None where it is unknown.
OUTPERFORMANCE = {True: "meaningful", False: "not_meaningful", None: None}


def differences(runs: Sequence[Runs], settings: Settings) -> tuple[Difference, ...]:
    """One per candidate and metric, in that order.

    runs: those of the reference, then those of each candidate. A metric that a run
        lacks is not compared.
    """
    families = [_family(metric, runs, settings) for metric in METRICS]
    return tuple(
        family[candidate.name]
        for candidate in runs[1:]
        for family in families
        if candidate.name in family
    )


def _family(
    metric: Metric, runs: Sequence[Runs], settings: Settings
) -> dict[str, Difference]:
    """Candidate -> difference; the p-values of all candidates are adjusted together."""
    reference, *candidates = runs
    by_seed = settings.pairing == "seed"
    pairs = [
        _Pair(metric, reference, runs, by_seed and runs.seeds == reference.seeds)
        for runs in candidates
    ]
    pairs = [pair for pair in pairs if pair.is_known]
    margin = settings.margin if metric.has_margin else None
    tests = _tests([pair.effect for pair in pairs], margin)
    return {
        pair.candidate.name: _Judgement(pair, tests_of_pair, margin, settings).whole()
        for pair, tests_of_pair in zip(pairs, tests, strict=True)
    }


@dataclass(frozen=True, eq=False)
class _Pair:
    """One candidate and the reference in one metric."""

    metric: Metric
    reference: Runs
    candidate: Runs
    is_paired: bool

    @property
    def arms(self) -> tuple[Runs, Runs]:
        return self.reference, self.candidate

    @property
    def is_primary(self) -> bool:
        return self.metric.name == PRIMARY_METRIC

    @property
    def is_crossed(self) -> bool:
        """Whether both arms tell what every run made of every example."""
        return all(self.metric.name in runs.counts for runs in self.arms)

    @property
    def scope(self) -> Scope:
        """Without predictions nobody knows what other images would have done."""
        return Scope.SEEDS_AND_IMAGES if self.is_crossed else Scope.SEEDS_ONLY

    @property
    def is_known(self) -> bool:
        return all(np.isfinite(values).all() for values in self.values)

    @property
    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """(seeds,) of each arm, one number per run."""
        name = self.metric.name
        return self.reference.values[name], self.candidate.values[name]

    @property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """(seeds, examples) of each arm, if the pair is crossed."""
        name = self.metric.name
        return self.reference.counts[name], self.candidate.counts[name]

    @cached_property
    def effect(self) -> Effect:
        if not self.is_crossed:
            return effects.run_effect(*self.values, paired=self.is_paired)
        paired, unpaired = effects.paired_effect, effects.unpaired_effect
        return (paired if self.is_paired else unpaired)(*self.counts, self.metric.unit)

    @property
    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """(seeds,) integers of each arm, in one unit; the larger ones are better."""
        sign = 1 if self.metric.higher_is_better else -1
        if self.is_crossed:
            before, after = (counts.sum(axis=1) for counts in self.counts)
        else:
            before, after = map(effects.run_counts, self.values)
        return sign * before, sign * after


@dataclass(frozen=True)
class _Tests:
    """p-values of one candidate; `family_size` candidates had some."""

    p: float
    p_holm: float
    p_tost: float
    p_tost_holm: float
    multiplier: int  # what Holm's step multiplied p by
    multiplier_tost: int
    family_size: int


def _tests(estimates: list[Effect], margin: float | None) -> list[_Tests]:
    p = [significance.difference_p(effect) for effect in estimates]
    p_tost = [
        math.nan if margin is None else significance.equivalence_p(effect, margin)
        for effect in estimates
    ]
    adjusted, adjusted_tost = significance.holm(p), significance.holm(p_tost)
    steps, steps_tost = map(significance.holm_multipliers, (p, p_tost))
    return [
        _Tests(
            p=p[place],
            p_holm=float(adjusted[place]),
            p_tost=p_tost[place],
            p_tost_holm=float(adjusted_tost[place]),
            multiplier=int(steps[place]),
            multiplier_tost=int(steps_tost[place]),
            family_size=max(1, sum(not math.isnan(value) for value in p)),
        )
        for place in range(len(estimates))
    ]


@dataclass(frozen=True, eq=False)
class _Judgement:
    """A pair with its tests, on the way to a `Difference`.

    A difference holds so many numbers that they are filled in by three functions: what
    is estimated, what is judged, and what is secondary.
    """

    pair: _Pair
    tests: _Tests
    margin: float | None
    settings: Settings

    def whole(self) -> Difference:
        """All of them."""
        pair, tests, decided = self.pair, self.tests, self._decision()
        flags = decided.flags + _pairing_flags(*pair.arms, self.settings.pairing)
        judged = partial(
            self._estimated(),
            candidate=pair.candidate.name,
            metric=pair.metric.name,
            higher_is_better=pair.metric.higher_is_better,
            num_seeds=(len(pair.reference.seeds), len(pair.candidate.seeds)),
            scope=Words("en")(f"scopes.{pair.scope}"),
            paired=pair.is_paired,
            family_size=tests.family_size,
            p=known(tests.p),
            p_holm=known(tests.p_holm),
            p_tost=known(tests.p_tost),
            p_tost_holm=known(tests.p_tost_holm),
            verdict_interval=self._verdict_interval(decided),
            verdict=decided.verdict,
            reasons=tuple(decided.reasons),
            flags=tuple(flags),
        )
        return _with_secondary(judged, pair, self.settings)

    def _decision(self) -> Decision:
        return decision.decide(
            self.pair.effect,
            p_holm=self.tests.p_holm,
            p_tost_holm=self.tests.p_tost_holm,
            alpha=self.settings.alpha,
            margin=self.margin,
            higher_is_better=self.pair.metric.higher_is_better,
            problems=_problems(*self.pair.arms, self.settings.selected_on),
            multiplier=self.tests.multiplier,
        )

    def _estimated(self) -> Callable[..., Difference]:
        """Of a difference its size, its noise, and what would show it."""
        effect, margin = self.pair.effect, self.margin
        is_crossed = effect.num_examples is not None
        item, residual = effect.item_variance, effect.residual_variance
        alpha = self.settings.alpha / self.tests.family_size
        family_interval = seeds_needed = None
        if self.tests.family_size > 1:
            family_interval = bounds(significance.interval(effect, 1 - alpha))
        if margin is not None:
            seeds_needed = planning.seeds_needed(effect, margin, alpha)
        return partial(
            Difference,
            num_examples=effect.num_examples,
            delta=effect.delta,
            se_seed=known(math.sqrt(effect.seed_variance)),
            se_item=known(math.sqrt(item)) if is_crossed else None,
            se_res=known(math.sqrt(residual)) if is_crossed else None,
            se=known(effect.standard_error),
            df=known(effect.degrees_of_freedom),
            ci95=bounds(significance.interval(effect, 0.95)),
            ci90=bounds(significance.interval(effect, 0.90)),
            num_discordant=effect.num_discordant,
            ci_family=family_interval,
            mde80=known(planning.minimum_detectable_effect(effect, alpha)),
            seeds_needed_for_margin=seeds_needed,
        )

    def _verdict_interval(self, decided: Decision) -> Interval:
        """The interval that agrees with the verdict.

        Two one-sided tests at alpha are an interval at 1 - 2 alpha, one two-sided test
        is one at 1 - alpha; alpha is divided by what Holm multiplied p by. Where
        nothing is shown, it is divided by the size of the family: an interval that
        holds zero.
        """
        tests, alpha = self.tests, self.settings.alpha
        if decided.verdict == "equivalent":
            level = 1 - 2 * alpha / tests.multiplier_tost
        elif tests.p_holm <= alpha:
            level = 1 - alpha / tests.multiplier
        else:
            level = 1 - alpha / tests.family_size
        return Interval(level, *bounds(significance.interval(self.pair.effect, level)))


def _problems(reference: Runs, candidate: Runs, selected_on: str) -> list[str]:
    """Reasons that forbid a verdict whatever the numbers say."""
    problems = []
    both = (reference, candidate)
    if any(len(runs.seeds) < runs.num_started for runs in both):
        problems.append("diverged_or_missing_runs")
    if any(len(set(runs.digests)) < len(runs.digests) for runs in both):
        problems.append("duplicate_predictions_within_arm")
    if selected_on == "test":
        problems.append("selected_on_test")
    return problems


def _pairing_flags(reference: Runs, candidate: Runs, pairing: str) -> list[str]:
    if reference.seeds != candidate.seeds:
        return ["unpaired_seed_sets_differ"] if pairing == "seed" else []
    is_known = bool(reference.digests)
    is_copy = is_known and reference.digests == candidate.digests
    return ["identical_predictions"] if is_copy else []


# --- beside the verdict ---------------------------------------------------------------


def _with_secondary(
    judged: Callable[..., Difference], pair: _Pair, settings: Settings
) -> Difference:
    """The difference with what is reported and never decides."""
    better = secondary.outperformance(*pair.totals, paired=pair.is_paired)
    reduction = _relative_error_reduction(pair) if pair.is_primary else None
    return judged(
        p_outperform=better.probability,
        p_outperform_ci95=bounds(better.interval),
        outperformance=OUTPERFORMANCE[better.is_meaningful],
        wins=better.wins,
        ties=better.ties,
        sensitivity=_sensitivity(pair, settings) if pair.is_paired else None,
        relative_error_reduction=reduction,
        relative_error_reduction_ci95=(
            None if reduction is None else _relative_interval(pair)
        ),
        single_pair=_single_pair(pair) if pair.is_primary else None,
        per_seed=_per_seed(pair) if pair.is_primary else None,
        calibration=_calibration(pair) if pair.is_primary else None,
    )


def _sensitivity(pair: _Pair, settings: Settings) -> Sensitivity | None:
    before, after = pair.totals
    p_values = secondary.sensitivity(
        after - before,
        resamples=settings.resamples,
        rng=np.random.default_rng([settings.seed, METRICS.index(pair.metric)]),
    )
    return None if p_values is None else Sensitivity(*p_values)


def _relative_error_reduction(pair: _Pair) -> float | None:
    """Part of the reference's error that the candidate removes; negative if it adds.

    None where the reference makes no error.
    """
    if pair.is_crossed:
        errors = [counts.size - int(counts.sum()) for counts in pair.counts]
    else:
        errors = [int(effects.run_counts(1 - values).sum()) for values in pair.values]
    if errors[0] == 0:
        return None
    before = errors[0] * len(pair.candidate.seeds)
    after = errors[1] * len(pair.reference.seeds)
    return (before - after) / before


def _relative_interval(pair: _Pair) -> Bounds:
    """95% interval of the relative error reduction.

    The reference's error is taken as known, only the difference as uncertain.
    """
    error = float(np.mean(1 - pair.reference.accuracies))
    low, high = significance.interval(pair.effect, 0.95)
    return bounds((low / error, high / error))


def _single_pair(pair: _Pair) -> SinglePair | None:
    """One seed per arm: all that is known is about two networks."""
    if not pair.is_crossed or any(len(runs.seeds) != 1 for runs in pair.arms):
        return None
    networks = secondary.single_pair(*(counts[0] for counts in pair.counts))
    table = PairTable(
        both_right=networks.both_right,
        only_candidate_right=networks.only_candidate,
        only_reference_right=networks.only_reference,
        both_wrong=networks.both_wrong,
    )
    return SinglePair(table, networks.p, networks.interval)


def _per_seed(pair: _Pair) -> tuple[SeedFlips, ...] | None:
    """Flips of each pair of networks with an exact McNemar test.

    Never pooled: the pairs share their images, so their flips are not independent.
    Where the seeds match it is told whether or not they pair the runs: it decides
    nothing.
    """
    if pair.reference.seeds != pair.candidate.seeds or not pair.is_crossed:
        return None
    pairs = map(secondary.single_pair, *pair.counts)
    return tuple(
        SeedFlips(seed, networks.only_candidate, networks.only_reference, networks.p)
        for seed, networks in zip(pair.reference.seeds, pairs, strict=True)
    )


def _calibration(pair: _Pair) -> Calibration:
    ece, brier = (
        _calibration_difference(
            pair.reference.values[name], pair.candidate.values[name], pair.is_paired
        )
        for name in ("expected_calibration_error", "brier_score")
    )
    return Calibration(expected_calibration_error=ece, brier_score=brier)


def _calibration_difference(
    reference: np.ndarray, candidate: np.ndarray, is_paired: bool
) -> CalibrationDifference | None:
    """By the t test over seeds."""
    if not (np.isfinite(reference).all() and np.isfinite(candidate).all()):
        return None
    effect = effects.run_effect(reference, candidate, paired=is_paired)
    return CalibrationDifference(
        delta=effect.delta,
        se=known(effect.standard_error),
        df=known(effect.degrees_of_freedom),
        ci95=bounds(significance.interval(effect, 0.95)),
        p=known(significance.difference_p(effect)),
    )
