"""What the report says in words about a comparison: title, answer, warnings, notes.

The English answers are also those of `comparison.json`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from didithelp import decision
from didithelp.ablation import Ablation, Judged
from didithelp.comparison import Caveat, Comparison, Dataset, Difference, SinglePair
from didithelp.language import look_sentences, quantity
from didithelp.language.words import Words, clean, code_of
from didithelp.metric import TEST_ACCURACY
from didithelp.requirement import Requirement, failing


def title(comparison: Comparison, words: Words) -> str:
    """Arms, metric and data; after a fall-back that comes first, in capitals."""
    names = [clean(arm.name) for arm in comparison.arms]
    about = quantity.of_comparison(comparison, words)
    text = about.text("title", candidates=words.list(names[1:]), reference=names[0])
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
        *look_sentences.answers(comparison, words),
    ]


def answer(comparison: Comparison, difference: Difference, words: Words) -> str:
    """The verdict on one candidate with its evidence, in the unit of the metric.

    Args:
        comparison: its `reference`, `alpha`, `margin` and `arms` must be there.
        difference: one of its primary ones.
        words: of the language of the answer.
    """
    return _Answer(comparison, difference, words).text()


def outcome(comparison: Comparison, difference: Difference, words: Words) -> str:
    """The verdict on one candidate in short: 'worse, -0.57 points'."""
    written = quantity.of_outcome(comparison, difference, words)
    size = written.measure(difference.delta, "+")
    return words("outcome", verdict=words(difference.verdict), difference=size)


def requirement(comparison: Comparison, required: Requirement, words: Words) -> str:
    """Whether the answer meets what is required; empty where nothing is."""
    if not required:
        return ""
    wanted = words(f"requirements.{required}", margin=_margin(comparison, words))
    names = failing(comparison, required)
    if not names:
        return words("requirement_met", requirement=wanted)
    return words("requirement_missed", requirement=wanted, names=words.list(names))


def warning(caveat: Caveat, words: Words) -> str:
    """One warning of `didithelp.caveats` in words."""
    return words(f"warnings.{caveat.code}", **caveat.values)


def reasons_and_flags(difference: Difference, words: Words) -> str:
    """Why there is no verdict, and what else there is to know about it."""
    return evidence(difference, difference.metric, words)


def evidence(judged: Difference | Judged, metric: str, words: Words) -> str:
    """The same of whatever is judged by a metric."""
    flags = [words(f"flags.{flag}") for flag in judged.flags]
    return words.clauses([*reasons(judged.reasons, metric, words), *flags])


def reasons(codes: Sequence[str], metric: str, words: Words) -> list[str]:
    """Why there is no verdict by a metric, a text for each code of a decision."""
    least = {
        "least_seeds": decision.LEAST_SEEDS,
        "least_images": decision.LEAST_DISCORDANT,
        "least_clusters": decision.LEAST_CLUSTERS,
    }
    texts = {code: words(f"reasons.{code}", **least) for code in codes}
    if metric != TEST_ACCURACY.name:
        images = {"few_discordant_examples"} & texts.keys()
        texts |= {code: words(f"other_metric.{code}", **least) for code in images}
    return list(texts.values())


def _margin(comparison: Comparison, words: Words) -> str:
    """The margin with its unit; empty without one."""
    if comparison.margin is None:
        return ""
    about = quantity.of_comparison(comparison, words)
    return about.parameter(comparison.margin)


def data(found: Comparison | Ablation, words: Words) -> str:
    """The data set and its size."""
    dataset = found.dataset
    if dataset.name is None or dataset.counts is None:
        return words("unknown_data")
    counts = {split: words.count(num) for split, num in dataset.counts.items()}
    return words("data", name=clean(dataset.name), **counts)


def choices(comparison: Comparison, words: Words) -> str:
    """The parameters of the decision."""
    margin = words("no_margin_chosen")
    if comparison.margin is not None:
        about = quantity.of_comparison(comparison, words)
        margin = about.text("margin_chosen", margin=_margin(comparison, words))
    return words(
        "choices",
        alpha=words.plain(comparison.alpha),
        margin=margin,
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
    texts = {code: words(f"not_covered.{code}") for code in codes}
    if found.metric != TEST_ACCURACY:
        images = {"clustered_images"} & texts.keys()
        texts |= {code: words(f"other_metric.{code}") for code in images}
    return words.clauses(list(texts.values()))


def notes(comparison: Comparison, words: Words) -> list[str]:
    """What the numbers cover, and how it was decided."""
    test_set, chosen = comparison.test_set, metric_chosen(comparison, words)
    plan = "note_plan" if comparison.margin is not None else "note_plan_without_margin"
    return [
        *([words("note_metric", metric=chosen)] if chosen else []),
        words("note_scope", scope=scope(comparison, words)),
        words("note_not_covered", parts=not_covered(comparison, words)),
        choices(comparison, words),
        words("note_data", data=data(comparison, words)),
        *([words("note_test_set", digest=test_set.sha256)] if test_set.sha256 else []),
        *secondary_notes(comparison, words),
        words(plan),
    ]


def groups_counted(comparison: Comparison, words: Words) -> list[str]:
    """How examples in groups are counted; nothing where each counts by itself."""
    has_groups = any(each.num_clusters is not None for each in comparison.primary)
    return [words("groups_counted")] if has_groups else []


def counted(comparison: Comparison, words: Words) -> str:
    """What the intervals of a metric count: the seeds, and the examples if known."""
    has_examples = any(each.num_examples is not None for each in comparison.primary)
    key = "counted_examples" if has_examples else "counted_seeds"
    return words(f"other_metric.{key}")


def metric_chosen(comparison: Comparison, words: Words) -> str:
    """The metric with its unit and which way is better; empty for test accuracy."""
    about = quantity.of_comparison(comparison, words)
    return "" if about.is_accuracy else about.text("metric_chosen")


def secondary_notes(comparison: Comparison, words: Words) -> list[str]:
    """What is true of all metrics that do not decide; none where there are none."""
    about = quantity.of_comparison(comparison, words)
    if about.is_accuracy:
        return [words("note_secondary")]
    names = dict.fromkeys(
        quantity.name_of(each.metric, words)
        for each in comparison.differences
        if each.metric != comparison.primary_metric
    )
    if not names:
        return []
    return [about.text("note_secondary", names=words.list(list(names)))]


class _Answer:
    """The sentences about one candidate, built from its difference."""

    def __init__(
        self, comparison: Comparison, difference: Difference, words: Words
    ) -> None:
        self._difference, self._words = difference, words
        self._comparison = comparison
        self._quantity = quantity.of_sentence(comparison, difference, words)
        self._margin = _margin(comparison, words)
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
            reasons=self._reasons(),
            new=self._new,
            old=self._old,
            estimate=self._estimate(),
        )

    def _shown(self) -> str:
        difference, words = self._difference, self._words
        text = words(
            "difference_sentence",
            new=self._new,
            old=self._old,
            verdict=words(difference.verdict),
            size=self._quantity.measure(abs(difference.delta)),
            evidence=self._evidence(size_only=True),
            p=self._p(),
            levels=self._levels(),
        )
        if self._comparison.margin is not None:
            exceeds = "exceeds_margin" in difference.flags
            key = "exceeds_margin" if exceeds else "within_margin"
            text += f" {words(key, margin=self._margin)}"
        return text

    def _equivalence(self) -> str:
        difference, words = self._difference, self._words
        text = words(
            "equivalence_sentence",
            new=self._new,
            old=self._old,
            margin=self._margin,
            delta=self._quantity.measure(difference.delta, "+"),
            evidence=self._evidence(),
            p=words.p_clause(difference.p_tost_holm, self._alpha),
            levels=self._levels(),
        )
        if "detectable_below_margin" in difference.flags:
            text += f" {words('detectable', p=self._p())}"
        if "identical_predictions" in difference.flags:
            text += f" {words('identical')}"
        return text

    def _undecided(self) -> str:
        difference, words = self._difference, self._words
        mde = math.nan if difference.mde80 is None else difference.mde80
        parts = {
            "new": self._new,
            "old": self._old,
            "estimate": self._estimate(),
            "mde": self._quantity.rough_measure(mde),
        }
        if self._comparison.margin is None:
            return words("undecided_without_margin", **parts)
        text = words("undecided_sentence", margin=self._margin, **parts)
        seeds = difference.seeds_needed_for_margin
        if seeds is None:
            text = words.clauses([text, words("no_seeds_enough")])
        elif seeds > min(difference.num_seeds):
            text = words.clauses([text, words("seeds_take", seeds=seeds)])
        return f"{text}."

    def _two_networks(self, pair: SinglePair) -> str:
        difference, words = self._difference, self._words
        low, high = map(self._quantity.number, pair.ci95)
        return self._quantity.text(
            "two_networks_sentence",
            reasons=self._reasons(without=["too_few_seeds"]),
            images=words.count(difference.num_examples),
            new=self._new,
            old=self._old,
            only_new=words.count(pair.table.only_candidate_right),
            only_old=words.count(pair.table.only_reference_right),
            delta=self._quantity.measure(difference.delta, "+"),
            low=low,
            high=high,
            p=words.p_clause(pair.p),
        )

    def _reasons(self, without: Sequence[str] = ()) -> str:
        codes = [code for code in self._difference.reasons if code not in without]
        return self._words.clauses(reasons(codes, self._difference.metric, self._words))

    def _estimate(self) -> str:
        words, evidence = self._words, self._evidence()
        if self._difference.p_holm is not None:
            evidence = words.clauses([evidence, self._p()])
        delta = self._quantity.measure(self._difference.delta, "+")
        return words("estimate", delta=delta, evidence=evidence)

    def _evidence(self, *, size_only: bool = False) -> str:
        """Interval and sample sizes.

        `size_only` turns the interval of a loss around, so that it is one of its size.
        """
        difference, words = self._difference, self._words
        first, second = difference.num_seeds
        sizes = words.plural("paired_seeds", first)
        if not difference.paired:
            sizes = words("unpaired_runs", first=first, second=second)
        sizes = f"{sizes}, {self._examples()}"
        interval = difference.verdict_interval
        if interval.low is None or interval.high is None:
            return sizes
        sign = -1 if size_only and difference.delta < 0 else 1
        bounds = sorted(sign * bound for bound in (interval.low, interval.high))
        low, high = map(self._quantity.number, bounds)
        level = words.plain(100 * interval.level)
        return words("ci", level=level, low=low, high=high, sizes=sizes)

    def _examples(self) -> str:
        """What the answer counts besides the seeds: '10,000 images'."""
        num_examples = self._difference.num_examples
        if num_examples is None:
            return self._quantity.text("this_test_set")
        text = self._quantity.text("images", count=self._words.count(num_examples))
        groups = self._difference.num_clusters
        if groups is None:
            return text
        return self._words("in_groups", examples=text, groups=self._words.count(groups))

    def _p(self) -> str:
        return self._words.p_clause(self._difference.p_holm, self._alpha)

    def _levels(self) -> str:
        """The mean of each arm: of an accuracy its error."""
        arms = [self._comparison.arm(name) for name in (self._old, self._new)]
        if self._quantity.is_accuracy:
            before, after = (self._words.percent(arm.test_error) for arm in arms)
        else:
            name = self._comparison.primary_metric
            before, after = self._quantity.levels(
                *(arm.summary(name).mean for arm in arms)
            )
        return self._quantity.text("levels", before=before, after=after)
