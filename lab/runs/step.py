"""Everything that talks to MLflow: steps, nested runs, artifacts, signals.

The only module that imports mlflow. `mlflow run` records the parameters as they were
typed before a step starts; a second spelling of one ("1e-4", "0.0001") would be an
error, so nothing here logs a parameter again that is already there.
"""

import dataclasses
import hashlib
import importlib
import logging
import multiprocessing
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset import Dataset as MlflowDataset
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils import name_utils
from mlflow.utils.file_utils import get_local_path_or_none
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_LOGGED_ARTIFACTS,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_PROJECT_ENTRY_POINT,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
)

from didithelp.dataset_description import DatasetDescription
from didithelp.errors import Refusal
from didithelp.parameters import Parameters, spell, texts_of
from lab import command_line, mlproject
from lab.engines.protocol import TrialError
from lab.host import console, cores, lifecycle, locks, process
from lab.runs import keys as cache
from lab.training.trial_files import load_trial, save_trial

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from lab.data.dataset import Dataset
    from lab.training.trial import Trial

SECONDS_TO_STOP = 20.0  # for steps that are told to, all of them together
SECONDS_BETWEEN_SIGNALS = 0.5

RUNS_TRIED = 20  # of those that should have the result, before it is made again
REASONS_SHOWN = 3  # in the line that says why a step runs

# A run that no process of ours has claimed is being started, or was killed before.
# Making an environment for it can take long.
MILLISECONDS_TO_START = 3_600_000

# Tags of ours. A run's key says what its result depends on (see `lab.runs.keys`), its
# output is the SHA-256 of the artifact folder that it leaves.
CACHE_KEY, CACHE_PARTS = "cache_key", "cache_parts"
OUTPUT, OUTPUT_DIGEST = "output", "output_sha256"
TRIAL, ANSWER = "trial", "comparison"  # artifact folders
PROCESS, REUSED_FROM = "process", "reused_from"
DATA_RUN = "data_run"  # the prepare_data run that an arm was trained on

# stdout is for results, and a bar per downloaded file would break the step's own.
QUIET_MLFLOW = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# While a server is away MLflow tries again for minutes; not when all is lost.
IMPATIENT_MLFLOW = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_URI_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/")
# Lines that SQLAlchemy adds to what the database says.
_SQL_DETAILS = ("[SQL", "[parameters", "(Background on", "(raised as a result")
# The run that `mlflow run` made for this process; MLflow forgets it once it is active.
_GIVEN_RUN = os.environ.get("MLFLOW_RUN_ID")


class StepError(RuntimeError):
    """A step that this one had started did not finish."""


def execute(
    run: Callable[[command_line.Params, "Step"], None],
    params: command_line.Params,
    *,
    name: str,
) -> None:
    """Run a step within its MLflow run; where it fails, say why and end the process.

    Within `mlflow run` the run exists already, else a new one is started. Whatever
    happens, the run ends as FINISHED, FAILED or KILLED and scratch files are removed.

    The step has a thread of its own, and this one waits for it or for a signal. To
    raise an exception wherever a signal finds the step would leave transactions open,
    and the database locked; or the exception would be caught there, and lost.
    """
    # Steps that this one launches must not find another environment's Python first.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    os.environ.update(QUIET_MLFLOW)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    # It logs the traceback of what it raises as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    _make_tracking_uri_absolute(params.working_directory)
    started: list[Step] = []

    def work() -> None:
        try:
            step = Step(_start_run(name), params, scratch)
            started.append(step)
            step.end_dead_runs()
            run(params, step)
        except BaseException as error:
            lifecycle.endings.put(error)
        else:
            lifecycle.endings.put(None)

    with process.scratch_folder() as scratch:
        process.watch_parent()
        if lifecycle.endings.empty():
            threading.Thread(target=work, daemon=True, name="step").start()
        ending = lifecycle.endings.get()
        if ending is not None:
            console.end_progress()
            os.environ.update(IMPATIENT_MLFLOW)
            for step in started:
                step.stop()
        status = _close_run(started[0].run_id if started else _GIVEN_RUN, ending)
    if isinstance(ending, signal.Signals):
        # Nothing but the end of the process stops the step's thread.
        for worker in multiprocessing.active_children():
            worker.kill()
        sys.stdout.flush()
        os._exit(status)
    if status:
        raise SystemExit(status)


