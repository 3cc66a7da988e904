"""How MLflow serves a model: it answers raw pixels, and refuses anything else.

A copy of this file lies beside every stored model, and `mlflow models serve` loads it
where this project is not installed. So it knows NumPy and MLflow alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.tensorflow import load_model


class RawPixels:
    """The network behind a check of what it is given.

    Nothing else would refuse images that somebody has divided by 255: the network takes
    bytes, and as bytes they are black.

    Args:
        answer: what answers uint8 images with probabilities.
        shape: of one image, (height, width[, channels]).
    """

    def __init__(
        self, answer: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]
    ):
        self._answer = answer
        self._shape = shape

    def predict(self, images: object) -> np.ndarray:
        """Probabilities (n, classes) as float32.

        Args:
            images: whole numbers from 0 to 255 of any type, (n, *shape).

        Raises:
            MlflowException: they are something else, which MLflow answers with 400.
        """
        values = np.asarray(images)
        if values.ndim == 0 or values.shape[1:] != self._shape:
            raise self._refusal(f"an array of shape {values.shape}")
        if values.dtype == object:  # from JSON
            values = np.array(values.tolist())
        if values.dtype.kind not in "iuf":
            raise self._refusal("what are no numbers")
        is_pixel = (values >= 0) & (values <= 255) & (values == np.rint(values))
        if not is_pixel.all():  # NaN is none of the three
            raise self._refusal(f"{values[~is_pixel][0]:g} among them")
        return self._answer(values.astype(np.uint8))

    def _refusal(self, found: str) -> MlflowException:
        shape = ", ".join(["n", *map(str, self._shape)])
        return MlflowException(
            "expected raw pixels, whole numbers from 0 to 255 in an array of shape"
            f" ({shape}), got {found}; send the images as they are stored, neither"
            " divided by 255 nor flattened, as JSON under 'instances' or 'inputs'",
            error_code=INVALID_PARAMETER_VALUE,
        )


def _load_pyfunc(path: str) -> RawPixels:
    """What MLflow calls with the path of the data folder in a stored model."""
    load: Callable[[str], Any] = load_model  # Keras and its models have no types
    network = load(str(Path(path).parent))
    return RawPixels(
        lambda images: network.predict(images, verbose=0), network.input_shape[1:]
    )
