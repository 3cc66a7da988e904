"""Everything that talks to MLflow: steps, nested runs, artifacts, signals.

The only module that imports mlflow. `mlflow run` records the parameters as they were
typed before a step starts; a second spelling of one ("1e-4", "0.0001") would be an
error, so nothing here logs a parameter again that is already there.
"""

import importlib
import logging
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import mlflow
import numpy as np
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import (
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
)

from lab import cli
from lab.trials import TrialError

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from lab.data import Dataset
    from lab.trials import Trial

SECONDS_BETWEEN_PARENT_CHECKS = 1.0

# stdout is for results, and a bar per downloaded file would break the step's own.
QUIET_MLFLOW = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_URI_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/")
# What MLflow calls a run that nobody named, such as "bold-fish-12".
_RANDOM_RUN_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")


class StepError(RuntimeError):
    """A step that this one had started did not finish."""


class Terminated(KeyboardInterrupt):
    """SIGTERM; MLflow cancels what it started for any KeyboardInterrupt."""


def execute(
    run: Callable[[cli.Params, "Step"], None], params: cli.Params, *, name: str
) -> None:
    """Run a step within its MLflow run; where it fails, say why and end the process.

    Within `mlflow run` the run exists already, else a new one is started. Whatever
    happens, the run ends as FINISHED, FAILED or KILLED and scratch files are removed.
    """
    # Steps that this one launches must not find another environment's Python first.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    os.environ.update(QUIET_MLFLOW)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    scratch = Path(tempfile.mkdtemp(prefix="tp2-"))
    try:
        with _active_run(name, params.working_directory) as active:
            # Only now is there a run that an interruption can end.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, _terminate)
            _watch_parent()
            run(params, Step(active, params, scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Step:
    """The MLflow run of a step, and what steps do with it.

    Attributes:
        run_id: of the active run.
        scratch: a folder that is removed when the step ends.
    """

    def __init__(self, run: Run, params: cli.Parameters, scratch: Path):
        self.run_id = run.info.run_id
        self.scratch = scratch
        self._experiment_id = run.info.experiment_id
        self._parent_id = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        self._working_directory = params.working_directory
        self._client = mlflow.MlflowClient()
        self._source = self._project_source(run)
        if not run.data.params:  # started without `mlflow run`
            mlflow.log_params(cli.pick(type(params), params))

    def names_run(self, location: str) -> bool:
        """Whether `fetch` would ask MLflow for this location."""
        return names_run(location)

    def launch(self, entry_point: str, **parameters: str) -> str:
        """Run another entry point as a nested run and wait for it.

        Returns:
            the URI of its run, "runs:/<run id>", to which a folder can be appended.

        Raises:
            StepError: it failed; its own message is already on stderr.
        """
        parameters["working_directory"] = str(self._working_directory)
        try:
            submitted = mlflow.projects.run(
                str(cli.PROJECT_DIRECTORY),
                entry_point,
                parameters=parameters,
                experiment_id=self._experiment_id,
                run_name=entry_point,
                env_manager="local",
                storage_dir=str(self.scratch),
            )
        except MlflowException as error:
            raise StepError(f"step {entry_point} stopped: {error.message}") from None
        return f"runs:/{submitted.run_id}"

    def run_of(self, location: str) -> str | None:
        """The id of the run that a location names, if it names one."""
        found = re.match(r"(?:runs:/)?([0-9a-f]{32})(?:/|$)", location)
        return found[1] if found else None

    def fetch(self, location: str, folder: str) -> Path:
        """The local copy of a folder that a finished step has left.

        Args:
            location: an artifact URI, a run id, or a path from the caller's directory.
            folder: what the step calls it, for locations that name only a run.

        Raises:
            ValueError: there is no such folder, or its run did not finish.
        """
        if not names_run(location):
            return self._existing_folder(location)
        if _RUN_ID.fullmatch(location):
            location = f"runs:/{location}"
        if location.startswith("runs:/"):
            location = self._artifact_of_run(location, folder)
        target = Path(tempfile.mkdtemp(dir=self.scratch))
        try:
            return Path(mlflow.artifacts.download_artifacts(location, dst_path=target))
        except Exception as error:  # each kind of artifact store has its own
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ValueError(f"{location} could not be fetched: {reason}") from None

    def load(self, location: str, folder: str, loader: Callable[[Path], Any]) -> Any:
        """`loader` of what `fetch` brings; its errors name the location, not the copy.

        Raises:
            ValueError: as `fetch`, and whatever `loader` finds wrong.
        """
        path = self.fetch(location, folder)
        try:
            return loader(path)
        except ValueError as error:
            error.args = (str(error).replace(str(path), location),)
            raise

    def log_folder(self, folder: Path, name: str) -> None:
        """Store a folder's files as the artifact folder `name`."""
        mlflow.log_artifacts(str(folder), name)

    def log_metrics(self, metrics: dict[str, float], run_id: str | None = None) -> None:
        """Store numbers; those that are not finite are left out."""
        now = int(time.time() * 1000)
        entries = [
            Metric(name, float(value), now, 0)
            for name, value in metrics.items()
            if value is not None and np.isfinite(value)
        ]
        self._client.log_batch(run_id or self.run_id, metrics=entries)

    def log_new_param(self, name: str, value: Any) -> None:
        """Record what is no parameter of the entry point."""
        mlflow.log_param(name, cli.spell(value))

    def set_tags(self, **tags: str) -> None:
        """Tag the step's run."""
        mlflow.set_tags(tags)

    def log_dataset(self, dataset: "Dataset") -> None:
        """Record the three splits as inputs, by our digests.

        MLflow's own digest covers only the first 10,000 elements of an array.
        """
        digests = dataset.description["sha256"]
        for split, context in [
            ("train", "training"),
            ("validation", "validation"),
            ("test", "testing"),
        ]:
            images = mlflow.data.from_numpy(
                getattr(dataset, f"x_{split}"),
                targets=getattr(dataset, f"y_{split}"),
                source=_dataset_source(dataset),
                name=f"{dataset.name}-{split}",
                digest=digests[f"x_{split}"][:16],
            )
            mlflow.log_input(images, context=context)
        tags = {
            "dataset": dataset.name,
            "test_images_sha256": digests["x_test"],
            "train_images_sha256": digests["x_train"],
        }
        if dataset.fallback:
            tags["dataset_fallback"] = dataset.fallback
        mlflow.set_tags(tags)

    def log_trial(self, arm: str, trial: "Trial", params: dict[str, str]) -> None:
        """One nested run: parameters, metrics, and a metric history by epoch."""
        now = int(time.time() * 1000)
        started = now - int(1000 * trial.metrics["train_seconds"])
        tags = {
            MLFLOW_PARENT_RUN_ID: self.run_id,
            MLFLOW_RUN_NAME: f"{arm} seed {trial.seed}",
            "arm": arm,
            "seed": str(trial.seed),
            "trial_status": trial.status,
        }
        if self._source:
            tags[MLFLOW_SOURCE_NAME] = self._source
        run_id = self._client.create_run(
            self._experiment_id, start_time=started, tags=tags
        ).info.run_id
        try:
            self._log_trial(run_id, trial, params, now)
        except BaseException:
            self._client.set_terminated(run_id, "KILLED")
            raise
        self._client.set_terminated(run_id)

    def _log_trial(
        self, run_id: str, trial: "Trial", params: dict[str, str], now: int
    ) -> None:
        self._client.log_batch(
            run_id,
            params=[Param(name, text) for name, text in params.items()],
            metrics=[Metric(k, float(v), now, 0) for k, v in trial.metrics.items()],
        )
        history = [
            Metric(name, float(value), now, int(row["epoch"]))
            for row in trial.history
            for name, value in row.items()
            if name != "epoch"
        ]
        for first in range(0, len(history), 1000):  # MLflow's limit for one batch
            self._client.log_batch(run_id, metrics=history[first : first + 1000])

    def expect_model(self) -> None:
        """Load what `log_model` needs, which takes seconds, at a convenient time."""
        importlib.import_module("mlflow.tensorflow")

    def log_model(self, model: "keras.Model", example: np.ndarray) -> None:
        """Store the Keras model as `model`, ready for `mlflow models serve`.

        Args:
            example: a few uint8 images (n, height, width[, channels]).
        """
        import keras
        import mlflow.tensorflow
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        # MLflow tries the example, and Keras would draw a progress bar for it.
        keras.config.disable_interactive_logging()
        probabilities = np.dtype(np.float32), (-1, model.output_shape[-1])
        mlflow.tensorflow.log_model(
            model,
            name="model",
            signature=ModelSignature(
                Schema([TensorSpec(np.dtype(np.uint8), (-1, *example.shape[1:]))]),
                Schema([TensorSpec(*probabilities)]),
            ),
            input_example=example,
            conda_env=_model_environment(),
        )

    def log_answer(
        self,
        folder: Path,
        table: "pd.DataFrame",
        metrics: dict[str, float],
        tags: dict[str, str],
        note: str,
    ) -> None:
        """Put the answer where people look: on this run, and on the driver's, if any.

        Args:
            folder: becomes the artifact folder `comparison`.
            table: shown by MLflow's interface, as `comparison/table.json`.
            note: Markdown, the description of the runs.
        """
        entries = [RunTag(name, value) for name, value in tags.items()]
        entries.append(RunTag(MLFLOW_RUN_NOTE, note))
        for run_id in filter(None, (self.run_id, self._parent_id)):
            mlflow.log_artifacts(str(folder), "comparison", run_id=run_id)
            mlflow.log_table(
                table.astype(object), "comparison/table.json", run_id=run_id
            )
            self.log_metrics(metrics, run_id)
            self._client.log_batch(run_id, tags=entries)

    def where_to_look(self) -> str:
        """How to open this run in MLflow's own interface."""
        uri = mlflow.get_tracking_uri()
        path = f"#/experiments/{self._experiment_id}/runs/{self.run_id}"
        if uri.startswith("http"):
            return f"{uri}/{path}"
        command = f"mlflow ui --backend-store-uri {shlex.quote(uri)}"
        return f"{command}   then open /{path}"

    def _project_source(self, run: Run) -> str | None:
        """Where the project came from; a nested run is told of the clone it lies in."""
        if self._parent_id is None:
            return run.data.tags.get(MLFLOW_SOURCE_NAME)
        parent = self._client.get_run(self._parent_id)
        source = parent.data.tags.get(MLFLOW_SOURCE_NAME)
        if source:
            self._client.set_tag(self.run_id, MLFLOW_SOURCE_NAME, source)
        return source

    def _existing_folder(self, location: str) -> Path:
        path = self._working_directory / Path(location).expanduser()
        if not path.is_dir():
            raise ValueError(
                f"expected a runs:/ URI, a run id or a folder, got {location!r},"
                f" and {path} is no folder; copy the run id from the MLflow UI"
            )
        return path

    def _artifact_of_run(self, uri: str, folder: str) -> str:
        """runs:/<id>[/<folder>] of a finished run, with the folder."""
        run_id, _, inside = uri.removeprefix("runs:/").strip("/").partition("/")
        try:
            run = self._client.get_run(run_id)
        except MlflowException:
            raise ValueError(
                f"expected a run on {mlflow.get_tracking_uri()}, got {uri!r}, which is"
                " not there; check MLFLOW_TRACKING_URI and the run id"
            ) from None
        if run.info.status != "FINISHED":
            raise ValueError(
                f"expected a finished run, got {run_id}, which is {run.info.status};"
                " repeat that step first"
            )
        inside = inside or folder
        if not self._client.list_artifacts(run_id, inside):
            found = [item.path for item in self._client.list_artifacts(run_id)]
            raise ValueError(
                f"run {run_id} must have an artifact folder {inside!r}, it has"
                f" {', '.join(found) or 'none'}; give the run of another step"
            )
        return f"runs:/{run_id}/{inside}"


def names_run(location: str) -> bool:
    """Whether something is a run id or an artifact URI, and so no path, URL or name."""
    web = location.startswith(("http://", "https://"))
    return bool(_RUN_ID.fullmatch(location) or _URI_SCHEME.match(location) and not web)


def _model_environment() -> dict[str, Any]:
    """What a served model needs, from our own pins.

    Given to MLflow, which else infers it by loading the model in one more process.
    """
    lines = (cli.PROJECT_DIRECTORY / "requirements.txt").read_text("utf-8").splitlines()
    needed = ("tensorflow", "keras", "numpy", "mlflow")
    pinned = [line for line in lines if line.startswith(needed)]
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "name": "tp2-model",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": pinned}],
    }


class _active_run:
    """The run of this process, ended as what happened deserves."""

    def __init__(self, name: str, working_directory: Path):
        self._name = name
        _make_tracking_uri_absolute(working_directory)

    def __enter__(self) -> Run:
        try:
            run = mlflow.start_run()
        except MlflowException as error:
            cli.fail(
                f"no run on {mlflow.get_tracking_uri()}: {error}", cli.EXIT_FAILURE
            )
        if _RANDOM_RUN_NAME.fullmatch(run.info.run_name or ""):
            mlflow.set_tag(MLFLOW_RUN_NAME, self._name)
        return run

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            mlflow.end_run("FINISHED")
        else:
            _end_with_error(error)


def _end_with_error(error: BaseException) -> NoReturn:
    """Say what happened, end the run accordingly and leave with its exit status."""
    if isinstance(error, KeyboardInterrupt):
        terminated = isinstance(error, Terminated)
        number = signal.SIGTERM if terminated else signal.SIGINT
        # A second signal must not cut the book-keeping short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # MLflow 3.17 turns KILLED into FAILED where `mlflow run` itself lives on.
        mlflow.set_tag("error", f"interrupted by {number.name}")
        mlflow.end_run("KILLED")
        cli.fail("interrupted", 128 + number)
    known = isinstance(error, ValueError | StepError | TrialError | MlflowException)
    text = str(error) if known else "".join(traceback.format_exception(error))
    if isinstance(error, ValueError):
        text = " ".join(text.split())
    mlflow.set_tag("error", text[-4000:])
    mlflow.end_run("FAILED")
    cli.fail(text, getattr(error, "exit_status", cli.EXIT_FAILURE))


def _make_tracking_uri_absolute(working_directory: Path) -> None:
    """MLflow runs steps in the project's folder, where a relative store is another."""
    uri = mlflow.get_tracking_uri()
    prefix = "sqlite:///"
    if uri.startswith(prefix) and not uri.startswith(f"{prefix}/"):
        path = working_directory / uri.removeprefix(prefix)
        mlflow.set_tracking_uri(f"{prefix}{path}")


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _watch_parent() -> None:
    """Stop when `mlflow run` or the driver dies: nobody would be left to stop us."""

    def watch() -> None:
        while os.getppid() == cli.PARENT_PROCESS:
            time.sleep(SECONDS_BETWEEN_PARENT_CHECKS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()


def _dataset_source(dataset: "Dataset") -> DatasetSource:
    """Where the images came from; what is no URL is recorded as it is written."""
    source = dataset.description["source"]
    if source.startswith("https://"):
        return HTTPDatasetSource(source)
    return CodeDatasetSource({"source": source})
