"""Compare two arms: is the candidate recipe better than the reference?

`compare` checks that the arms may be compared at all (else `Refusal`), estimates the
difference in test accuracy, which decides, and in cross-entropy, which is reported
beside it, and returns one dict of plain JSON values: the content of `comparison.json`.
The same arms and parameters always give the same dict; it holds no clock, no machine
and no path.

Numbers are fractions and nats in full precision, None where there is no number. The
rules of the verdict are those of `statistics.decide`.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab import statistics
from lab.arm import DIVERGED, FINISHED, METRIC_COLUMNS, Arm
from lab.cli import EXIT_REFUSED
from lab.statistics import Effect

PRIMARY_METRIC = "test_accuracy"
PAIRING = "seed"
SELECTED_ON = "validation"
FAMILY_SIZE = 1  # candidates against the one reference
ADVISED_SEEDS = 5
TIMINGS = ("train_seconds",)  # differ from run to run, so they stay out of the JSON
ACCURACY_TOLERANCE = 1e-6  # float32 rounding; one image is 1e-4
SCOPE = (
    "the two recipes, over new seeds and new test images of the same kind, "
    "with this training set"
)
NOT_COVERED = (
    "other training sets",
    "another search for the hyperparameters",
    "test images of another kind, or clustered (one writer, several digits)",
)


class ParameterError(ValueError):
    """A parameter of the comparison that makes no sense."""


class Refusal(ValueError):
    """The arms must not be compared. `reason` is a word for programs to branch on."""

    exit_status = EXIT_REFUSED

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {message}")


@dataclass(frozen=True)
class Metric:
    """How to compare one number per run and test example."""

    name: str
    higher_is_better: bool
    unit: float  # value of one count
    has_margin: bool  # the margin is one of accuracy; none is defined for a loss


METRICS = (
    Metric(PRIMARY_METRIC, True, 1.0, True),
    Metric("test_cross_entropy", False, statistics.LOSS_UNIT, False),
)


@dataclass(frozen=True)
class _Settings:
    """The parameters of `compare`, checked."""

    alpha: float
    margin: float
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        if not _is_number(self.alpha) or not 0 < self.alpha < 0.5:
            raise ParameterError(
                f"alpha must be in (0, 0.5), got {self.alpha!r}; try 0.05"
            )
        if not _is_number(self.margin) or not 0 < self.margin < 1:
            raise ParameterError(
                f"margin must be a fraction in (0, 1), got {self.margin!r}; "
                "0.001 is 0.1 point"
            )
        if not _is_whole(self.resamples) or self.resamples < 1:
            raise ParameterError(
                f"resamples must be an integer of at least 1, got {self.resamples!r}; "
                "try 9999"
            )
        if not _is_whole(self.seed) or self.seed < 0:
            raise ParameterError(
                f"seed must be an integer of at least 0, got {self.seed!r}; try 0"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Runs:
    """The finished runs of an arm in the order of their seeds."""

    name: str
    seeds: list[int]
    num_started: int
    counts: dict[str, np.ndarray]  # metric -> (seeds, examples) int64
    digests: list[str]  # one per run, of its probabilities


def compare(
    reference: Arm,
    candidate: Arm,
    *,
    alpha: float,
    margin: float,
    resamples: int,
    seed: int,
    run_ids: tuple[str | None, str | None] = (None, None),
) -> dict[str, Any]:
    """Difference of `candidate` minus `reference`, with a verdict on the candidate.

    alpha: two-sided error rate, in (0, 0.5).
    margin: difference in accuracy that would matter, a fraction in (0, 1).
    resamples, seed: of the sign-flip test only, which never decides.
    run_ids: tracking ids of the two arms, copied to the result.
    """
    settings = _Settings(alpha, margin, resamples, seed)
    _refuse_incomparable(reference, candidate)
    names = _distinct_names(reference, candidate)
    arms = (reference, candidate)
    runs = tuple(_runs(arm, name) for arm, name in zip(arms, names, strict=True))
    comparisons = [_compare_metric(metric, *runs, settings) for metric in METRICS]
    described = zip(arms, runs, run_ids, strict=True)
    return {
        **_choices(settings),
        "dataset": _dataset(reference),
        "test_set": {
            "sha256": reference.dataset["sha256"]["x_test"],
            "labels_sha256": reference.dataset["sha256"]["y_test"],
            "num_examples": len(reference.labels),
        },
        "reference": runs[0].name,
        "arms": [_describe(*parts) for parts in described],
        "comparisons": comparisons,
        "verdict": comparisons[0]["verdict"],
        "sentence": _sentence(_Answer(comparisons[0], *runs, margin)),
        "warnings": _warnings(reference, candidate, *runs),
    }


# --- may these arms be compared? ------------------------------------------------------


def _refuse_incomparable(reference: Arm, candidate: Arm) -> None:
    """Raise Refusal unless both arms saw the same data and hold usable runs."""
    for arm in (reference, candidate):
        _refuse_unusable_runs(arm)
    for reason, keys, fix in (
        ("different_test_set", ("x_test", "y_test"), "test both arms on one data set"),
        (
            "different_training_set",
            ("x_train", "y_train", "x_validation", "y_validation"),
            "train both arms from one prepare_data run",
        ),
    ):
        first, second = reference.dataset["sha256"], candidate.dataset["sha256"]
        changed = [key for key in keys if first[key] != second[key]]
        if changed:
            key = changed[0]
            raise Refusal(
                reason,
                f"SHA-256 of {key} must be equal in both arms, got {first[key]:.12} in "
                f"{reference.name} and {second[key]:.12} in {candidate.name}; {fix}",
            )
    if not np.array_equal(reference.labels, candidate.labels):
        raise Refusal(
            "different_test_set",
            "both arms must hold predictions for the same examples in the same order, "
            "got different labels; test both arms on one data set",
        )


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
    if len(arm.labels) < 2:
        raise Refusal(
            "too_few_examples",
            f"{arm.name} must be tested on two examples or more, got "
            f"{len(arm.labels)}; use a larger test set",
        )
    accuracies = _finished(arm)["test_accuracy"]
    outside = accuracies[~accuracies.between(0, 1)]
    if len(outside):
        raise Refusal(
            "accuracy_out_of_range",
            f"test_accuracy of {arm.name} must be a fraction in [0, 1], got "
            f"{outside.iloc[0]:g}; is it a percentage?",
        )


def _finished(arm: Arm) -> Any:
    """Rows of the finished trials, by ascending seed."""
    rows = arm.metrics[arm.metrics["status"] == FINISHED]
    return rows.sort_values("seed", ignore_index=True)


def _distinct_names(reference: Arm, candidate: Arm) -> tuple[str, str]:
    if reference.name != candidate.name:
        return reference.name, candidate.name
    return f"{reference.name} (reference)", f"{candidate.name} (candidate)"


def _choices(settings: _Settings) -> dict[str, Any]:
    """What was decided before any run was seen."""
    return {
        "scope": SCOPE,
        "not_covered": list(NOT_COVERED),
        "alpha": settings.alpha,
        "margin": settings.margin,
        "resamples": settings.resamples,
        "analysis_seed": settings.seed,
        "pairing": PAIRING,
        "selected_on": SELECTED_ON,
        "family_size": FAMILY_SIZE,
        "primary_metric": PRIMARY_METRIC,
    }


def _dataset(arm: Arm) -> dict[str, Any]:
    """What the data is; a path that was requested is of no use on another machine."""
    keys = ("name", "fallback", "counts", "num_classes")
    dataset = {key: arm.dataset[key] for key in keys}
    is_fallback = dataset["fallback"] is not None
    return dataset | {"requested": arm.dataset["requested"] if is_fallback else None}


# --- one arm --------------------------------------------------------------------------


def _runs(arm: Arm, name: str) -> _Runs:
    order = np.argsort(arm.seeds)
    probabilities = arm.probabilities[order]
    losses = statistics.negative_log_likelihood(probabilities, arm.labels)
    return _Runs(
        name=name,
        seeds=arm.seeds[order].tolist(),
        num_started=len(arm.metrics),
        counts={
            "test_accuracy": statistics.right_or_wrong(probabilities, arm.labels),
            "test_cross_entropy": statistics.fixed_point(losses),
        },
        digests=[hashlib.sha256(run.tobytes()).hexdigest() for run in probabilities],
    )


def _describe(arm: Arm, runs: _Runs, run_id: str | None) -> dict[str, Any]:
    """The arm's part of the result; the compared metrics come from its predictions."""
    rows = _finished(arm)
    values = {
        name: rows[name].to_numpy(float, na_value=np.nan).tolist()
        for name in METRIC_COLUMNS
        if name not in TIMINGS
    }
    for metric in METRICS:
        values[metric.name] = _per_run(runs, metric).tolist()
    metrics = {name: _summary(column) for name, column in values.items()}
    for metric in METRICS:  # from integers, so that 0.97374 is not 0.97373999
        counts = runs.counts[metric.name]
        metrics[metric.name]["mean"] = float(counts.sum() / counts.size * metric.unit)
    started = arm.metrics.sort_values("seed")
    return {
        "name": runs.name,
        "run_id": run_id,
        "seeds": runs.seeds,
        "diverged_seeds": started["seed"][started["status"] == DIVERGED].tolist(),
        "num_started": runs.num_started,
        "num_finished": len(runs.seeds),
        "metrics": metrics,
        "recipe": arm.recipe,
    }


