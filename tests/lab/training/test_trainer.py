"""Training: held against `keras.Model.fit`, repeatable, blind to the test set."""

import dataclasses
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from didithelp import scores
from didithelp.arm import METRIC_COLUMNS
from didithelp.dataset_description import ARRAYS, DatasetDescription
from lab.data.dataset import Dataset
from lab.training import model as models
from lab.training import trainer as training
from lab.training.optimizer import keras_optimizer
from lab.training.schedule import learning_rates
from lab.training.trainer import Trainer
from tests.lab.training.keras_rules import KERAS_SCHEDULES, reduce_on_plateau
from tests.lab.training.recipes import PLAIN, make_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

NUM_TRAIN, NUM_VALIDATION, NUM_TEST = 150, 45, 60
BATCH_SIZE = 32  # 150 images are four batches and one of 22


def draw_dataset(image_shape=(8, 8), num_classes=3, *, noise=60, seed=0):
    """Classes that overlap: a pattern of grey each, under noise."""
    rng = np.random.default_rng(seed)
    patterns = rng.integers(60, 196, (num_classes, *image_shape))
    arrays = []
    for count in (NUM_TRAIN, NUM_VALIDATION, NUM_TEST):
        labels = rng.permutation(np.arange(count) % num_classes).astype(np.int32)
        pixels = patterns[labels] + rng.normal(0, noise, (count, *image_shape))
        arrays += [np.clip(pixels, 0, 255).astype(np.uint8), labels]
    for array in arrays:
        array.setflags(write=False)  # as the workers get them
    description = DatasetDescription(
        name="drawn",
        requested="drawn",
        fallback=None,
        counts={"train": NUM_TRAIN, "validation": NUM_VALIDATION, "test": NUM_TEST},
        num_classes=num_classes,
        sha256=dict.fromkeys(ARRAYS),
        image_shape=image_shape,
    )
    return Dataset(*arrays, description)


DATASET = draw_dataset()
HARD_DATASET = draw_dataset(noise=400)  # soon learnt by heart


class ReplayedDropout(keras.layers.Layer):
    """Drops the units that a trainer has dropped, step by step."""

    def __init__(self, rate, noise):
        super().__init__()
        self.threshold, self.scale = round(rate * 2**16), 1 / (1 - rate)
        self.noise = tf.constant(noise)  # (steps, batch, units) uint16
        self.step = tf.Variable(0)

    def call(self, x, training=None):
        if not training:
            return x
        noise = self.noise[self.step, : tf.shape(x)[0]]
        self.step.assign_add(1)
        return tf.where(noise >= self.threshold, x * self.scale, 0)


def compiled(recipe, dataset, seed, noise=()):
    """The same network as the trainer's, for Keras to train.

    `noise`: what decided about dropout in each step, as `RecordingTrainer` has it.
    """
    network = models.build(recipe, dataset.image_shape, dataset.num_classes, seed=seed)
    if noise:
        layers = iter(zip(*noise, strict=True))

        def replayed(layer):
            if not isinstance(layer, keras.layers.Dropout):
                return layer.__class__.from_config(layer.get_config())
            first, *others = next(layers)  # the last batch may be smaller
            steps = [first, *(np.resize(step, first.shape) for step in others)]
            return ReplayedDropout(layer.rate, np.stack(steps))

        start = network.get_weights()
        network = keras.models.clone_model(network, clone_function=replayed)
        network.set_weights(start)
    network.compile(keras_optimizer(recipe), models.LOSS, metrics=["accuracy"])
    return network


def kernels(network):
    return [variable for variable in network.weights if variable.name == "kernel"]


def assert_same_weights(recipe, network, weights, tolerance):
    """Hold weights against those of a network that Keras has trained.

    A bias in front of batch normalisation has no effect and a gradient of exactly 0,
    but for rounding, which Adam and RMSprop scale up to steps of ordinary size.
    """
    has_noise = recipe.use_batch_norm and recipe.optimizer != "sgd"
    for variable, ours in zip(network.weights, weights, strict=True):
        theirs = variable.numpy()
        noisy = re.search("hidden_./bias|moving_mean", variable.path) and has_noise
        limit = 1e-3 if noisy else tolerance
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=limit, err_msg=variable.path
        )


