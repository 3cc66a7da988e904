"""The arms that benchmarks make up or split are arms that can be judged."""

import numpy as np

from benchmarks import aa, compare
from didithelp import trials_folder


def test_a_made_up_arm_is_right_as_often_as_it_says_and_can_be_stored(tmp_path):
    made = compare.make_arm("reference", 0, compare.Size(2, 10, 1000))
    trials_folder.save(made, tmp_path / "arm")
    arm = trials_folder.load(tmp_path / "arm")
    assert arm.name == "reference"
    right = arm.probabilities.argmax(axis=2) == arm.labels
    assert np.allclose(right.mean(axis=1), arm.metrics["test_accuracy"])
    assert 0.9 < right.mean() < 1


def test_the_halves_of_one_arm_have_a_detectable_difference():
    right = (np.random.default_rng(0).random((6, 500)) < 0.9).astype(np.int64)
    assert 0 < aa.median_detectable(right, 3, 5) < 0.1
