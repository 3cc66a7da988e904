"""The parameters of a decision: what `compare` needs besides the arms.

Apart from `didithelp.comparing`, so that a wrong one is told before pandas and SciPy
load.
"""

import dataclasses
from typing import Literal, get_args

from didithelp.parameters import Parameters, parameter

Pairing = Literal["seed", "none"]
SelectionSet = Literal["validation", "test"]
PAIRINGS, SELECTION_SETS = get_args(Pairing), get_args(SelectionSet)


@dataclasses.dataclass(frozen=True)
class Settings(Parameters):
    """How a comparison decides.

    alpha: two-sided error rate of all candidates together (Holm).
    margin: difference in accuracy that would matter, a fraction.
    resamples, seed: of the sign-flip test only, which never decides.
    pairing: "seed" pairs runs where both arms have the same seeds, "none" never does.
    selected_on: what recipe, epoch and checkpoint were chosen on; "test" allows no
        verdict.
    """

    alpha: float = parameter(
        "a number in (0, 0.5), such as 0.05", lambda alpha: 0 < alpha < 0.5
    )
    margin: float = parameter(
        "a difference in accuracy in (0, 1), such as 0.001 (a tenth of a point)",
        lambda margin: 0 < margin < 1,
    )
    resamples: int = parameter(
        "a whole number from 1 to 1000000, such as 9999",
        lambda count: 1 <= count <= 1_000_000,
    )
    seed: int = parameter("a whole number >= 0, such as 0", lambda seed: seed >= 0)
    pairing: Pairing = parameter("seed or none")
    selected_on: SelectionSet = parameter("validation or test")
