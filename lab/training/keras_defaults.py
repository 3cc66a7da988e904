"""Loads Keras as it comes, whatever a user has configured for their own networks.

Its file `keras.json` may name another precision, another backend, another place of the
channels; a value that Keras does not know even ends the import.
"""

import importlib
import os


def load() -> None:
    """Import Keras, without what lies in the user's Keras folder."""
    name = "KERAS_HOME"
    home = os.environ.get(name)
    os.environ[name] = os.devnull  # no folder: nothing is found there, nothing written
    try:
        importlib.import_module("keras")
    finally:
        del os.environ[name]
        if home is not None:
            os.environ[name] = home
