"""Tables for people: what they show agrees with the verdict, in words they can read."""

import pytest

from didithelp.language.words import EMPTY, Words
from didithelp.report import tables
from tests.didithelp.builders import (
    accuracies_only,
    baseline,
    improved,
    judge,
    runs_only,
    with_primary,
)

WORDS = Words("en")


def compare_several(*candidates, error=0.2, **changes):
    return judge(baseline(error), *candidates, **changes)


def cells(table):
    """Column → cell of each row, by the name of the row."""
    names = table.header[1:]
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in table.rows}


def bounds(text):
    low, _, high, *_ = text.split()
    return float(low), float(high)


# --- the headline ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "margin", "verdict", "level"),
    [
        (improved(0.05), 0.02, "better", "95% CI"),
        (improved(0.05), 0.5, "equivalent", "90% CI"),
        (improved(0.2), 0.001, "inconclusive", "95% CI"),
    ],
)
def test_one_candidate_has_the_interval_of_its_verdict(
    candidate, margin, verdict, level
):
    result = judge(baseline(0.2), candidate, margin=margin)
    table = tables.headline(result, WORDS)
    row = cells(table)["improved"]
    found = result.primary[0].verdict_interval
    assert row["verdict"] == verdict
    assert bounds(row[level]) == pytest.approx(
        (100 * found.low, 100 * found.high), abs=0.0005
    )
    assert set(cells(table)["baseline"].values()) >= {EMPTY}
    assert "p" in row


def test_intervals_of_several_candidates_never_contradict_their_verdicts():
    candidates = [
        improved(0.2 - 0.005 * k, name=f"c{k}", diverged=()) for k in range(8)
    ]
    result = compare_several(*candidates)
    verdicts = set()
    for row in list(cells(tables.headline(result, WORDS)).values())[1:]:
        low, high = bounds(row["CI"])
        verdicts.add(row["verdict"])
        assert (low > 0 or high < 0) == (row["verdict"] in ("better", "worse"))
        assert row["CI"].endswith("%)")
    assert verdicts == {"better", "inconclusive"}


def test_p_of_several_candidates_is_said_to_be_adjusted():
    one = tables.headline(compare_several(improved()), WORDS)
    two = tables.headline(compare_several(improved(), improved(name="b")), WORDS)
    assert one.header[6] == "p"
    assert two.header[6] == "p Holm"


def test_without_an_interval_there_is_no_level():
    result = judge(baseline(num_runs=1), improved(num_runs=1))
    row = cells(tables.headline(result, WORDS))["improved (this network)"]
    assert row["CI"] == row["p"] == EMPTY


# --- every difference -----------------------------------------------------------------


def test_every_difference_shows_what_does_not_decide():
    arms = baseline(0.2, num_runs=6), improved(0.05, num_runs=6)
    result = judge(*arms)
    (table,) = tables.difference_tables(result, WORDS)
    assert table.header == [
        *("improved", "accuracy, points", "cross-entropy, nats", "ECE", "Brier score")
    ]
    shown, found = cells(table), result.primary[0]
    accuracy = {name: row["accuracy, points"] for name, row in shown.items()}
    assert accuracy["chance to win (95% CI)"] == "1.00 (0.54 to 1.00)"
    assert accuracy["wins"] == "6/6"
    assert accuracy["p permutation"] == f"{found.sensitivity.sign_flip:.3f}"[1:]
    assert accuracy["p Wilcoxon"] == f"{found.sensitivity.wilcoxon:.3f}"[1:]
    assert accuracy["reasons and flags"] == "exceeds the margin"
    ece = found.calibration.expected_calibration_error
    assert float(shown["difference"]["ECE"]) == pytest.approx(ece.delta, abs=5e-5)
    assert bounds(shown["95% CI"]["Brier score"]) == pytest.approx(
        found.calibration.brier_score.ci95, abs=5e-5
    )
    assert shown["verdict"]["ECE"] == EMPTY


def test_the_interval_of_the_error_reduction_is_shown_where_it_is_known():
    result = judge(baseline(0.2), improved(0.05))
    result = with_primary(result, relative_error_reduction_ci95=(0.651, 0.869))
    (table,) = tables.difference_tables(result, WORDS)
    row = cells(table)["relative error reduction (95% CI)"]
    assert row["accuracy, points"] == "76.0% (65.1 to 86.9)"


def test_the_label_of_the_chance_to_win_is_shown_where_it_is_known():
    result = judge(baseline(0.2), improved(0.05))
    result = with_primary(result, outperformance="not_meaningful")
    (table,) = tables.difference_tables(result, WORDS)
    row = cells(table)["chance to win is"]
    assert row["accuracy, points"] == "not shown to be meaningful"


def test_an_arm_without_predictions_leaves_no_empty_metric():
    result = judge(accuracies_only(baseline(0.2)), accuracies_only(improved(0.05)))
    (table,) = tables.difference_tables(result, WORDS)
    shown = cells(table)
    assert shown["SE images"]["accuracy, points"] == EMPTY
    assert shown["p permutation"]["accuracy, points"] == EMPTY


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "an arm has fewer than 3 finished runs, the least for a verdict; with"),
        ("fr", "un bras a moins de 3 essais finis, le minimum pour un verdict"),
    ],
)
def test_people_read_reasons_in_words(language, expected):
    result = judge(baseline(num_runs=1), improved(num_runs=1))
    (table,) = tables.difference_tables(result, Words(language))
    text = " ".join(cell for row in table.rows for cell in row)
    assert expected in text
    assert "too_few_seeds" not in text


