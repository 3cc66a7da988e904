"""A recipe: the hyperparameters of one way to train, checked before anything loads.

The values themselves, of both recipes, are in `MLproject` and nowhere else.
"""

import dataclasses
from typing import Any, Literal, get_args

from didithelp.parameters import Parameters, parameter
from lab.command_line import integers

Activation = Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]
BatchNormPosition = Literal["before_activation", "after_activation"]
Optimizer = Literal["adam", "rmsprop", "sgd"]
Schedule = Literal["constant", "cosine", "exponential", "reduce_on_plateau"]


def one_of(choices: Any) -> str:
    """'relu, elu or tanh', from a Literal type."""
    *first, last = get_args(choices)
    return f"{', '.join(first)} or {last}"


def patience(text: str) -> int | None:
    """'never' → None: Keras's own 0 is not "off", it stops after one bad epoch."""
    return None if text == "never" else int(text)


@dataclasses.dataclass(frozen=True)
class Recipe(Parameters):
    """One way to train a multi-layer perceptron.

    Raises:
        ValueError: a value, or a combination of values, that means nothing.
    """

    hidden_units: tuple[int, ...] = parameter(
        "the sizes (1 to 65536) of 1 to 16 hidden layers, such as 512 or 512,256",
        lambda sizes: (
            1 <= len(sizes) <= 16
            and all(type(size) is int and 1 <= size <= 65536 for size in sizes)
        ),
        parse=integers,
    )
    activation: Activation = parameter(one_of(Activation))
    dropout_rate: float = parameter(
        "a number in [0, 1), such as 0.3", lambda rate: 0 <= rate < 1
    )
    l2_lambda: float = parameter(
        "a number >= 0 (up to 1e30), such as 0.001", lambda weight: 0 <= weight <= 1e30
    )
    use_batch_norm: bool = parameter("true or false")
    batch_norm_position: BatchNormPosition = parameter(one_of(BatchNormPosition))
    early_stopping_patience: int | None = parameter(
        "never or a number of epochs >= 1, such as 5",
        lambda epochs: epochs is None or epochs >= 1,
        parse=patience,
        spell=lambda epochs: "never" if epochs is None else str(epochs),
    )
    epochs: int = parameter(
        "a whole number from 1 to 10000, such as 20", lambda n: 1 <= n <= 10_000
    )
    batch_size: int = parameter(
        "a whole number from 1 to 1000000, such as 128", lambda n: 1 <= n <= 1_000_000
    )
    optimizer: Optimizer = parameter(one_of(Optimizer))
    learning_rate: float = parameter(
        "a number > 0 (up to 1e30), such as 0.001", lambda rate: 0 < rate <= 1e30
    )
    momentum: float = parameter(
        "a number in [0, 1), such as 0.9", lambda momentum: 0 <= momentum < 1
    )
    learning_rate_schedule: Schedule = parameter(one_of(Schedule))

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
