"""One candidate against the reference in one metric: estimate, tests, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from didithelp import decision, effects, families, planning, secondary, significance
from didithelp.comparison import (
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
    root,
)
from didithelp.decision import Decision
from didithelp.families import Tests
from didithelp.language.words import Words
from didithelp.metric import TEST_ACCURACY, TEST_CROSS_ENTROPY, Metric, margin_in
from didithelp.pairs import Pair
from didithelp.runs import Runs
from didithelp.settings import Settings

ENGLISH = Words("en")  # of `comparison.json`
# The words for whether the candidate wins often enough to matter; None if unknown.
OUTPERFORMANCE = {True: "meaningful", False: "not_meaningful", None: None}
# What is told beside another metric, where it is known.
SECONDARY = (TEST_ACCURACY, TEST_CROSS_ENTROPY)


def differences(
    runs: Sequence[Runs], metric: Metric, settings: Settings
) -> tuple[Difference, ...]:
    """The differences from the reference, by candidate and then by metric.

    The metric that decides comes first. A metric that a run of either arm lacks is not
    compared.

    Args:
        runs: those of the reference, then those of each candidate.
        metric: the one that decides.
        settings: how the comparison decides.
    """
    others = [each for each in SECONDARY if each.name != metric.name]
    by_metric = [
        _family(metric, runs, settings, margin_in(metric, settings.margin)),
        *(_family(each, runs, settings, None) for each in others),
    ]
    return tuple(
        family[candidate.name]
        for candidate in runs[1:]
        for family in by_metric
        if candidate.name in family
    )


def _family(
    metric: Metric, runs: Sequence[Runs], settings: Settings, margin: float | None
) -> dict[str, Difference]:
    """The difference of each candidate by its name; their p are adjusted together.

    `margin` is that of the metric; None for one that does not decide.
    """
    reference, *candidates = runs
    by_seed = settings.pairing == "seed"
    pairs = [
        Pair(metric, reference, each, by_seed and each.seeds == reference.seeds)
        for each in candidates
    ]
    pairs = [pair for pair in pairs if pair.is_known]
    tests = families.tests([pair.effect for pair in pairs], margin)
    return {
        pair.candidate.name: _Judgement(
            pair, tests_of_pair, margin, settings
        ).difference()
        for pair, tests_of_pair in zip(pairs, tests, strict=True)
    }


@dataclass(frozen=True, eq=False)
class _Judgement:
    """A pair with its tests, judged by the settings of the comparison.

    Attributes:
        margin: of the metric; None where it has none.
    """

    pair: Pair
    tests: Tests
    margin: float | None
    settings: Settings

    def difference(self) -> Difference:
        """All that is told of this pair: estimate, verdict, and what is secondary."""
        pair, effect, tests = self.pair, self.pair.effect, self.tests
        decided = self._decision()
        duels = secondary.outperformance(*pair.totals, paired=pair.is_paired)
        return Difference(
            candidate=pair.candidate.name,
            metric=pair.metric.name,
            unit=pair.metric.unit,
            is_primary=pair.metric.name == self.settings.metric,
            higher_is_better=pair.metric.higher_is_better,
            num_seeds=(len(pair.reference.seeds), len(pair.candidate.seeds)),
            num_examples=effect.num_examples,
            scope=ENGLISH(f"scopes.{pair.scope}"),
            paired=pair.is_paired,
            delta=effect.delta,
            se_seed=root(effect.seed_variance),
            se_item=root(effect.item_variance) if pair.is_crossed else None,
            se_res=root(effect.residual_variance) if pair.is_crossed else None,
            se=known(effect.standard_error),
            df=known(effect.degrees_of_freedom),
            ci95=bounds(significance.interval(effect, 0.95)),
            ci90=bounds(significance.interval(effect, 0.90)),
            num_discordant=effect.num_discordant,
            num_clusters=effect.num_clusters,
            family_size=tests.family_size,
            ci_family=self._family_interval(),
            p=known(tests.p),
            p_holm=known(tests.p_holm),
            p_tost=known(tests.p_tost),
            p_tost_holm=known(tests.p_tost_holm),
            mde80=known(planning.minimum_detectable_effect(effect, self._alpha_of_one)),
            seeds_needed_for_margin=self._seeds_needed(),
            verdict_interval=self._verdict_interval(decided),
            verdict=decided.verdict,
            reasons=tuple(decided.reasons),
            flags=(*decided.flags, *_pairing_flags(pair, self.settings.pairing)),
            p_outperform=duels.probability,
            p_outperform_ci95=bounds(duels.interval),
            outperformance=OUTPERFORMANCE[duels.is_meaningful],
            wins=duels.wins,
            ties=duels.ties,
            sensitivity=_sensitivity(pair, self.settings),
            relative_error_reduction=_relative_error_reduction(pair),
            relative_error_reduction_ci95=_relative_interval(pair),
            single_pair=_single_pair(pair),
            per_seed=_per_seed(pair),
            calibration=_calibration(pair),
        )

    @property
    def _alpha_of_one(self) -> float:
        """Bonferroni's level of one candidate, for plans and for intervals of all."""
        return self.settings.alpha / self.tests.family_size

    def _decision(self) -> Decision:
        return decision.decide(
            self.pair.effect,
            p_holm=self.tests.p_holm,
            p_tost_holm=self.tests.p_tost_holm,
            alpha=self.settings.alpha,
            margin=self.margin,
            higher_is_better=self.pair.metric.higher_is_better,
            problems=_problems(self.pair, self.settings.selected_on),
            multiplier=self.tests.multiplier,
        )

    def _family_interval(self) -> Bounds | None:
        """The interval that holds for all candidates at once; None for one."""
        if self.tests.family_size == 1:
            return None
        level = 1 - self._alpha_of_one
        return bounds(significance.interval(self.pair.effect, level))

    def _seeds_needed(self) -> int | None:
        if self.margin is None:
            return None
        return planning.seeds_needed(self.pair.effect, self.margin, self._alpha_of_one)

    def _verdict_interval(self, decided: Decision) -> Interval:
        """The interval that agrees with the verdict."""
        level = self.tests.level(decided.verdict, self.settings.alpha)
        return Interval(level, *bounds(significance.interval(self.pair.effect, level)))


