"""A trial: what one recipe and one seed lead to, and the files that store it."""

import dataclasses
import importlib.metadata
import json
import platform
from pathlib import Path

import numpy as np

PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy")  # that train


def versions() -> dict[str, str]:
    """Everything but the seed that decides a trial's bits; imports nothing for it."""
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "precision": "float32",
        "threads": "1",
        "cpu_features": _cpu_features(),
    }
    for distribution in PACKAGES:
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[distribution.removesuffix("-cpu")] = version
    return found


# Instruction sets that the kernels of TensorFlow choose between.
CPU_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile")


def _cpu_features() -> str:
    """Those of CPU_FEATURES that this machine has, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:  # not Linux
        return platform.processor()
    found = set(text.partition("flags")[2].partition("\n")[0].split())
    return " ".join(name for name in CPU_FEATURES if name in found)


History = list[dict[str, float]]


@dataclasses.dataclass(frozen=True)
class Trial:
    """What one recipe and one seed lead to.

    `metrics` are those of the kept weights, but for `final_*` (last epoch) and `best_*`
    (epoch with the lowest validation loss, which early stopping keeps). A diverged
    trial (a last loss that is not finite) has `actual_epochs`, `train_seconds` and its
    history, no predictions and no weights: the test set was not read for it.
    """

    seed: int
    status: str  # "finished" or "diverged"
    metrics: dict[str, float]
    history: History  # one row per epoch, "epoch" counts from 1
    probabilities: np.ndarray | None  # (N, C) float32, of the test set
    weights: list[np.ndarray] | None  # as `keras.Model.get_weights` orders them
    versions: dict[str, str] = dataclasses.field(default_factory=lambda: versions())

    @property
    def kept(self) -> dict[str, float]:
        """The history row of the epoch whose weights were kept."""
        return self.history[int(self.metrics["kept_epoch"]) - 1]


def save_trial(trial: Trial, folder: Path) -> None:
    """Write a trial as JSON and plain arrays, exact to the last bit."""
    folder.mkdir(parents=True)
    described = {
        "seed": trial.seed,
        "status": trial.status,
        "metrics": trial.metrics,
        "history": trial.history,
        "versions": trial.versions,
    }
    arrays = {}
    if trial.probabilities is not None:
        arrays["probabilities"] = trial.probabilities
        arrays |= {f"weights_{i}": array for i, array in enumerate(trial.weights)}
    # NaN is no JSON, but Python writes and reads it; a diverged trial has it.
    text = json.dumps(described, indent=1)
    (folder / "trial.json").write_text(text + "\n", "utf-8")
    np.savez(folder / "arrays.npz", **arrays)


def load_trial(folder: Path) -> Trial:
    """What `save_trial` wrote; raises OSError, ValueError or KeyError for less."""
    described = json.loads((folder / "trial.json").read_text("utf-8"))
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        probabilities = weights = None
        if described["status"] == "finished":
            probabilities = arrays["probabilities"]
            weights = [arrays[f"weights_{i}"] for i in range(len(arrays.files) - 1)]
    return Trial(**described, probabilities=probabilities, weights=weights)
