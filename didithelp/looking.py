"""Takes the planned looks at arms, in their order, until every candidate is settled.

What a look decides is what a comparison of the first seeds decides at the level of that
look. So a verdict stands from the look that gave it, whatever later seeds say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from didithelp import planned_looks
from didithelp.arm import Arm, distinct_names, with_seeds
from didithelp.comparability import refuse_incomparable
from didithelp.comparison import Difference, Hopeless, Look, Looks
from didithelp.differences import differences
from didithelp.errors import Refusal
from didithelp.metric import Metric, margin_in
from didithelp.runs import runs_of_all
from didithelp.settings import Settings

# Reasons against a verdict that further seeds do not take away.
LASTING_REASONS = {
    "diverged_or_missing_runs",
    "duplicate_predictions_within_arm",
    "selected_on_test",
    "too_few_clusters",
}


@dataclass(frozen=True, eq=False)
class Taken:
    """What the looks came to.

    Attributes:
        looks: what each of them saw.
        arms: with the seeds of the last look that was taken.
        differences: of each candidate at the look that settled it, else at the last
            one; by candidate, then by metric.
    """

    looks: Looks
    arms: tuple[Arm, ...]
    differences: tuple[Difference, ...]


def take(arms: Sequence[Arm], metric: Metric, settings: Settings) -> Taken:
    """Take the planned looks, as far as the arms have the seeds for them.

    Args:
        arms: the reference, then the candidates; the rows of their metrics are in the
            order in which the seeds were planned.
        metric: the one that decides.
        settings: with planned looks.

    Raises:
        Refusal: the arms have too few seeds for the first look, or must not be compared
            at one of them.
    """
    levels = planned_looks.levels(settings.looks, settings.alpha)
    margin = margin_in(metric, settings.margin)
    last = _Last(settings.looks[-1], levels[-1], margin)
    orders = _orders(arms)
    num_started = min(map(len, orders))
    if num_started < settings.looks[0]:
        raise Refusal(
            "too_few_seeds_for_a_look",
            f"each arm must have the {settings.looks[0]} seeds of the first look, got "
            f"{num_started}; train more, or leave looks out",
        )
    unsettled = distinct_names(arms)[1:]
    answers: dict[str, list[Difference]] = dict.fromkeys(unsettled, [])
    taken: list[Look] = []
    seen: tuple[Arm, ...] = ()
    for num_seeds, level in zip(settings.looks, levels, strict=True):
        if num_seeds > num_started or not unsettled:
            break
        seen = tuple(
            with_seeds(arm, order[:num_seeds])
            for arm, order in zip(arms, orders, strict=True)
        )
        at_level = replace(settings, alpha=level)
        answers |= _differences(seen, metric, at_level, unsettled)
        new = [_look(answers[name][0], num_seeds, level, last) for name in unsettled]
        taken += new
        unsettled = [look.candidate for look in new if not look.is_settled]
    num_used = len(seen) * taken[-1].num_seeds
    unused_runs = sum(map(len, orders)) - num_used
    return Taken(
        Looks(settings.looks, levels, tuple(taken), unused_runs),
        seen,
        tuple(each for found in answers.values() for each in found),
    )


def as_seen(arms: Sequence[Arm], found: Looks | None) -> tuple[Arm, ...]:
    """The arms with the seeds of the look that answers; all seeds without looks."""
    if found is None:
        return tuple(arms)
    return tuple(
        with_seeds(arm, order[: found.num_seeds])
        for arm, order in zip(arms, _orders(arms), strict=True)
    )


def _orders(arms: Sequence[Arm]) -> list[list[int]]:
    """The seeds of each arm as planned; arms with equal seeds have equal orders."""
    orders: list[list[int]] = [arm.metrics["seed"].tolist() for arm in arms]
    first = orders[0]
    return [first if sorted(each) == sorted(first) else each for each in orders]


def _differences(
    arms: Sequence[Arm], metric: Metric, settings: Settings, wanted: Sequence[str]
) -> dict[str, list[Difference]]:
    """The differences of the wanted candidates, the one that decides first."""
    refuse_incomparable(arms, metric)
    found = differences(*runs_of_all(arms, metric), settings)
    return {
        name: [difference for difference in found if difference.candidate == name]
        for name in wanted
    }


@dataclass(frozen=True)
class _Last:
    """The last planned look, and the margin in the unit of the metric."""

    num_seeds: int
    level: float
    margin: float | None


def _look(difference: Difference, num_seeds: int, level: float, last: _Last) -> Look:
    is_open = difference.verdict == "inconclusive" and num_seeds < last.num_seeds
    chance = _chance(difference, last) if is_open else None
    return Look(
        candidate=difference.candidate,
        num_seeds=num_seeds,
        level=level,
        delta=difference.delta,
        interval=difference.verdict_interval,
        p_holm=difference.p_holm,
        p_tost_holm=difference.p_tost_holm,
        verdict=difference.verdict,
        chance=chance,
        hopeless=_hopeless(difference, chance, last.margin) if is_open else None,
    )


def _chance(difference: Difference, last: _Last) -> float | None:
    """Chance of a verdict at the last look; None where the noise is not known."""
    if not difference.se or difference.se_seed is None:
        return None
    estimate = planned_looks.Estimate(
        difference.delta,
        difference.se_seed**2,
        (difference.se_item or 0.0) ** 2,
        (difference.se_res or 0.0) ** 2,
        min(difference.num_seeds),
    )
    level = last.level / difference.family_size
    return planned_looks.chance_of_verdict(estimate, last.num_seeds, level, last.margin)


def _hopeless(
    difference: Difference, chance: float | None, margin: float | None
) -> Hopeless | None:
    """Why further seeds are not worth their while; None if they may be.

    Stopping for this is no part of the levels, which hold whether one stops or not.
    """
    if LASTING_REASONS.intersection(difference.reasons):
        return "no_verdict_possible"
    if chance is None or chance >= planned_looks.LEAST_CHANCE:
        return None
    if margin is not None and difference.seeds_needed_for_margin is None:
        return "test_set_too_small"
    return "too_few_seeds"
