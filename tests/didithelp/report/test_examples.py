"""The examples whose scores change most, by their ids."""

import dataclasses

import numpy as np
import pytest

from didithelp.arm import METRIC_COLUMNS
from didithelp.example_scores import Scores
from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.report import examples, sections, tables
from didithelp.report.report import Report
from tests.didithelp.builders import accuracies_only, baseline, judge


def scored(name, values, *, ids=None, metric=None, clusters=None):
    """An arm of which only the scores of (runs, examples) are known."""
    values = np.array(values, float)
    arm = accuracies_only(baseline(num_runs=len(values), name=name))
    ids = [f"q{place}" for place in range(values.shape[1])] if ids is None else ids
    scores = Scores(metric, np.array(ids), values, clusters)
    metrics = arm.metrics.assign(**dict.fromkeys(METRIC_COLUMNS, np.nan))
    return dataclasses.replace(arm, metrics=metrics, scores=scores)


def material(*arms, language="en", **changes):
    result = judge(*arms, **{"margin": "none"} | changes)
    return Report(result, arms, language=language)._material


BEFORE = [[1, 0, 0, 1, 1], [1, 0, 1, 1, 0], [1, 0, 0, 1, 1]]
AFTER = [[1, 1, 1, 0, 1], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_examples_that_change_are_named_the_best_change_first():
    arms = scored("plain", BEFORE), scored("new", AFTER)
    (table,) = examples.changes(material(*arms, metric="exact_match"))
    assert table.header == ["example", "plain, %", "new, %", "difference, points"]
    assert table.rows == [
        ["q1", "0", "100", "+100"],
        ["q2", "33", "100", "+67"],
        ["q3", "100", "67", "-33"],
    ]
    assert "exact_match" in table.caption


def test_a_lower_loss_is_the_better_change_and_ids_may_be_in_another_order():
    before = np.array([[1.0, 2.0, 3.0], [1.1, 2.1, 3.0], [1.2, 1.9, 3.0]])
    after = before[:, ::-1] + [[0.0, 0.5, -0.25]]
    arms = (
        scored("a", before, ids=["x", "y", "z"]),
        scored("b", after, ids=["z", "y", "x"]),
    )
    (table,) = examples.changes(material(*arms, metric="nll"))
    assert table.rows == [
        ["x", "1.1", "0.85", "-0.25"],
        ["y", "2.0", "2.5", "+0.50"],
    ]


def test_without_scores_there_is_no_such_table():
    arms = [accuracies_only(baseline(0.2, name=name)) for name in "ab"]
    assert examples.changes(material(*arms)) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_right_and_wrong_of_another_metric_is_told_seed_by_seed(language):
    arms = scored("plain", BEFORE), scored("new", AFTER)
    found = material(*arms, metric="exact_match", language=language)
    (table,) = sections.seed_by_seed(found)
    assert [row[:4] for row in table.rows] == [
        *(["0", "2", "1", "+1"], ["1", "1", "0", "+1"], ["2", "2", "0", "+2"])
    ]
    assert "exact_match" in table.caption
    assert "image" not in table.caption


@pytest.mark.parametrize(
    ("language", "expected", "caption"),
    [
        ("en", "300 examples in 50 groups", "counts a group as one piece of evidence"),
        ("fr", "300 exemples en 50 groupes", "compte un groupe comme une seule preuve"),
    ],
)
def test_groups_of_examples_are_counted_and_said(language, expected, caption):
    rng = np.random.default_rng(0)
    groups = np.arange(300) // 6
    arms = [
        scored(name, rng.random((3, 300)) < chance, clusters=groups)
        for name, chance in (("a", 0.5), ("b", 0.8))
    ]
    words = Words(language)
    result = judge(*arms, metric="exact_match", margin="none")
    assert expected in " ".join(sentences.answers(result, words))
    assert caption in tables.headline(result, words).caption