@dataclasses.dataclass(frozen=True)
class Lookup:
    """What is known of a step before it runs.

    key: what its result depends on; None where an input cannot be identified.
    run: a finished run with that result, if there is one.
    why: in a few words.
    """

    key: cache.Key | None
    run: Run | None
    why: str


class Step:
    """The MLflow run of a step, and what steps do with it.

    Attributes:
        run_id: of the active run.
        scratch: a folder that is removed when the step ends.
        reused: URIs of runs that `launch` returned without running anything.
    """

    def __init__(self, run: Run, params: Parameters, scratch: Path):
        self.run_id = run.info.run_id
        self.scratch = scratch
        self.reused: set[str] = set()
        self._experiment_id = run.info.experiment_id
        self._parent_id = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        self._working_directory = params.working_directory
        self._reuses = getattr(params, "cache", "on") == "on"
        self._client = mlflow.MlflowClient()
        self._trial_runs: dict[int, str] = {}  # by seed, of trials that are reused
        self._launched: list[str] = []  # entry points that are running
        self._stopping = False
        self._unfinished = threading.Lock()  # held while what must be whole is not
        self._source = self._project_source(run)
        if not run.data.params:  # started without `mlflow run`
            mlflow.log_params(texts_of(type(params), params))

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
        found = self.look_up(entry_point, **parameters)
        if found.run is not None:
            console.say(f"{entry_point}  reused from run {found.why}")
            self.set_tags(**{f"reused.{entry_point}": found.run.info.run_id})
            self.reused.add(uri := f"runs:/{found.run.info.run_id}")
            return uri
        console.say(f"{entry_point}  runs: {found.why}")
        parameters["working_directory"] = str(self._working_directory)
        os.environ[process.DRIVER] = process.identity()
        with self._whole():
            self._launched.append(entry_point)
        try:
            submitted = mlflow.projects.run(
                str(mlproject.PROJECT_DIRECTORY),
                entry_point,
                parameters=parameters,
                experiment_id=self._experiment_id,
                run_name=entry_point,
                env_manager="local",
                storage_dir=str(self.scratch),
            )
        except MlflowException as error:
            raise StepError(f"step {entry_point} stopped: {error.message}") from None
        finally:
            self._launched.remove(entry_point)
        # Not if a file has been exchanged since it was looked at.
        if found.key is not None and self._key(entry_point, parameters) == found.key:
            self._tag(submitted.run_id, found.key)
        return f"runs:/{submitted.run_id}"

    def launch_all(self, steps: dict[str, dict[str, str]]) -> list[str]:
        """`launch` several steps at once, by entry point; their URIs in that order.

        Raises:
            StepError: the first failure; `stop` ends the other steps.
        """
        os.environ[console.NO_BAR] = "true"
        results: queue.SimpleQueue = queue.SimpleQueue()

        def launch(entry_point: str, parameters: dict[str, str]) -> None:
            try:
                # A thread has no active run of its own, to nest others in.
                mlflow.start_run(self.run_id)
                results.put((entry_point, self.launch(entry_point, **parameters)))
            except BaseException as error:
                results.put((entry_point, error))

        for step in steps.items():
            threading.Thread(target=launch, args=step, daemon=True).start()
        uris = {}
        while len(uris) < len(steps):
            entry_point, result = results.get()
            if isinstance(result, BaseException):
                raise result
            uris[entry_point] = result
        return [uris[entry_point] for entry_point in steps]

    def stop(self) -> None:
        """Finish what must be whole, start nothing more, end what was launched.

        Final, and called from another thread: those of the step stand still at the
        next launch, and at the next thing to store.
        """
        deadline = time.monotonic() + SECONDS_TO_STOP
        self._stopping = True
        self._unfinished.acquire(timeout=SECONDS_TO_STOP)  # for good
        mine = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}'"
        try:
            # Again and again: a step that is being started has not said who it is.
            while self._launched and time.monotonic() < deadline:
                for run in self._running(mine):
                    process.terminate(_owner(run) or "")
                time.sleep(SECONDS_BETWEEN_SIGNALS)
            for run in self._running(mine):
                self._client.set_terminated(run.info.run_id, "KILLED")
        except (MlflowException, OSError) as error:
            console.say(f"steps could not be ended: {_in_words(error)}")

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What is done within is done whole, or not begun once `stop` is called."""
        if self._stopping:  # a lock alone would go to whoever is quickest
            threading.Event().wait()  # until the process ends
        with self._unfinished:
            yield

    def _running(self, condition: str = "") -> list[Run]:
        """Runs that are marked as running, the oldest first."""
        return self._client.search_runs(
            [self._experiment_id],
            "attributes.status = 'RUNNING'" + (condition and f" and {condition}"),
            max_results=1000,
            order_by=["attributes.start_time ASC"],
        )

    def look_up(self, entry_point: str, **parameters: str) -> Lookup:
        """Whether `launch` with these parameters would run anything, and why.

        Raises:
            ValueError: the parameters are wrong.
        """
        key = self._key(entry_point, parameters)
        if key is None:
            return Lookup(None, None, "its input was not made by a step")
        if not self._reuses:
            return Lookup(key, None, "cache=off")
        same = self._search(f"tags.{CACHE_KEY} = '{key.digest}'", most=RUNS_TRIED)
        if not same:
            return Lookup(key, None, self._what_is_new(entry_point, key))
        for run in same:
            if self._what_is_lost(run) is None:
                return Lookup(key, run, f"{run.info.run_id[:8]} of {_when(run)}")
        return Lookup(key, None, self._what_is_lost(same[0]))

    def usual_seconds(
        self, entry_point: str, *, trains: bool
    ) -> tuple[float, float] | None:
        """How long a step took the last time: around its trials, and for each trial.

        None if it never ran, or with `trains` if it never trained anything.
        """
        condition = f"tags.`{MLFLOW_PROJECT_ENTRY_POINT}` = '{entry_point}'"
        last = self._search(condition + " and metrics.num_trained > 0" * trains)
        if not last:
            return None
        seconds = max(0, last[0].info.end_time - last[0].info.start_time) / 1000
        if not trains:
            return seconds, 0
        metrics = last[0].data.metrics
        each = metrics["train_seconds"] / len(cores.available())
        return max(0, seconds - metrics["training_seconds"]), each

    def count_trials(self, entry_point: str, **parameters: str) -> tuple[int, int]:
        """How many trials a training step would train, and how many it needs."""
        params = self._params(entry_point, parameters)
        data = self._client.get_run(self.run_of(params.data)).info.artifact_uri
        content = mlflow.artifacts.load_dict(f"{data}/dataset/dataset.json")
        description = DatasetDescription.from_json(content)
        key = cache.trial_key(params.recipe, description)
        stored = {int(run.data.tags["seed"]) for run in self._trials(key)}
        found = len(stored.intersection(params.seeds)) if self._reuses else 0
        return len(params.seeds) - found, len(params.seeds)

    def end_dead_runs(self) -> None:
        """End what runs of this experiment are marked as running, but dead.

        A process that is killed cannot do that itself. Runs of other hosts are left
        alone: whether they live cannot be seen from here.
        """
        running = self._running()
        alive = {run.info.run_id for run in running}
        for run in running:  # steps come after what has launched them
            run_id = run.info.run_id
            if run_id != self.run_id and _is_dead(run, alive):
                alive.remove(run_id)
                self._client.set_tag(run_id, "error", "its process was killed")
                self._client.set_terminated(run_id, "KILLED")

    @contextmanager
    def sole_trainer(self, key: cache.Key) -> Iterator[None]:
        """Train these trials while no other process of this user and host does.

        Who comes second waits, and then finds them stored.
        """
        place = f"{mlflow.get_tracking_uri()} {self._experiment_id} {key.digest}"
        name = f"train-{hashlib.sha256(place.encode()).hexdigest()[:32]}"
        lock = locks.take(name, wait=False)
        if lock is None:
            console.say("waiting for another run, which trains the same")
            lock = locks.take(name, wait=True)
        try:
            yield
        finally:
            os.close(lock)

    def find_trials(self, key: cache.Key, seeds: tuple[int, ...]) -> "list[Trial]":
        """Finished trials of that kind, with their predictions and weights."""
        found: dict[int, Trial] = {}
        for run in self._trials(key):
            seed = int(run.data.tags["seed"])
            if seed in seeds and seed not in found:
                trial = self._stored_trial(run)
                if trial is not None:
                    found[seed] = trial
                    self._trial_runs[seed] = run.info.run_id
        return [found[seed] for seed in seeds if seed in found]

    def trial_of(self, location: str, seed: int | None) -> "tuple[Trial, cache.Key]":
        """A stored trial of a training run, and what it depends on.

        Args:
            seed: None for the trial whose model was stored.

        Raises:
            ValueError: the run has no such trial, or its files are gone or changed.
        """
        arm = self._training_run(location)
        run_id = arm.info.run_id
        wanted = arm.data.tags.get("model_seed") if seed is None else str(seed)
        trials = {
            run.data.tags["seed"]: run
            for run in self._search(
                f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}' and tags.seed != ''",
                most=10_000,
            )
        }
        if wanted not in trials:
            raise ValueError(
                f"expected a seed of run {run_id}, got {wanted}; it has"
                f" {', '.join(sorted(trials, key=int)) or 'none'}"
            )
        run = trials[wanted]
        if REUSED_FROM in run.data.tags:
            run = self._client.get_run(run.data.tags[REUSED_FROM])
        trial = self._stored_trial(run)
        if trial is None:
            raise ValueError(
                f"expected the files of trial {run.info.run_id} as they were written,"
                " got others or none; train the arm again with cache=off"
            )
        return trial, cache.Key.from_json(run.data.tags[CACHE_PARTS])

    def data_of(self, location: str, loader: Callable[[Path], Any]) -> tuple[Path, Any]:
        """The data set that a training run was given: its folder, and loaded."""
        tags = self._training_run(location).data.tags
        return self.load(
            tags[DATA_RUN], "dataset", lambda folder: (folder, loader(folder))
        )

    def _training_run(self, location: str) -> Run:
        run_id = self.run_of(location)
        run = self._client.get_run(run_id) if run_id else None
        if run is None or DATA_RUN not in run.data.tags:
            raise ValueError(
                f"expected a train_baseline or train_improved run, got {location!r};"
                " copy the run id from the MLflow UI"
            )
        return run

    def _stored_trial(self, run: Run) -> "Trial | None":
        """None, and a line, if its files are gone or no longer what was written."""
        run_id = run.info.run_id
        try:
            folder = self.fetch(run_id, TRIAL)
            try:
                if cache.digest_folder(folder) != run.data.tags[OUTPUT_DIGEST]:
                    raise ValueError(f"the files of run {run_id} were changed")
                return load_trial(folder)
            finally:
                shutil.rmtree(folder)
        except (ValueError, OSError, KeyError) as error:
            console.say(f"a stored trial is not used: {_in_words(error)}")
        return None

    def _key(self, entry_point: str, parameters: dict[str, str]) -> cache.Key | None:
        """What the result of a step depends on."""
        params = self._params(entry_point, parameters)
        inputs = {}
        for name, text in parameters.items():
            if names_run(text):
                inputs[name] = self._client.get_run(self.run_of(text)).data.tags.get(
                    OUTPUT_DIGEST
                )
        if None in inputs.values():
            return None
        module = sys.modules[type(params).__module__]
        if hasattr(module, "sources"):
            inputs |= module.sources(params)
        kept = texts_of(type(params), params)
        for name in (*cache.NO_EFFECT, *inputs):
            kept.pop(name, None)
        return cache.Key(cache.step_code(entry_point), cache.versions(), kept, inputs)

    def _params(self, entry_point: str, parameters: dict[str, str]) -> Any:
        """All parameters of another step, checked."""
        module = importlib.import_module(cache.module_of(entry_point))
        own = {"working_directory": str(self._working_directory)}
        given = mlproject.defaults(entry_point) | own | parameters
        return command_line.build(module.Params, given)

    def _trials(self, key: cache.Key) -> list[Run]:
        return self._search(f"tags.{CACHE_KEY} = '{key.digest}'", most=10_000)

    def _search(self, condition: str, *, most: int = 1) -> list[Run]:
        """Finished runs of this experiment, the latest first."""
        return self._client.search_runs(
            [self._experiment_id],
            f"{condition} and attributes.status = 'FINISHED'",
            max_results=most,
            order_by=["attributes.start_time DESC"],
        )

    def _tag(self, run_id: str, key: cache.Key) -> None:
        tags = {CACHE_KEY: key.digest, CACHE_PARTS: key.to_json()}
        entries = [RunTag(name, text) for name, text in tags.items()]
        self._client.log_batch(run_id, tags=entries)

    def _what_is_new(self, entry_point: str, key: cache.Key) -> str:
        """Why no stored result fits, against the latest of this step."""
        last = self._search(
            f"tags.`{MLFLOW_PROJECT_ENTRY_POINT}` = '{entry_point}'"
            f" and tags.{CACHE_KEY} != ''"
        )
        if not last:
            return "it has not run here before"
        try:
            before = cache.Key.from_json(last[0].data.tags[CACHE_PARTS])
        except (ValueError, TypeError):
            return "the last run was of another version"
        found = cache.changes(before, key)
        more = len(found) - REASONS_SHOWN
        return ", ".join(found[:REASONS_SHOWN]) + f" and {more} more" * (more > 0)

    def _what_is_lost(self, run: Run) -> str | None:
        """Why the result of a finished run cannot be used again, if so."""
        tags, run_id = run.data.tags, run.info.run_id
        if "dataset_fallback" in tags and tags.get(OUTPUT) == "dataset":
            return "the data set was replaced the last time"
        if not self._client.list_artifacts(run_id, tags[OUTPUT]):
            return f"the files of run {run_id[:8]} are gone"
        local = get_local_path_or_none(run.info.artifact_uri)
        if local and OUTPUT_DIGEST in tags:
            found = cache.digest_folder(Path(local) / tags[OUTPUT])
            if found != tags[OUTPUT_DIGEST]:
                return f"the files of run {run_id[:8]} were changed"
        return None

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
        """Store a folder's files as the artifact folder `name`, the step's output."""
        with self._whole():
            mlflow.log_artifacts(str(folder), name)
            self.set_tags(**{OUTPUT: name, OUTPUT_DIGEST: cache.digest_folder(folder)})

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
        mlflow.log_param(name, spell(value))

    def set_tags(self, **tags: str) -> None:
        """Tag the step's run."""
        mlflow.set_tags(tags)

    def log_arm(self, name: str, data: str) -> None:
        """Name the arm that this run trains, and the data set that it was given."""
        tags = {"arm": name}
        if run_id := self.run_of(data):
            tags[DATA_RUN] = run_id
        mlflow.set_tags(tags)

    def log_dataset(self, dataset: "Dataset") -> None:
        """Record the three splits as inputs, by our digests.

        MLflow's own digest covers only the first 10,000 elements of an array.
        """
        digests = dataset.description.digests
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
            _log_input(images, context)
        tags = {
            "dataset": dataset.name,
            "test_images_sha256": digests["x_test"],
            "train_images_sha256": digests["x_train"],
        }
        if dataset.fallback:
            tags["dataset_fallback"] = dataset.fallback
        mlflow.set_tags(tags)

    def log_trial(
        self, arm: str, trial: "Trial", described: dict[str, str], key: cache.Key
    ) -> None:
        """One nested run: parameters, metrics by epoch, predictions and weights.

        A trial from `find_trials` points to the run that has its files.
        """
        now = int(time.time() * 1000)
        started = now - int(1000 * trial.metrics["train_seconds"])
        tags = {
            MLFLOW_PARENT_RUN_ID: self.run_id,
            MLFLOW_RUN_NAME: f"{arm} seed {trial.seed}",
            PROCESS: process.identity(),
            "arm": arm,
            "seed": str(trial.seed),
            "trial_status": trial.status,
        }
        if self._source:
            tags[MLFLOW_SOURCE_NAME] = self._source
        if trial.seed in self._trial_runs:
            tags[REUSED_FROM] = self._trial_runs[trial.seed]
        with self._whole():
            run_id = self._client.create_run(
                self._experiment_id, start_time=started, tags=tags
            ).info.run_id
            try:
                self._log_trial(run_id, trial, described, now)
                if REUSED_FROM not in tags:
                    self._log_trial_files(run_id, trial, key)
                # The clock may have been set back: nothing ends before it starts.
                self._client.set_terminated(run_id, end_time=now)
            except BaseException:
                # What happened matters more than that the store cannot be told.
                with suppress(MlflowException, OSError):
                    self._client.set_terminated(run_id, "FAILED")
                raise

    def _log_trial_files(self, run_id: str, trial: "Trial", key: cache.Key) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.scratch)) / TRIAL
        save_trial(trial, folder)
        mlflow.log_artifacts(str(folder), TRIAL, run_id=run_id)
        self._client.set_tag(run_id, OUTPUT_DIGEST, cache.digest_folder(folder))
        self._tag(run_id, key)
        shutil.rmtree(folder)

    def _log_trial(
        self, run_id: str, trial: "Trial", described: dict[str, str], now: int
    ) -> None:
        params = described | {"seed": str(trial.seed)}
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
        with self._whole():
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
        with self._whole():
            for run_id in filter(None, (self.run_id, self._parent_id)):
                mlflow.log_artifacts(str(folder), ANSWER, run_id=run_id)
                mlflow.log_table(
                    table.astype(object), f"{ANSWER}/table.json", run_id=run_id
                )
                self.log_metrics(metrics, run_id)
                self._client.log_batch(run_id, tags=entries)
            self.set_tags(**{OUTPUT: ANSWER})

    def adopt_answer(self, location: str) -> Path:
        """Give this run the answer of an earlier comparison; the folder with it."""
        run = self._client.get_run(self.run_of(location))
        folder = self.fetch(location, ANSWER)
        copied = (MLFLOW_RUN_NOTE, MLFLOW_LOGGED_ARTIFACTS, "verdict", "dataset")
        with self._whole():
            mlflow.log_artifacts(str(folder), ANSWER)
            self.log_metrics(run.data.metrics)
            self.set_tags(
                **{k: v for k, v in run.data.tags.items() if k.startswith(copied)}
            )
        return folder

    def test_images(
        self, location: str, test_set: dict[str, Any] | None
    ) -> np.ndarray | None:
        """The test images that the training run at `location` was given, if at hand.

        Args:
            test_set: `sha256` is that of the images' `.npy` file.

        Returns:
            (N, height, width[, channels]) uint8. None where the run does not tell its
            `data_run`, where that has no images or others: a report can do without.
        """
        expected = (test_set or {}).get("sha256")
        try:
            run = self._client.get_run(self.run_of(location) or "")
            data_run = run.data.tags[DATA_RUN]
            path = mlflow.artifacts.download_artifacts(
                f"runs:/{data_run}/dataset/x_test.npy",
                dst_path=tempfile.mkdtemp(dir=self.scratch),
            )
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    return None
            return np.load(path, allow_pickle=False)
        except Exception:  # each kind of artifact store has its own
            return None

    def provenance(self) -> dict[str, Any]:
        """Which code made this answer, and the command that makes it again.

        Returns:
            Of the driver's run, if any: `source` and `commit` of the project, `dirty`
            (whether its work tree has changes that no commit holds) and `command`;
            None for what is not known.
        """
        run = self._client.get_run(self._parent_id or self.run_id)
        source = self._source or run.data.tags.get(MLFLOW_SOURCE_NAME)
        commit = run.data.tags.get(MLFLOW_GIT_COMMIT)
        return {
            "source": _without_password(source) if source else None,
            "commit": commit,
            "dirty": _has_uncommitted_changes() if commit else None,
            "command": _command(run, source, commit),
        }

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