def train_once(recipe, dataset, *, seed):
    return Trainer(recipe, dataset).train(seed)


class RecordingTrainer(Trainer):
    """Remembers the order of the images in each epoch, and the noise of each step."""

    def __init__(self, recipe, dataset):
        super().__init__(recipe, dataset)
        self.orders = []
        self.noise = []  # one list per step, with (batch, units) for each layer

    def train_epoch(self, order, rates):
        self.orders.append(order)
        return super().train_epoch(order, rates)

    def draw_noise(self, shape):
        drawn = super().draw_noise(shape)
        self.noise += zip(*drawn, strict=True)
        return drawn


# --- against Keras --------------------------------------------------------------------

PLAIN_SGD = PLAIN | {"optimizer": "sgd", "learning_rate": 0.1}
SGD = {"optimizer": "sgd", "learning_rate": 0.05}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        PLAIN,
        {"optimizer": "rmsprop"},
        PLAIN | {"optimizer": "rmsprop"},
        SGD,
        PLAIN_SGD,
        SGD | {"momentum": 0.9},
        {"batch_norm_position": "after_activation", "hidden_units": (16, 8)},
        SGD | {"hidden_units": (64, 64, 64)},  # kernels of one shape
        {"batch_size": 1000},
    ],
    ids=lambda changes: " ".join(f"{k}={v}" for k, v in changes.items()) or "default",
)
def test_an_epoch_does_to_the_weights_what_fit_does(changes):
    recipe = make_recipe(**{"batch_size": BATCH_SIZE} | changes)
    order = np.random.default_rng(5).permutation(NUM_TRAIN)
    trainer = RecordingTrainer(recipe, DATASET)
    trainer.reset(seed=3)
    rates = learning_rates(recipe, 1, trainer.num_steps, 0)
    row = trainer.train_epoch(order, rates)

    network = compiled(recipe, DATASET, seed=3, noise=trainer.noise)
    start = [kernel.numpy() for kernel in kernels(network)]
    fitted = network.fit(
        DATASET.x_train[order],
        DATASET.y_train[order],
        batch_size=recipe.batch_size,
        shuffle=False,
        verbose=0,
    )
    for before, kernel in zip(start, kernels(network), strict=True):
        assert np.abs(kernel.numpy() - before).max() > 5e-4
    assert_same_weights(recipe, network, trainer.model.get_weights(), 1e-6)
    assert row["loss"] == pytest.approx(fitted.history["loss"][0], rel=1e-5)
    assert row["accuracy"] == pytest.approx(fitted.history["accuracy"][0], rel=1e-5)


def batches_of(dataset, orders, batch_size):
    """What `fit` is given: the same batches in the same order, epoch after epoch."""
    for order in orders:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            yield dataset.x_train[chosen], dataset.y_train[chosen]


def fit_as_recorded(recipe, trainer, seed, learning_rate, *callbacks):
    """Keras's own training loop over the batches that a trainer has seen."""
    dataset = trainer.dataset
    network = compiled(recipe, dataset, seed, trainer.noise)
    network.optimizer.learning_rate = learning_rate
    return network, network.fit(
        batches_of(dataset, trainer.orders, recipe.batch_size),
        steps_per_epoch=trainer.num_steps,
        epochs=recipe.epochs,
        validation_data=(dataset.x_validation, dataset.y_validation),
        callbacks=list(callbacks),
        shuffle=False,
        verbose=0,
    )


@pytest.mark.parametrize(
    "changes",
    [{"optimizer": "sgd", "momentum": 0.9}, {"use_batch_norm": False}],
    ids=["momentum", "adam"],
)
def test_a_trial_with_early_stopping_is_what_fit_with_its_callback_does(changes):
    recipe = make_recipe(early_stopping_patience=3, learning_rate=0.01, **changes)
    trainer = RecordingTrainer(recipe, HARD_DATASET)
    trial = trainer.train(seed=2)
    assert 1 < trial.metrics["best_epoch"] < trial.metrics["actual_epochs"] < 20

    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=3, restore_best_weights=True
    )
    network, fitted = fit_as_recorded(recipe, trainer, 2, 0.01, stopping)
    assert trial.metrics["actual_epochs"] == len(fitted.epoch)
    assert trial.metrics["best_epoch"] == stopping.best_epoch + 1
    assert_same_weights(recipe, network, trial.weights, 1e-5)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        ours = [row[name] for row in trial.history]
        np.testing.assert_allclose(ours, fitted.history[name], rtol=1e-5)


