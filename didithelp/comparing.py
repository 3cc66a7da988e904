"""Compare arms: is a candidate recipe better than the reference?

`compare` checks that the arms may be compared at all (else `Refusal`), estimates for
each candidate the difference in test accuracy, which decides, and in cross-entropy,
which is reported beside it, and returns one dict of plain JSON values: the content of
`comparison.json`. The same arms and parameters always give the same dict; it holds no
clock, no machine and no path.

Numbers are fractions and nats in full precision, None where there is no number. The
rules of the verdict are those of `decision.decide`. `didithelp.report.sentences` puts
a verdict into words, from nothing but the dict; `didithelp.caveats` knows the warnings.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from didithelp import (
    caveats,
    decision,
    effects,
    planning,
    scores,
    secondary,
    significance,
)
from didithelp.arm import (
    DIVERGED,
    METRIC_COLUMNS,
    Arm,
    distinct_names,
    finished_rows,
)
from didithelp.caveats import NotCovered, Scope
from didithelp.effects import Effect
from didithelp.errors import Refusal
from didithelp.report import sentences
from didithelp.report.words import Words
from didithelp.settings import Settings

PRIMARY_METRIC = "test_accuracy"
CALIBRATION_METRICS = ("expected_calibration_error", "brier_score")
TIMINGS = ("train_seconds",)  # differ from run to run, so they stay out of the JSON
# Whether the candidate wins often enough to matter; None where it is unknown.
OUTPERFORMANCE = {True: "meaningful", False: "not_meaningful", None: None}


@dataclass(frozen=True)
class Metric:
    """How to compare one number per run and test example."""

    name: str
    higher_is_better: bool
    unit: float  # value of one count
    has_margin: bool  # the margin is one of accuracy; none is defined for a loss


METRICS = (
    Metric(PRIMARY_METRIC, True, 1.0, True),
    Metric("test_cross_entropy", False, scores.LOSS_UNIT, False),
)


@dataclass(frozen=True)
class _Runs:
    """The finished runs of an arm in the order of their seeds."""

    name: str
    seeds: list[int]
    num_started: int
    values: dict[str, np.ndarray]  # metric -> (seeds,) float64, NaN where unknown
    # Without predictions the others are empty.
    counts: dict[str, np.ndarray]  # metric -> (seeds, examples) int64
    digests: list[str]  # one per run, of its probabilities
    reliability: dict[str, Any] | None


@dataclass(frozen=True)
class _Pair:
    """One candidate against the reference in one metric."""

    metric: Metric
    reference: _Runs
    candidate: _Runs
    is_paired: bool

    @property
    def is_crossed(self) -> bool:
        """Whether both arms tell what every run made of every example."""
        arms = (self.reference, self.candidate)
        return all(self.metric.name in runs.counts for runs in arms)

    @property
    def is_known(self) -> bool:
        arms = (self.reference, self.candidate)
        return all(np.isfinite(runs.values[self.metric.name]).all() for runs in arms)

    @cached_property
    def effect(self) -> Effect:
        name = self.metric.name
        if not self.is_crossed:
            values = self.reference.values[name], self.candidate.values[name]
            return effects.run_effect(*values, paired=self.is_paired)
        counts = self.reference.counts[name], self.candidate.counts[name]
        paired, unpaired = effects.paired_effect, effects.unpaired_effect
        return (paired if self.is_paired else unpaired)(*counts, self.metric.unit)

    @property
    def totals(self) -> list[np.ndarray]:
        """(seeds,) integers of each arm, in one unit."""
        arms, name = (self.reference, self.candidate), self.metric.name
        if self.is_crossed:
            return [runs.counts[name].sum(axis=1) for runs in arms]
        return [effects.run_counts(runs.values[name]) for runs in arms]


def compare(
    reference: Arm,
    candidates: Sequence[Arm],
    *,
    run_ids: Sequence[str | None] | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """Difference of each candidate minus `reference`, with a verdict on each.

    run_ids: tracking ids of reference and candidates, copied to the result.
    parameters: all those of `didithelp.settings.Settings`; ValueError names a wrong
        one.

    `verdict` is a word for one candidate, else one by candidate. Candidates are never
    compared with each other: to call one the best would be a further selection.
    """
    settings = Settings(**parameters)
    if not candidates:
        raise ValueError("candidates must hold at least one arm, got none")
    arms = [reference, *candidates]
    _refuse_incomparable(arms)
    runs = [_runs(*part) for part in zip(arms, distinct_names(arms), strict=True)]
    decided = _choices(settings, len(candidates)) | {
        "comparisons": _compare_all(runs, settings)
    }
    primary = sentences.primary_results(decided)
    verdicts = {found["candidate"]: found["verdict"] for found in primary}
    run_ids = [None] * len(arms) if run_ids is None else run_ids
    answer = {
        **decided,
        "scope": _scope(primary),
        "dataset": _dataset(arms),
        "test_set": _test_set(arms),
        "reference": runs[0].name,
        "arms": [
            _describe(*parts) | {"changes": _changes(reference, parts[0])}
            for parts in zip(arms, runs, run_ids, strict=True)
        ],
        "verdict": verdicts if len(primary) > 1 else primary[0]["verdict"],
    }
    warnings = caveats.find(answer, primary, arms)
    return answer | {
        "sentence": " ".join(sentence(answer, result) for result in primary),
        "warnings": [sentences.warning(each, Words("en")) for each in warnings],
        "warning_codes": warnings,
    }


# --- may these arms be compared? ------------------------------------------------------


def _refuse_incomparable(arms: list[Arm]) -> None:
    """Raise Refusal unless all arms saw the same data and hold usable runs.

    What is not known of an arm cannot be checked; `didithelp.caveats` says so.
    """
    for arm in arms:
        _refuse_unusable_runs(arm)
    for candidate in arms[1:]:
        _refuse_other_digests(arms[0], candidate)
        _refuse_other_examples(arms[0], candidate)


def _refuse_other_digests(reference: Arm, candidate: Arm) -> None:
    if reference.dataset is None or candidate.dataset is None:
        return
    for reason, keys, fix in (
        ("different_test_set", ("x_test", "y_test"), "test both arms on one data set"),
        (
            "different_training_set",
            ("x_train", "y_train", "x_validation", "y_validation"),
            "train both arms from one prepare_data run",
        ),
    ):
        first, second = reference.dataset.sha256, candidate.dataset.sha256
        known = [key for key in keys if None not in (first[key], second[key])]
        changed = [key for key in known if first[key] != second[key]]
        if changed:
            key = changed[0]
            raise Refusal(
                reason,
                f"SHA-256 of {key} must be equal in both arms, got {first[key]:.12} in "
                f"{reference.name} and {second[key]:.12} in {candidate.name}; {fix}",
            )


def _refuse_other_examples(reference: Arm, candidate: Arm) -> None:
    sizes = _num_examples(reference), _num_examples(candidate)
    if None not in sizes and sizes[0] != sizes[1]:
        raise Refusal(
            "different_test_set",
            f"both arms must be tested on the same examples, got {sizes[0]:,} in "
            f"{reference.name} and {sizes[1]:,} in {candidate.name}; test both arms on "
            "one data set",
        )
    known = reference.has_predictions and candidate.has_predictions
    if known and not np.array_equal(reference.labels, candidate.labels):
        raise Refusal(
            "different_test_set",
            "both arms must hold predictions for the same examples in the same order, "
            "got different labels; test both arms on one data set",
        )


def _num_examples(arm: Arm) -> int | None:
    if arm.has_predictions:
        return len(arm.labels)
    return None if arm.dataset is None else arm.dataset.counts["test"]


def _refuse_unusable_runs(arm: Arm) -> None:
    seeds = arm.seeds.tolist()
    if len(set(seeds)) != len(seeds):
        raise Refusal(
            "duplicate_seed",
            f"seeds of {arm.name} must differ, got {seeds}; keep one run of each seed",
        )
    if not seeds:
        raise Refusal(
            "no_finished_run",
            f"{arm.name} must have a finished run, got {len(arm.metrics)} diverged "
            "ones; lower its learning_rate",
        )
    if arm.has_predictions and len(arm.labels) < 2:
        raise Refusal(
            "too_few_examples",
            f"{arm.name} must be tested on two examples or more, got "
            f"{len(arm.labels)}; use a larger test set",
        )
    accuracies = finished_rows(arm)["test_accuracy"]
    outside = accuracies[~accuracies.between(0, 1)]
    if len(outside):
        raise Refusal(
            "accuracy_out_of_range",
            f"test_accuracy of {arm.name} must be a fraction in [0, 1], got "
            f"{outside.iloc[0]:g}; is it a percentage?",
        )


def _choices(settings: Settings, num_candidates: int) -> dict[str, Any]:
    """The parameters of the decision."""
    return {
        "not_covered": [Words("en")(f"not_covered.{part}") for part in NotCovered],
        "alpha": settings.alpha,
        "margin": settings.margin,
        "resamples": settings.resamples,
        "analysis_seed": settings.seed,
        "pairing": settings.pairing,
        "selected_on": settings.selected_on,
        "family_size": num_candidates,
        "primary_metric": PRIMARY_METRIC,
    }


def _scope(primary: list[dict[str, Any]]) -> str:
    """What all verdicts are about; those of single candidates may be about more."""
    scopes = {found["scope"] for found in primary}
    return _scope_text(Scope.MIXED) if len(scopes) > 1 else scopes.pop()


def _scope_text(scope: Scope) -> str:
    return Words("en")(f"scopes.{scope}")


def _dataset(arms: list[Arm]) -> dict[str, Any]:
    """What the data is; a path that was requested is of no use on another machine."""
    keys = ("name", "fallback", "counts", "num_classes")
    described = next((arm.dataset for arm in arms if arm.dataset is not None), None)
    if described is None:
        return dict.fromkeys((*keys, "requested"))
    dataset = {key: getattr(described, key) for key in keys}
    is_fallback = described.fallback is not None
    return dataset | {"requested": described.requested if is_fallback else None}


def _test_set(arms: list[Arm]) -> dict[str, Any]:
    digests = [arm.dataset.sha256 for arm in arms if arm.dataset is not None]
    return {
        "sha256": _first_known(found["x_test"] for found in digests),
        "labels_sha256": _first_known(found["y_test"] for found in digests),
        "num_examples": _first_known(map(_num_examples, arms)),
    }


def _first_known(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


# --- one arm --------------------------------------------------------------------------


def _runs(arm: Arm, name: str) -> _Runs:
    rows = finished_rows(arm)
    values = {
        column: rows[column].to_numpy(float, na_value=np.nan)
        for column in METRIC_COLUMNS
        if column not in TIMINGS
    }
    seeds, num_started = sorted(arm.seeds.tolist()), len(arm.metrics)
    if not arm.has_predictions:
        values["brier_score"] = np.full(len(rows), np.nan)
        return _Runs(name, seeds, num_started, values, {}, [], None)
    probabilities, labels = arm.probabilities[np.argsort(arm.seeds)], arm.labels
    losses = scores.negative_log_likelihood(probabilities, labels)
    counts = {
        PRIMARY_METRIC: scores.right_or_wrong(probabilities, labels),
        "test_cross_entropy": scores.fixed_point(losses),
    }
    for metric in METRICS:
        values[metric.name] = _per_run(counts[metric.name], metric.unit)
    calibration = [scores.reliability(run, labels) for run in probabilities]
    values["expected_calibration_error"] = np.array(
        [found.calibration_error for found in calibration]
    )
    brier = scores.fixed_point(scores.brier_score(probabilities, labels))
    values["brier_score"] = _per_run(brier, scores.LOSS_UNIT)
    pooled = scores.reliability(
        np.concatenate(probabilities), np.tile(labels, len(probabilities))
    )
    return _Runs(
        name,
        seeds,
        num_started,
        values,
        counts,
        digests=[hashlib.sha256(run.tobytes()).hexdigest() for run in probabilities],
        reliability={
            "pooled": _bins(pooled),
            "per_seed": [_bins(found) for found in calibration],
        },
    )


def _bins(found: scores.Reliability) -> list[dict[str, Any]]:
    columns = (found.edges[:-1], found.edges[1:], found.confidence, found.accuracy)
    return [
        {
            "low": _number(low),
            "high": _number(high),
            "count": int(count),
            "confidence": _number(confidence),
            "accuracy": _number(accuracy),
        }
        for count, low, high, confidence, accuracy in zip(
            found.counts, *columns, strict=True
        )
    ]


def _describe(arm: Arm, runs: _Runs, run_id: str | None) -> dict[str, Any]:
    """The arm's part of the result; what predictions tell is taken from them."""
    metrics = {name: _summary(values.tolist()) for name, values in runs.values.items()}
    for metric in METRICS:  # from integers, so that 0.97374 is not 0.97373999
        if metric.name in runs.counts:
            counts = runs.counts[metric.name]
            mean = float(counts.sum() / counts.size * metric.unit)
            metrics[metric.name]["mean"] = mean
    started = arm.metrics.sort_values("seed")
    return {
        "name": runs.name,
        "run_id": run_id,
        "seeds": runs.seeds,
        "diverged_seeds": started["seed"][started["status"] == DIVERGED].tolist(),
        "copied_seeds": _copied_seeds(runs),
        "collapsed_seeds": _collapsed_seeds(runs, _chance(arm)),
        "num_started": runs.num_started,
        "num_finished": len(runs.seeds),
        "metrics": metrics,
        "reliability": runs.reliability,
        "recipe": arm.recipe,
    }


