"""The answer of a comparison, and `comparison.json`, which holds exactly this.

The fields are the keys of the file; no other module knows its keys. Numbers are
in the unit of their metric (fractions and nats for accuracy and cross-entropy) in full
precision, None where there is no number; a tuple of two bounds is an interval,
(low, high). The file holds no clock, no machine and no path.

The file has no format number. Its history: 1. one candidate; 2. several, `arms`,
`changes`, `warning_codes`, `calibration`; 3. `outperformance` and
`relative_error_reduction_ci95`; 4. `median` and `collapsed_seeds`; 5., the present one,
any metric: `metric`, `other_metrics`, `unit`, `is_primary`, `num_clusters`; and
`run_ids`; `looks` where looks were planned. Files of format 4 are still read, older
ones lack keys and are refused. Whoever adds a key also stores a file of the format
before it in `tests/didithelp/stored`, and decides whether it is still read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from didithelp import codec
from didithelp.compared_arm import ComparedArm
from didithelp.decision import Verdict
from didithelp.metric import TEST_ACCURACY, Metric, Unit, metric_of
from didithelp.settings import Pairing, SelectionSet

Bounds = tuple[float | None, float | None]


def known(value: float) -> float | None:
    """The number as a float; None for NaN and infinity, which JSON lacks."""
    return float(value) if math.isfinite(value) else None


def root(variance: float) -> float | None:
    """The standard error that belongs to a variance; None for NaN."""
    return known(math.sqrt(variance))


def bounds(interval: tuple[float, float]) -> Bounds:
    """(low, high), each None where it is not known."""
    low, high = interval
    return known(low), known(high)


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
    """Numbers of test examples by which of two networks is right."""

    both_right: int
    only_candidate_right: int
    only_reference_right: int
    both_wrong: int


@dataclass(frozen=True, slots=True)
class SinglePair:
    """Two networks alone: which images each gets right, and what that shows.

    Attributes:
        p: McNemar's, exact and two-sided.
        ci95: of the difference in accuracy (a fraction), candidate minus reference.
    """

    table: PairTable
    p: float
    ci95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SeedFlips:
    """Numbers of test examples that one of a seed's two networks alone gets right.

    Attributes:
        p: McNemar's, exact and two-sided.
    """

    seed: int
    only_candidate_right: int
    only_reference_right: int
    p: float


@dataclass(frozen=True, slots=True)
class CalibrationDifference:
    """Candidate minus reference by the t test over seeds; p is not adjusted."""

    delta: float
    se: float | None
    df: float | None
    ci95: Bounds
    p: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Differences in calibration, each None where a run of an arm has no number."""

    expected_calibration_error: CalibrationDifference | None
    brier_score: CalibrationDifference | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One candidate minus the reference in one metric, with a verdict.

    Attributes:
        candidate: name of the arm.
        metric: its name.
        unit: of the metric and so of the difference, see `metric.Metric`.
        is_primary: whether it decides; the others are reported beside it.
        higher_is_better: whether a positive difference is an improvement.
        num_seeds: finished runs of the reference and of the candidate.
        num_examples: None where the arms are compared by one number per run; then
            everything that is about test examples is None as well.
        scope: what the verdict is about, in English.
        paired: whether runs of the same seed were compared with each other.
        delta, df: estimate and degrees of freedom, see `effects.Effect`.
        se_seed, se_item, se_res, se: standard errors from seeds, from test examples,
            from the residual that both contain, and from all together.
        num_discordant: test examples on which the arms differ.
        num_clusters: groups of test examples, where these are the sample; else None.
        family_size: number of candidates with a p, for which p is adjusted.
        ci95, ci90: of this difference alone.
        ci_family: holds for all candidates at once; None for one candidate.
        p, p_holm: two-sided, before and after Holm's adjustment.
        p_tost, p_tost_holm: of equivalence within the margin; None without a margin.
        mde80: smallest true difference found with power .8.
        seeds_needed_for_margin: None if no number is enough, or none is known.
        verdict_interval: the one that agrees with the verdict.
        reasons, flags: codes, see `decision.Decision`.
        p_outperform: chance that a run of the candidate wins; ties count half.
        outperformance: "meaningful", "not_meaningful", or None if unknown.
        wins, ties: numbers of pairs of runs.
        sensitivity: None unless paired, and below six pairs.
        relative_error_reduction: part of the reference's error that is removed.
        single_pair: where each arm is one network.
        per_seed: exact McNemar tests, where both arms have the same seeds.

    What is about right and wrong answers (the error reduction, `single_pair`,
    `per_seed`, `calibration`) is None in all metrics but accuracy.
    """

    candidate: str
    metric: str
    unit: Unit
    is_primary: bool
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
    num_clusters: int | None = None


# --- planned looks --------------------------------------------------------------------

# Why a look ends the experiment although it shows nothing, as a code with a text.
Hopeless = Literal["no_verdict_possible", "test_set_too_small", "too_few_seeds"]


@dataclass(frozen=True, slots=True)
class Look:
    """What one planned look saw of a candidate that no look before it had settled.

    Attributes:
        candidate: name of the arm.
        num_seeds: planned runs per arm by then.
        level: what p_holm, and of equivalence p_tost_holm, must not exceed.
        delta: the difference, as in `Difference`; so are p_holm, p_tost_holm, verdict.
        interval: the one that agrees with the verdict; where nothing is shown, at
            1 - level divided by the number of candidates.
        chance: of a verdict by the last look, from what this one saw; None where it is
            not known, or not needed.
        hopeless: why no later look will show anything; None if one may.
    """

    candidate: str
    num_seeds: int
    level: float
    delta: float
    interval: Interval
    p_holm: float | None
    p_tost_holm: float | None
    verdict: Verdict
    chance: float | None
    hopeless: Hopeless | None

    @property
    def is_settled(self) -> bool:
        """Whether no later look is needed for this candidate."""
        return self.verdict != "inconclusive" or self.hopeless is not None


@dataclass(frozen=True, slots=True)
class Looks:
    """The planned looks, and those that were taken.

    Attributes:
        planned: numbers of seeds per arm, ascending.
        levels: one for each planned look.
        taken: by look, then by candidate; a candidate that is settled is left out of
            later looks.
        unused_runs: runs that the arms have beyond the look that answers.
    """

    planned: tuple[int, ...]
    levels: tuple[float, ...]
    taken: tuple[Look, ...]
    unused_runs: int

    @property
    def num_seeds(self) -> int:
        """Seeds per arm at the look that answers."""
        return self.taken[-1].num_seeds

    @property
    def is_over(self) -> bool:
        """Whether no further seed is asked for: all is settled, or this was the end."""
        return self.num_seeds == self.planned[-1] or all(
            look.is_settled for look in self.taken if look.num_seeds == self.num_seeds
        )

    @property
    def saved_seeds(self) -> int:
        """Planned seeds per arm that were not needed; 0 while the end is open."""
        return self.planned[-1] - self.num_seeds if self.is_over else 0

    def last(self, candidate: str) -> Look:
        """The look that answers for a candidate."""
        return next(each for each in self.taken[::-1] if each.candidate == candidate)


# --- the whole ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the data is; all is None where no arm says so.

    Attributes:
        name: after a fallback not what was requested.
        fallback: why the requested data set was replaced; None if it was not.
        counts: number of images by split.
        num_classes: number of classes.
        requested: what was asked for; None without a fallback.
    """

    name: str | None
    fallback: str | None
    counts: dict[str, int] | None
    num_classes: int | None
    requested: str | None


