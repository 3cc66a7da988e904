"""The parameters that say how many trials an arm has, and how many run at once."""

import dataclasses

from didithelp.parameters import Parameters, parameter
from lab.command_line import integers
from lab.host import cores

MAX_SEED = 2**32 - 1


def parse_seeds(text: str) -> tuple[int, ...]:
    """'5' → seeds 0..4; '3,7,11' → those; '7,' → the one seed 7."""
    if "," in text:
        return integers(text)
    if not 1 <= int(text) <= 1000:
        raise ValueError(text)
    return tuple(range(int(text)))


def spell_seeds(seeds: tuple[int, ...]) -> str:
    """The inverse of `parse_seeds`: (0, 1, 2) → '3', (7,) → '7,'."""
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


def parse_workers(text: str) -> int | None:
    """'auto' → None."""
    return None if text == "auto" else int(text)


@dataclasses.dataclass(frozen=True)
class Trials(Parameters):
    """How many trials an arm has, and how many of them run at once."""

    seeds: tuple[int, ...] = parameter(
        "a number of trials from 1 to 1000, such as 5 (seeds 0 to 4), or a list of"
        f" different seeds from 0 to {MAX_SEED}, such as 3,7,11",
        lambda seeds: (
            len(set(seeds)) == len(seeds) > 0
            and all(type(seed) is int and 0 <= seed <= MAX_SEED for seed in seeds)
        ),
        parse=parse_seeds,
        spell=spell_seeds,
    )
    workers: int | None = parameter(
        "auto (one per core) or a number of processes from 1 to 1024, such as 2",
        lambda workers: workers is None or 1 <= workers <= 1024,
        parse=parse_workers,
        spell=lambda workers: "auto" if workers is None else str(workers),
    )

    @property
    def num_workers(self) -> int:
        """Processes to start: never more than there are trials."""
        return min(self.workers or len(cores.available()), len(self.seeds))
