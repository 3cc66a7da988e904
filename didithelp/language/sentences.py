"""What the report says in words about a comparison: title, answer, warnings, notes.

The English answers are also those of `comparison.json`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from didithelp import decision
from didithelp.ablation import Ablation, Judged
from didithelp.comparison import Caveat, Comparison, Dataset, Difference, SinglePair
from didithelp.language import looks
from didithelp.language.words import Words, clean, code_of
from didithelp.requirement import Requirement, failing


def title(comparison: Comparison, words: Words) -> str:
    """The arms and the data; after a fall-back that comes first, in capitals."""
    names = [clean(arm.name) for arm in comparison.arms]
    text = words("title", candidates=words.list(names[1:]), reference=names[0])
    return on_data(text, comparison.dataset, words)


def on_data(text: str, dataset: Dataset, words: Words) -> str:
    """A title with the data; after a fall-back that comes first, in capitals."""
    if dataset.name is not None:
        text = words("title_on_data", title=text, dataset=clean(dataset.name))
    if dataset.fallback is None or dataset.requested is None:
        return text
    return words("title_fallback", requested=clean(dataset.requested), title=text)


def answers(comparison: Comparison, words: Words) -> list[str]:
    """The answer on each candidate in turn, then that of planned looks on all."""
    return [
        *(answer(comparison, each, words) for each in comparison.primary),
        *looks.answers(comparison, words),
    ]


def answer(comparison: Comparison, difference: Difference, words: Words) -> str:
    """The verdict on one candidate with its evidence, in points (0.01 of accuracy).

    Args:
        comparison: its `reference`, `alpha`, `margin` and `arms` must be there.
        difference: one of its primary ones.
        words: of the language of the answer.
    """
    return _Answer(comparison, difference, words).text()


def requirement(comparison: Comparison, required: Requirement, words: Words) -> str:
    """Whether the answer meets what is required; empty where nothing is."""
    if not required:
        return ""
    wanted = words(f"requirements.{required}", margin=words.points(comparison.margin))
    names = failing(comparison, required)
    if not names:
        return words("requirement_met", requirement=wanted)
    return words("requirement_missed", requirement=wanted, names=words.list(names))


def warning(caveat: Caveat, words: Words) -> str:
    """One warning of `didithelp.caveats` in words."""
    return words(f"warnings.{caveat.code}", **caveat.values)


def reasons_and_flags(judged: Difference | Judged, words: Words) -> str:
    """Why there is no verdict, and what else there is to know about it."""
    flags = [words(f"flags.{flag}") for flag in judged.flags]
    return words.clauses([*reasons(judged.reasons, words), *flags])


def reasons(codes: Sequence[str], words: Words) -> list[str]:
    """Why there is no verdict, by the codes of `decision.Decision`."""
    least = {
        "least_seeds": decision.LEAST_SEEDS,
        "least_images": decision.LEAST_DISCORDANT,
    }
    return [words(f"reasons.{code}", **least) for code in codes]


def data(found: Comparison | Ablation, words: Words) -> str:
    """The data set and its size."""
    dataset = found.dataset
    if dataset.name is None or dataset.counts is None:
        return words("unknown_data")
    counts = {split: words.count(num) for split, num in dataset.counts.items()}
    return words("data", name=clean(dataset.name), **counts)


def choices(comparison: Comparison, words: Words) -> str:
    """The parameters of the decision."""
    return words(
        "choices",
        alpha=words.plain(comparison.alpha),
        margin=words.points(comparison.margin),
        pairing=words(f"pairings.{comparison.pairing}"),
        candidates=comparison.family_size,
        selected_on=words(f"selection_sets.{comparison.selected_on}"),
    )


def scope(comparison: Comparison, words: Words) -> str:
    """What the verdict is about."""
    return words(f"scopes.{code_of('scopes', comparison.scope)}")


def not_covered(found: Comparison | Ablation, words: Words) -> str:
    """What the verdict is not about."""
    codes = [code_of("not_covered", text) for text in found.not_covered]
    return words.clauses([words(f"not_covered.{code}") for code in codes])


def notes(comparison: Comparison, words: Words) -> list[str]:
    """What the numbers cover, and how it was decided."""
    test_set = comparison.test_set
    return [
        words("note_scope", scope=scope(comparison, words)),
        words("note_not_covered", parts=not_covered(comparison, words)),
        choices(comparison, words),
        words("note_data", data=data(comparison, words)),
        *([words("note_test_set", digest=test_set.sha256)] if test_set.sha256 else []),
        words("note_secondary"),
        words("note_plan"),
    ]


class _Answer:
    """The sentences about one candidate, built from its difference."""

    def __init__(
        self, comparison: Comparison, difference: Difference, words: Words
    ) -> None:
        self._difference, self._words = difference, words
        self._reference = comparison.arm(comparison.reference)
        self._candidate = comparison.arm(difference.candidate)
        self._margin = words.points(comparison.margin)
        self._alpha = comparison.level(difference)
        self._old, self._new = comparison.reference, difference.candidate

    def text(self) -> str:
        """The sentences that the verdict and its reasons ask for."""
        difference = self._difference
        if difference.verdict in ("better", "worse"):
            return self._shown()
        if difference.verdict == "equivalent":
            return self._equivalence()
        if difference.single_pair is not None:
            return self._two_networks(difference.single_pair)
        if difference.reasons == ("interval_too_wide",):
            return self._undecided()
        return self._words(
            "reasons_sentence",
            reasons=self._reasons(difference.reasons),
            new=self._new,
            old=self._old,
            estimate=self._estimate(),
        )

    def _shown(self) -> str:
        difference, words = self._difference, self._words
        exceeds = "exceeds_margin" in difference.flags
        margin = words(
            "exceeds_margin" if exceeds else "within_margin", margin=self._margin
        )
        return words(
            "difference_sentence",
            new=self._new,
            old=self._old,
            verdict=words(difference.verdict),
            size=self._measure(abs(difference.delta)),
            evidence=self._evidence(size_only=True),
            p=self._p(),
            errors=self._errors(),
            margin=margin,
        )

    def _equivalence(self) -> str:
        difference, words = self._difference, self._words
        text = words(
            "equivalence_sentence",
            new=self._new,
            old=self._old,
            margin=self._margin,
            delta=self._measure(difference.delta, "+"),
            evidence=self._evidence(),
            p=words.p_clause(difference.p_tost_holm, self._alpha),
            errors=self._errors(),
        )
        if "detectable_below_margin" in difference.flags:
            text += f" {words('detectable', p=self._p())}"
        if "identical_predictions" in difference.flags:
            text += f" {words('identical')}"
        return text

    def _undecided(self) -> str:
        difference, words = self._difference, self._words
        mde = math.nan if difference.mde80 is None else difference.mde80
        text = words(
            "undecided_sentence",
            new=self._new,
            old=self._old,
            margin=self._margin,
            estimate=self._estimate(),
            mde=self._with_unit(mde, words.significant(100 * mde)),
        )
        seeds = difference.seeds_needed_for_margin
        if seeds is None:
            text = words.clauses([text, words("no_seeds_enough")])
        elif seeds > min(difference.num_seeds):
            text = words.clauses([text, words("seeds_take", seeds=seeds)])
        return f"{text}."

    def _two_networks(self, pair: SinglePair) -> str:
        difference, words = self._difference, self._words
        low, high = (self._points(bound) for bound in pair.ci95)
        reasons = [reason for reason in difference.reasons if reason != "too_few_seeds"]
        return words(
            "two_networks_sentence",
            reasons=self._reasons(reasons),
            images=words.count(difference.num_examples),
            new=self._new,
            old=self._old,
            only_new=words.count(pair.table.only_candidate_right),
            only_old=words.count(pair.table.only_reference_right),
            delta=self._measure(difference.delta, "+"),
            low=low,
            high=high,
            p=words.p_clause(pair.p),
        )

    def _reasons(self, codes: Sequence[str]) -> str:
        return self._words.clauses(reasons(codes, self._words))

    def _estimate(self) -> str:
        words, evidence = self._words, self._evidence()
        if self._difference.p_holm is not None:
            evidence = words.clauses([evidence, self._p()])
        delta = self._measure(self._difference.delta, "+")
        return words("estimate", delta=delta, evidence=evidence)

    def _evidence(self, *, size_only: bool = False) -> str:
        """Interval and sample sizes.

        `size_only` turns the interval of a loss around, so that it is one of its size.
        """
        difference, words = self._difference, self._words
        first, second = difference.num_seeds
        sizes = words.plural("paired_seeds", first)
        if not difference.paired:
            sizes = words("unpaired_seeds", first=first, second=second)
        images = words("this_test_set")
        if difference.num_examples is not None:
            images = words("images", count=words.count(difference.num_examples))
        sizes = f"{sizes}, {images}"
        interval = difference.verdict_interval
        if interval.low is None or interval.high is None:
            return sizes
        sign = -1 if size_only and difference.delta < 0 else 1
        bounds = sorted(sign * bound for bound in (interval.low, interval.high))
        low, high = map(self._points, bounds)
        level = words.plain(100 * interval.level)
        return words("ci", level=level, low=low, high=high, sizes=sizes)

    def _p(self) -> str:
        return self._words.p_clause(self._difference.p_holm, self._alpha)

    def _errors(self) -> str:
        before, after = (
            self._words.percent(arm.test_error)
            for arm in (self._reference, self._candidate)
        )
        return self._words("errors", before=before, after=after)

    def _points(self, fraction: float, sign: str = "") -> str:
        """A fraction in points, with the decimals that show three digits of `delta`.

        One to three decimals: all numbers of an answer have the same.
        """
        size = 100 * abs(self._difference.delta)
        decimals = 2
        if size:
            decimals = min(3, max(1, 2 - math.floor(math.log10(size))))
        return self._words.number(100 * fraction, decimals, sign)

    def _measure(self, fraction: float, sign: str = "") -> str:
        """A fraction in points with the unit: '+0.52 points'."""
        return self._with_unit(fraction, self._points(fraction, sign))

    def _with_unit(self, fraction: float, points: str) -> str:
        """The number with its unit; the language decides which is singular."""
        return self._words.plural("measure", 100 * abs(fraction), points=points)
