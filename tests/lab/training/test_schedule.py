"""Learning rates and early stopping: held against those of Keras."""

import math
from typing import get_args

import keras
import numpy as np
import pytest

from lab.training.recipe import Schedule
from lab.training.schedule import (
    PLATEAU_FACTOR,
    EarlyStopping,
    Plateau,
    learning_rates,
)
from tests.lab.training.keras_rules import KERAS_SCHEDULES, reduce_on_plateau
from tests.lab.training.recipes import make_recipe

pytestmark = pytest.mark.usefixtures("one_thread")


def rates_of(recipe, num_steps):
    """The learning rates of all steps, as if no plateau ever came."""
    epochs = range(1, recipe.epochs + 1)
    return np.concatenate(
        [learning_rates(recipe, epoch, num_steps, 0) for epoch in epochs]
    )


# --- learning rates -------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_schedules_have_the_values_of_keras(schedule):
    recipe = make_recipe(learning_rate_schedule=schedule, learning_rate=0.02, epochs=4)
    theirs = KERAS_SCHEDULES[schedule](0.02, 4 * 7)
    expected = [float(theirs(step)) for step in range(4 * 7)]
    np.testing.assert_allclose(rates_of(recipe, 7), expected, rtol=1e-5)


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_every_schedule_starts_with_the_rate_of_the_recipe(schedule):
    recipe = make_recipe(learning_rate_schedule=schedule, learning_rate=0.02, epochs=4)
    rates = rates_of(recipe, 7)
    assert rates.dtype == np.float32 and rates.shape == (28,)
    assert rates[0] == np.float32(0.02)
    assert (np.diff(rates) <= 0).all()


def test_a_plateau_halves_the_rate_and_nothing_else_does():
    changes = {"learning_rate": 0.02, "epochs": 4}
    plateau = make_recipe(learning_rate_schedule="reduce_on_plateau", **changes)
    rates = learning_rates(plateau, 3, 2, 3)
    np.testing.assert_array_equal(rates, np.float32([0.0025, 0.0025]))
    for schedule in ("constant", "cosine", "exponential"):
        other = make_recipe(learning_rate_schedule=schedule, **changes)
        np.testing.assert_array_equal(
            learning_rates(other, 3, 2, 0),
            learning_rates(other, 3, 2, 3),
        )


# --- stopping, on lists of losses -----------------------------------------------------


class StubOptimizer:
    def __init__(self):
        self.learning_rate = 1.0


class StubModel:
    """A model as callbacks see it; its weights are the number of the epoch."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = StubOptimizer()
        self.weights = None

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def draw_losses(seed):
    """Twelve losses that fall in the long run, not at every step, and with ties."""
    rng = np.random.default_rng(seed)
    return (np.round(12 * rng.random(12) + np.linspace(12, 0, 12)) / 8).tolist()


def stop_as_keras(losses, patience):
    """Number of epochs, and the epoch whose weights are restored."""
    callback = keras.callbacks.EarlyStopping(
        "val_loss", patience=patience, mode="min", restore_best_weights=True
    )
    model = StubModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses, start=1):
        model.weights = epoch
        callback.on_epoch_end(epoch - 1, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch, model.weights


def stop_as_we_do(losses, patience):
    stopping = EarlyStopping(patience)
    for epoch, loss in enumerate(losses, start=1):
        stopping.improves(epoch, loss)
        if stopping.gives_up(epoch):
            break
    return epoch, stopping.best_epoch


@pytest.mark.parametrize("patience", [1, 2, 3, 5])
def test_early_stopping_follows_the_callback_of_keras(patience):
    results = set()
    for seed in range(100):
        losses = draw_losses(seed)
        ours = stop_as_we_do(losses, patience)
        assert ours == stop_as_keras(losses, patience), f"seed {seed}: {losses}"
        results.add(ours)
    assert len(results) > 3


def test_early_stopping_by_hand():
    losses = [3.0, 2.0, 2.0, 2.5, 1.0, 1.0]
    assert stop_as_we_do(losses, 1) == (3, 2)
    assert stop_as_we_do(losses, 2) == (4, 2)
    assert stop_as_we_do(losses, 3) == (6, 5)


def test_without_patience_the_best_epoch_is_known_and_nothing_stops():
    assert stop_as_we_do([3.0, 1.0, *[2.0] * 98], None) == (100, 2)


def test_a_loss_that_is_no_number_is_no_improvement():
    stopping = EarlyStopping(2)
    assert stopping.improves(1, 2.0)
    assert not stopping.improves(2, math.nan)
    assert not stopping.improves(3, math.inf)
    assert stopping.best_epoch == 1


def test_the_plateau_follows_the_callback_of_keras():
    counts = set()
    for seed in range(100):
        losses = draw_losses(seed)
        callback, model = reduce_on_plateau(), StubModel()
        callback.set_model(model)
        callback.on_train_begin()
        stopping, plateau = EarlyStopping(None), Plateau()
        for epoch, loss in enumerate(losses, start=1):
            callback.on_epoch_end(epoch - 1, {"val_loss": loss})
            plateau.update(stopping.improves(epoch, loss))
            expected = PLATEAU_FACTOR**plateau.reductions
            assert model.optimizer.learning_rate == expected, f"seed {seed}: {losses}"
        counts.add(plateau.reductions)
    assert len(counts) > 2
