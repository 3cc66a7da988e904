"""Declares the hyperparameters of a recipe and what each accepts.

The values of both recipes are in `MLproject` and nowhere else. TensorFlow is not needed
to check them, so that a wrong one is refused at once.
"""

import dataclasses
from typing import Literal

from didithelp.parameters import Interval, Parameters, parameter
from lab.command_line import integers

Activation = Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]
BatchNormPosition = Literal["before_activation", "after_activation"]
Optimizer = Literal["adam", "rmsprop", "sgd"]
Schedule = Literal["constant", "cosine", "exponential", "reduce_on_plateau"]

SIZES, LAYERS = Interval(1, 65536), Interval(1, 16)


@dataclasses.dataclass(frozen=True)
class Recipe(Parameters):
    """One way to train a multi-layer perceptron.

    hidden_units: units of each hidden layer.
    l2_lambda: weight of the penalty sum(w ** 2) on the kernel of every Dense layer.
    batch_norm_position: where it is in each hidden layer, if `use_batch_norm`.
    early_stopping_patience: epochs without a better validation loss that end training;
        None never ends it early.
    epochs: at most so many.
    momentum: of sgd alone.

    Raises:
        ValueError: a value is out of bounds, or two values contradict each other.
    """

    hidden_units: tuple[int, ...] = parameter(
        f"the sizes ({SIZES.low} to {SIZES.high}) of {LAYERS.low} to {LAYERS.high}"
        " hidden layers, such as 512 or 512,256",
        valid=lambda sizes: (
            len(sizes) in LAYERS
            and all(type(size) is int and size in SIZES for size in sizes)
        ),
        parse=integers,
    )
    activation: Activation = parameter()
    dropout_rate: float = parameter(Interval(0, 1, open="high"), 0.3)
    l2_lambda: float = parameter(Interval(0, 1e30), 0.001)
    use_batch_norm: bool = parameter()
    batch_norm_position: BatchNormPosition = parameter()
    # At least 1, because 0 does not mean "never": Keras stops after one bad epoch then.
    early_stopping_patience: int | None = parameter(
        Interval(1), 5, noun="a number of epochs", none="never"
    )
    epochs: int = parameter(Interval(1, 10_000), 20)
    batch_size: int = parameter(Interval(1, 1_000_000), 128)
    optimizer: Optimizer = parameter()
    learning_rate: float = parameter(Interval(0, 1e30, open="low"), 0.001)
    momentum: float = parameter(Interval(0, 1, open="high"), 0.9)
    learning_rate_schedule: Schedule = parameter()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(
                f"momentum must be 0 with optimizer {self.optimizer!r}, which has none"
                f" to set, got {self.momentum}; use optimizer=sgd or leave it out"
            )
        if self.batch_norm_position == "after_activation" and not self.use_batch_norm:
            raise ValueError(
                "batch_norm_position must be before_activation without batch"
                " normalisation, got 'after_activation'; set use_batch_norm=true too"
            )

    @property
    def regularization_applied(self) -> bool:
        """Whether anything is on that TP2 adds to a plain network with dropout."""
        return (
            self.l2_lambda > 0
            or self.use_batch_norm
            or self.early_stopping_patience is not None
        )
