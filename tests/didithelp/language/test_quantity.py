"""Numbers of any metric: its name, unit, scale and as many digits as mean something."""

import dataclasses

import pytest

from didithelp.compared_arm import Summary
from didithelp.language import quantity, sentences
from didithelp.language.quantity import Quantity
from didithelp.language.words import Words
from didithelp.metric import TEST_ACCURACY, TEST_CROSS_ENTROPY, Metric
from tests.didithelp.builders import baseline, improved, judge, runs_only, with_primary

ENGLISH, FRENCH = Words("en"), Words("fr")
NO_BREAK, THIN = "\u00a0", "\u202f"
F1 = Metric("val_f1", True, "share")
LOSS = Metric("val_loss", False, "nats")
TIME = Metric("fit_time", False, "seconds")
REWARD = Metric("reward", True, "")


def of(metric, decimals, words=ENGLISH):
    return Quantity(metric, words, decimals)


@pytest.mark.parametrize(
    ("metric", "decimals", "value", "english", "french"),
    [
        (TEST_ACCURACY, 3, -0.0057, "-0.570 points", "-0,570 point"),
        (F1, 2, 0.021, "+2.10 points", "+2,10 points"),
        (LOSS, 4, -0.03271, "-0.0327 nats", "-0,0327 nat"),
        (LOSS, 1, 2.5, "+2.5 nats", "+2,5 nats"),
        (TIME, 1, 1.84, "+1.8 s", f"+1,8{NO_BREAK}s"),
        (REWARD, 0, -1234.5, "-1,234", f"-1{THIN}234"),
        (REWARD, 2, 0.0, "+0.00", "+0,00"),
    ],
)
def test_a_difference_has_its_unit(metric, decimals, value, english, french):
    assert of(metric, decimals).measure(value, "+") == english
    assert of(metric, decimals, FRENCH).measure(value, "+") == french


@pytest.mark.parametrize(
    ("metric", "value", "english", "french"),
    [
        (TEST_ACCURACY, 0.001, "0.1 point", "0,1 point"),
        (TEST_ACCURACY, 0.01, "1 point", "1 point"),
        (TEST_ACCURACY, 0.015, "1.5 points", "1,5 point"),
        (F1, 0.02, "2 points", "2 points"),
        (LOSS, 0.005, "0.005 nats", "0,005 nat"),
        (LOSS, 1e-12, "1e-12 nats", "1e-12 nat"),
        (TIME, 90.0, "90 s", f"90{NO_BREAK}s"),
        (REWARD, 1_500_000.0, "1,500,000", f"1{THIN}500{THIN}000"),
    ],
)
def test_a_margin_is_as_short_as_it_was_typed(metric, value, english, french):
    assert of(metric, 0).parameter(value) == english
    assert of(metric, 0, FRENCH).parameter(value) == french


@pytest.mark.parametrize(
    ("metric", "difference", "level", "french"),
    [
        (TEST_ACCURACY, "accuracy, points", "accuracy, %", "exactitude, points"),
        (TEST_CROSS_ENTROPY, *["cross-entropy, nats"] * 2, "entropie croisée, nats"),
        (F1, "val_f1, points", "val_f1, %", "val_f1, points"),
        (TIME, "fit_time, s", "fit_time, s", "fit_time, s"),
        (REWARD, "reward", "reward", "reward"),
    ],
)
def test_a_metric_is_named_with_its_unit(metric, difference, level, french):
    assert of(metric, 3).difference_label == difference
    assert of(metric, 3).level_label == level
    assert of(metric, 3, FRENCH).difference_label == french


def test_names_of_metrics_control_nothing():
    assert of(Metric("a\x1b[31m\nb", True, ""), 0).name == "a[31m b"


@pytest.mark.parametrize(
    ("error", "decimals"),
    [
        *((0.0031, 4), (0.31, 2), (3.1, 1), (31.0, 0), (3100.0, -2)),
        *((0.001, 4), (0.01, 3), (0.1, 2), (1.0, 1), (10.0, 0), (2e-10, 11)),
    ],
)
def test_two_digits_of_an_error_are_shown(error, decimals):
    assert quantity.decimals_of(error) == decimals


