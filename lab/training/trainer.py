"""Trains a trial, one recipe with one seed, with many steps in one call of TensorFlow.

The model is an ordinary Keras model. A test checks that its weights become what
`model.fit` would make of them with the same batches and the same dropped units. Keras
itself goes back to Python for every batch of 128 small images, which takes longer than
the arithmetic; here Python is entered a dozen times per epoch. benchmarks/README.md
says how much time each measure saves.

This module and what it imports decide the weights of a trial, and so belong to its key
(see `lab.runs.keys`): nothing is imported here that a trial does not depend on.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from didithelp import scores
from lab.training import model as models
from lab.training import noise
from lab.training.optimizer import FusedOptimizer
from lab.training.schedule import EarlyStopping, Plateau, learning_rates
from lab.training.trial import History, Trial

if TYPE_CHECKING:
    from lab.data.dataset import Dataset
    from lab.training.recipe import Recipe

# The intermediate results of so many images fit into the caches of ordinary cores.
EVALUATION_BATCH = 1000

# Random numbers of a dropout layer per call of the graph. More would mean fewer calls
# and more memory.
NOISE_PER_CALL = 2**21


class Trainer:
    """Trains one recipe on one data set, seed after seed, with the same compiled graph.

    Args:
        recipe: the hyperparameters.
        dataset: may be memory-mapped; training and validation images are copied.

    Attributes:
        model: the Keras model; its weights are those of the latest step.
        num_steps: batches per epoch, the last of which may be smaller.
    """

    def __init__(self, recipe: "Recipe", dataset: "Dataset"):
        self.recipe = recipe
        self.dataset = dataset
        self.model = self._build(seed=0)
        self._optimizer = FusedOptimizer(
            recipe, [variable.value for variable in self.model.trainable_variables]
        )
        self._noise_rng = noise.generator(seed=0)
        self._images = tf.constant(dataset.x_train)
        self._labels = tf.constant(dataset.y_train)
        self._validation = (
            tf.constant(dataset.x_validation),
            tf.constant(dataset.y_validation),
        )
        num_images, size = len(dataset.y_train), recipe.batch_size
        self.num_steps = math.ceil(num_images / size)
        self._steps_per_call = max(
            1, NOISE_PER_CALL // (size * max(recipe.hidden_units))
        )
        # One graph for full batches, one for the smaller batch that may end an epoch.
        self._graphs = {size: self._graph(size) for size in (size, num_images % size)}
        self._predict_graph = tf.function(
            lambda images: self.model(images, training=False),
            input_signature=[tf.TensorSpec((None, *dataset.image_shape), tf.uint8)],
            autograph=False,
        )

    def train(
        self, seed: int, on_epoch: Callable[[dict[str, float]], Any] = lambda _: None
    ) -> Trial:
        """Train from new weights.

        Early stopping and the choice of weights use the validation set alone; the test
        set is read once, at the end.

        Args:
            seed: fixes the first weights, the batches and dropout; 0 to 2**32 - 1.
            on_epoch: is given each row of the history as soon as there is one.

        Returns:
            the trial, without `versions`, which the caller adds.
        """
        started = time.perf_counter()
        self.reset(seed)
        history, stopping, weights = self._fit(seed, on_epoch)
        seconds = time.perf_counter() - started
        shared = {"actual_epochs": len(history), "train_seconds": seconds}
        if not _is_finite(history[-1]):
            return Trial(seed, "diverged", shared, history, None, None)
        if weights is not None:
            self.model.set_weights(weights)
        metrics, probabilities = self.test()
        metrics |= shared | _validation_metrics(history, stopping.best_epoch)
        kept = stopping.best_epoch if weights is not None else len(history)
        metrics["kept_epoch"] = kept
        return Trial(
            seed, "finished", metrics, history, probabilities, self.model.get_weights()
        )

    def reset(self, seed: int) -> None:
        """Start again with the weights, dropout and optimizer of a new trial."""
        fresh = self._build(seed=seed)
        for variable, new in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(new)
        self._optimizer.reset()
        self._noise_rng = noise.generator(seed)

    def train_epoch(self, order: np.ndarray, rates: np.ndarray) -> dict[str, float]:
        """One pass over the training images in the given order.

        Args:
            order: a permutation of the training set, (n,).
            rates: the learning rate of each step, (num_steps,).

        Returns:
            loss (with penalty), cross_entropy and accuracy: means over the images of
            what the model answered while it was learning, as in Keras's history.
        """
        size = self.recipe.batch_size
        num_full = len(order) // size
        full = order[: num_full * size].reshape(num_full, size)
        calls = [
            full[start : start + self._steps_per_call]
            for start in range(0, num_full, self._steps_per_call)
        ]
        if num_full < self.num_steps:
            calls.append(order[num_full * size :].reshape(1, -1))
        sums = np.zeros(3)
        done = 0
        for batches in calls:
            graph = self._graphs[batches.shape[1]]
            results = graph(
                tf.constant(batches, tf.int32),
                tf.constant(rates[done : done + len(batches)], tf.float32),
                [tf.constant(drawn) for drawn in self.draw_noise(batches.shape)],
            )
            sums += [float(result) for result in results]
            done += len(batches)
        loss, cross_entropy, correct = (sums / len(order)).tolist()
        return {"loss": loss, "cross_entropy": cross_entropy, "accuracy": correct}

    def draw_noise(self, shape: tuple[int, int]) -> list[np.ndarray]:
        """Draw the random bits that drop units: (*shape, units) uint16 per layer."""
        if not self.recipe.dropout_rate:
            return []
        return [
            noise.random_bits(self._noise_rng, (*shape, units))
            for units in self.recipe.hidden_units
        ]

    def predict(self, images: np.ndarray | tf.Tensor) -> np.ndarray:
        """Class probabilities of images, with the present weights.

        Args:
            images: uint8, (n, height, width[, channels]).

        Returns:
            float32, (n, C).
        """
        return np.concatenate(
            [
                self._predict_graph(images[start : start + EVALUATION_BATCH]).numpy()
                for start in range(0, len(images), EVALUATION_BATCH)
            ]
        )

    def penalty(self) -> float:
        """What the L2 term adds to the loss at the present weights."""
        return float(sum(self.model.losses)) if self.model.losses else 0.0

    def _build(self, *, seed: int) -> keras.Model:
        return models.build(
            self.recipe, self.dataset.image_shape, self.dataset.num_classes, seed=seed
        )

    def _fit(
        self, seed: int, on_epoch: Callable[[dict[str, float]], Any]
    ) -> tuple[History, EarlyStopping, list[np.ndarray] | None]:
        """Train all epochs.

        Returns:
            the history, the state of early stopping, and the weights of the best epoch,
            or None if the recipe does not stop early and keeps the last ones.
        """
        recipe = self.recipe
        rng = np.random.default_rng(seed)
        stopping = EarlyStopping(recipe.early_stopping_patience)
        plateau = Plateau()
        history: History = []
        best_weights = None
        for epoch in range(1, recipe.epochs + 1):
            rates = learning_rates(recipe, epoch, self.num_steps, plateau.reductions)
            order = rng.permutation(len(self.dataset.y_train))
            row = {"epoch": epoch, **self.train_epoch(order, rates)}
            row |= {**self.validate(), "learning_rate": float(rates[-1])}
            history.append(row)
            on_epoch(row)
            if not _is_finite(row):
                break
            improved = stopping.improves(epoch, row["val_loss"])
            plateau.update(improved)
            if improved and stopping.patience is not None:
                best_weights = self.model.get_weights()
            if stopping.gives_up(epoch):
                break
        return history, stopping, best_weights

    def _graph(self, size: int) -> Callable[..., tuple[tf.Tensor, ...]]:
        """`_steps` for batches of one size, as a graph that its first call compiles."""
        hidden = self.recipe.hidden_units if self.recipe.dropout_rate else ()
        graph: Callable[..., tuple[tf.Tensor, ...]] = tf.function(
            self._steps,
            input_signature=[
                tf.TensorSpec((None, size), tf.int32),
                tf.TensorSpec((None,), tf.float32),
                [tf.TensorSpec((None, size, units), tf.uint16) for units in hidden],
            ],
            autograph=False,  # it would write a file for every conversion
        )
        return graph

    def _steps(
        self, batches: tf.Tensor, rates: tf.Tensor, drawn: list[tf.Tensor]
    ) -> tuple[tf.Tensor, ...]:
        """Do some steps of an epoch.

        Args:
            batches: indices of training images, (steps, batch size).
            rates: learning rates, (steps,).
            drawn: random bits, for each dropout layer (steps, batch, units) uint16.

        Returns:
            loss, cross entropy and number of correct answers, summed over images.
        """

        def add_step(step: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
            results = self._step(
                batches[step], rates[step], [layer[step] for layer in drawn]
            )
            return step + 1, *(a + b for a, b in zip(sums, results, strict=True))

        _, *sums = tf.while_loop(
            lambda step, *_: step < tf.shape(batches)[0],
            add_step,
            (tf.constant(0), *[tf.constant(0.0)] * 3),
        )
        return tuple(sums)

    def _step(
        self, indices: tf.Tensor, rate: tf.Tensor, drawn: list[tf.Tensor]
    ) -> tuple[tf.Tensor, ...]:
        images = tf.gather(self._images, indices)
        labels = tf.gather(self._labels, indices)
        with tf.GradientTape() as tape:
            probabilities = self._forward(images, drawn)
            losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
            cross_entropy = tf.reduce_mean(losses)
        gradients = tape.gradient(cross_entropy, self._optimizer.variables)
        loss = cross_entropy + self._optimizer.step(gradients, rate)
        count = tf.cast(tf.size(indices), tf.float32)
        hits = tf.equal(tf.argmax(probabilities, 1, tf.int32), labels)
        correct = tf.reduce_sum(tf.cast(hits, tf.float32))
        return loss * count, cross_entropy * count, correct

    def _forward(self, images: tf.Tensor, drawn: list[tf.Tensor]) -> tf.Tensor:
        """What the model answers in training; `drawn` has the bits of each dropout."""
        x, remaining = images, iter(drawn)
        for layer in self.model.layers[1:]:  # the first is the input
            if isinstance(layer, keras.layers.Dropout):
                x = noise.dropout(x, next(remaining), layer.rate)
            else:
                x = layer(x, training=True)
        return x

    def validate(self) -> dict[str, float]:
        """Loss (with penalty), cross entropy and accuracy on the validation set."""
        images, labels = self._validation
        probabilities = self.predict(images)
        labels = labels.numpy()
        losses = scores.negative_log_likelihood(probabilities, labels)
        cross_entropy = float(np.mean(losses))
        return {
            "val_loss": cross_entropy + self.penalty(),
            "val_cross_entropy": cross_entropy,
            "val_accuracy": _accuracy(probabilities, labels),
        }

    def test(self) -> tuple[dict[str, float], np.ndarray]:
        """Metrics of the present weights on test and training set; test predictions."""
        labels = np.asarray(self.dataset.y_test)
        probabilities = self.predict(self.dataset.x_test)
        losses = scores.negative_log_likelihood(probabilities, labels)
        train_accuracy = _accuracy(
            self.predict(self._images), np.asarray(self.dataset.y_train)
        )
        accuracy = _accuracy(probabilities, labels)
        return {
            "test_accuracy": accuracy,
            "test_cross_entropy": float(np.mean(losses)),
            "test_loss": float(np.mean(losses)) + self.penalty(),
            "train_accuracy": train_accuracy,
            "generalization_gap": train_accuracy - accuracy,
            "expected_calibration_error": scores.expected_calibration_error(
                probabilities, labels
            ),
            "num_parameters": self.model.count_params(),
        }, probabilities


def _validation_metrics(history: History, best_epoch: int) -> dict[str, float]:
    """The metrics that the labs report, of the last epoch and of the best.

    `best_val_accuracy` is the highest of any epoch; the other best values are those of
    `best_epoch`, which has the lowest loss.
    """
    last, best = history[-1], history[best_epoch - 1]
    return {
        "final_val_accuracy": last["val_accuracy"],
        "final_val_loss": last["val_loss"],
        "best_val_accuracy": max(row["val_accuracy"] for row in history),
        "best_val_loss": best["val_loss"],
        "best_val_cross_entropy": best["val_cross_entropy"],
        "best_epoch": best_epoch,
    }


def _accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(np.argmax(probabilities, axis=1) == labels))


def _is_finite(row: dict[str, float]) -> bool:
    return math.isfinite(row["loss"]) and math.isfinite(row["val_loss"])
