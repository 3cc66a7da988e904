"""The parameters of a decision: what `compare` needs besides the arms.

They have a module of their own, so that a command line can refuse a wrong one before
pandas and SciPy load.
"""

import dataclasses
from typing import Literal, get_args

from didithelp import looks
from didithelp.parameters import Interval, Parameters, parameter

Pairing = Literal["seed", "none"]
SelectionSet = Literal["validation", "test"]
PAIRINGS, SELECTION_SETS = get_args(Pairing), get_args(SelectionSet)


@dataclasses.dataclass(frozen=True)
class Settings(Parameters):
    """How a comparison decides.

    Attributes:
        alpha: two-sided error rate of all candidates together (Holm), in (0, 0.5).
        margin: difference in accuracy that would matter, a fraction in (0, 1).
        resamples, seed: of the sign-flip test alone, which never decides.
        pairing: "seed" pairs runs where both arms have the same seeds, "none" never
            does.
        selected_on: what recipe, epoch and checkpoint were chosen on; "test" allows no
            verdict.
        looks: planned numbers of seeds at which the experiment may stop; () for none.
    """

    alpha: float = parameter(Interval(0, 0.5, open="both"), 0.05)
    margin: float = parameter(
        Interval(0, 1, open="both"),
        0.001,
        noun="a difference in accuracy",
        note="a tenth of a point",
    )
    resamples: int = parameter(Interval(1, 1_000_000), 9999)
    seed: int = parameter(Interval(0), 0)
    pairing: Pairing = parameter()
    selected_on: SelectionSet = parameter()
    looks: tuple[int, ...] = parameter(
        "none, the first and the last planned number of seeds, such as 5..20 (looks at"
        " 5, 10 and 20), or all of them, such as 5,10,20",
        note=f"from {looks.FIRST_LOOK} to {looks.LAST_LOOK}, since with fewer at the"
        " first look too many equal recipes are called different",
        valid=looks.is_plan,
        parse=looks.parse,
        spell=looks.spell,
    )
