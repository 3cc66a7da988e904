"""The variables under which TensorFlow, Keras and NumPy load: ours, and no user's."""

import os

from lab.training import environment

# What a user has set for their own work with the libraries that compute here. Some of
# it changes the last bits of a result, some ends every process that loads the library.
OF_USERS = (
    "DNNL_",
    "KERAS_",
    "KMP_",
    "MKL_",
    "NPY_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "TF_",
    "XLA_",
)
# Downloads are kept there; `lab.training.keras_defaults` sees to what else it holds.
HARMLESS = "KERAS_HOME"


def prepare() -> None:
    """Set what has to be set before any of the three is loaded for training."""
    for name in list(os.environ):
        if name.startswith(OF_USERS) and name != HARMLESS:
            del os.environ[name]
    os.environ.update(environment.VARIABLES)
    os.environ["KERAS_BACKEND"] = "tensorflow"
