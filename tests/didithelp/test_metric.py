"""Names of metrics: what each tells of direction and unit, and margins in that unit."""

import pytest

from didithelp.metric import (
    TEST_ACCURACY,
    TEST_CROSS_ENTROPY,
    Metric,
    direction_of,
    margin_in,
    margin_of,
    metric_of,
)


@pytest.mark.parametrize(
    ("names", "higher_is_better", "unit"),
    [
        ("accuracy test_accuracy val/acc accuracy@1 top5_accuracy", True, "share"),
        ("training_accuracy_score MulticlassAccuracy valAccuracy", True, "share"),
        ("f1 F1 eval_f1_macro metrics.val_f1 training_f1_score", True, "share"),
        ("average_precision mean_average_precision exact_match", True, "share"),
        ("error_rate val_error_rate", False, "share"),
        ("loss best_val_loss validation_0-logloss test_cross_entropy", False, "nats"),
        ("train_seconds fit_time", False, "seconds"),
        ("train-rmse val_mae perplexity mse_loss", False, ""),
        ("training_r2_score episode_reward rougeL neg_log_loss", True, ""),
        ("neg_mean_squared_error", True, ""),
    ],
)
def test_known_names_tell_direction_and_unit(names, higher_is_better, unit):
    for name in names.split():
        assert metric_of(name) == Metric(name, higher_is_better, unit)


@pytest.mark.parametrize("name", ["1-accuracy", "score", "not_accuracy", "mean", "x"])
def test_the_direction_of_other_names_is_asked_for(name):
    with pytest.raises(ValueError, match="direction must be higher or lower") as caught:
        metric_of(name)
    assert "\n" not in str(caught.value)
    assert metric_of(name, "lower") == Metric(name, False, "")


@pytest.mark.parametrize(
    ("texts", "direction"),
    [
        (
            ["max", "Maximize", "maximise", "higher is better", "HIGHER_IS_BETTER"],
            "higher",
        ),
        (["greater_is_better", " higher ", "larger-is-better"], "higher"),
        (
            ["min", "MINIMIZE", "minimise", "lower is better", "smaller", "less"],
            "lower",
        ),
        (["auto"], "auto"),
    ],
)
def test_a_direction_may_be_in_the_words_of_other_tools(texts, direction):
    assert {direction_of(text) for text in texts} == {direction}


def test_a_word_that_may_mean_either_is_left_to_be_refused():
    for text in ("ascending", "true", "better", "is better", "", "up", "max min"):
        assert direction_of(text) == text


def test_a_given_direction_stands_against_the_name():
    assert metric_of("val_loss", "higher") == Metric("val_loss", True, "nats")


def test_the_metrics_of_predictions_are_known():
    assert metric_of("test_accuracy") == TEST_ACCURACY
    assert metric_of("test_cross_entropy") == TEST_CROSS_ENTROPY


@pytest.mark.parametrize(
    ("name", "text", "margin"),
    [
        ("val_accuracy", "auto", 0.001),
        ("test_accuracy", " Auto ", 0.001),
        ("test_accuracy", "None", None),
        ("f1", "auto", None),
        ("val_loss", "auto", None),
        ("f1", "0.1%", 0.001),
        ("f1", "0.2 points", 0.002),
        ("f1", "1 Point", 0.01),
        ("f1", ".3pp", 0.003),
        ("f1", "5e-1 percentage points", 0.005),
        ("reward", "250", 250.0),
        ("seconds", "1e-3", 0.001),
    ],
)
def test_margins_are_understood_in_the_unit_of_the_metric(name, text, margin):
    assert margin_in(metric_of(name), margin_of(text)) == margin


@pytest.mark.parametrize(
    ("name", "margin", "message"),
    [
        ("test_accuracy", 1.0, r"a difference in \(0, 1\)"),
        ("val_loss", "0.1%", "a number in the unit of val_loss"),
        ("val_loss", 0.0, "a number above 0"),
        ("val_loss", float("inf"), "a number above 0"),
        ("val_loss", float("nan"), "a number above 0"),
    ],
)
def test_other_margins_are_refused(name, margin, message):
    with pytest.raises(ValueError, match=message):
        margin_in(metric_of(name), margin)


@pytest.mark.parametrize("text", ["much", "1.2.3%", "0%", "-1%", "%", "", "100%"])
def test_what_is_no_margin_is_refused(text):
    with pytest.raises(ValueError):
        margin_of(text)
