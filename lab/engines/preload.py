"""Loads what every worker needs, once, in the fork server that they share.

TensorFlow warns a process that compiles one function many times. A worker does so for
every recipe that it is given, and there is nothing to be done about it.
"""

import importlib
import logging

from lab.training import keras_defaults

logging.getLogger("tensorflow").setLevel(logging.ERROR)
keras_defaults.load()
importlib.import_module("lab.training.trainer")
