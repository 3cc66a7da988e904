"""Loads Keras with its own defaults, and without what no trial uses.

A user's `keras.json` may name another precision, another backend or another order of
the axes, and a value that Keras does not know makes the import fail.

Keras loads scikit-learn and matplotlib if they are installed, for wrappers and
pictures: a third of its start-up (4.6 s against 3.1 s on 2 cores).
"""

import importlib
import os

from lab.host.packages import hidden

UNUSED = ("sklearn", "matplotlib")


def load() -> None:
    """Import Keras, without what lies in the user's Keras folder."""
    name = "KERAS_HOME"
    home = os.environ.get(name)
    os.environ[name] = os.devnull  # no folder, so nothing is read or written there
    try:
        with hidden(*UNUSED):
            importlib.import_module("keras")
    finally:
        del os.environ[name]
        if home is not None:
            os.environ[name] = home
