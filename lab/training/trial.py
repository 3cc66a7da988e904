"""The record of a trial: what one recipe and one seed lead to.

`lab.training.trial_files` stores it. That is another module because this one belongs
to the key of a trial (see `lab.runs.keys`), and how a trial is stored does not.
"""

import dataclasses
from typing import Literal

import numpy as np

Status = Literal["finished", "diverged"]
History = list[dict[str, float]]  # one row per epoch


@dataclasses.dataclass(frozen=True)
class Trial:
    """What one recipe and one seed lead to.

    A diverged trial, one whose last loss is not finite, has its history and of the
    metrics `actual_epochs` and `train_seconds`; neither predictions nor weights, for
    the test set was not read.

    seed: fixes first weights, batches and dropout.
    metrics: of the kept weights, but for `final_*` (last epoch) and `best_*` (epoch
        with the lowest validation loss, which early stopping keeps).
    history: one row per epoch; "epoch" counts from 1.
    probabilities: of the test set, (N, C) float32.
    weights: as `keras.Model.get_weights` orders them.
    versions: that trained it, see `lab.training.versions`; whoever runs the trainer
        adds them.
    """

    seed: int
    status: Status
    metrics: dict[str, float]
    history: History
    probabilities: np.ndarray | None
    weights: list[np.ndarray] | None
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def kept(self) -> dict[str, float]:
        """The history row of the epoch whose weights were kept."""
        return self.history[int(self.metrics["kept_epoch"]) - 1]
