"""Stores a trial in two files: `trial.json`, and `arrays.npz` with plain arrays."""

import json
from pathlib import Path

import numpy as np

from lab.training.trial import Trial


def save_trial(trial: Trial, folder: Path) -> None:
    """Write a trial into a new folder, exact to the last bit.

    Raises:
        OSError: the folder is there already, or cannot be written.
    """
    folder.mkdir(parents=True)
    content = {
        "seed": trial.seed,
        "status": trial.status,
        "metrics": trial.metrics,
        "history": trial.history,
        "versions": trial.versions,
    }
    arrays: dict[str, np.ndarray] = {}
    if trial.probabilities is not None and trial.weights is not None:
        arrays["probabilities"] = trial.probabilities
        arrays |= {f"weights_{i}": array for i, array in enumerate(trial.weights)}
    # A diverged trial has NaN, which is no JSON, but Python writes and reads it.
    text = json.dumps(content, indent=1)
    (folder / "trial.json").write_text(text + "\n", "utf-8")
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


def load_trial(folder: Path) -> Trial:
    """Read what `save_trial` wrote.

    Raises:
        OSError, ValueError, KeyError: a file is missing, damaged or of another kind.
    """
    content = json.loads((folder / "trial.json").read_text("utf-8"))
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        probabilities = weights = None
        if content["status"] == "finished":
            probabilities = arrays["probabilities"]
            weights = [arrays[f"weights_{i}"] for i in range(len(arrays.files) - 1)]
    return Trial(**content, probabilities=probabilities, weights=weights)
