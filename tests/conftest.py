"""What several test modules need: Keras's folder, a web server, TensorFlow's set-up.

TensorFlow in tests is as it is in a worker: quiet, on the CPU, one thread.
"""

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from lab.runs.environment import prepare
from lab.training import environment
from tests.web import serve

prepare()  # before anything imports MLflow
os.environ.update(environment.VARIABLES)

# `nohup` has its program ignore SIGHUP, and a program hands on what it ignores: what
# tests start must hear it. A handler is not handed on.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# Keras, MLflow, matplotlib and git read and write files of the user as soon as they are
# loaded. All processes of pytest-xdist share the home that the first has made.
if "PYTEST_XDIST_WORKER" not in os.environ:
    HOME = tempfile.TemporaryDirectory(prefix="home-of-tests-")
    os.environ["HOME"] = HOME.name
    for place in ("KERAS_HOME", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ.pop(place, None)


@pytest.fixture(scope="session")
def one_thread():
    """For every test that computes with TensorFlow in this process."""
    environment.use_one_thread()


@pytest.fixture(autouse=True)
def threads_of_tensorflow():
    """Fail the test that has TensorFlow start its threads without `one_thread`.

    What TensorFlow has started it cannot change, so that every later test of this
    process that needs one thread would fail, and which come later depends on the
    machine.
    """
    yield
    if context := sys.modules.get("tensorflow.python.eager.context"):
        started = context.context()._initialized
        if started and context.context().intra_op_parallelism_threads != 1:
            pytest.fail("computes with TensorFlow without the fixture one_thread")


@pytest.fixture
def keras_home(tmp_path, monkeypatch) -> Path:
    """An empty Keras folder, so that no test reads or writes the user's own."""
    home = tmp_path / "keras_home"
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setenv("no_proxy", "*")
    return home


@pytest.fixture
def server():
    """A web server, see `tests.web`."""
    with serve() as web:
        yield web


@pytest.fixture
def dead_url() -> str:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"
