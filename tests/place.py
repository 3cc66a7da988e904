"""A folder that somebody works in, and `mlflow run` as they would start it there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from mlflow.entities import Run

from lab import mlproject


@dataclass(frozen=True)
class Place:
    """A folder that somebody works in, by default with a store of its own.

    `variables` are added to the environment of what is started there.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> str:
        own = f"sqlite:///{self.folder}/mlflow.db"
        return self.variables.get("MLFLOW_TRACKING_URI", own)

    @property
    def client(self) -> mlflow.MlflowClient:
        return mlflow.MlflowClient(self.store)

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        binaries = str(Path(sys.executable).parent)
        return clean | {
            "PATH": os.pathsep.join([binaries, clean["PATH"]]),
            "KERAS_HOME": str(self.folder / "keras"),
            **self.variables,
        }

    @contextmanager
    def start(
        self, entry_point: str, *, before: tuple[str, ...] = (), **parameters: str
    ) -> Iterator[subprocess.Popen]:
        """`mlflow run` in a process group of its own; `before` is put before it.

        Whatever of the group is alive in the end is killed: a test that fails shall
        not slow down the next.
        """
        command = [
            *before,
            "mlflow",
            "run",
            str(mlproject.PROJECT_DIRECTORY),
            "-e",
            entry_point,
        ]
        command += ["--env-manager", "local"]
        for name, value in parameters.items():
            command += ["-P", f"{name}={value}"]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def run(self, entry_point: str, **given) -> subprocess.CompletedProcess:
        """`start`, and wait for the end."""
        with self.start(entry_point, **given) as process:
            out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def runs(self, filter_string: str = "") -> list[Run]:
        """Oldest first."""
        order = ["attributes.start_time ASC"]
        return self.client.search_runs(["0"], filter_string, order_by=order)

    def last(self, entry_point: str) -> Run:
        name = "tags.`mlflow.project.entryPoint`"
        return self.runs(f"{name} = '{entry_point}'")[-1]

    def artifacts(self, run: Run, folder: str) -> Path:
        path = f"{run.info.artifact_uri}/{folder}"
        return Path(mlflow.artifacts.download_artifacts(path))
