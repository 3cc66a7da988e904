"""Builds the Keras model of a recipe, of ordinary layers, from raw pixels on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import layers

if TYPE_CHECKING:
    from lab.training.recipe import Recipe

LOSS = "sparse_categorical_crossentropy"


def build(
    recipe: "Recipe", image_shape: tuple[int, ...], num_classes: int, *, seed: int
) -> keras.Model:
    """Build a multi-layer perceptron with new weights.

    Rescaling and flattening are layers, so that nobody can serve the model with other
    preprocessing than it was trained with.

    Args:
        recipe: says which layers, and their L2 penalty.
        image_shape: (height, width) or (height, width, channels).
        num_classes: C, the size of the last layer.
        seed: fixes initial weights and dropout. Each layer has a seed of its own, so
            two recipes that differ in dropout or batch normalisation still start from
            the same weights.

    Returns:
        a model that takes uint8 pixels in 0..255, (n, *image_shape), and answers
        float32 probabilities, (n, C).
    """
    seeds = _layer_seeds(seed, len(recipe.hidden_units))
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    x = layers.Flatten(name="flatten")(x)
    for index, units in enumerate(recipe.hidden_units, start=1):
        x = _dense(recipe, units, next(seeds), name=f"hidden_{index}")(x)
        for layer in _after_dense(recipe, index, next(seeds)):
            x = layer(x)
    probabilities = _dense(
        recipe, num_classes, next(seeds), activation="softmax", name="probabilities"
    )(x)
    return keras.Model(images, probabilities, name="perceptron")


def _layer_seeds(seed: int, num_hidden_layers: int) -> Iterator[int]:
    """Two seeds per hidden layer (weights, dropout), one for the last; 31 bits each."""
    states = np.random.SeedSequence(seed).generate_state(2 * num_hidden_layers + 1)
    return (int(state >> 1) for state in states)


def _dense(
    recipe: "Recipe", units: int, seed: int, *, name: str, activation: str | None = None
) -> layers.Dense:
    """A layer with Keras's usual first weights and the penalty lambda * sum(w ** 2)."""
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        kernel_regularizer=(
            keras.regularizers.L2(recipe.l2_lambda) if recipe.l2_lambda else None
        ),
        name=name,
    )


def _after_dense(recipe: "Recipe", index: int, seed: int) -> list[layers.Layer]:
    """Batch normalisation, activation and dropout, in the recipe's order."""
    stack = [layers.Activation(recipe.activation, name=f"activation_{index}")]
    if recipe.use_batch_norm:
        position = recipe.batch_norm_position == "after_activation"
        normalization = layers.BatchNormalization(name=f"batch_norm_{index}")
        stack.insert(int(position), normalization)
    if recipe.dropout_rate:
        stack.append(
            layers.Dropout(recipe.dropout_rate, seed=seed, name=f"dropout_{index}")
        )
    return stack
