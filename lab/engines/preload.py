"""Loads what every worker needs, once, in the fork server that they share.

Keras loads scikit-learn and matplotlib if they are installed, for wrappers and pictures
that no trial uses: a third of its start-up (4.6 s against 3.1 s on 2 cores). Here they
are hidden: a module that is None in `sys.modules` counts as not installed.

TensorFlow warns a process that compiles one function many times. A worker does so for
every recipe that it is given, and there is nothing to be done about it.
"""

import importlib
import logging
import sys
from typing import Any

from lab.training import keras_defaults

# Python allows None in `sys.modules`, its type hints do not.
NOT_INSTALLED: Any = None
sys.modules.update(dict.fromkeys(("sklearn", "matplotlib"), NOT_INSTALLED))

logging.getLogger("tensorflow").setLevel(logging.ERROR)
keras_defaults.load()
importlib.import_module("lab.training.trainer")
