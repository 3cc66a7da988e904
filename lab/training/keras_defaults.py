"""Loads Keras with its own defaults, whatever a user has configured.

A user's `keras.json` may name another precision, another backend or another order of
the axes, and a value that Keras does not know makes the import fail.
"""

import importlib
import os


def load() -> None:
    """Import Keras, without what lies in the user's Keras folder."""
    name = "KERAS_HOME"
    home = os.environ.get(name)
    os.environ[name] = os.devnull  # no folder, so nothing is read or written there
    try:
        importlib.import_module("keras")
    finally:
        del os.environ[name]
        if home is not None:
            os.environ[name] = home
