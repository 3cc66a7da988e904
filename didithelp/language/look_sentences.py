"""What is said in words about planned looks: a line on each, and what came of them."""

from __future__ import annotations

from didithelp.comparison import Comparison, Look, Looks
from didithelp.language.words import Words, clean


def line(look: Look, found: Looks, words: Words) -> str:
    """What one look saw: 'look at 5 of 20 seeds: worse (p < .001, level .018)'."""
    p = look.p_tost_holm if look.verdict == "equivalent" else look.p_holm
    return words(
        "look_line",
        seeds=look.num_seeds,
        most=found.planned[-1],
        state=state(look, found, words),
        p=words.p_clause(p, look.level),
        level=words.plain(look.level),
    )


def state(look: Look, found: Looks, words: Words) -> str:
    """The verdict, or whether another look is to come."""
    if look.verdict != "inconclusive" or look.num_seeds == found.planned[-1]:
        return words(look.verdict)
    return words("look_open" if look.hopeless is None else "look_given_up")


def answers(comparison: Comparison, words: Words) -> list[str]:
    """How sure each candidate's answer is, and what that has saved, as one paragraph.

    Without planned looks there is none.
    """
    found = comparison.looks
    if found is None:
        return []
    planned = [words.count(seeds) for seeds in found.planned]
    levels = [words.plain(level) for level in found.levels]
    texts = [
        words("looks_plan", planned=words.list(planned), levels=words.list(levels)),
        *(
            _answer(found.last(difference.candidate), found, words)
            for difference in comparison.primary
        ),
    ]
    saved = len(comparison.arms) * found.saved_seeds - found.unused_runs
    if saved > 0:
        texts.append(words.plural("saved_runs", saved))
    return [" ".join(texts)]


def _answer(look: Look, found: Looks, words: Words) -> str:
    """Whether one candidate's answer is sure, and what is missing if not."""
    most = found.planned[-1]
    values = {"candidate": clean(look.candidate), "seeds": look.num_seeds, "most": most}
    if look.hopeless is not None:
        why = words(f"hopeless.{look.hopeless}", most=most)
        return words("looks_given_up", **values, why=why)
    if look.verdict != "inconclusive":
        return words("looks_sure", **values)
    if look.num_seeds == most:
        return words("looks_undecided", **values)
    following = next(seeds for seeds in found.planned if seeds > look.num_seeds)
    return words("looks_open", **values, next=following)
