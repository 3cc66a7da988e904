"""A stored model: what it answers, what it refuses, and whether it lives on its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest

from lab.runs import raw_pixels
from lab.training import model
from tests.lab.runs.steps import execute
from tests.lab.training.recipes import make_recipe

# MLflow 3.17, where it loads what it serves models with:
pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred")

IMAGES = np.random.default_rng(0).integers(0, 255, (2, 4, 3), np.uint8, endpoint=True)
IMAGES[0, 0, :2] = 0, 255
RAW = "expected raw pixels, whole numbers from 0 to 255 in an array of shape (n, 4, 3)"


def with_first(value):
    values = IMAGES.astype(object)
    values[0, 0, 0] = value
    return values


def check():
    """What stands before a network that answers with what it was given."""
    return raw_pixels.RawPixels(lambda images: images, (4, 3))


@pytest.mark.parametrize(
    "kind", ["uint8", "int64", "uint16", "float16", "float64", "O"]
)
def test_whole_pixels_of_any_type_reach_the_network_as_bytes(kind):
    answered = check().predict(IMAGES.astype(kind))
    assert answered.dtype == np.uint8
    np.testing.assert_array_equal(answered, IMAGES)


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (IMAGES / 255, "among them"),
        ((IMAGES / 255).astype(object), "among them"),
        (with_first(256), "got 256 among them"),
        (with_first(-1), "got -1 among them"),
        (with_first(0.5), "got 0.5 among them"),
        (with_first(float("nan")), "got nan among them"),
        (with_first(float("inf")), "got inf among them"),
        (with_first(None), "got what are no numbers"),
        (with_first("7"), "got what are no numbers"),
        (with_first(2**80), "got what are no numbers"),
        (IMAGES > 127, "got what are no numbers"),
        (IMAGES.astype(complex), "got what are no numbers"),
        (IMAGES[0], "got an array of shape (4, 3)"),
        (IMAGES.reshape(2, 12), "got an array of shape (2, 12)"),
        (IMAGES[..., None], "got an array of shape (2, 4, 3, 1)"),
        (np.array([[[1], [2, 3]], [[4]]], object), "got an array of shape (2,)"),
        (7, "got an array of shape ()"),
    ],
)
def test_anything_but_raw_pixels_is_refused(images, found):
    with pytest.raises(mlflow.MlflowException) as refused:
        check().predict(images)
    assert refused.value.get_http_status_code() == 400
    assert RAW in refused.value.message
    assert found in refused.value.message
    assert "neither divided by 255 nor flattened" in refused.value.message


@pytest.fixture
def stored(store, one_thread) -> tuple[Path, keras.Model]:
    """The folder of a model that a step has stored, and the network."""
    network = model.build(make_recipe(), IMAGES.shape[1:], 5, seed=0)
    network.compile(loss=model.LOSS)
    network.optimizer.build(network.trainable_variables)
    status, run = execute(store, lambda step: step.log_model(network, IMAGES))
    assert status == 0
    uri = f"runs:/{run.info.run_id}/model"
    return Path(mlflow.artifacts.download_artifacts(uri)), network


def test_a_stored_model_is_an_ordinary_keras_model_without_pickle(stored):
    folder, network = stored
    loaded = mlflow.tensorflow.load_model(str(folder))
    np.testing.assert_array_equal(loaded(IMAGES), network(IMAGES))
    assert not [*folder.rglob("*.pkl")]
    assert "cloudpickle" not in (folder / "MLmodel").read_text("utf-8")
    served = mlflow.pyfunc.load_model(str(folder))
    np.testing.assert_allclose(served.predict(IMAGES), network(IMAGES), rtol=1e-5)
    np.testing.assert_array_equal(
        served.predict(IMAGES), served.predict(IMAGES.astype(float))
    )
    with pytest.raises(mlflow.MlflowException, match="raw pixels"):
        served.predict(IMAGES / 255)


@pytest.fixture
def address(stored, tmp_path) -> Iterator[str]:
    """`mlflow models serve` at work, from a folder without this project."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(stored[0], elsewhere / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "model"]
    command += ["--env-manager", "local", "--port", str(port)]
    log = tmp_path / "log.txt"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (
        open(log, "w", encoding="utf-8") as output,
        subprocess.Popen(
            command,
            cwd=elsewhere,
            env=os.environ | {"PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as server,
    ):
        try:
            deadline = time.monotonic() + 120
            while "Application startup complete" not in log.read_text("utf-8"):
                assert server.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            os.killpg(server.pid, 15)


def ask(address, body, kind="application/json"):
    """Status and text of the answer."""
    content = body if isinstance(body, str) else json.dumps(body)
    request = urllib.request.Request(address, content.encode(), {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


@pytest.mark.slow
def test_a_served_model_answers_raw_pixels_and_says_so_otherwise(address, stored):
    for key in ("instances", "inputs"):
        for kind in ("uint8", "float64"):
            status, text = ask(address, {key: IMAGES.astype(kind).tolist()})
            assert status == 200, text
            answer = json.loads(text)["predictions"]
            np.testing.assert_allclose(answer, stored[1](IMAGES), rtol=1e-4)
    wrong = {
        "scaled": IMAGES / 255,
        "flat": IMAGES.reshape(2, -1),
        "one image": IMAGES[0],
        "too large": with_first(256),
        "negative": with_first(-1),
        "not a number": with_first(float("nan")),
        "null": with_first(None),
        "text": IMAGES.astype(str),
    }
    bodies = {name: {"instances": images.tolist()} for name, images in wrong.items()}
    bodies["ragged"] = {"instances": [IMAGES[0].tolist(), IMAGES[1][:2].tolist()]}
    for name, body in bodies.items():
        status, text = ask(address, body)
        assert status == 400, (name, text)
        assert RAW in json.loads(text)["message"], (name, text)
    flat = IMAGES.reshape(2, -1)
    table = {"columns": list(range(12)), "data": flat.tolist()}
    csv = "\n".join([",".join(map(str, row)) for row in [range(12), *flat]])
    assert ask(address, {"dataframe_split": table})[0] == 400
    assert ask(address, csv, "text/csv")[0] == 400