def _copied_seeds(runs: _Runs) -> list[int] | None:
    """Seeds whose predictions another seed of the arm made as well."""
    if not runs.digests:
        return None
    occurrences = Counter(runs.digests)
    pairs = zip(runs.seeds, runs.digests, strict=True)
    return [seed for seed, digest in pairs if occurrences[digest] > 1]


def _collapsed_seeds(runs: _Runs, chance: float | None) -> list[int]:
    """They are data: they stay in every number."""
    has_collapsed = secondary.collapsed(runs.values[PRIMARY_METRIC], chance)
    return [
        seed for seed, found in zip(runs.seeds, has_collapsed, strict=True) if found
    ]


def _chance(arm: Arm) -> float | None:
    """Accuracy of always answering the class that is most frequent, as far as known."""
    if arm.has_predictions:
        return float(np.bincount(arm.labels).max() / len(arm.labels))
    return None if arm.dataset is None else 1 / arm.dataset.num_classes


def _changes(reference: Arm, arm: Arm) -> dict[str, list[Any]] | None:
    """Parameter -> its values in the reference and in the arm, where they differ."""
    if arm is reference:
        return {}
    before, after = reference.recipe, arm.recipe
    if before is None or after is None:
        return None
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _per_run(counts: np.ndarray, unit: float) -> np.ndarray:
    """(seeds,) mean over the test examples."""
    return counts.sum(axis=1) / counts.shape[1] * unit


