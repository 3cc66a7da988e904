"""Loads Keras with its own defaults, and without what no trial uses.

A user's `keras.json` may name another precision, another backend or another order of
the axes, and a value that Keras does not know makes the import fail.

Keras loads scikit-learn and matplotlib if they are installed, for wrappers and
pictures: a third of its start-up (4.6 s against 3.1 s on 2 cores).
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

UNUSED = ("sklearn", "matplotlib")
# A module that is None in `sys.modules` counts as not installed. Python allows that,
# its type hints do not.
NOT_INSTALLED: Any = None


def load() -> None:
    """Import Keras, without what lies in the user's Keras folder."""
    name = "KERAS_HOME"
    home = os.environ.get(name)
    os.environ[name] = os.devnull  # no folder, so nothing is read or written there
    try:
        with _hidden(UNUSED):
            importlib.import_module("keras")
    finally:
        del os.environ[name]
        if home is not None:
            os.environ[name] = home


@contextmanager
def _hidden(packages: tuple[str, ...]) -> Iterator[None]:
    """Let packages that are not loaded yet count as not installed, for a while."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, NOT_INSTALLED))
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]