def _problems(pair: Pair, selected_on: str) -> list[str]:
    """Codes of what forbids a verdict whatever the numbers say."""
    problems = []
    if any(len(runs.seeds) < runs.num_started for runs in pair.arms):
        problems.append("diverged_or_missing_runs")
    if any(len(set(runs.digests)) < len(runs.digests) for runs in pair.arms):
        problems.append("duplicate_predictions_within_arm")
    if selected_on == "test":
        problems.append("selected_on_test")
    return problems


def _pairing_flags(pair: Pair, pairing: str) -> list[str]:
    """Codes of what there is to know about the seeds of the two arms."""
    reference, candidate = pair.arms
    if reference.seeds != candidate.seeds:
        return ["unpaired_seed_sets_differ"] if pairing == "seed" else []
    is_known = bool(reference.digests)
    is_copy = is_known and reference.digests == candidate.digests
    return ["identical_predictions"] if is_copy else []


# --- beside the verdict ---------------------------------------------------------------


def _sensitivity(pair: Pair, settings: Settings) -> Sensitivity | None:
    """Tests that assume less about the seeds; None unless these are paired."""
    if not pair.is_paired:
        return None
    before, after = pair.totals
    p_values = secondary.sensitivity(
        after - before,
        resamples=settings.resamples,
        rng=np.random.default_rng([settings.seed, _place(pair.metric)]),
    )
    return None if p_values is None else Sensitivity(*p_values)


def _place(metric: Metric) -> int:
    """A number for each metric of a comparison, from which its flips are drawn."""
    names = [each.name for each in SECONDARY]
    return names.index(metric.name) if metric.name in names else len(names)


def _relative_error_reduction(pair: Pair) -> float | None:
    """Part of the reference's error that the candidate removes; negative if it adds.

    None where the reference makes no error, and in a metric that is no accuracy.
    """
    if not pair.is_right_or_wrong:
        return None
    if pair.is_crossed:
        errors = [counts.size - int(counts.sum()) for counts in pair.counts]
    else:
        errors = [int(effects.run_counts(1 - values).sum()) for values in pair.values]
    if errors[0] == 0:
        return None
    before = errors[0] * len(pair.candidate.seeds)
    after = errors[1] * len(pair.reference.seeds)
    return (before - after) / before


def _relative_interval(pair: Pair) -> Bounds | None:
    """95% interval of the relative error reduction; None without one.

    The reference's error is taken as known, only the difference as uncertain.
    """
    if _relative_error_reduction(pair) is None:
        return None
    error = float(np.mean(1 - pair.values[0]))
    low, high = significance.interval(pair.effect, 0.95)
    return bounds((low / error, high / error))


def _single_pair(pair: Pair) -> SinglePair | None:
    """McNemar's test of the only network of each arm; None where one has more.

    Examples in groups are not independent, as the test supposes.
    """
    is_single = all(len(runs.seeds) == 1 for runs in pair.arms)
    is_told = pair.is_right_or_wrong and pair.is_crossed and pair.clusters is None
    if not (is_told and is_single):
        return None
    networks = secondary.single_pair(*(counts[0] for counts in pair.counts))
    table = PairTable(
        both_right=networks.both_right,
        only_candidate_right=networks.only_candidate,
        only_reference_right=networks.only_reference,
        both_wrong=networks.both_wrong,
    )
    return SinglePair(table, networks.p, networks.interval)


def _per_seed(pair: Pair) -> tuple[SeedFlips, ...] | None:
    """Flips of each pair of networks with an exact McNemar test.

    They are never pooled: the pairs share their images, so their flips are not
    independent. They decide nothing, and are told wherever the seeds match, also where
    the settings pair no runs.
    """
    has_same_seeds = pair.reference.seeds == pair.candidate.seeds
    is_told = pair.is_right_or_wrong and pair.is_crossed and pair.clusters is None
    if not (is_told and has_same_seeds):
        return None
    pairs = map(secondary.single_pair, *pair.counts)
    return tuple(
        SeedFlips(seed, networks.only_candidate, networks.only_reference, networks.p)
        for seed, networks in zip(pair.reference.seeds, pairs, strict=True)
    )


def _calibration(pair: Pair) -> Calibration | None:
    """Differences in calibration, told once per candidate: beside its accuracy."""
    if pair.metric.name != TEST_ACCURACY.name:
        return None
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
    """The difference of (seeds,) numbers by the t test; None where one is missing."""
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
