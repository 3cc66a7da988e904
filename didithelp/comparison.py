"""The answer of a comparison, and `comparison.json`, which holds exactly this.

The fields are the keys of the file, and no other module knows those. Numbers are
fractions and nats in full precision, None where there is no number; the tuples of two
are an interval, (low, high). The file holds no clock, no machine and no path.

The file has no format number. Its history: 1. one candidate; 2. several, `arms`,
`changes`, `warning_codes`, `calibration`; 3. `outperformance` and
`relative_error_reduction_ci95`; 4., which is this one, `median` and `collapsed_seeds`.
Older files lack keys and are refused. Whoever adds a key stores a file of this format
in `tests/didithelp/stored`, or refuses it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from didithelp import codec
from didithelp.decision import Verdict
from didithelp.settings import Pairing, SelectionSet

PRIMARY_METRIC = "test_accuracy"

Bounds = tuple[float | None, float | None]


def known(value: float) -> float | None:
    """The number, None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def bounds(interval: tuple[float, float]) -> Bounds:
    """(low, high), each None where it is not known."""
    low, high = interval
    return known(low), known(high)


# --- an arm ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric of the finished runs by ascending seed.

    values: one per run, None where a run has none. Then the others are None.
    sd: with n - 1; None for one run.
    """

    mean: float | None
    median: float | None
    sd: float | None
    min: float | None
    max: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The columns of `metrics.csv` but for the times, which differ from run to run.

    Where an arm has predictions, accuracy, cross-entropy and calibration are theirs.
    """

    test_accuracy: Summary
    test_loss: Summary
    final_val_accuracy: Summary
    best_val_accuracy: Summary
    final_val_loss: Summary
    best_val_loss: Summary
    actual_epochs: Summary
    best_epoch: Summary
    kept_epoch: Summary
    test_cross_entropy: Summary
    best_val_cross_entropy: Summary
    train_accuracy: Summary
    generalization_gap: Summary
    expected_calibration_error: Summary
    num_parameters: Summary
    brier_score: Summary


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Predictions whose top probability is in (low, high]: how often they are right."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the top probability can be believed, of all runs and of each."""

    pooled: tuple[ReliabilityBin, ...]
    per_seed: tuple[tuple[ReliabilityBin, ...], ...]


@dataclass(frozen=True, slots=True)
class ComparedArm:
    """An arm as the comparison saw it.

    name: told apart from those of the other arms.
    run_id: of the tracker, if any.
    seeds: the finished ones, ascending; the other seeds are some of them, or diverged.
    copied_seeds: whose predictions another seed made as well; None without predictions.
    collapsed_seeds: of runs that hardly learned. They stay in every number.
    recipe: hyperparameters as JSON values of whatever kind; None if unknown.
    changes: by parameter that differs, its value in the reference and here. None where
        a recipe is unknown.
    """

    name: str
    run_id: str | None
    seeds: tuple[int, ...]
    diverged_seeds: tuple[int, ...]
    copied_seeds: tuple[int, ...] | None
    collapsed_seeds: tuple[int, ...]
    num_started: int
    num_finished: int
    metrics: Metrics
    reliability: Reliability | None
    recipe: dict[str, Any] | None
    changes: dict[str, tuple[Any, Any]] | None

    @property
    def test_error(self) -> float | None:
        """Mean fraction of the test examples that are wrong."""
        accuracy = self.metrics.test_accuracy.mean
        return None if accuracy is None else 1 - accuracy


# --- a difference ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval that knows its level, such as 0.95."""

    level: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Two-sided p of tests that assume less about the seeds."""

    sign_flip: float
    wilcoxon: float


@dataclass(frozen=True, slots=True)
class PairTable:
    """Test examples by which of two networks is right."""

    both_right: int
    only_candidate_right: int
    only_reference_right: int
    both_wrong: int


@dataclass(frozen=True, slots=True)
class SinglePair:
    """Two networks alone: McNemar's exact p, 95% interval of their difference."""

    table: PairTable
    p: float
    ci95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SeedFlips:
    """Test examples that only one of the two networks of a seed gets right."""

    seed: int
    only_candidate_right: int
    only_reference_right: int
    p: float


