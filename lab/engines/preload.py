"""What every worker needs, loaded once by the fork server that they share.

Keras loads scikit-learn and matplotlib where they are installed, for wrappers and
pictures that no trial uses: a third of its start-up (4.6 s against 3.1 s on 2 cores).
To a module that is None, Python answers as if it were not installed.
"""

import importlib
import sys
from typing import Any

from lab.training import keras_defaults

# Python's own mark, which the type hints of `sys.modules` do not know.
NOT_INSTALLED: Any = None
sys.modules.update(dict.fromkeys(("sklearn", "matplotlib"), NOT_INSTALLED))

keras_defaults.load()
importlib.import_module("lab.training.trainer")
