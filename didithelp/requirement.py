"""What a user requires of an answer, so that a program can act on it.

- better: the verdict on the candidate is "better".
- equivalent: it is "equivalent".
- not-worse: the candidate is shown to be worse by less than the margin, if at all. This
  is the test of non-inferiority: the end of the verdict's interval that lies on the
  worse side stays within the margin. An inconclusive verdict meets it only if its one
  reason is that the interval is too wide for more.

Of several candidates each must meet it. An answer about another data set than was
requested meets nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from didithelp.comparison import Comparison, Difference

Requirement = Literal["", "better", "not-worse", "equivalent"]
REQUIREMENTS: tuple[str, ...] = get_args(Requirement)[1:]  # without that of nothing


class Missed(ValueError):
    """An answer that is there and whole, but not what was required."""


def refuse_without_margin(requirement: Requirement, margin: float | None) -> None:
    """Say that a requirement can be met at all: all but "better" need a margin.

    Raises:
        ValueError: it cannot.
    """
    if requirement in ("not-worse", "equivalent") and margin is None:
        raise ValueError(
            f"require={requirement} takes a margin, got none; give the difference in"
            " the metric that would matter, such as margin=0.001"
        )


def enforce(comparison: Comparison, requirement: Requirement) -> None:
    """Do nothing if the answer meets the requirement, or nothing is required.

    Raises:
        Missed: it does not; one line that names who fails it.
    """
    names = failing(comparison, requirement)
    if not names:
        return
    verdicts = {each.candidate: each.verdict for each in comparison.primary}
    found = ", ".join(f"{name} ({verdicts[name]})" for name in names)
    fallback = comparison.dataset.fallback is not None
    raise Missed(
        f"require={requirement} is not met by {found}"
        f"{', for the data set was replaced' * fallback};"
        " the answer is stored, and its report says how sure it is"
    )


def failing(comparison: Comparison, requirement: Requirement) -> tuple[str, ...]:
    """Names of the candidates that do not meet a requirement, in order."""
    if not requirement:
        return ()
    is_replaced = comparison.dataset.fallback is not None
    return tuple(
        difference.candidate
        for difference in comparison.primary
        if is_replaced or not _is_met(difference, requirement, comparison.margin)
    )


def _is_met(
    difference: Difference, requirement: Requirement, margin: float | None
) -> bool:
    if requirement == "not-worse":
        return margin is not None and _is_not_worse(difference, margin)
    return difference.verdict == requirement


def _is_not_worse(difference: Difference, margin: float) -> bool:
    """Whether the interval of the verdict shows a loss smaller than the margin."""
    carries = difference.reasons in ((), ("interval_too_wide",))
    low, high = difference.verdict_interval.low, difference.verdict_interval.high
    if difference.verdict == "worse" or not carries or low is None or high is None:
        return False
    return (low if difference.higher_is_better else -high) > -margin