def open_store(uri: str) -> None:
    """Make the database of a store, if it is not there yet."""
    mlflow.MlflowClient(uri).search_experiments(max_results=1)


def names_run(location: str) -> bool:
    """Whether something is a run id or an artifact URI, and so no path, URL or name."""
    web = location.startswith(("http://", "https://"))
    return bool(_RUN_ID.fullmatch(location) or _URI_SCHEME.match(location) and not web)


def _command(run: Run, source: str | None, commit: str | None) -> str | None:
    """`mlflow run` with the parameters of a run that differ from their defaults."""
    entry_point = run.data.tags.get(MLFLOW_PROJECT_ENTRY_POINT)
    if entry_point is None:
        return None
    is_remote = bool(source) and not source.startswith(("file:", "/", "."))
    words = ["mlflow", "run", source if is_remote else "."]
    if is_remote and commit:
        words += ["-v", commit]
    words += ["-e", entry_point, "--env-manager", "local"]
    usual = mlproject.defaults(entry_point)
    for name, quoted in run.data.params.items():
        value = "".join(shlex.split(quoted))  # MLflow records them ready for a shell
        if name != "working_directory" and value != usual.get(name):
            words += ["-P", f"{name}={value}"]
    return _without_password(shlex.join(words))


def _without_password(text: str) -> str:
    """An address may hold one: https://name:password@host/."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def _has_uncommitted_changes() -> bool | None:
    """Of the project's work tree; None where it is none or git is missing."""
    command = ["git", "--no-optional-locks", "status", "--porcelain"]
    try:
        answer = subprocess.run(
            command,
            cwd=mlproject.PROJECT_DIRECTORY,
            capture_output=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(answer.stdout.strip())


def _model_environment() -> dict[str, Any]:
    """What a served model needs, from our own pins.

    Given to MLflow, which else infers it by loading the model in one more process.
    """
    lines = (
        (mlproject.PROJECT_DIRECTORY / "requirements.txt")
        .read_text("utf-8")
        .splitlines()
    )
    needed = ("tensorflow", "keras", "numpy", "mlflow")
    pinned = [line for line in lines if line.startswith(needed)]
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "name": "tp2-model",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": pinned}],
    }