def _per_run(runs: _Runs, metric: Metric) -> np.ndarray:
    """(seeds,) mean of the metric over the test examples."""
    counts = runs.counts[metric.name]
    return counts.sum(axis=1) / counts.shape[1] * metric.unit


def _summary(values: list[float]) -> dict[str, Any]:
    """Mean and spread over seeds; the SD has n - 1, and is None for one seed."""
    is_constant = len(set(values)) == 1  # then rounding must not invent a spread
    mean = values[0] if is_constant else math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else math.nan
    return {
        "mean": _number(mean),
        "sd": _number(sd),
        "min": _number(min(values)) if math.isfinite(mean) else None,
        "max": _number(max(values)) if math.isfinite(mean) else None,
        "values": [_number(value) for value in values],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _pair(bounds: tuple[float, float]) -> list[float | None]:
    return [_number(bound) for bound in bounds]


# --- one metric -----------------------------------------------------------------------


def _compare_metric(
    metric: Metric,
    reference: _Runs,
    candidate: _Runs,
    settings: _Settings,
) -> dict[str, Any]:
    first, second = reference.counts[metric.name], candidate.counts[metric.name]
    paired = reference.seeds == candidate.seeds
    estimate = statistics.paired_effect if paired else statistics.unpaired_effect
    effect = estimate(first, second, metric.unit)
    margin = settings.margin if metric.has_margin else None
    tests = _tests(effect, margin)
    decision = statistics.decide(
        effect,
        p_holm=tests["p_holm"],
        p_tost_holm=tests["p_tost_holm"],
        alpha=settings.alpha,
        margin=margin,
        higher_is_better=metric.higher_is_better,
        problems=_problems(reference, candidate),
    )
    return {
        "candidate": candidate.name,
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "num_seeds": [len(first), len(second)],
        "paired": paired,
        **_estimates(effect),
        **{name: _number(p) for name, p in tests.items()},
        **_plan(effect, settings.alpha, margin),
        "verdict_interval": _verdict_interval(effect, decision, settings.alpha),
        "verdict": decision.verdict,
        "reasons": decision.reasons,
        "flags": decision.flags + _pairing_flags(reference, candidate),
        **_secondary(metric, first, second, paired, settings),
    }


def _verdict_interval(
    effect: Effect, decision: statistics.Decision, alpha: float
) -> dict[str, Any]:
    """The interval that agrees with the verdict: two one-sided tests at alpha are an
    interval at 1 - 2 alpha, one two-sided test is one at 1 - alpha."""
    level = 1 - (2 if decision.verdict == "equivalent" else 1) * alpha
    low, high = _pair(statistics.interval(effect, level))
    return {"level": level, "low": low, "high": high}


def _estimates(effect: Effect) -> dict[str, Any]:
    return {
        "delta": effect.delta,
        "se_seed": _number(math.sqrt(effect.seed_variance)),
        "se_item": _number(math.sqrt(effect.item_variance)),
        "se_res": _number(math.sqrt(effect.residual_variance)),
        "se": _number(effect.standard_error),
        "df": _number(effect.degrees_of_freedom),
        "ci95": _pair(statistics.interval(effect, 0.95)),
        "ci90": _pair(statistics.interval(effect, 0.90)),
        "num_discordant": effect.num_discordant,
    }


def _tests(effect: Effect, margin: float | None) -> dict[str, float]:
    p = statistics.difference_p(effect)
    p_tost = math.nan if margin is None else statistics.equivalence_p(effect, margin)
    return {
        "p": p,
        "p_holm": float(statistics.holm([p])[0]),
        "p_tost": p_tost,
        "p_tost_holm": float(statistics.holm([p_tost])[0]),
    }


def _plan(effect: Effect, alpha: float, margin: float | None) -> dict[str, Any]:
    """None for the seeds means that no number is enough, or that none is known."""
    seeds = None
    if margin is not None:
        seeds = statistics.seeds_needed(effect, margin, alpha)
    return {
        "mde80": _number(statistics.minimum_detectable_effect(effect, alpha)),
        "seeds_needed_for_margin": seeds,
    }


def _problems(reference: _Runs, candidate: _Runs) -> list[str]:
    """Reasons that forbid a verdict whatever the numbers say."""
    problems = []
    both = (reference, candidate)
    if any(len(runs.seeds) < runs.num_started for runs in both):
        problems.append("diverged_or_missing_runs")
    if any(len(set(runs.digests)) < len(runs.digests) for runs in both):
        problems.append("duplicate_predictions_within_arm")
    return problems


def _pairing_flags(reference: _Runs, candidate: _Runs) -> list[str]:
    if reference.seeds != candidate.seeds:
        return ["unpaired_seed_sets_differ"]
    return ["identical_predictions"] if reference.digests == candidate.digests else []


def _secondary(
    metric: Metric,
    first: np.ndarray,
    second: np.ndarray,
    paired: bool,
    settings: _Settings,
) -> dict[str, Any]:
    sign = 1 if metric.higher_is_better else -1
    totals = sign * first.sum(axis=1), sign * second.sum(axis=1)
    better = statistics.outperformance(*totals, paired=paired)
    checks = None
    if paired:
        rng = np.random.default_rng([settings.seed, METRICS.index(metric)])
        checks = statistics.sensitivity(
            totals[1] - totals[0], resamples=settings.resamples, rng=rng
        )
    is_one_pair = len(first) == len(second) == 1 and metric.name == PRIMARY_METRIC
    return {
        "p_outperform": better.probability,
        "p_outperform_ci95": _pair(better.interval),
        "wins": better.wins,
        "ties": better.ties,
        "sensitivity": checks,
        "relative_error_reduction": _relative_error_reduction(metric, first, second),
        "single_pair": _single_pair(first[0], second[0]) if is_one_pair else None,
    }


def _relative_error_reduction(
    metric: Metric, first: np.ndarray, second: np.ndarray
) -> float | None:
    """Part of the reference's error that the candidate removes; negative if it adds."""
    errors = [counts.size - int(counts.sum()) for counts in (first, second)]
    if metric.name != PRIMARY_METRIC or errors[0] == 0:
        return None
    before, after = errors[0] * len(second), errors[1] * len(first)
    return (before - after) / before


def _single_pair(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    pair = statistics.single_pair(first, second)
    return {
        "table": {
            "both_right": pair.both_right,
            "only_candidate_right": pair.only_candidate,
            "only_reference_right": pair.only_reference,
            "both_wrong": pair.both_wrong,
        },
        "p": pair.p,
        "ci95": _pair(pair.interval),
    }


# --- in words -------------------------------------------------------------------------

_REASONS = {
    "diverged_or_missing_runs": "a run diverged or is missing",
    "duplicate_predictions_within_arm": (
        "runs of an arm with different seeds made identical predictions"
    ),
    "too_few_seeds": (
        f"an arm has fewer than {statistics.LEAST_SEEDS} finished runs, the least "
        "for a verdict"
    ),
    "seed_variance_unknown": "with one seed the variance between seeds is unknown",
    "zero_variance": "the runs do not vary, so nothing can be tested",
    "few_discordant_examples": (
        f"the arms differ on fewer than {statistics.LEAST_DISCORDANT} images"
    ),
}


@dataclass(frozen=True)
class _Answer:
    """What the sentence is made of."""

    result: dict[str, Any]  # of the primary metric
    old: _Runs
    new: _Runs
    margin: float


def _sentence(answer: _Answer) -> str:
    """The answer in a few sentences, in points (0.01 of accuracy)."""
    verdict = answer.result["verdict"]
    if verdict in ("better", "worse"):
        return _difference_sentence(answer)
    if verdict == "equivalent":
        return _equivalence_sentence(answer)
    if answer.result["single_pair"]:
        return _two_networks_sentence(answer)
    if answer.result["reasons"] == ["interval_too_wide"]:
        return _undecided_sentence(answer)
    clauses = "; ".join(_REASONS[reason] for reason in answer.result["reasons"])
    return (
        f"Inconclusive: {clauses}. Estimate of {answer.new.name} minus "
        f"{answer.old.name}: {_estimate(answer)}."
    )


def _difference_sentence(answer: _Answer) -> str:
    result = answer.result
    size = _points(abs(result["delta"]), _decimals(result))
    exceeds = "" if "exceeds_margin" in result["flags"] else "not "
    return (
        f"{answer.new.name} is {result['verdict']} than {answer.old.name} by {size} "
        f"points ({_evidence(answer, size_only=True)}; {_p(result['p_holm'])}): "
        f"{_errors(answer)}. The difference is {exceeds}shown to exceed the margin of "
        f"{_margin(answer.margin)}."
    )


def _equivalence_sentence(answer: _Answer) -> str:
    result = answer.result
    text = (
        f"{answer.new.name} is equivalent to {answer.old.name} within the margin of "
        f"{_margin(answer.margin)}: {_signed(result)} points ({_evidence(answer)}; "
        f"equivalence {_p(result['p_tost_holm'])}): {_errors(answer)}."
    )
    if "detectable_below_margin" in result["flags"]:
        text += (
            f" A difference is detectable ({_p(result['p_holm'])}), but smaller than "
            "the margin declared to matter."
        )
    if "identical_predictions" in result["flags"]:
        text += " Every pair made identical predictions: was one run given twice?"
    return text


def _undecided_sentence(answer: _Answer) -> str:
    """Neither shown different nor shown equal, and what it would take."""
    result = answer.result
    text = (
        f"Inconclusive: {answer.new.name} is neither shown to differ from "
        f"{answer.old.name} nor shown to be equivalent to it within the margin of "
        f"{_margin(answer.margin)}: {_estimate(answer)}. With these runs a difference "
        f"of {_two_digits(result['mde80'])} points would be found 4 times in 5"
    )
    seeds = result["seeds_needed_for_margin"]
    if seeds is None:
        return text + "; for one as small as the margin no number of seeds is enough."
    if seeds > min(result["num_seeds"]):
        return text + f"; one as small as the margin takes about {seeds} seeds per arm."
    return text + "."


def _two_networks_sentence(answer: _Answer) -> str:
    """One seed per arm: what is known is about two networks, not two recipes."""
    result, pair = answer.result, answer.result["single_pair"]
    low, high = (_points(bound, _decimals(result)) for bound in pair["ci95"])
    clauses = "; ".join(
        _REASONS[reason] for reason in result["reasons"] if reason != "too_few_seeds"
    )
    return (
        f"Inconclusive: {clauses}. Of {_num_images(answer.old)} images, this "
        f"{answer.new.name} network alone gets {pair['table']['only_candidate_right']} "
        f"right and this {answer.old.name} network alone "
        f"{pair['table']['only_reference_right']}: {_signed(result)} points (95% CI "
        f"{low} to {high}; exact McNemar {_p(pair['p'])}). That is about these two "
        "networks, not about the recipes."
    )


def _estimate(answer: _Answer) -> str:
    p = answer.result["p_holm"]
    tail = "" if p is None else f"; {_p(p)}"
    return f"{_signed(answer.result)} points ({_evidence(answer)}{tail})"


def _evidence(answer: _Answer, *, size_only: bool = False) -> str:
    """Interval and sample sizes; `size_only` gives a loss as a positive size."""
    result = answer.result
    first, second = result["num_seeds"]
    seeds = f"{first} paired seed{'s' if first > 1 else ''}"
    if not result["paired"]:
        seeds = f"{first} and {second} unpaired seeds"
    sizes = f"{seeds}, {_num_images(answer.old)} images"
    interval = result["verdict_interval"]
    if interval["low"] is None:
        return sizes
    sign = -1 if size_only and result["delta"] < 0 else 1
    bounds = sorted(sign * interval[end] for end in ("low", "high"))
    low, high = (_points(bound, _decimals(result)) for bound in bounds)
    return f"{100 * interval['level']:g}% CI {low} to {high}; {sizes}"


def _errors(answer: _Answer) -> str:
    before, after = (
        1 - runs.counts[PRIMARY_METRIC].mean() for runs in (answer.old, answer.new)
    )
    return f"error {before:.2%} to {after:.2%}"


def _num_images(runs: _Runs) -> str:
    return f"{runs.counts[PRIMARY_METRIC].shape[1]:,}"


def _decimals(result: dict[str, Any]) -> int:
    """Decimals of a point that show three digits of the difference, at most three."""
    size = 100 * abs(result["delta"])
    return 2 if size == 0 else min(3, max(1, 2 - math.floor(math.log10(size))))


def _points(fraction: float, decimals: int, sign: str = "") -> str:
    points = round(100 * fraction, decimals) + 0.0  # no "-0.00"
    return f"{points:{sign}.{decimals}f}"


def _signed(result: dict[str, Any]) -> str:
    return _points(result["delta"], _decimals(result), "+")


def _two_digits(fraction: float) -> str:
    return f"{100 * fraction:#.2g}".rstrip(".")


def _margin(margin: float) -> str:
    points = round(100 * margin, 10)
    return f"{points:g} point{'s' if points > 1 else ''}"


def _p(p: float) -> str:
    """As printed in journals; below .001 the approximation has no digits to give."""
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.3f}".replace("0.", ".", 1)


def _warnings(reference: Arm, candidate: Arm, old: _Runs, new: _Runs) -> list[str]:
    """What a reader must know before believing the verdict, most important first."""
    return [
        *_data_warnings(reference, candidate),
        *_run_warnings(reference, old),
        *_run_warnings(candidate, new),
        *_pair_warnings(reference, candidate, old, new),
    ]


def _data_warnings(reference: Arm, candidate: Arm) -> list[str]:
    dataset, warnings = reference.dataset, []
    if dataset["fallback"] is not None:
        warnings.append(
            f"fall-back data set: the answer is about {dataset['name']}, not about "
            f"{dataset['requested']}: {dataset['fallback']}"
        )
    if dataset.get("train_size"):
        warnings.append(
            f"only {dataset['counts']['train']:,} training examples were used "
            f"(train_size {dataset['train_size']:,})"
        )
    if dataset["name"] != candidate.dataset["name"]:
        warnings.append(
            f"the arms name their data {dataset['name']} and "
            f"{candidate.dataset['name']}, but every SHA-256 agrees"
        )
    return warnings


def _run_warnings(arm: Arm, runs: _Runs) -> list[str]:
    warnings = []
    num_finished = len(runs.seeds)
    if num_finished < runs.num_started:
        warnings.append(
            f"{runs.num_started - num_finished} of {runs.num_started} runs of "
            f"{runs.name} diverged; the numbers show the others"
        )
    if num_finished < ADVISED_SEEDS:
        warnings.append(
            f"{runs.name} has {num_finished} finished seed"
            f"{'s' if num_finished > 1 else ''}; {ADVISED_SEEDS} is the least advised"
        )
    if len(set(runs.digests)) < num_finished:
        warnings.append(
            f"seeds {_duplicates(runs)} of {runs.name} made identical predictions: "
            "the seed has no effect, or a file was copied"
        )
    recorded = _finished(arm)["test_accuracy"].to_numpy(float)
    if np.abs(recorded - _per_run(runs, METRICS[0])).max() > ACCURACY_TOLERANCE:
        warnings.append(
            f"test_accuracy in metrics.csv of {runs.name} differs from that of its "
            "predictions, which are used here"
        )
    return warnings


def _duplicates(runs: _Runs) -> str:
    copies = [
        str(seed)
        for seed, digest in zip(runs.seeds, runs.digests, strict=True)
        if runs.digests.count(digest) > 1
    ]
    return ", ".join(copies)


def _pair_warnings(reference: Arm, candidate: Arm, old: _Runs, new: _Runs) -> list[str]:
    warnings = []
    budgets = reference.recipe.get("epochs"), candidate.recipe.get("epochs")
    if budgets[0] != budgets[1]:
        warnings.append(
            f"the budgets differ: at most {budgets[0]} epochs for {old.name} and "
            f"{budgets[1]} for {new.name}; a difference may come from the budget"
        )
    if old.seeds != new.seeds:
        warnings.append(
            "the arms finished different seeds, so runs are not paired; all are used"
        )
    if reference.recipe == candidate.recipe:
        warnings.append("both arms have one and the same recipe")
    if old.seeds == new.seeds and old.digests == new.digests:
        warnings.append(
            f"{old.name} and {new.name} made identical predictions in every pair: "
            "was one run given twice?"
        )
    libraries = sorted(reference.versions.keys() | candidate.versions.keys())
    for library in libraries:
        versions = [arm.versions.get(library) for arm in (reference, candidate)]
        if versions[0] != versions[1]:
            warnings.append(
                f"{library} differs: {versions[0]} for {old.name}, {versions[1]} for "
                f"{new.name}"
            )
    return warnings
