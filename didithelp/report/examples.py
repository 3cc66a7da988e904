"""The section of a report on single examples: which of their scores change most."""

from __future__ import annotations

import numpy as np

from didithelp.example_scores import Scores
from didithelp.language import quantity
from didithelp.language.quantity import Quantity
from didithelp.report.document import Block, Table
from didithelp.report.material import ComparisonMaterial
from didithelp.runs import scores_of

MOST_SHOWN = 5  # examples that get better, and that get worse, per candidate


def changes(material: ComparisonMaterial) -> list[Block]:
    """A table per candidate; none where the arms have no scores of examples."""
    comparison, words = material.comparison, material.words
    reference, *candidates = (
        scores_of(arm, comparison.metric) for arm in material.arms
    )
    if reference is None:
        return []
    about = quantity.of_comparison(comparison, words)
    tables = [
        _table(reference, scores, (material.names[0], name), about)
        for name, scores in zip(material.names[1:], candidates, strict=True)
        if scores is not None
    ]
    return [table for table in tables if table.rows]


def _table(
    reference: Scores, candidate: Scores, names: tuple[str, str], about: Quantity
) -> Table:
    """The examples that change most, from the best change to the worst."""
    before = reference.values.mean(axis=0)
    after = candidate.in_order_of(reference).values.mean(axis=0)
    change = after - before
    gain = change if about.metric.higher_is_better else -change
    order = np.argsort(-gain, kind="stable")
    better = [place for place in order[:MOST_SHOWN] if gain[place] > 0]
    worse = [place for place in order[::-1][:MOST_SHOWN] if gain[place] < 0]
    rows = [
        [
            str(reference.examples[place]),
            about.significant(before[place]),
            about.significant(after[place]),
            about.significant(change[place], "+"),
        ]
        for place in (*better, *reversed(worse))
    ]
    levels = map(about.in_level_unit, names)
    header = [about.words("example"), *levels, about.difference_column]
    return Table(header, rows, about.words("caption_examples", metric=about.name))
