"""Compares arms: did a candidate recipe help, by how much, and how sure is that?

Reads:  `baseline`, and `improved` or several `candidates`: the `trials/` of training
        runs, or folders of the same format from other software (see
        `didithelp.trials_folder`).
Leaves: `comparison/` with `report.html`, tables, `comparison.json` and figures; the
        headline numbers as metrics, the verdict as tags and note. All of it is on its
        own run and on the driver's.
"""

import dataclasses
from typing import TYPE_CHECKING

from didithelp.parameters import is_filled, parameter
from lab import entry_point
from lab.parameters import Located
from steps import verdicts

if TYPE_CHECKING:
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(verdicts.Options, verdicts.Required, Located):
    """Which arms are compared, and how.

    baseline: the reference, as a run id, a runs:/ URI or a folder.
    improved: the only candidate, instead of `candidates`; else empty.
    candidates: any number of candidates, instead of `improved`; else empty.
    """

    baseline: str = parameter(
        "a runs:/ URI, run id or folder of a trials/",
        valid=is_filled,
    )
    improved: str = parameter("a runs:/ URI, run id or folder of a trials/")
    candidates: tuple[str, ...] = parameter(
        "different runs:/ URIs, run ids or folders, separated by commas (a folder with"
        " a comma in its path cannot be one of them)",
        valid=lambda places: all(places) and len(set(places)) == len(places),
        parse=verdicts.locations,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        num_given = bool(self.improved.strip()) + bool(self.candidates)
        if num_given != 1:
            raise ValueError(
                "compare needs improved or candidates, got"
                f" {('neither', '', 'both')[num_given]}; give improved for one arm,"
                " candidates for several"
            )

    @property
    def arms(self) -> tuple[str, ...]:
        """The locations of the reference and of the candidates."""
        return (self.baseline, *(self.candidates or (self.improved,)))


def run(params: Params, step: "Step") -> None:
    """Load the arms, compare, store and print the answer."""
    loaded = verdicts.load_arms(params.arms, step)
    comparison = verdicts.judge(
        params, step, params.arms, loaded, required=params.require
    )
    verdicts.insist(step, comparison, params.require)


if __name__ == "__main__":
    entry_point.main(entry_point.parse(Params), run, name="compare")
