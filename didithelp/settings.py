"""The parameters of a decision: what `compare` needs besides the arms.

They have a module of their own, so that a command line can refuse a wrong one before
pandas and SciPy load.
"""

import dataclasses
from typing import Literal, get_args

from didithelp import planned_looks
from didithelp.characters import is_name
from didithelp.metric import (
    Direction,
    direction_of,
    is_margin,
    margin_in,
    margin_of,
    metric_of,
)
from didithelp.parameters import Interval, Parameters, parameter

Pairing = Literal["seed", "none"]
SelectionSet = Literal["validation", "test"]
NO_METRICS = ("seed", "status")  # columns of every table of runs
PAIRINGS, SELECTION_SETS = get_args(Pairing), get_args(SelectionSet)


@dataclasses.dataclass(frozen=True)
class Rule(Parameters):
    """How a comparison decides.

    Attributes:
        alpha: two-sided error rate of all candidates together (Holm), in (0, 0.5).
        metric: the one that decides.
        direction: whether "higher" or "lower" is better; "auto" where its name tells.
        margin: difference in the metric that would matter, in its own unit; or a text
            that `metric.margin_in` understands.
        resamples: of the sign-flip test alone, which never decides.
        pairing: "seed" pairs runs where both arms have the same seeds, "none" never
            does.
        selected_on: what recipe, epoch and checkpoint were chosen on; "test" allows no
            verdict.
    """

    alpha: float = parameter(Interval(0, 0.5, open="both"), 0.05)
    metric: str = parameter(
        "the name of a metric, such as test_accuracy or val_loss",
        valid=lambda name: is_name(name) and name not in NO_METRICS,
    )
    direction: Direction = parameter(parse=direction_of)
    margin: float | str = parameter(
        "auto, none, or a difference above 0 in the unit of the metric, such as 0.001,"
        " 0.1% or 0.1 points",
        note="auto is 0.001 for an accuracy and none for all else",
        valid=is_margin,
        parse=margin_of,
    )
    resamples: int = parameter(Interval(1, 1_000_000), 9999)
    pairing: Pairing = parameter()
    selected_on: SelectionSet = parameter()

    def __post_init__(self) -> None:
        super().__post_init__()
        margin_in(metric_of(self.metric, self.direction), self.margin)


@dataclasses.dataclass(frozen=True)
class Settings(Rule):
    """All that an answer depends on besides the arms.

    Attributes:
        seed: of the sign-flip test alone, which never decides.
        looks: planned numbers of seeds at which the experiment may stop; () for none.
    """

    seed: int = parameter(Interval(0), 0)
    looks: tuple[int, ...] = parameter(
        "none, the first and the last planned number of seeds, such as 5..20 (looks at"
        " 5, 10 and 20), or all of them, such as 5,10,20",
        note=f"from {planned_looks.FIRST_LOOK} to {planned_looks.LAST_LOOK}, since with"
        " fewer at the first look too many equal recipes are called different",
        valid=planned_looks.is_plan,
        parse=planned_looks.parse,
        spell=planned_looks.spell,
    )
