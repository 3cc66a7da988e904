"""Stores the Keras model of an arm, ready for `mlflow models serve`."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab import mlproject
from lab.training import keras_defaults

if TYPE_CHECKING:
    import keras
    from mlflow.models import Model

# What a served model needs of the packages in requirements.txt.
NEEDED = ("tensorflow", "keras", "numpy", "mlflow")
SERVED = Path(__file__).with_name("raw_pixels.py")  # goes with every model


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
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    # MLflow casts what it is sent to the type given here: 0.9 would be 0 as an integer.
    anything = TensorSpec(np.dtype(object), (-1,))
    probabilities = TensorSpec(np.dtype(np.float32), (-1, model.output_shape[-1]))
    Model.log(
        artifact_path=None,
        flavor=sys.modules[__name__],
        name="model",
        model=model,
        signature=ModelSignature(Schema([anything]), Schema([probabilities])),
        input_example=example,
        conda_env=_environment(),
    )


def save_model(path: str, mlflow_model: "Model", **given: Any) -> None:
    """Write a folder that is served by `raw_pixels`, and loaded by Keras as ever.

    Args:
        path: of the folder.
        mlflow_model: its description, which is completed.
        given: what MLflow hands on to `mlflow.tensorflow.save_model`.
    """
    import mlflow.tensorflow
    from mlflow.models.model import MLMODEL_FILE_NAME

    mlflow.tensorflow.save_model(
        path=path, mlflow_model=mlflow_model, code_paths=[str(SERVED)], **given
    )
    mlflow_model.flavors["python_function"]["loader_module"] = SERVED.stem
    mlflow_model.save(f"{path}/{MLMODEL_FILE_NAME}")


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