@pytest.mark.parametrize(
    ("metric", "mean", "sd", "expected"),
    [
        (TEST_ACCURACY, 0.97763, 0.00114, "97.76 ± 0.11"),
        (F1, 0.8121, 0.0038, "81.21 ± 0.38"),
        (LOSS, 0.34164, 0.00946, "0.3416 ± 0.0095"),
        (TIME, 41.372, 1.24, "41.4 ± 1.2"),
        (REWARD, -1244.3, 57.2, "-1,244 ± 57"),
        (REWARD, 3.12e-9, 1.04e-10, "3.12e-9 ± 1.0e-10"),
        (REWARD, 223249736471779744.0, 3.1e15, "2.232e17 ± 3.1e15"),
        (REWARD, 223249736471779744.0, 3.1e17, "2.2e17 ± 3.1e17"),
        (LOSS, 223249736471779744.0, None, "2.23e17"),
        (
            REWARD,
            -123456789012345.0,
            3.1e12,
            "-123,456,789,012,345 ± 3,100,000,000,000",
        ),
        (REWARD, -5.0, None, "-5.00"),
    ],
)
def test_a_mean_has_the_digits_of_its_spread(metric, mean, sd, expected):
    assert (
        of(metric, 2).mean_and_sd(Summary(mean, mean, sd, mean, mean, ())) == expected
    )


# --- digits of an answer --------------------------------------------------------------


def test_points_show_three_digits_of_the_difference():
    result = judge(baseline(0.2), improved(0.05))
    for delta, decimals in ((0.157, 1), (0.0157, 2), (0.00157, 3), (0.0, 2)):
        (found,) = with_primary(result, delta=delta).primary
        assert quantity.of_sentence(result, found, ENGLISH).decimals == decimals
        assert quantity.of_table(result, [found], ENGLISH).decimals == 3
        assert quantity.of_outcome(result, found, ENGLISH).decimals == 2


def judged_loss(**changes):
    arms = (runs_only(name, val_loss=[0.3, 0.31, 0.32]) for name in ("a", "b"))
    return with_primary(judge(*arms, metric="val_loss", margin="none"), **changes)


@pytest.mark.parametrize(
    ("delta", "se", "decimals"),
    [
        (-0.0312, 0.0041, 4),
        (-0.0312, 1e-6, 7),
        (-123.0, 12.0, 0),
        (-0.0312, None, 4),  # three digits of the difference
        (223.0, None, 0),
        (0.0, None, 2),
    ],
)
def test_anything_else_shows_two_digits_of_the_standard_error(delta, se, decimals):
    result = judged_loss(delta=delta, se=se)
    written = quantity.of_sentence(result, result.primary[0], ENGLISH)
    assert written.decimals == decimals
    assert quantity.of_outcome(result, result.primary[0], ENGLISH) == written


def test_candidates_in_one_table_have_the_digits_of_the_surest():
    result = judged_loss(se=0.041)
    sure = dataclasses.replace(result.primary[0], se=0.0031)
    both = [result.primary[0], sure]
    assert quantity.of_table(result, both, ENGLISH).decimals == 4


@pytest.mark.parametrize(
    ("metric", "delta", "se", "verdict", "expected"),
    [
        ("val_loss", -0.0312, 0.0041, "better", "better, -0.0312 nats"),
        ("fit_time", 1.84, 0.21, "worse", "worse, +1.84 s"),
        ("reward", -1204.0, 121.0, "worse", "worse, -1,204"),
        ("reward", 3.1234e19, 2.1e17, "better", "better, +3.123e19"),
        ("reward", 3.1234e19, None, "better", "better, +3.12e19"),
        ("val_f1", -1e-6, 0.002, "inconclusive", "inconclusive, +0.00 points"),
    ],
)
def test_the_outcome_in_a_few_words(metric, delta, se, verdict, expected):
    arms = (runs_only(name, **{metric: [0.3, 0.31, 0.32]}) for name in ("a", "b"))
    result = judge(*arms, metric=metric, margin="none")
    result = with_primary(result, delta=delta, se=se, verdict=verdict)
    assert sentences.outcome(result, result.primary[0], ENGLISH) == expected
