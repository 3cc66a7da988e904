"""Stores the Keras model of an arm, ready for `mlflow models serve`."""

import importlib
import sys
from typing import TYPE_CHECKING

import numpy as np

from lab import mlproject
from lab.training import keras_defaults

if TYPE_CHECKING:
    import keras

# What a served model needs of the packages in requirements.txt.
NEEDED = ("tensorflow", "keras", "numpy", "mlflow")


def expect() -> None:
    """Load what `log` needs, which takes seconds, before it is called."""
    keras_defaults.load()
    importlib.import_module("mlflow.tensorflow")


def log(model: "keras.Model", example: np.ndarray) -> None:
    """Store a model as `model` of the active run.

    Args:
        model: maps images to probabilities.
        example: a few uint8 images (n, height, width[, channels]).
    """
    import keras
    import mlflow.tensorflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    # MLflow feeds the example to the model, and Keras would draw a progress bar.
    keras.config.disable_interactive_logging()
    images = TensorSpec(np.dtype(np.uint8), (-1, *example.shape[1:]))
    probabilities = TensorSpec(np.dtype(np.float32), (-1, model.output_shape[-1]))
    mlflow.tensorflow.log_model(
        model,
        name="model",
        signature=ModelSignature(Schema([images]), Schema([probabilities])),
        input_example=example,
        conda_env=_environment(),
    )


def _environment() -> dict[str, object]:
    """The conda environment of a served model, with the versions of requirements.txt.

    Without it, MLflow would load the model in one more process to find out.
    """
    requirements = mlproject.PROJECT_DIRECTORY / "requirements.txt"
    lines = requirements.read_text("utf-8").splitlines()
    pinned = [line for line in lines if line.startswith(NEEDED)]
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "name": "tp2-model",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": pinned}],
    }
