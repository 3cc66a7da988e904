"""The answer in short for programs, and `verdict.json`, which holds exactly this.

Its keys are stable: a key may be added, none is renamed or removed without another
`schema_version`. Where `comparison.json` has a key of the same name, both mean the
same. The file has a line per key, whatever the number of candidates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from didithelp import codec
from didithelp.comparison import Comparison, Interval
from didithelp.decision import Verdict
from didithelp.metric import Unit
from didithelp.requirement import Requirement, failing

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ShortDifference:
    """One candidate minus the reference, see `comparison.Difference`.

    Attributes:
        interval: the one that agrees with the verdict.
        seeds: finished runs of the reference and of the candidate.
        met: whether it meets what is required; None where nothing is.
    """

    candidate: str
    verdict: Verdict
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    delta: float
    interval: Interval
    p: float | None
    p_holm: float | None
    p_tost_holm: float | None
    seeds: tuple[int, int]
    met: bool | None


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """What a program needs to act on a comparison, see `comparison.Comparison`.

    Attributes:
        higher_is_better: whether a positive difference is an improvement.
        unit: of margin, differences and intervals, see `metric.Metric`.
        dataset: its name; None if it is not known.
        differences: one per candidate.
        warnings: codes, most important first.
        requirement: what was required; None for nothing.
        met: whether every candidate meets it; None where nothing is required.
    """

    schema_version: int
    verdict: Verdict | dict[str, Verdict]
    metric: str
    higher_is_better: bool
    unit: Unit
    margin: float | None
    alpha: float
    dataset: str | None
    reference: str
    differences: tuple[ShortDifference, ...]
    warnings: tuple[str, ...]
    requirement: Requirement | None
    met: bool | None

    @classmethod
    def of(cls, comparison: Comparison, requirement: Requirement) -> ShortAnswer:
        """The short form of a comparison that is held against a requirement."""
        failed = failing(comparison, requirement)
        return cls(
            schema_version=SCHEMA_VERSION,
            verdict=comparison.verdict,
            metric=comparison.primary_metric,
            higher_is_better=comparison.metric.higher_is_better,
            unit=comparison.metric.unit,
            margin=comparison.margin,
            alpha=comparison.alpha,
            dataset=comparison.dataset.name,
            reference=comparison.reference,
            differences=tuple(
                ShortDifference(
                    candidate=each.candidate,
                    verdict=each.verdict,
                    reasons=each.reasons,
                    flags=each.flags,
                    delta=each.delta,
                    interval=each.verdict_interval,
                    p=each.p,
                    p_holm=each.p_holm,
                    p_tost_holm=each.p_tost_holm,
                    seeds=each.num_seeds,
                    met=each.candidate not in failed if requirement else None,
                )
                for each in comparison.primary
            ),
            warnings=tuple(caveat.code for caveat in comparison.warning_codes),
            requirement=requirement or None,
            met=not failed if requirement else None,
        )

    def to_json(self) -> str:
        """The text of `verdict.json`: the same for the same answer."""
        lines = [
            f"  {json.dumps(key)}: "
            + json.dumps(value, ensure_ascii=False, allow_nan=False)
            for key, value in codec.encode(self).items()
        ]
        return "{\n" + ",\n".join(lines) + "\n}\n"
