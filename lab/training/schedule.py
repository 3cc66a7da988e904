"""Decides from epoch to epoch: the learning rate, and whether training stops."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lab.training.recipe import Recipe

# "exponential" ends at a tenth of the first learning rate, however many epochs.
EXPONENTIAL_DECAY = 0.1

# "reduce_on_plateau" halves after 2 epochs without progress. Keras's defaults, a tenth
# after 10 epochs, could not act within the labs' 20 epochs and patience of 5.
PLATEAU_FACTOR = 0.5
PLATEAU_PATIENCE = 2


class EarlyStopping:
    """Watches `val_loss`: which epoch's weights to keep, and when to give up.

    The rule is that of Keras's callback with `restore_best_weights`: the best epoch is
    the first with the lowest loss, also if training is not cut short.

    Args:
        patience: epochs without improvement that end training; None never ends it.
    """

    def __init__(self, patience: int | None):
        self.patience = patience
        self.best_epoch = 0
        self.best_loss = math.inf

    def improves(self, epoch: int, val_loss: float) -> bool:
        """Take note of an epoch, counted from 1; say whether it is the best so far."""
        if not val_loss < self.best_loss:  # so that NaN is no improvement
            return False
        self.best_epoch, self.best_loss = epoch, val_loss
        return True

    def gives_up(self, epoch: int) -> bool:
        """Whether `patience` epochs in a row have brought no improvement."""
        return self.patience is not None and epoch - self.best_epoch >= self.patience


class Plateau:
    """Counts how often "reduce_on_plateau" has reduced the learning rate."""

    def __init__(self) -> None:
        self.reductions = 0
        self._waiting = 0

    def update(self, improved: bool) -> None:
        """Take note of an epoch; count a reduction if too many brought no progress."""
        self._waiting = 0 if improved else self._waiting + 1
        if self._waiting == PLATEAU_PATIENCE:
            self.reductions += 1
            self._waiting = 0


def learning_rates(
    recipe: "Recipe", epoch: int, num_steps: int, reductions: int
) -> np.ndarray:
    """The learning rate of each step of an epoch.

    Cosine falls to 0 and exponential to a tenth at the end of the last epoch allowed.

    Args:
        recipe: has the first rate, the schedule and the number of epochs.
        epoch: counted from 1.
        num_steps: per epoch.
        reductions: how often a plateau has reduced the rate; other schedules ignore it.

    Returns:
        float32, (num_steps,).
    """
    steps = (epoch - 1) * num_steps + np.arange(num_steps)
    progress = steps / (recipe.epochs * num_steps)
    factor = {
        "constant": np.ones(num_steps),
        "cosine": (1 + np.cos(np.pi * progress)) / 2,
        "exponential": EXPONENTIAL_DECAY**progress,
        "reduce_on_plateau": np.full(num_steps, PLATEAU_FACTOR**reductions),
    }[recipe.learning_rate_schedule]
    return (recipe.learning_rate * factor).astype(np.float32)
