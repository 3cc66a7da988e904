"""Tells whether runs were given the same data, as far as MLflow has noted it.

MLflow's digest covers the beginning of a data set alone, and changes with every step
that prepares it: other digests need not be other examples. So they are a warning; other
names as well, of what the runs were tested on, forbid the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from didithelp.arm import Remark
from didithelp.errors import Refusal
from didithelp_mlflow.runs import DataUsed, Run

# What users and MLflow's own functions call the examples that a metric is computed on.
_TESTS = ("test", "testing", "eval", "evaluation", "validation", "val")
_PLACEHOLDER = "dataset"  # the name that MLflow gives to what has none


def remarks(
    names: tuple[str, str],
    reference: Mapping[int, Run],
    candidate: Mapping[int, Run],
    *,
    is_paired: bool,
) -> list[Remark] | None:
    """What is to be said of the data of a candidate; None if nothing can be checked.

    Args:
        names: of the reference and of the candidate.
        reference: its finished runs by seed.
        candidate: its finished runs by seed.
        is_paired: whether runs of one seed belong together: such runs are held against
            each other, for a seed may choose the examples.

    Raises:
        Refusal: the data that both were tested on have different names and digests.
    """
    seeds = sorted(reference.keys() & candidate.keys()) if is_paired else []
    pairs = [(_by_context([reference[s]]), _by_context([candidate[s]])) for s in seeds]
    if not pairs:
        pairs = [(_by_context(reference.values()), _by_context(candidate.values()))]
    if not any(first.keys() & second.keys() for first, second in pairs):
        return None
    differing = set()
    for first, second in pairs:
        for context in first.keys() & second.keys():
            if _digests(first[context]) != _digests(second[context]):
                differing.add(context)
                _refuse_other_names(names, context, first[context], second[context])
    if not differing:
        return []
    contexts = sorted(context or "-" for context in differing)
    return [Remark("other_data", {"reference": names[0], "contexts": contexts})]


def _by_context(runs: Iterable[Run]) -> dict[str, frozenset[DataUsed]]:
    used = {each for run in runs for each in run.datasets}
    contexts = {each.context for each in used}
    return {
        context: frozenset(each for each in used if each.context == context)
        for context in contexts
    }


def _digests(used: frozenset[DataUsed]) -> set[str]:
    return {each.digest for each in used}


def _refuse_other_names(
    names: tuple[str, str],
    context: str,
    first: frozenset[DataUsed],
    second: frozenset[DataUsed],
) -> None:
    titles = [{each.name for each in used} - {_PLACEHOLDER} for used in (first, second)]
    if context.lower() not in _TESTS or not all(titles) or titles[0] & titles[1]:
        return
    before, after = (", ".join(sorted(each)) for each in titles)
    raise Refusal(
        "different_test_set",
        f"both arms must be tested on the same data, got {before} in {names[0]} and "
        f"{after} in {names[1]} ({context}); test both on one data set",
    )
