"""Looks up whether the result of a launch is there already, or what it would take."""

import dataclasses
import importlib
import sys
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow

from didithelp.dataset_description import DatasetDescription
from didithelp.parameters import texts_of
from lab import command_line, mlproject
from lab.host import cores
from lab.runs import keys, locations, tags
from lab.runs.experiment import Experiment, StoredRun
from lab.runs.keys import Key
from lab.runs.launch import Launch
from lab.runs.trial_times import TrialTimes

RUNS_TRIED = 20  # of those with the right key, before the result is made again
ARMS_LIST = "arms.json"  # the file of a train_arms run that lists its arms
TRIALS_TIMED = 200  # stored trials whose times are looked at
ARE_TRIALS = f"tags.{tags.SEED} != '' and tags.{tags.CACHE_KEY} != ''"
REASONS_SHOWN = 3  # in the line that says why a step runs


@dataclasses.dataclass(frozen=True)
class Lookup:
    """What is known of a launch before it runs.

    Attributes:
        key: what its result depends on; None if an input cannot be identified.
        run_id: of a finished run with that result; None if the launch has to run.
        why: the reason for it in a few words, or the run and when it was.
    """

    key: Key | None
    run_id: str | None
    why: str


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds that a step took the last time: around its trials, and for each trial."""

    around: float
    each: float


@dataclasses.dataclass(frozen=True)
class TrialCount:
    """How many trials a training step needs, and how many of those it would train.

    Attributes:
        seconds: that the missing ones take on all cores; None if no trial was trained
            on the same data.
    """

    needed: int
    missing: int
    seconds: float | None


class Reuse:
    """Looks through an experiment for what a step is about to launch.

    Args:
        experiment: whose runs are looked through.
        working_directory: where the relative paths of a user start from.
        is_on: False for `cache=off`, with which everything runs again.
    """

    def __init__(self, experiment: Experiment, working_directory: Path, is_on: bool):
        self._experiment = experiment
        self._working_directory = working_directory
        self._is_on = is_on

    def look_up(self, launch: Launch) -> Lookup:
        """Whether a launch would run anything, and why.

        Raises:
            ValueError: its parameters are wrong.
        """
        key = self.key(launch)
        if key is None:
            return Lookup(None, None, "its input was not made by a step")
        if not self._is_on:
            return Lookup(key, None, "cache=off")
        problems = []
        for run in self._experiment.with_key(key, most=RUNS_TRIED):
            problem = self._why_unusable(run)
            if problem is None:
                return Lookup(key, run.run_id, f"{run.run_id[:8]} of {run.when}")
            problems.append(problem)
        why = problems[0] if problems else self._what_is_new(launch.entry_point, key)
        return Lookup(key, None, why)

    def key(self, launch: Launch) -> Key | None:
        """Compute the key of a launch; None if a run that it reads has no digest.

        Raises:
            ValueError: its parameters are wrong.
        """
        params = self._params(launch)
        inputs = {}
        for name, text in launch.parameters.items():
            places = locations.listed(text)
            if all(locations.names_run(place) for place in places):
                found = [self._digest_of(place) for place in places]
                digests = [digest for digest in found if digest is not None]
                if len(digests) < len(places):
                    return None
                inputs[name] = ",".join(digests)
        module = sys.modules[type(params).__module__]
        if hasattr(module, "sources"):
            inputs |= module.sources(params)
        parameters = texts_of(type(params), params)
        for name in (*keys.NO_EFFECT, *inputs):
            parameters.pop(name, None)
        code = keys.step_code(launch.entry_point)
        return Key(code, keys.versions(), parameters, inputs)

    def usual_cost(self, entry_point: str, *, trains: bool) -> Cost | None:
        """The seconds that a step took the last time; None if it never ran.

        Args:
            entry_point: of the step.
            trains: only a run that has trained something counts.
        """
        has_trained = "metrics.num_trained > 0" if trains else ""
        last = self._experiment.finished_step(entry_point, has_trained)
        if last is None:
            return None
        if not trains:
            return Cost(around=last.seconds, each=0)
        return Cost(
            around=max(0, last.seconds - last.metrics["training_seconds"]),
            each=last.metrics["train_seconds"] / len(cores.available()),
        )

    def count_trials(self, launch: Launch) -> TrialCount:
        """Count the trials that the launch of a training step would train.

        Args:
            launch: whose `data` is the URI of a prepare_data run.
        """
        params, times = self._params(launch), self.times()
        data = self._run(params.data).artifacts
        content = mlflow.artifacts.load_dict(f"{data}/dataset/dataset.json")
        description = DatasetDescription.from_json(content)
        num_missing, seconds = 0, []
        for arm in params.wanted:
            key = keys.trial_key(arm.recipe, description)
            runs = self._experiment.with_key(key) if self._is_on else []
            stored = {int(run.tags[tags.SEED]) for run in runs}
            missing = len({*arm.seeds} - stored)
            num_missing += missing
            if missing:
                each = times.of(key, arm.recipe.epochs)
                seconds.append(None if each is None else missing * each)
        known = [each for each in seconds if each is not None]
        is_known = len(known) == len(seconds)
        return TrialCount(
            params.num_trials,
            num_missing,
            sum(known) / len(cores.available()) if is_known else None,
        )

    def num_trials(self, launch: Launch) -> int:
        """The trials that the launch of a training step needs, stored or not."""
        needed: int = self._params(launch).num_trials
        return needed

    def times(self) -> TrialTimes:
        """What trials take, as the latest of the experiment took."""
        return TrialTimes(self._experiment.finished(ARE_TRIALS, most=TRIALS_TIMED))

    def arms_of(self, uri: str, names: Sequence[str]) -> list[str]:
        """The runs of arms that a train_arms run has left, see `Launcher.arms_of`."""
        run_ids = _listed_arms(self._run(uri))
        return [f"runs:/{run_ids[name]}" for name in names]

    def _digest_of(self, location: str) -> str | None:
        return self._run(location).tags.get(tags.OUTPUT_DIGEST)

    def _run(self, location: str) -> StoredRun:
        return self._experiment.get(locations.run_of(location) or "")

    def _params(self, launch: Launch) -> Any:
        """Check all parameters of a launch, defaults included.

        Their class is known only when MLproject has been read, hence `Any`.
        """
        module = importlib.import_module(keys.module_of(launch.entry_point))
        given = {
            **mlproject.defaults(launch.entry_point),
            "working_directory": str(self._working_directory),
            **launch.parameters,
        }
        return command_line.build(module.Params, given)

    def _what_is_new(self, entry_point: str, key: Key) -> str:
        """What has changed since the latest run of this step that has a key."""
        last = self._experiment.finished_step(
            entry_point, f"tags.{tags.CACHE_KEY} != ''"
        )
        if last is None:
            return "it has not run here before"
        try:
            before = Key.from_json(last.tags[tags.CACHE_PARTS])
        except (ValueError, TypeError):
            return "the last run was of another version"
        changes = keys.changes(before, key)
        more = len(changes) - REASONS_SHOWN
        return ", ".join(changes[:REASONS_SHOWN]) + f" and {more} more" * (more > 0)

    def _why_unusable(self, run: StoredRun) -> str | None:
        """Why the result of a finished run cannot be used again; None if it can."""
        output, digest = run.tags[tags.OUTPUT], run.tags.get(tags.OUTPUT_DIGEST)
        if tags.DATASET_FALLBACK in run.tags and output == "dataset":
            return "the data set was replaced the last time"
        if not self._experiment.artifacts(run.run_id, output):
            return f"the files of run {run.run_id[:8]} are gone"
        folder = _local_folder(run.artifacts)
        if folder and digest and keys.digest_folder(folder / output) != digest:
            return f"the files of run {run.run_id[:8]} were changed"
        if output == tags.ARMS:
            return self._why_an_arm_is_unusable(run)
        return None

    def _why_an_arm_is_unusable(self, run: StoredRun) -> str | None:
        """The same of the arms of a train_arms run, which have runs of their own."""
        for run_id in _listed_arms(run).values():
            arm = self._experiment.get(run_id)
            if arm.is_deleted:
                return f"the run of {arm.tags[tags.ARM]} was deleted"
            if problem := self._why_unusable(arm):
                return problem
        return None


def _listed_arms(run: StoredRun) -> dict[str, str]:
    """The ids of the runs of arms, by name, that a train_arms run has left."""
    place = f"{run.artifacts}/{tags.ARMS}/{ARMS_LIST}"
    run_ids: dict[str, str] = mlflow.artifacts.load_dict(place)
    return run_ids


def _local_folder(uri: str) -> Path | None:
    """The folder of this machine that a URI names; None if it is elsewhere."""
    parts = urllib.parse.urlparse(uri)
    if parts.netloc or parts.scheme not in ("", "file"):
        return None
    return Path(urllib.request.url2pathname(parts.path if parts.scheme else uri))