@dataclass(frozen=True, slots=True)
class CalibrationDifference:
    """Candidate minus reference by the t test over seeds: secondary, not adjusted."""

    delta: float
    se: float | None
    df: float | None
    ci95: Bounds
    p: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """None where a run of an arm has no such number."""

    expected_calibration_error: CalibrationDifference | None
    brier_score: CalibrationDifference | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One candidate minus the reference in one metric, with a verdict.

    num_seeds: finished runs of the reference and of the candidate.
    num_examples: None where the arms are compared by one number per run. Then
        everything that is about test examples is None as well.
    delta, se, se_seed, se_item, se_res, df: see `effects.Effect`.
    family_size: candidates that have a p, by which it is adjusted.
    ci_family: holds for all of them at once; None for one.
    p_tost, p_tost_holm: of equivalence within the margin; None without a margin.
    mde80: smallest true difference found with power .8.
    seeds_needed_for_margin: None means that no number is enough, or none is known.
    verdict_interval: the one that agrees with the verdict.
    p_outperform: that a run of the candidate wins, ties count half.
    per_seed: exact McNemar tests, where the seeds match.
    single_pair: where each arm is one network.
    single_pair, per_seed, calibration, relative_error_reduction: only in the primary
        metric.
    """

    candidate: str
    metric: str
    higher_is_better: bool
    num_seeds: tuple[int, int]
    num_examples: int | None
    scope: str
    paired: bool
    delta: float
    se_seed: float | None
    se_item: float | None
    se_res: float | None
    se: float | None
    df: float | None
    ci95: Bounds
    ci90: Bounds
    num_discordant: int | None
    family_size: int
    ci_family: Bounds | None
    p: float | None
    p_holm: float | None
    p_tost: float | None
    p_tost_holm: float | None
    mde80: float | None
    seeds_needed_for_margin: int | None
    verdict_interval: Interval
    verdict: Verdict
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    p_outperform: float
    p_outperform_ci95: Bounds
    outperformance: str | None
    wins: int
    ties: int
    sensitivity: Sensitivity | None
    relative_error_reduction: float | None
    relative_error_reduction_ci95: Bounds | None
    single_pair: SinglePair | None
    per_seed: tuple[SeedFlips, ...] | None
    calibration: Calibration | None

    @property
    def is_primary(self) -> bool:
        """Whether it decides; the others are reported beside it."""
        return self.metric == PRIMARY_METRIC


# --- the whole ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the data is, None where no arm says so; `requested` only after a fallback.

    counts: number of images by split.
    """

    name: str | None
    fallback: str | None
    counts: dict[str, int] | None
    num_classes: int | None
    requested: str | None


@dataclass(frozen=True, slots=True)
class ExaminedExamples:
    """The test set that the arms share: SHA-256 of images and labels, and its size."""

    sha256: str | None
    labels_sha256: str | None
    num_examples: int | None


@dataclass(frozen=True, slots=True)
class Caveat:
    """What a reader must know: a code for programs, and the values of its text.

    values: plain JSON; some come from recipes, which hold whatever their authors put.
    """

    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found: a reference, its candidates, a verdict on each.

    scope: what the verdicts are about; that of a single difference may be wider.
    alpha ... family_size: the parameters of the decision, see `settings.Settings`.
    reference: name of the first of the arms.
    differences: by candidate, then by metric.
    verdict: a word for one candidate, else one by candidate.
    sentence, warnings: in English.
    warning_codes: the warnings, most important first.
    """

    scope: str
    not_covered: tuple[str, ...]
    alpha: float
    margin: float
    resamples: int
    analysis_seed: int
    pairing: Pairing
    selected_on: SelectionSet
    family_size: int
    primary_metric: str
    dataset: Dataset
    test_set: ExaminedExamples
    reference: str
    arms: tuple[ComparedArm, ...]
    differences: tuple[Difference, ...] = field(metadata={"key": "comparisons"})
    verdict: Verdict | dict[str, Verdict]
    sentence: str
    warnings: tuple[str, ...]
    warning_codes: tuple[Caveat, ...]

    @property
    def primary(self) -> tuple[Difference, ...]:
        """The differences that decide, one per candidate."""
        return tuple(each for each in self.differences if each.is_primary)

    def arm(self, name: str) -> ComparedArm:
        """The arm of this name.

        Raises:
            KeyError: no arm has it.
        """
        return {arm.name: arm for arm in self.arms}[name]

    def to_json(self) -> str:
        """The text of `comparison.json`: the same for the same comparison."""
        text = json.dumps(
            codec.encode(self),
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
        )
        return text + "\n"

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        """The inverse of `to_json`.

        Raises:
            ValueError: one line that names what is missing, unknown or of another type.
        """
        comparison: Comparison = codec.decode(cls, json.loads(text), "comparison")
        return comparison
