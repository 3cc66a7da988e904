"""Keras's own schedules, with the settings of ours, to hold ours against."""

import keras

from lab.training.schedule import PLATEAU_FACTOR, PLATEAU_PATIENCE

KERAS_SCHEDULES = {
    "cosine": keras.optimizers.schedules.CosineDecay,
    "exponential": lambda rate, steps: keras.optimizers.schedules.ExponentialDecay(
        rate, steps, decay_rate=0.1
    ),
    "reduce_on_plateau": lambda rate, steps: rate,
}


def reduce_on_plateau():
    return keras.callbacks.ReduceLROnPlateau(
        "val_loss",
        factor=PLATEAU_FACTOR,
        patience=PLATEAU_PATIENCE,
        mode="min",
        min_delta=0,
    )
