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

    A trial has diverged if its last loss is not finite. It then has a history, but no
    predictions and no weights, for the test set was not read, and no metrics but
    `actual_epochs` and `train_seconds`.

    seed: fixes first weights, batches and dropout.
    metrics: of the kept weights, except `final_*` (of the last epoch) and `best_*` (of
        the epoch with the lowest validation loss, which early stopping keeps).
    history: one row per epoch; "epoch" counts from 1.
    probabilities: of the test set, (N, C) float32.
    weights: in the order of `keras.Model.get_weights`.
    versions: what trained it, see `lab.training.versions`; the engine adds them.
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
