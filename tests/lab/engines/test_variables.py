"""Nothing that a user has set for their own networks decides a result of ours."""

import json
import os
import subprocess
import sys

import pytest

from lab import mlproject
from lab.engines.variables import OF_USERS

# Trains a trial, makes its model, and prints digests of both. The process must not have
# loaded Keras before, and shares no fork server with other tests.
PROGRAM = """
import hashlib, os, sys
from pathlib import Path
from lab.data import dataset as data
from lab.engines.processes import ProcessEngine
from lab.engines.protocol import Job, TrialDone
from lab.runs import models
from lab.training.deployment import keras_model
from tests.make_data import make_recipe

RECIPE = make_recipe(epochs=2, dropout_rate=0.3, use_batch_norm=True)

def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()

if __name__ == "__main__":
    folder, home = Path(sys.argv[1]), os.environ["KERAS_HOME"]
    with ProcessEngine(1) as engine:
        *_, last = engine.train([Job(RECIPE, 0, folder)])
    models.expect()
    network = keras_model(RECIPE, data.load(folder), last.trial)
    images = data.load(folder).x_test[:8].copy()
    print(digest([last.trial.probabilities, *last.trial.weights]))
    print(digest([*network.get_weights(), network(images).numpy()]))
    print([layer.compute_dtype for layer in network.layers])
    assert os.environ["KERAS_HOME"] == home
"""
# An unknown flag of XLA ends the process, an unknown number Keras's import.
OF_A_USER = {
    "KERAS_BACKEND": "jax",
    "KERAS_MAX_EPOCHS": "many",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 AVX512F AVX512_SKX",
    "OMP_NUM_THREADS": "7",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_NUM_INTRAOP_THREADS": "7",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "XLA_FLAGS": "--xla_no_such_flag=true",
}
KERAS_JSON = {
    "backend": "jax",
    "epsilon": 0.1,
    "floatx": "float16",
    "image_data_format": "channels_first",
}


def results(folder, keras_home, variables):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(OF_USERS)}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=clean | {"KERAS_HOME": str(keras_home)} | variables,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.slow
def test_no_setting_of_a_user_changes_a_result(dataset_folder, tmp_path):
    expected = results(dataset_folder, tmp_path / "none", {})
    settings = json.dumps(KERAS_JSON)
    (tmp_path / "keras.json").write_text(settings)
    assert results(dataset_folder, tmp_path, OF_A_USER) == expected
    assert [path.read_text() for path in tmp_path.iterdir()] == [settings]
