"""What an import does, in a process of its own; who may import what is in pyproject."""

import json
import os
import subprocess
import sys

import pytest

from lab import mlproject

HEAVY = {"keras", "matplotlib", "mlflow", "pandas", "rich", "scipy", "tensorflow"}

# Prints which of these an import changes, and the packages that it loads.
LOOK = """
import json, logging, os, signal, sys, warnings

def state():
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "handlers": list(map(repr, logging.root.handlers)),
        "level": logging.root.level,
        "filters": list(map(repr, warnings.filters)),
        "signals": [repr(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
    }

before = state()
import IMPORTED
after = state()
changed = [name for name in before if before[name] != after[name]]
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([changed, loaded]))
"""


def import_afresh(names: str) -> tuple[list[str], set[str]]:
    """What changes when these modules are imported, and what is loaded then."""
    process = subprocess.run(
        [sys.executable, "-c", LOOK.replace("IMPORTED", names)],
        cwd=mlproject.PROJECT_DIRECTORY,
        env={"PATH": os.environ["PATH"]},  # ours has what an import would set
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    changed, loaded = json.loads(process.stdout)
    return changed, set(loaded)


@pytest.mark.parametrize("package", ["didithelp", "lab"])
def test_importing_a_package_changes_nothing_and_loads_little(package):
    changed, loaded = import_afresh(package)
    assert changed == []
    assert package in loaded and not loaded & HEAVY


def test_using_the_library_changes_nothing_either():
    changed, loaded = import_afresh("didithelp.front_door, didithelp.report.report")
    assert set(changed) <= {"filters"}  # NumPy and SciPy add some for their own
    assert not loaded & {"lab", "keras", "mlflow", "rich", "tensorflow"}


def test_steps_check_their_parameters_before_anything_heavy_loads():
    _, loaded = import_afresh(
        "pipelines.main, pipelines.ablation, steps.prepare_data, steps.train,"
        " steps.train_arms, steps.compare, steps.factorial, steps.judge, steps.verify"
    )
    assert {"lab", "numpy"} <= loaded
    assert not loaded & HEAVY


def test_keras_loads_without_what_no_trial_uses_and_nothing_stays_hidden():
    _, loaded = import_afresh("lab.engines.preload")
    assert {"keras", "tensorflow"} <= loaded
    assert not loaded & {"sklearn", "matplotlib"}  # a hidden one would be here


ORDINARY_IMAGES = """
import sys
from pathlib import Path
import numpy as np
from lab.data.prepare import prepare
from lab.data.split import Split
from steps import prepare_data
from tests.make_data import make_images

images, labels = make_images(60, seed=1)
train = {"x_train": images, "y_train": labels}
np.savez(sys.argv[1], **train, x_test=~images, y_test=labels)
split = Split(validation_fraction=0.2, split_seed=0, train_size=0)
print(prepare_data.warnings(prepare(sys.argv[1], split, Path())))
print({"numpy", "pandas", "scipy"} & sys.modules.keys())
"""


def test_images_with_nothing_odd_about_them_are_prepared_without_statistics(tmp_path):
    out = subprocess.check_output(
        [sys.executable, "-c", ORDINARY_IMAGES, tmp_path / "images.npz"],
        cwd=mlproject.PROJECT_DIRECTORY,
        text=True,
    )
    assert out == "[]\n{'numpy'}\n"