def _owner(run: Run) -> str | None:
    """Identity of the process that has to end a run; None if it has not said so."""
    return run.data.tags.get(PROCESS) or process.claimed_by(run.info.run_id)


def _is_dead(run: Run, alive: set[str]) -> bool:
    """Whether nobody will ever end this run; `alive` are the runs that may live."""
    owner = _owner(run)
    if owner is not None:
        return process.is_alive(owner) is False
    tags = run.data.tags
    if tags.get(MLFLOW_PROJECT_ENTRY_POINT) not in mlproject.project()["entry_points"]:
        return False  # of another project
    if MLFLOW_PARENT_RUN_ID in tags:
        return tags[MLFLOW_PARENT_RUN_ID] not in alive
    return time.time() * 1000 - run.info.start_time > MILLISECONDS_TO_START


def _is_random(run_name: str | None) -> bool:
    """Whether MLflow has made up the name, such as "bold-fish-12"."""
    words = (run_name or "").split("-")
    return (
        len(words) == 3
        and words[0] in name_utils._GENERATOR_PREDICATES
        and words[1] in name_utils._GENERATOR_NOUNS
    )


def _when(run: Run) -> str:
    """Such as '2026-11-23 06:38', in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.info.start_time / 1000))


def _start_run(name: str) -> Run:
    """The run of this process, which is told whose it is."""
    try:
        run = mlflow.start_run()
        if _is_random(run.info.run_name):
            mlflow.set_tag(MLFLOW_RUN_NAME, name)
        mlflow.set_tag(PROCESS, process.identity())
    except MlflowException as error:
        raise StepError(
            f"no run on {mlflow.get_tracking_uri()}: {_in_words(error)}"
        ) from None
    process.drop_claim(run.info.run_id)
    return run


def _close_run(
    run_id: str | None, ending: BaseException | signal.Signals | None
) -> int:
    """End the run as what happened deserves, and say that; the exit status.

    MLflow 3.17 turns KILLED into FAILED where `mlflow run` itself lives on.
    """
    if ending is None:
        state, cause, said, status = "FINISHED", "", "", 0
    elif isinstance(ending, signal.Signals):
        state, cause = "KILLED", f"interrupted by {ending.name}"
        said, status = "interrupted", 128 + ending
    else:
        state, cause = "FAILED", _in_words(ending)
        refused = isinstance(ending, Refusal)
        said, status = (
            cause,
            lifecycle.EXIT_REFUSED if refused else lifecycle.EXIT_FAILURE,
        )
    try:
        if run_id is not None:
            client = mlflow.MlflowClient()
            if cause:
                client.set_tag(run_id, "error", cause[-4000:])
            client.set_terminated(run_id, state)
            process.drop_claim(run_id)
    except (MlflowException, OSError) as error:
        console.say(f"the run could not be marked as {state}: {_in_words(error)}")
        status = status or lifecycle.EXIT_FAILURE
    if said:
        console.say(f"error: {said.strip()}")
    return status


def _in_words(error: BaseException) -> str:
    """One line; a worker's traceback and that of a mistake of ours are kept whole."""
    known = ValueError | OSError | StepError | TrialError | MlflowException
    if not isinstance(error, known):
        return "".join(traceback.format_exception(error))
    if isinstance(error, TrialError):
        return str(error)
    lines = str(error).splitlines()
    words = " ".join(line for line in lines if not line.startswith(_SQL_DETAILS))
    return " ".join(words.split())


def _make_tracking_uri_absolute(working_directory: Path) -> None:
    """MLflow runs steps in the project's folder, where a relative store is another."""
    uri = mlflow.get_tracking_uri()
    prefix = "sqlite:///"
    if uri.startswith(prefix) and not uri.startswith(f"{prefix}/"):
        path = working_directory / uri.removeprefix(prefix)
        mlflow.set_tracking_uri(f"{prefix}{path}")


def _log_input(images: MlflowDataset, context: str) -> None:
    """MLflow 3.17 looks whether a data set is there and then adds it.

    Of two runs that do so at once the second fails, and finds it the next time.
    """
    try:
        mlflow.log_input(images, context=context)
    except MlflowException:
        mlflow.log_input(images, context=context)


def _dataset_source(dataset: "Dataset") -> DatasetSource:
    """Where the images came from; what is no URL is recorded as it is written."""
    source = dataset.description.source
    if source.startswith("https://"):
        return HTTPDatasetSource(source)
    return CodeDatasetSource({"source": source})