@dataclass(frozen=True, slots=True)
class ExaminedExamples:
    """The test set that the arms share; what no arm tells is None.

    Attributes:
        sha256: of the images.
        labels_sha256: of the labels.
        num_examples: its size.
    """

    sha256: str | None
    labels_sha256: str | None
    num_examples: int | None


@dataclass(frozen=True, slots=True)
class Caveat:
    """What a reader must know before believing a verdict.

    Attributes:
        code: a stable word for programs, a key of `[warnings]` in `language/texts`.
        values: by placeholder of its text, plain JSON; some come from recipes and are
            whatever their authors put there.
    """

    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found: a reference, its candidates, a verdict on each.

    Attributes:
        scope: what the verdicts are about, in English; a single difference's may be
            wider.
        not_covered: what no verdict is about, in English.
        alpha, resamples, analysis_seed, pairing, selected_on: parameters of the
            decision, see `settings.Settings`.
        margin: difference that matters, in the unit of the metric that decides; None
            where nothing is ever called equivalent.
        family_size: number of candidates.
        primary_metric: name of the metric that decides.
        metric: that metric.
        dataset, test_set: what the arms were trained and tested on.
        arms: the reference, then the candidates.
        reference: name of the first of the arms.
        differences: by candidate, then by metric.
        verdict: a word for one candidate; of several, a word by candidate.
        sentence, warnings: in English.
        warning_codes: the same warnings as codes, most important first.
        looks: None, and not in the file, where no looks were planned.
    """

    scope: str
    not_covered: tuple[str, ...]
    alpha: float
    margin: float | None
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
    metric: Metric = TEST_ACCURACY
    looks: Looks | None = field(default=None, metadata={"left_out": True})

    def level(self, difference: Difference) -> float:
        """What the p of a difference is held against: alpha, or that of its look."""
        if self.looks is None:
            return self.alpha
        return self.looks.last(difference.candidate).level

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
        return codec.write(self)

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        """The inverse of `to_json`.

        Raises:
            ValueError: one line that names what is missing, unknown or of another type.
        """
        comparison: Comparison = codec.read(cls, text, "comparison", _upgraded)
        return comparison


def _upgraded(content: Any) -> Any:
    """The JSON of a file of format 4 with the keys of a difference that it lacks.

    Only accuracy decided then. What is no such file comes back as it is.
    """
    if not isinstance(content, dict) or "metric" in content:
        return content
    differences = content.get("comparisons")
    if not isinstance(differences, list):
        return content
    return content | {
        "comparisons": [
            {
                "unit": metric_of(each["metric"]).unit,
                "is_primary": each["metric"] == TEST_ACCURACY.name,
            }
            | each
            for each in differences
        ]
    }