@pytest.mark.parametrize("schedule", KERAS_SCHEDULES)
def test_a_trial_with_a_schedule_is_what_fit_does_with_that_of_keras(schedule):
    recipe = make_recipe(
        learning_rate_schedule=schedule,
        early_stopping_patience=None,
        optimizer="sgd",
        momentum=0.9,
        learning_rate=0.05,
        epochs=6,
    )
    trainer = RecordingTrainer(recipe, HARD_DATASET)
    trial = trainer.train(seed=4)
    callbacks = []
    if schedule == "reduce_on_plateau":
        callbacks.append(reduce_on_plateau())
        assert trial.history[-1]["learning_rate"] < trial.history[0]["learning_rate"]
    rate = KERAS_SCHEDULES[schedule](0.05, 6 * trainer.num_steps)
    network, fitted = fit_as_recorded(recipe, trainer, 4, rate, *callbacks)
    assert_same_weights(recipe, network, trial.weights, 1e-5)
    val_losses = [row["val_loss"] for row in trial.history]
    np.testing.assert_allclose(val_losses, fitted.history["val_loss"], rtol=1e-5)


# --- dropout --------------------------------------------------------------------------


def test_every_step_of_every_epoch_drops_other_units():
    trainer = RecordingTrainer(make_recipe(epochs=2), DATASET)
    trainer.train(seed=0)
    assert len(trainer.noise) == 2 * trainer.num_steps
    distinct = {layers[0].tobytes() for layers in trainer.noise}
    assert len(distinct) == len(trainer.noise)


@pytest.mark.parametrize("noise_per_call", [1, 1100, 2**30])
def test_the_number_of_steps_per_call_changes_nothing(monkeypatch, noise_per_call):
    recipe = make_recipe(dropout_rate=0.0, **SGD)
    expected = train_once(recipe, DATASET, seed=0)
    monkeypatch.setattr(training, "NOISE_PER_CALL", noise_per_call)
    found = train_once(recipe, DATASET, seed=0)
    for ours, theirs in zip(found.weights, expected.weights, strict=True):
        assert ours.tobytes() == theirs.tobytes()


# --- seeds ----------------------------------------------------------------------------


def bits(trial):
    """Everything about a trial but the time that it took."""
    metrics = trial.metrics | {"train_seconds": None}
    arrays = [trial.probabilities, *trial.weights]
    return trial.status, metrics, trial.history, [array.tobytes() for array in arrays]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "rmsprop", "learning_rate_schedule": "reduce_on_plateau"},
        {"optimizer": "sgd", "momentum": 0.9, "early_stopping_patience": None},
    ],
    ids=["adam", "rmsprop", "momentum"],
)
def test_a_seed_gives_the_same_bits_whatever_was_trained_before(changes):
    recipe = make_recipe(epochs=3, **changes)
    trainer = Trainer(recipe, DATASET)
    first, other, again = (trainer.train(seed) for seed in (1, 2, 1))
    fresh = train_once(recipe, DATASET, seed=1)
    assert bits(first) == bits(again) == bits(fresh)
    for ours, theirs in zip(bits(first)[-1], bits(other)[-1], strict=True):
        assert ours != theirs


def test_a_seed_fixes_first_weights_and_batches_separately_from_the_recipe():
    recipes = make_recipe(epochs=2), make_recipe(epochs=2, **PLAIN)
    trainers = [RecordingTrainer(recipe, DATASET) for recipe in recipes]
    for trainer in trainers:
        trainer.train(seed=6)
    for first, second in zip(*(trainer.orders for trainer in trainers), strict=True):
        np.testing.assert_array_equal(first, second)
        assert sorted(first) == list(range(NUM_TRAIN))
    first, second = trainers[0].orders
    assert (first != second).any()


