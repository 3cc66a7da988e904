"""Stores trials as runs nested in the run of their arm, and finds them again."""

import dataclasses
import functools
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from lab.host import console, locks, process
from lab.host.lifecycle import WholeWork
from lab.runs import keys, locations, tags
from lab.runs.artifacts import Artifacts
from lab.runs.errors import in_words
from lab.runs.experiment import Experiment, StoredRun, end_run
from lab.runs.keys import Key
from lab.training.trial import Trial
from lab.training.trial_files import load_trial, save_trial

FOLDER = "trial"  # the artifact folder of a trial's run


@dataclasses.dataclass(frozen=True)
class StoredTrial:
    """A trial as it was stored, and the key that it was stored with."""

    trial: Trial
    key: Key


class TrialRuns:
    """Stores and finds trials for a step that trains or verifies.

    Args:
        run_id: of the step; new trials are nested in it.
        source: where the project came from, if known; becomes a tag of every trial.
        experiment: where trials are stored and looked for.
        artifacts: fetches the files of stored trials.
        scratch: a folder for temporary files.
        whole: keeps an interruption from storing half a trial.
    """

    def __init__(
        self,
        run_id: str,
        source: str | None,
        experiment: Experiment,
        artifacts: Artifacts,
        scratch: Path,
        whole: WholeWork,
    ):
        self._run_id = run_id
        self._source = source
        self._experiment = experiment
        self._artifacts = artifacts
        self._scratch = scratch
        self._whole = whole
        self._reused: dict[int, str] = {}  # by seed: the run that has the files

    @contextmanager
    def sole_trainer(self, keys: Iterable[Key]) -> Iterator[Callable[[Key], None]]:
        """Keep other processes of this user and host from training the same trials.

        A second process waits here, and then finds the trials stored. Locks are taken
        in one order everywhere: no two processes can wait for each other.

        Args:
            keys: of the trials.

        Yields:
            a function that lets others train the trials of one of the keys.
        """
        say_once = functools.cache(
            lambda: console.say("waiting for another run, which trains the same")
        )
        with ExitStack() as every:
            held = {}
            for digest in sorted({key.digest for key in keys}):
                held[digest] = every.enter_context(ExitStack())
                lock = locks.held(self._lock_of(digest), say_once)
                held[digest].enter_context(lock)
            yield lambda key: held[key.digest].close()

    def find(self, key: Key, seeds: tuple[int, ...]) -> list[Trial]:
        """Load the trials with that key that are stored, here or in another arm.

        Returns:
            those of the given seeds that are there, in the order of `seeds`.
        """
        trials: dict[int, Trial] = {}
        for run in self._experiment.with_key(key):
            seed = int(run.tags[tags.SEED])
            if seed in seeds and seed not in trials:
                trial = self._load(run)
                if trial is not None:
                    trials[seed] = trial
                    self._reused[seed] = run.run_id
        return [trials[seed] for seed in seeds if seed in trials]

    def of_arm(self, location: str, seed: int | None) -> StoredTrial:
        """Load a trial of a training run.

        Args:
            location: the run's id or URI.
            seed: of the trial; None for the one whose model was stored, or where there
                is no model, for the lowest.

        Raises:
            ValueError: the run has no such trial, or its files are gone or changed.
        """
        arm = self._training_run(location)
        trials = {
            run.tags[tags.SEED]: run for run in self._experiment.trials_of(arm.run_id)
        }
        wanted = str(seed)
        if seed is None:
            lowest = min(trials, key=int, default=None)
            wanted = arm.tags.get(tags.MODEL_SEED, str(lowest))
        if wanted not in trials:
            raise ValueError(
                f"expected a seed of run {arm.run_id}, got {wanted}; it has"
                f" {', '.join(sorted(trials, key=int)) or 'none'}"
            )
        run = trials[wanted]
        if tags.REUSED_FROM in run.tags:
            run = self._experiment.get(run.tags[tags.REUSED_FROM])
        trial = self._load(run)
        if trial is None:
            raise ValueError(
                f"expected the files of trial {run.run_id} as they were written,"
                " got others or none; train the arm again with cache=off"
            )
        return StoredTrial(trial, Key.from_json(run.tags[tags.CACHE_PARTS]))

    def data_of_arm(self, location: str) -> str:
        """The id of the prepare_data run whose images a training run was given.

        Raises:
            ValueError: that is no training run.
        """
        return self._training_run(location).tags[tags.DATA_RUN]

    def log(
        self, arm: str, trial: Trial, recipe_texts: Mapping[str, str], key: Key
    ) -> None:
        """Store a trial as a run: parameters, metrics by epoch, files.

        The files of a trial that `find` has returned are not stored twice; its run has
        a tag that names the run with the files.

        Args:
            arm: name of the arm.
            trial: newly trained, or from `find`.
            recipe_texts: the recipe, text by parameter.
            key: what every trial of the recipe depends on.
        """
        now = int(time.time() * 1000)
        started = now - int(1000 * trial.metrics["train_seconds"])
        with self._whole.piece():
            run_id = self._experiment.open(started, self._tags(arm, trial))
            try:
                params = {**recipe_texts, "seed": str(trial.seed)}
                self._experiment.log(
                    run_id, params=params, metrics=trial.metrics, at=now
                )
                self._experiment.log_history(run_id, trial.history, now)
                if trial.seed not in self._reused:
                    self._store_files(run_id, trial, key)
                # The clock may have been set back: nothing ends before it starts.
                end_run(run_id, "FINISHED", at=now)
            except BaseException as error:
                # The first error is the one to report, not that of ending the run.
                with suppress(MlflowException, OSError):
                    end_run(run_id, "FAILED", error=in_words(error))
                raise

    def _lock_of(self, digest: str) -> str:
        """The name of the lock for the trials with the key of that digest."""
        place = f"{mlflow.get_tracking_uri()} {self._experiment.id} {digest}"
        return f"train-{hashlib.sha256(place.encode()).hexdigest()[:32]}"

    def _tags(self, arm: str, trial: Trial) -> dict[str, str]:
        ending = "" if trial.status == "finished" else f": {trial.status}"
        tag_texts = {
            tags.PARENT: self._run_id,
            tags.NAME: f"{arm}, seed {trial.seed}{ending}",
            tags.PROCESS: process.identity(),
            tags.ARM: arm,
            tags.SEED: str(trial.seed),
            "trial_status": trial.status,
        }
        if self._source:
            tag_texts[tags.SOURCE] = self._source
        if trial.seed in self._reused:
            tag_texts[tags.REUSED_FROM] = self._reused[trial.seed]
        return tag_texts

    def _store_files(self, run_id: str, trial: Trial, key: Key) -> None:
        folder = Path(tempfile.mkdtemp(dir=self._scratch)) / FOLDER
        save_trial(trial, folder)
        self._experiment.store(run_id, folder, FOLDER)
        digest = keys.digest_folder(folder)
        self._experiment.tag(run_id, {tags.OUTPUT_DIGEST: digest})
        self._experiment.tag_key(run_id, key)
        shutil.rmtree(folder)

    def _load(self, run: StoredRun) -> Trial | None:
        """Load a trial's files; None, and a line on stderr, if lost or changed."""
        try:
            folder = self._artifacts.fetch(run.run_id, FOLDER)
            try:
                if keys.digest_folder(folder) != run.tags[tags.OUTPUT_DIGEST]:
                    raise ValueError(f"the files of run {run.run_id} were changed")
                return load_trial(folder)
            finally:
                shutil.rmtree(folder)
        except (ValueError, OSError, KeyError) as error:
            console.say(f"a stored trial is not used: {in_words(error)}")
        return None

    def _training_run(self, location: str) -> StoredRun:
        run_id = locations.run_of(location)
        run = self._experiment.get_finished(run_id) if run_id else None
        if run is None or tags.DATA_RUN not in run.tags:
            raise ValueError(
                f"expected the run of an arm that was trained here, got {location!r};"
                " copy the run id from the MLflow UI"
            )
        return run
