"""A fresh store that several processes want at once."""

import subprocess
import sys
from contextlib import ExitStack

import mlflow
import pytest

from lab import mlproject
from lab.runs import store

MAKE = "from lab.runs import store; store.make()"


@pytest.mark.slow
def test_a_store_is_made_once_and_whole(tmp_path):
    environment = {"PYTHONPATH": str(mlproject.PROJECT_DIRECTORY)}
    command = [sys.executable, "-c", MAKE]
    with ExitStack() as started:
        processes = [
            started.enter_context(
                subprocess.Popen(command, cwd=tmp_path, env=environment)
            )
            for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/{store.DATABASE}")
    run = client.create_run("0")
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert [path.name for path in tmp_path.iterdir()] == [store.DATABASE]
