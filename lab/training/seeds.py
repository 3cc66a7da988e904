"""Declares the parameters `seeds` and `workers`: which trials, and how many at once."""

import dataclasses

from didithelp.parameters import Interval, Parameters, parameter, whole_number
from lab.command_line import integers
from lab.host import cores

SEEDS = Interval(0, 2**32 - 1)
COUNTS = Interval(1, 1000)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds: '5' → seeds 0 to 4; '3,7,11' → these three; '7,' → seed 7 alone.

    Raises:
        ValueError: no whole numbers, or a count that is out of bounds.
    """
    if "," in text:
        return integers(text)
    count = whole_number(text)
    if count not in COUNTS:
        raise ValueError(text)
    return tuple(range(count))


def spell_seeds(seeds: tuple[int, ...]) -> str:
    """Write seeds as `parse_seeds` reads them: (0, 1, 2) → '3', (7,) → '7,'."""
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


@dataclasses.dataclass(frozen=True)
class Seeds(Parameters):
    """Which trials an arm has: `seeds`, one per trial."""

    seeds: tuple[int, ...] = parameter(
        f"a number of trials from {COUNTS.low} to {COUNTS.high}, such as 5 (seeds 0 to"
        f" 4), or a list of different seeds from {SEEDS.low} to {SEEDS.high}, such as"
        " 3,7,11",
        note="main alone takes 5..20 as well, as many as it takes to be sure",
        valid=lambda seeds: (
            len(set(seeds)) == len(seeds) > 0
            and all(type(seed) is int and seed in SEEDS for seed in seeds)
        ),
        parse=parse_seeds,
        spell=spell_seeds,
    )


@dataclasses.dataclass(frozen=True)
class Trials(Seeds):
    """Which trials an arm has, and how many of them run at once.

    workers: processes that train; None for one per core.
    """

    workers: int | None = parameter(
        Interval(1, 1024),
        2,
        noun="a number of processes",
        none="auto",
        note="auto is one per core",
    )

    @property
    def num_trials(self) -> int:
        """The trials in all; of one arm, one per seed."""
        return len(self.seeds)

    @property
    def num_workers(self) -> int:
        """The processes to start; never more than there are trials."""
        return min(self.workers or len(cores.available()), self.num_trials)
