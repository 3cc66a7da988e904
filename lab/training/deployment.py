"""Makes an ordinary Keras model of a trial, for others to load and serve."""

from typing import TYPE_CHECKING

from lab.data.dataset import Dataset
from lab.training import keras_defaults
from lab.training.recipe import Recipe
from lab.training.trial import Trial

if TYPE_CHECKING:
    import keras


def keras_model(recipe: Recipe, dataset: Dataset, trial: Trial) -> "keras.Model":
    """Build the network of a finished trial, with its kept weights, and compile it."""
    keras_defaults.load()
    from lab.training import model
    from lab.training.optimizer import keras_optimizer

    network = model.build(
        recipe, dataset.image_shape, dataset.num_classes, seed=trial.seed
    )
    network.set_weights(trial.weights)
    network.compile(keras_optimizer(recipe), loss=model.LOSS, metrics=["accuracy"])
    network.optimizer.build(network.trainable_variables)  # else Keras warns on loading
    return network
