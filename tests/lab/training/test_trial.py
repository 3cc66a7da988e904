"""The record of a trial and its files."""

import math

import numpy as np
import pytest

from lab.training.trial import Trial
from lab.training.trial_files import load_trial, save_trial

HISTORY = [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.7}]
PROBABILITIES = np.float32([[0.25, 0.75]])
WEIGHTS = [np.float32([[1 / 3]]), np.zeros(1, np.float32)]
FINISHED = Trial(
    3, "finished", {"kept_epoch": 1}, HISTORY, PROBABILITIES, WEIGHTS, {"keras": "3"}
)


def test_a_trial_knows_the_history_row_of_its_weights():
    assert FINISHED.kept["val_loss"] == 0.5


def test_a_trial_is_stored_to_the_last_bit(tmp_path):
    save_trial(FINISHED, tmp_path / "trial")
    again = load_trial(tmp_path / "trial")
    assert (again.seed, again.status, again.metrics) == (
        3,
        "finished",
        FINISHED.metrics,
    )
    assert (again.history, again.versions) == (HISTORY, {"keras": "3"})
    assert again.probabilities.tobytes() == PROBABILITIES.tobytes()
    for ours, theirs in zip(again.weights, WEIGHTS, strict=True):
        assert ours.tobytes() == theirs.tobytes() and ours.shape == theirs.shape


def test_a_diverged_trial_is_stored_with_its_losses_alone(tmp_path):
    history = [{"epoch": 1, "loss": math.nan}]
    save_trial(Trial(0, "diverged", {}, history, None, None), tmp_path / "trial")
    again = load_trial(tmp_path / "trial")
    assert math.isnan(again.history[0]["loss"])
    assert again.probabilities is None and again.weights is None


def test_files_that_are_none_of_a_trial_are_an_error(tmp_path):
    save_trial(FINISHED, tmp_path / "trial")
    (tmp_path / "trial" / "trial.json").write_text("{}")
    with pytest.raises(KeyError):
        load_trial(tmp_path / "trial")
