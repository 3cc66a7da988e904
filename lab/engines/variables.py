"""Sets the environment variables that TensorFlow, Keras and NumPy read on loading."""

import os

from lab.training import environment

# Beginnings of variables that users set for their own work, and that are removed here:
# some change the last bits of a result, some end every process that loads the library.
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
# Stays: it says where downloads are kept. `lab.training.keras_defaults` ignores the
# settings in that folder.
HARMLESS = "KERAS_HOME"


def prepare() -> None:
    """Remove what users have set and set ours; before any of the three is loaded."""
    for name in list(os.environ):
        if name.startswith(OF_USERS) and name != HARMLESS:
            del os.environ[name]
    os.environ.update(environment.VARIABLES)
    os.environ["KERAS_BACKEND"] = "tensorflow"
