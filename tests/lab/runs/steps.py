"""What tests of runs build: a step that executes a function, what it leaves, trials."""

from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np

from didithelp.parameters import Parameters, parameter
from lab.runs import execution, keys
from lab.training.trial import Trial

KEY = keys.Key({}, {}, {"l2_lambda": "0.1"}, {})


@dataclass(frozen=True)
class Params(Parameters):
    working_directory: Path = parameter("a folder")


@dataclass(frozen=True)
class Careless(Params, keys.Caching):
    """As main and the training steps have it."""


def execute(store, function, params=None, overrides=None):
    """Run a function as a step; its exit status (0 for none) and its MLflow run."""
    seen = []

    def run(params, step):
        seen.append(step)
        function(step)

    try:
        params = params or Params(store)
        execution.execute(run, params, name="step", overrides=overrides)
        status = 0
    except SystemExit as leaving:
        status = leaving.code
    assert not seen[0].scratch.exists()
    return status, mlflow.get_run(seen[0].run_id)


def raise_(error, step):
    raise error


def leave_folder(store, name="trials"):
    """A finished step's run with one artifact folder."""

    def function(step):
        (step.scratch / "file.txt").write_text("content")
        step.log_folder(step.scratch, name)

    return execute(store, function)[1].info.run_id


def make_trial(seed, status="finished"):
    rng = np.random.default_rng(seed)
    history = [{"epoch": 1, "loss": 0.1 + seed / 3, "val_loss": float("nan")}]
    arrays = None, None
    if status == "finished":
        weights = [rng.random((3, 2), np.float32), rng.random(2, np.float32)]
        arrays = rng.random((5, 2), np.float32), weights
    metrics = {"train_seconds": 1.5, "actual_epochs": 1}
    return Trial(seed, status, metrics, history, *arrays)
