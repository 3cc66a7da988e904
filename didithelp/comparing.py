"""Compare arms: is a candidate recipe better than the reference?

`compare` checks that the arms may be compared at all (else `Refusal`), estimates for
each candidate the difference in the metric that decides, and in accuracy and
cross-entropy, which are reported beside it, and says the verdict in words. The same
arms and parameters always give the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from didithelp import caveats, describing, looking, shared_data
from didithelp.arm import Arm
from didithelp.caveats import Scope
from didithelp.comparability import refuse_incomparable
from didithelp.comparison import Comparison, Difference
from didithelp.decision import Verdict
from didithelp.differences import differences
from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.metric import Direction, Metric, direction_of, margin_in, metric_of
from didithelp.runs import runs_of_all
from didithelp.settings import Pairing, SelectionSet, Settings

ENGLISH = Words("en")


def compare(
    reference: Arm,
    candidates: Sequence[Arm],
    *,
    alpha: float,
    metric: str,
    direction: Direction,
    margin: float | str,
    resamples: int,
    seed: int,
    pairing: Pairing,
    selected_on: SelectionSet,
    looks: tuple[int, ...],
    run_ids: Sequence[str | None] | None = None,
) -> Comparison:
    """Difference of each candidate minus `reference`, with a verdict on each.

    Candidates are never compared with each other: to call one the best would be a
    further selection.

    Args:
        reference: what the candidates are compared with.
        candidates: one or more.
        alpha: two-sided error rate of all candidates together, in (0, 0.5).
        metric: name of the one that decides.
        direction: whether "higher" or "lower" is better; "auto" where the name tells.
        margin: difference in the metric that would matter, in its own unit, or a text
            that `metric.margin_in` understands.
        resamples: of the sign-flip test, which never decides; 1 to 1,000,000.
        seed: of the same test; 0 or more.
        pairing: "seed" pairs runs where both arms have the same seeds.
        selected_on: what recipe, epoch and checkpoint were chosen on; "test" allows no
            verdict.
        looks: planned numbers of seeds, the rows of an arm's metrics being in the order
            of the seeds. The answer is that of the first look after which nothing is
            open, else that of the last one for which there are seeds.
        run_ids: tracking ids of reference and candidates, copied to the answer.

    Raises:
        Refusal: the arms must not be compared.
        ValueError: a parameter is wrong, or there is no candidate.
    """
    settings = Settings(
        alpha=alpha,
        metric=metric,
        direction=direction_of(direction),
        margin=margin,
        resamples=resamples,
        seed=seed,
        pairing=pairing,
        selected_on=selected_on,
        looks=looks,
    )
    if not candidates:
        raise ValueError("candidates must hold at least one arm, got none")
    arms = [reference, *candidates]
    deciding = metric_of(metric, settings.direction)
    refuse_incomparable(arms, deciding)
    run_ids = [None] * len(arms) if run_ids is None else run_ids
    taken = looking.take(arms, deciding, settings) if settings.looks else None
    seen = arms if taken is None else taken.arms
    numbers = _numbers(seen, deciding, settings, run_ids, taken)
    return _with_words(numbers, seen)


def _numbers(
    arms: Sequence[Arm],
    metric: Metric,
    settings: Settings,
    run_ids: Sequence[str | None],
    taken: looking.Taken | None,
) -> Comparison:
    """The whole answer, with its sentence and its warnings still empty."""
    runs, metric = runs_of_all(arms, metric)
    if taken is None:
        all_differences = differences(runs, metric, settings)
    else:
        all_differences = taken.differences
    primary = [difference for difference in all_differences if difference.is_primary]
    return Comparison(
        scope=_scope(primary),
        not_covered=_not_covered(primary),
        alpha=settings.alpha,
        margin=margin_in(metric, settings.margin),
        resamples=settings.resamples,
        analysis_seed=settings.seed,
        pairing=settings.pairing,
        selected_on=settings.selected_on,
        family_size=len(arms) - 1,
        primary_metric=metric.name,
        dataset=shared_data.dataset(arms),
        test_set=shared_data.test_set(arms),
        reference=runs[0].name,
        arms=tuple(
            describing.describe(arm, runs_of_arm, arms[0], run_id)
            for arm, runs_of_arm, run_id in zip(arms, runs, run_ids, strict=True)
        ),
        differences=all_differences,
        verdict=_verdict(primary),
        sentence="",
        warnings=(),
        warning_codes=(),
        metric=metric,
        looks=taken.looks if taken else None,
    )


def _with_words(numbers: Comparison, arms: Sequence[Arm]) -> Comparison:
    """The answer with its sentence and warnings, which the file has in English."""
    codes = caveats.find(numbers, arms)
    return replace(
        numbers,
        sentence=" ".join(sentences.answers(numbers, ENGLISH)),
        warnings=tuple(sentences.warning(caveat, ENGLISH) for caveat in codes),
        warning_codes=tuple(codes),
    )


def _verdict(primary: Sequence[Difference]) -> Verdict | dict[str, Verdict]:
    """The verdict on one candidate; of several, the verdict on each by its name."""
    if len(primary) == 1:
        return primary[0].verdict
    return {difference.candidate: difference.verdict for difference in primary}


def _not_covered(primary: Sequence[Difference]) -> tuple[str, ...]:
    """What no verdict is about, in English."""
    has_clusters = all(difference.num_clusters is not None for difference in primary)
    parts = caveats.uncovered(has_clusters=has_clusters)
    return tuple(ENGLISH(f"not_covered.{part}") for part in parts)


def _scope(primary: Sequence[Difference]) -> str:
    """What all verdicts are about, in English; a single one may be about more."""
    scopes = {difference.scope for difference in primary}
    return ENGLISH(f"scopes.{Scope.MIXED}") if len(scopes) > 1 else scopes.pop()
