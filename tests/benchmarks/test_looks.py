"""The benchmark of planned looks: its rules are those that a comparison follows."""

import pytest

from benchmarks import looks
from didithelp.effects import Effect


def effect(delta, num_seeds, seed=4e-7, item=4e-7):
    terms = (seed * 5 / num_seeds,), item, (0.0,)
    return Effect(delta, *terms, (num_seeds,), 10_000, 500)


def followed(rule, *deltas, **noise):
    """Verdict and seeds where the looks find these differences."""
    (chosen,) = (each for each in looks.RULES if each.name == rule)
    found = {
        seeds: effect(delta, seeds, **noise)
        for seeds, delta in zip(looks.PLAN, deltas, strict=True)
    }
    return looks.follow(chosen, found)


@pytest.mark.parametrize(
    ("rule", "deltas", "expected"),
    [
        ("5 seeds", (0.0, 0.01, 0.01), ("inconclusive", 5)),
        ("20 seeds", (0.01, 0.01, 0.0), ("inconclusive", 20)),
        ("looks", (0.01, 0.0, 0.0), ("better", 5)),
        ("looks", (0.0012, -0.01, 0.0), ("worse", 10)),
        ("looks", (0.0, 0.01, 0.01), ("inconclusive", 5)),
        ("looks to the end", (0.0, 0.0, 0.01), ("better", 20)),
        ("naive", (0.0021, 0.0, 0.0), ("better", 5)),
        ("looks to the end", (0.0021, 0.0, 0.0), ("inconclusive", 20)),
    ],
)
def test_a_rule_stops_where_its_level_says(rule, deltas, expected):
    assert followed(rule, *deltas) == expected


def test_runs_without_any_noise_are_not_given_up():
    assert followed("looks", 0.5, 0.5, 0.5, seed=0.0, item=0.0)[1] == 20


def test_a_table_has_a_row_for_every_rule():
    [(truth, counts)] = looks.run(looks.truths()[:1], 2, 1)
    lines = list(looks.rows(truth, counts, 2))
    assert len(lines) == len(looks.RULES)
    assert all(line.startswith("| equal | ") for line in lines)
    assert lines[0].endswith(" | 5.0 |") and lines[1].endswith(" | 20.0 |")