def _summary(values: list[float]) -> dict[str, Any]:
    """Mean and spread over seeds, None where a run has no finite number.

    The SD has n - 1, and is None for one seed.
    """
    if not all(map(math.isfinite, values)):
        numbers = dict.fromkeys(("mean", "median", "sd", "min", "max"))
        return numbers | {"values": [_number(value) for value in values]}
    is_constant = len(set(values)) == 1  # then rounding must not invent a spread
    mean = values[0] if is_constant else math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else math.nan
    return {
        "mean": mean,
        "median": float(np.median(values)),
        "sd": _number(sd),
        "min": min(values),
        "max": max(values),
        "values": values,
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _bounds(interval: tuple[float, float]) -> list[float | None]:
    return [_number(bound) for bound in interval]


# --- one metric -----------------------------------------------------------------------


def _compare_all(runs: list[_Runs], settings: Settings) -> list[dict[str, Any]]:
    """One result per candidate and metric, in that order."""
    families = [_compare_family(metric, runs, settings) for metric in METRICS]
    return [
        family[candidate.name]
        for candidate in runs[1:]
        for family in families
        if candidate.name in family
    ]


def _compare_family(
    metric: Metric, runs: list[_Runs], settings: Settings
) -> dict[str, dict[str, Any]]:
    """Candidate -> result; the p-values of all candidates are adjusted together."""
    reference, *candidates = runs
    by_seed = settings.pairing == "seed"
    pairs = [
        _Pair(metric, reference, runs, by_seed and runs.seeds == reference.seeds)
        for runs in candidates
    ]
    pairs = [pair for pair in pairs if pair.is_known]
    margin = settings.margin if metric.has_margin else None
    family = _tests([pair.effect for pair in pairs], margin)
    return {
        pair.candidate.name: _compare_pair(pair, tests, margin, settings)
        for pair, tests in zip(pairs, family, strict=True)
    }


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


def _tests(effects: list[Effect], margin: float | None) -> list[_Tests]:
    p = [significance.difference_p(effect) for effect in effects]
    p_tost = [
        math.nan if margin is None else significance.equivalence_p(effect, margin)
        for effect in effects
    ]
    size = max(1, sum(not math.isnan(value) for value in p))
    columns = (p, significance.holm(p), p_tost, significance.holm(p_tost))
    multipliers = (significance.holm_multipliers(found) for found in (p, p_tost))
    return [
        _Tests(*map(float, row), *map(int, steps), size)
        for row, *steps in zip(zip(*columns, strict=True), *multipliers, strict=True)
    ]


def _compare_pair(
    pair: _Pair, tests: _Tests, margin: float | None, settings: Settings
) -> dict[str, Any]:
    metric, effect = pair.metric, pair.effect
    arms = pair.reference, pair.candidate
    decided = decision.decide(
        effect,
        p_holm=tests.p_holm,
        p_tost_holm=tests.p_tost_holm,
        alpha=settings.alpha,
        margin=margin,
        higher_is_better=metric.higher_is_better,
        problems=_problems(*arms, settings.selected_on),
        multiplier=tests.multiplier,
    )
    return {
        "candidate": pair.candidate.name,
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "num_seeds": [len(runs.seeds) for runs in arms],
        "num_examples": effect.num_examples,
        # Without predictions nobody knows what other test images would have done.
        "scope": _scope_text(
            Scope.SEEDS_AND_IMAGES if pair.is_crossed else Scope.SEEDS_ONLY
        ),
        "paired": pair.is_paired,
        **_estimates(effect),
        "family_size": tests.family_size,
        "ci_family": _family_interval(effect, tests.family_size, settings.alpha),
        "p": _number(tests.p),
        "p_holm": _number(tests.p_holm),
        "p_tost": _number(tests.p_tost),
        "p_tost_holm": _number(tests.p_tost_holm),
        **_plan(effect, settings.alpha / tests.family_size, margin),
        "verdict_interval": _verdict_interval(effect, decided, tests, settings.alpha),
        "verdict": decided.verdict,
        "reasons": decided.reasons,
        "flags": decided.flags + _pairing_flags(*arms, settings.pairing),
        **_secondary(pair, settings),
    }


def _family_interval(
    effect: Effect, family_size: int, alpha: float
) -> list[float | None] | None:
    """Holds for all candidates at once; None where there is one."""
    if family_size == 1:
        return None
    return _bounds(significance.interval(effect, 1 - alpha / family_size))


def _verdict_interval(
    effect: Effect, decision: decision.Decision, tests: _Tests, alpha: float
) -> dict[str, Any]:
    """The interval that agrees with the verdict.

    Two one-sided tests at alpha are an interval at 1 - 2 alpha, one two-sided test is
    one at 1 - alpha; alpha is divided by what Holm multiplied p by. Where nothing is
    shown, it is divided by the size of the family: an interval that holds zero.
    """
    if decision.verdict == "equivalent":
        level = 1 - 2 * alpha / tests.multiplier_tost
    elif tests.p_holm <= alpha:
        level = 1 - alpha / tests.multiplier
    else:
        level = 1 - alpha / tests.family_size
    low, high = _bounds(significance.interval(effect, level))
    return {"level": level, "low": low, "high": high}


def _estimates(effect: Effect) -> dict[str, Any]:
    return {
        "delta": effect.delta,
        "se_seed": _number(math.sqrt(effect.seed_variance)),
        **_example_errors(effect),
        "se": _number(effect.standard_error),
        "df": _number(effect.degrees_of_freedom),
        "ci95": _bounds(significance.interval(effect, 0.95)),
        "ci90": _bounds(significance.interval(effect, 0.90)),
        "num_discordant": effect.num_discordant,
    }


def _example_errors(effect: Effect) -> dict[str, Any]:
    if effect.num_examples is None:
        return {"se_item": None, "se_res": None}
    return {
        "se_item": _number(math.sqrt(effect.item_variance)),
        "se_res": _number(math.sqrt(effect.residual_variance)),
    }


def _plan(effect: Effect, alpha: float, margin: float | None) -> dict[str, Any]:
    """None for the seeds means that no number is enough, or that none is known."""
    seeds = None
    if margin is not None:
        seeds = planning.seeds_needed(effect, margin, alpha)
    return {
        "mde80": _number(planning.minimum_detectable_effect(effect, alpha)),
        "seeds_needed_for_margin": seeds,
    }


def _problems(reference: _Runs, candidate: _Runs, selected_on: str) -> list[str]:
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


def _pairing_flags(reference: _Runs, candidate: _Runs, pairing: str) -> list[str]:
    if reference.seeds != candidate.seeds:
        return ["unpaired_seed_sets_differ"] if pairing == "seed" else []
    is_known = bool(reference.digests)
    is_copy = is_known and reference.digests == candidate.digests
    return ["identical_predictions"] if is_copy else []


def _secondary(pair: _Pair, settings: Settings) -> dict[str, Any]:
    metric = pair.metric
    is_primary = metric.name == PRIMARY_METRIC
    sign = 1 if metric.higher_is_better else -1
    totals = [sign * total for total in pair.totals]
    better = secondary.outperformance(*totals, paired=pair.is_paired)
    reduction = _relative_error_reduction(pair)
    checks = None
    if pair.is_paired:
        rng = np.random.default_rng([settings.seed, METRICS.index(metric)])
        checks = secondary.sensitivity(
            totals[1] - totals[0], resamples=settings.resamples, rng=rng
        )
    return {
        "p_outperform": better.probability,
        "p_outperform_ci95": _bounds(better.interval),
        "outperformance": OUTPERFORMANCE[better.is_meaningful],
        "wins": better.wins,
        "ties": better.ties,
        "sensitivity": checks,
        "relative_error_reduction": reduction,
        "relative_error_reduction_ci95": (
            None if reduction is None else _relative_interval(pair)
        ),
        "single_pair": _single_pair(pair) if is_primary else None,
        "per_seed": _per_seed(pair) if is_primary else None,
        "calibration": _calibration(pair) if is_primary else None,
    }


def _relative_error_reduction(pair: _Pair) -> float | None:
    """Part of the reference's error that the candidate removes; negative if it adds."""
    arms = pair.reference, pair.candidate
    if pair.metric.name != PRIMARY_METRIC:
        return None
    if pair.is_crossed:
        counts = [runs.counts[PRIMARY_METRIC] for runs in arms]
        errors = [values.size - int(values.sum()) for values in counts]
    else:
        misses = [1 - runs.values[PRIMARY_METRIC] for runs in arms]
        errors = [int(effects.run_counts(values).sum()) for values in misses]
    if errors[0] == 0:
        return None
    before = errors[0] * len(pair.candidate.seeds)
    after = errors[1] * len(pair.reference.seeds)
    return (before - after) / before


def _relative_interval(pair: _Pair) -> list[float | None]:
    """Of the same: the reference's error is taken as known, only delta as uncertain."""
    error = float(np.mean(1 - pair.reference.values[PRIMARY_METRIC]))
    low, high = significance.interval(pair.effect, 0.95)
    return _bounds((low / error, high / error))


def _single_pair(pair: _Pair) -> dict[str, Any] | None:
    """One seed per arm: all that is known is about two networks."""
    first, second = (
        runs.counts.get(PRIMARY_METRIC, []) for runs in (pair.reference, pair.candidate)
    )
    if not len(first) == len(second) == 1:
        return None
    found = secondary.single_pair(first[0], second[0])
    return {
        "table": {
            "both_right": found.both_right,
            "only_candidate_right": found.only_candidate,
            "only_reference_right": found.only_reference,
            "both_wrong": found.both_wrong,
        },
        "p": found.p,
        "ci95": _bounds(found.interval),
    }


def _per_seed(pair: _Pair) -> list[dict[str, Any]] | None:
    """Flips of each pair of networks with an exact McNemar test.

    Never pooled: the pairs share their images, so their flips are not independent.
    Where the seeds match it is told whether or not they pair the runs: it decides
    nothing.
    """
    if pair.reference.seeds != pair.candidate.seeds or not pair.is_crossed:
        return None
    arms = pair.reference, pair.candidate
    networks = [runs.counts[PRIMARY_METRIC] for runs in arms]
    flips = []
    for seed, *networks_of_seed in zip(pair.reference.seeds, *networks, strict=True):
        found = secondary.single_pair(*networks_of_seed)
        flips.append(
            {
                "seed": seed,
                "only_candidate_right": found.only_candidate,
                "only_reference_right": found.only_reference,
                "p": found.p,
            }
        )
    return flips


def _calibration(pair: _Pair) -> dict[str, dict[str, Any] | None]:
    """Differences of calibration by the t test over seeds: secondary, not adjusted."""
    found = {}
    for name in CALIBRATION_METRICS:
        first, second = pair.reference.values[name], pair.candidate.values[name]
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            found[name] = None
            continue
        effect = effects.run_effect(first, second, paired=pair.is_paired)
        found[name] = {
            "delta": effect.delta,
            "se": _number(effect.standard_error),
            "df": _number(effect.degrees_of_freedom),
            "ci95": _bounds(significance.interval(effect, 0.95)),
            "p": _number(significance.difference_p(effect)),
        }
    return found


def sentence(answer: dict[str, Any], result: dict[str, Any]) -> str:
    """The verdict on one candidate in a few sentences, in points (0.01 of accuracy).

    answer: what `compare` returns, of which `reference`, `margin` and `arms` are used.
    result: one of its comparisons in the primary metric.
    """
    return sentences.answer(answer, result, Words("en"))
