"""Stores with real runs: SQLite and files here, a server, and Postgres."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import mlflow
import pytest

SECONDS_TO_START = 120


@pytest.fixture(autouse=True)
def same_store_afterwards(monkeypatch):
    """MLflow remembers the store and the experiment that were used last."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    previous = mlflow.get_tracking_uri()
    yield
    mlflow.end_run()
    mlflow.set_tracking_uri(previous)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """Made once, because MLflow takes seconds to make it."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def sqlite(tmp_path, empty_database):
    """A fresh SQLite store, in use."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = mlflow.create_experiment("mine", str(tmp_path / "artifacts"))
    mlflow.set_experiment(experiment_id=experiment)
    return mlflow.get_tracking_uri()


@pytest.fixture
def files(tmp_path):
    """A fresh store of files, in use."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    mlflow.set_tracking_uri(f"file://{tmp_path}/mlruns")
    mlflow.set_experiment("mine")
    return mlflow.get_tracking_uri()


@pytest.fixture
def tracking_server(tmp_path, empty_database):
    """A server of MLflow's with a fresh store, in use."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"]
    log = (tmp_path / "server.log").open("wb")
    server = subprocess.Popen(
        command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
        mlflow.set_experiment("mine")
        yield mlflow.get_tracking_uri()
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # with the processes that it started
        server.wait()
        log.close()


@pytest.fixture
def postgres():
    """A Postgres of one's own with MLflow's tables, in use."""
    if importlib.util.find_spec("psycopg2") is None:
        pytest.skip("psycopg2 is not installed, so that MLflow knows no Postgres")
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("initdb and pg_ctl of Postgres are not on the PATH")
    # The name of a socket must be short. Postgres refuses to be started by root.
    place = tempfile.mkdtemp(prefix="pg-")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": place}
    if os.geteuid() == 0:
        shutil.chown(place, "nobody")
        quiet["user"] = "nobody"
    try:
        data = f"{place}/data"
        subprocess.run([initdb, "-D", data, "-U", "me", "-A", "trust"], **quiet)
        server = [pg_ctl, "-D", data, "-w", "-l", f"{place}/log"]
        options = f"-c listen_addresses='' -c unix_socket_directories={place}"
        subprocess.run([*server, "-o", options, "start"], **quiet)
        try:
            address = f"postgresql+psycopg2://me@/postgres?host={place}"
            mlflow.set_tracking_uri(address)
            mlflow.set_experiment("mine")
            yield address
        finally:
            subprocess.run([*server, "-m", "immediate", "stop"], **quiet)
    finally:
        shutil.rmtree(place)


@pytest.fixture(params=["sqlite", "files", "tracking_server", "postgres"])
def any_store(request):
    """Each kind of store in turn; its address."""
    return request.getfixturevalue(request.param)


def _wait_for(address, server):
    """Wait until a server answers."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError("mlflow server did not start")
