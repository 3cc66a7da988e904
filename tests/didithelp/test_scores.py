"""Scores of predictions, worked by hand and against Keras."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from didithelp import scores


def test_calibration_error_of_four_examples_worked_by_hand():
    # Confidence .9 twice, one right: gap .4. Confidence .6 twice, both right: gap .4.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    error = scores.expected_calibration_error(probabilities, np.array([0, 1, 0, 0]))
    assert error == pytest.approx(0.4)


def test_gaps_of_one_bin_cancel_and_those_of_two_bins_do_not():
    # Bins are (k/15, (k+1)/15]: 12/15 still belongs below, 12.5/15 above.
    edge, above, within = 12 / 15, 12.5 / 15, 11.5 / 15
    labels = np.array([0, 1])
    near = np.array([[within, 1 - within], [edge, 1 - edge]])
    far = np.array([[above, 1 - above], [edge, 1 - edge]])
    error = scores.expected_calibration_error
    assert error(near, labels) == pytest.approx(abs(1 - within - edge) / 2)
    assert error(far, labels) == pytest.approx((1 - above + edge) / 2)


def test_perfectly_calibrated_and_certain_predictions_have_no_calibration_error():
    certain = np.eye(3, dtype=np.float32)
    assert scores.expected_calibration_error(certain, np.arange(3)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calibration_ignores_the_order_of_examples(dtype):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 5000).astype(dtype)
    labels = rng.integers(0, 10, 5000)
    expected = scores.reliability(probabilities, labels)
    for _ in range(5):
        order = rng.permutation(5000)
        found = scores.reliability(probabilities[order], labels[order])
        np.testing.assert_array_equal(found.confidence, expected.confidence)
        np.testing.assert_array_equal(found.accuracy, expected.accuracy)
        assert found.calibration_error == expected.calibration_error


def test_reliability_counts_confidence_and_accuracy_by_bin():
    # Top probabilities .95, .95 and .55: bins (14/15, 1] and (8/15, 9/15].
    probabilities = np.array([[0.95, 0.05], [0.05, 0.95], [0.45, 0.55]])
    found = scores.reliability(probabilities, np.array([0, 0, 1]))
    assert found.counts.tolist() == [0] * 8 + [1] + [0] * 5 + [2]
    assert found.confidence[[8, 14]] == pytest.approx([0.55, 0.95])
    assert found.accuracy[[8, 14]] == pytest.approx([1, 0.5])
    empty = found.counts == 0
    assert np.isnan(found.confidence[empty]).all()
    assert np.isnan(found.accuracy[empty]).all()
    assert (found.edges[[0, 8, 15]] == [0, 8 / 15, 1]).all()
    assert found.calibration_error == pytest.approx((1 * 0.45 + 2 * 0.45) / 3)


def test_brier_score_is_the_squared_error_over_all_classes():
    probabilities = np.array([[[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]]], dtype=np.float32)
    errors = scores.brier_score(probabilities, np.array([0, 2]))
    assert errors == pytest.approx(np.array([[0.09 + 0.04 + 0.01, 2.0]]))
    one_hot = np.eye(3)[[0, 2]]
    assert errors == pytest.approx(np.square(probabilities - one_hot).sum(axis=-1))
    assert probabilities[0, 0, 0] == np.float32(0.7)  # the input is left alone


def test_negative_log_likelihood_is_clipped_like_that_of_keras():
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]])
    values = scores.negative_log_likelihood(probabilities, np.array([0, 1]))
    assert values == pytest.approx([math.log(4), -math.log(1e-7)])


def test_first_class_wins_a_tie():
    probabilities = np.array([[[0.5, 0.5], [0.5, 0.5]]])
    right = scores.right_or_wrong(probabilities, np.array([0, 1]))
    assert right.tolist() == [[1, 0]]


def test_workers_get_the_calibration_error_without_loading_scipy():
    code = "import sys, didithelp.scores; sys.exit('scipy' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