# --- recipes --------------------------------------------------------------------------


def test_a_recipe_is_shown_as_it_is_typed():
    recipes = {"early_stopping_patience": None}, {"early_stopping_patience": 5}
    result = judge(
        *(make(recipe=r) for make, r in zip((baseline, improved), recipes, strict=True))
    )
    assert tables.recipe_changes(result, WORDS).rows == [
        ["early_stopping_patience", "never", "5"]
    ]


# --- other metrics --------------------------------------------------------------------


def judged_runs(metric, first, second, *, margin="none", **others):
    """Two arms with numbers per run; `others` are metrics that both have."""
    arms = (
        runs_only("a", **{metric: first} | others),
        runs_only("b", **{metric: second} | others),
    )
    return judge(*arms, metric=metric, margin=margin), arms


LOSSES = [0.341, 0.346, 0.338, 0.343, 0.344], [0.312, 0.31, 0.313, 0.308, 0.311]


def test_the_headline_is_about_the_metric_in_its_unit():
    result, _ = judged_runs("val_loss", *LOSSES)
    table = tables.headline(result, WORDS)
    assert table.header == [
        *("arm", "seeds", "val_loss, nats", "difference, nats", "95% CI", "p"),
        "verdict",
    ]
    assert table.rows == [
        ["a", "5/5", "0.3424 ± 0.0030", *["-"] * 4],
        ["b", "5/5", "0.3108 ± 0.0019", "-0.0316", "-0.0373 to -0.0259", "< .001"]
        + ["better"],
    ]
    assert "lower is better" in table.caption
    assert "counts the seeds, on these data only" in table.caption
    french = tables.headline(result, Words("fr"))
    assert french.rows[1][2:4] == ["0,3108 ± 0,0019", "-0,0316"]
    assert french.header[2:4] == ["val_loss, nats", "différence, nats"]


def test_large_numbers_have_thousands_and_small_ones_an_exponent():
    result, _ = judged_runs("reward", [-1244.0, -1310.0, -1180.0], [-1120.0] * 3)
    (_, *cells), _ = tables.headline(result, WORDS).rows
    assert cells[1] == "-1,245 ± 65"
    result, _ = judged_runs("mse", [3.1e-9, 3.3e-9, 2.9e-9], [2.1e-9, 2.2e-9, 2.4e-9])
    _, (_, _, level, delta, *_) = tables.headline(result, WORDS).rows
    assert (level, delta) == ("2.23e-9 ± 1.5e-10", "-8.7e-10")


def test_what_is_about_accuracy_is_left_out_of_another_metric():
    result, arms = judged_runs("val_loss", *LOSSES)
    shown = tables.arm_table(result, arms, WORDS)
    assert shown.header == [
        *("arm", "seeds ok/started", "val_loss, nats", "median", "SD", "min", "max")
    ]
    (table,) = tables.difference_tables(result, WORDS)
    assert table.header == ["b", "val_loss, nats"]
    quantities = [row[0] for row in table.rows]
    assert {"wins", "chance to win (95% CI)", "MDE80"} <= set(quantities)
    for unknown in ("relative error reduction (95% CI)", "SE images", "seeds needed"):
        assert unknown not in quantities
    assert tables.cost(result, arms, WORDS) is None


def test_seeds_are_planned_for_the_margin_of_the_metric():
    result, _ = judged_runs("val_loss", *LOSSES, margin=0.005)
    (table,) = tables.difference_tables(result, WORDS)
    assert cells(table)["seeds needed"]["val_loss, nats"] == "9"


def test_metrics_that_do_not_decide_stand_beside_the_one_that_does():
    arms = baseline(0.2), improved(0.05)
    result = judge(*arms, metric="test_cross_entropy", margin="none")
    shown = tables.arm_table(result, arms, WORDS)
    assert shown.header[2:] == [
        *("cross-entropy, nats", "median", "SD", "min", "max"),
        *("accuracy %", "error %", "ECE", "epochs", "seconds per run"),
    ]
    (table,) = tables.difference_tables(result, WORDS)
    assert table.header[1:] == [
        *("cross-entropy, nats", "accuracy, points", "ECE", "Brier score")
    ]
    row = cells(table)
    assert row["relative error reduction (95% CI)"]["cross-entropy, nats"] == EMPTY
    assert row["SE examples"]["cross-entropy, nats"] != EMPTY
    assert "counts seeds and examples" in tables.headline(result, WORDS).caption


def test_everything_else_that_the_runs_recorded_is_a_row():
    others = {"grad_norm": [1.0, 2.0, 3.0, 4.0, 5.0], "lr": [0.01] * 5}
    others["note"] = list("abcde")
    result, arms = judged_runs("val_loss", *LOSSES, **others)
    table = tables.recorded(result, arms, WORDS)
    assert table.header == ["metric", "a", "b"]
    assert table.rows == [
        ["grad_norm", "3.0 ± 1.6", "3.0 ± 1.6"],
        ["lr", "0.01", "0.01"],
    ]
    assert tables.recorded(*judged_runs("val_loss", *LOSSES), WORDS) is None
    assert (
        tables.recorded(judge(*(two := (baseline(), improved()))), two, WORDS) is None
    )


def test_an_accuracy_without_a_margin_needs_no_seeds_for_one():
    result = judge(baseline(), improved(), margin="none")
    (table,) = tables.difference_tables(result, WORDS)
    assert "seeds needed" not in [row[0] for row in table.rows]