def test_a_reset_trainer_is_as_new():
    recipe = make_recipe(**SGD | {"momentum": 0.9})
    trainer = Trainer(recipe, DATASET)
    rates = np.full(trainer.num_steps, 1e30, np.float32)
    trainer.train_epoch(np.arange(NUM_TRAIN), rates)
    assert np.isnan(trainer.model.get_weights()[0]).any()
    trainer.reset(seed=3)
    fresh = Trainer(recipe, DATASET)
    fresh.reset(seed=3)
    for row in (
        t.train_epoch(np.arange(NUM_TRAIN), 0 * rates + 0.1) for t in (trainer, fresh)
    ):
        assert math.isfinite(row["loss"])
    for ours, theirs in zip(
        trainer.model.get_weights(), fresh.model.get_weights(), strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()


# --- what a trial tells ---------------------------------------------------------------


def train_and_collect(**changes):
    """A recipe, its trial, and the weights after each epoch."""
    recipe = make_recipe(learning_rate=0.01, **changes)
    trainer = Trainer(recipe, HARD_DATASET)
    weights = []
    trial = trainer.train(2, lambda row: weights.append(trainer.model.get_weights()))
    return recipe, trial, weights


@pytest.fixture(scope="module")
def stopped(one_thread):
    """A trial that early stopping has ended after its best epoch."""
    return train_and_collect(early_stopping_patience=3)


@pytest.fixture(scope="module")
def unstopped(one_thread):
    """A trial without early stopping, whose last epoch is not its best."""
    return train_and_collect(early_stopping_patience=None, epochs=9)


@pytest.fixture(params=["stopped", "unstopped"])
def trained(request):
    return request.getfixturevalue(request.param)


def test_a_trial_has_the_metrics_that_an_arm_stores(trained):
    _, trial, _ = trained
    assert trial.status == "finished"
    assert set(trial.metrics) == set(METRIC_COLUMNS)


def test_metrics_come_from_the_right_epochs(trained):
    _, trial, _ = trained
    metrics, history = trial.metrics, trial.history
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert metrics["actual_epochs"] == len(history)
    losses = [row["val_loss"] for row in history]
    assert metrics["best_epoch"] == 1 + losses.index(min(losses)) < len(history)
    best = history[metrics["best_epoch"] - 1]
    assert metrics["best_val_loss"] == best["val_loss"]
    accuracies = [row["val_accuracy"] for row in trial.history]
    assert metrics["best_val_accuracy"] == max(accuracies)
    assert metrics["best_val_cross_entropy"] == best["val_cross_entropy"]
    assert metrics["final_val_loss"] == losses[-1]
    assert metrics["final_val_accuracy"] == history[-1]["val_accuracy"]
    assert trial.kept is history[metrics["kept_epoch"] - 1]


def test_early_stopping_keeps_the_best_epoch(stopped):
    _, trial, _ = stopped
    assert trial.metrics["kept_epoch"] == trial.metrics["best_epoch"]
    assert len(trial.history) == trial.metrics["best_epoch"] + 3


def test_without_early_stopping_the_last_epoch_is_kept(unstopped):
    recipe, trial, _ = unstopped
    assert (
        trial.metrics["kept_epoch"] == trial.metrics["actual_epochs"] == recipe.epochs
    )


def test_kept_weights_are_those_of_the_kept_epoch(trained):
    _, trial, weights = trained
    kept = weights[trial.metrics["kept_epoch"] - 1]
    for ours, theirs in zip(trial.weights, kept, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_metrics_are_those_of_the_kept_weights(trained):
    recipe, trial, _ = trained
    metrics = trial.metrics
    network = compiled(recipe, HARD_DATASET, seed=0)
    network.set_weights(trial.weights)
    loss, accuracy = network.evaluate(
        HARD_DATASET.x_test, HARD_DATASET.y_test, verbose=0
    )
    penalty = float(sum(network.losses))
    assert metrics["test_loss"] == pytest.approx(loss, rel=1e-5)
    assert metrics["test_cross_entropy"] == pytest.approx(loss - penalty, rel=1e-4)
    assert metrics["test_loss"] - metrics["test_cross_entropy"] == pytest.approx(
        penalty, rel=1e-6
    )
    assert metrics["test_accuracy"] == pytest.approx(accuracy)
    _, train_accuracy = network.evaluate(
        HARD_DATASET.x_train, HARD_DATASET.y_train, verbose=0
    )
    assert metrics["train_accuracy"] == pytest.approx(train_accuracy)
    gap = metrics["train_accuracy"] - metrics["test_accuracy"]
    assert metrics["generalization_gap"] == gap
    assert metrics["num_parameters"] == network.count_params()


def test_metrics_agree_with_the_predictions(trained):
    _, trial, _ = trained
    labels = HARD_DATASET.y_test
    assert trial.probabilities.dtype == np.float32
    right = trial.probabilities.argmax(axis=1) == labels
    losses = scores.negative_log_likelihood(trial.probabilities, labels)
    error = scores.expected_calibration_error(trial.probabilities, labels)
    assert trial.metrics["test_accuracy"] == right.mean()
    assert trial.metrics["test_cross_entropy"] == losses.mean()
    assert trial.metrics["expected_calibration_error"] == error


def test_the_history_has_the_loss_with_and_without_penalty(trained):
    _, trial, _ = trained
    for row in trial.history:
        assert row["loss"] > row["cross_entropy"] > 0
        assert row["val_loss"] > row["val_cross_entropy"] > 0
        assert 0 <= row["accuracy"] <= 1 and 0 <= row["val_accuracy"] <= 1


def test_without_penalty_the_losses_are_equal():
    recipe = make_recipe(**PLAIN | {"epochs": 1})
    trial = train_once(recipe, DATASET, seed=0)
    (row,) = trial.history
    assert row["loss"] == row["cross_entropy"]
    assert row["val_loss"] == row["val_cross_entropy"]
    assert trial.metrics["test_loss"] == trial.metrics["test_cross_entropy"]


@pytest.mark.parametrize(("image_shape", "num_classes"), [((8, 8), 2), ((6, 6, 3), 3)])
def test_images_of_any_size_and_depth(image_shape, num_classes):
    dataset = draw_dataset(image_shape, num_classes)
    trial = train_once(make_recipe(epochs=8), dataset, seed=0)
    assert trial.probabilities.shape == (NUM_TEST, num_classes)
    np.testing.assert_allclose(trial.probabilities.sum(axis=1), 1, atol=1e-6)
    assert trial.metrics["test_accuracy"] > 1.5 / num_classes


def test_predictions_do_not_depend_on_the_size_of_a_slice(monkeypatch):
    trainer = Trainer(make_recipe(), DATASET)
    whole = trainer.predict(DATASET.x_test)
    monkeypatch.setattr(training, "EVALUATION_BATCH", 7)
    np.testing.assert_allclose(trainer.predict(DATASET.x_test), whole, rtol=1e-5)


# --- the test set ---------------------------------------------------------------------


class WatchedDataset:
    """Notes down in `events` when the test set is asked for."""

    def __init__(self, dataset, events):
        self._dataset = dataset
        self._events = events

    def __getattr__(self, name):
        if name in ("x_test", "y_test"):
            self._events.append(name)
        return getattr(self._dataset, name)


def test_the_test_set_is_read_once_and_after_training():
    events = []
    trainer = Trainer(make_recipe(epochs=3), WatchedDataset(DATASET, events))
    trial = trainer.train(0, lambda row: events.append(row["epoch"]))
    assert trial.status == "finished"
    assert events[:3] == [1, 2, 3]
    assert sorted(events[3:]) == ["x_test", "y_test"]


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd"},
        PLAIN | {"optimizer": "sgd", "momentum": 0.9},
        {},
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_a_trial_that_diverges_never_reads_the_test_set(changes):
    recipe = make_recipe(**{"learning_rate": 1e30, "epochs": 4} | changes)
    events = []
    trainer = Trainer(recipe, WatchedDataset(DATASET, events))
    trial = trainer.train(0, lambda row: events.append(row["epoch"]))
    assert trial.status == "diverged"
    assert trial.probabilities is None and trial.weights is None
    assert set(trial.metrics) == {"actual_epochs", "train_seconds"}
    assert events == [row["epoch"] for row in trial.history]
    assert trial.metrics["actual_epochs"] == len(trial.history) < 4
    last = trial.history[-1]
    assert not (math.isfinite(last["loss"]) and math.isfinite(last["val_loss"]))


def test_the_dataset_is_never_written_to():
    before = [
        getattr(DATASET, field.name) for field in dataclasses.fields(Dataset)[:-1]
    ]
    copies = [array.copy() for array in before]
    train_once(make_recipe(epochs=1), DATASET, seed=0)
    for array, copy in zip(before, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
