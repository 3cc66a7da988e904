"""Judges the runs of any MLflow experiment: is one group of them better than another?

Reads:  the runs of `experiment`, whoever has logged them; each is one seed of the arm
        that its group names (see `didithelp_mlflow`).
Leaves: what `steps.compare` leaves, with links to the runs; with `write_back`, the
        verdict as tags of the runs that were judged.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

from didithelp.parameters import Interval, parameter, values_of
from didithelp.settings import Rule
from didithelp_mlflow.columns import metric_name
from didithelp_mlflow.selection import Selection
from lab import entry_point
from lab.parameters import Located
from steps import verdicts

if TYPE_CHECKING:
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(Selection, verdicts.Required, verdicts.Told, Located):
    """Which runs are judged, and how.

    analysis_seed: of the sign-flip test, which never decides; the `seed` of a selection
        is that of the runs.
    write_back: whether the verdict becomes tags of the runs.
    """

    analysis_seed: int = parameter(Interval(0), 0)
    write_back: bool = parameter()

    def __post_init__(self) -> None:
        super().__post_init__()
        Rule(**self.rule)  # metrics.seed would be a column that is no metric

    @property
    def rule(self) -> dict[str, Any]:
        """How it is decided, the metric by its bare name: not `metrics.val_loss`."""
        return values_of(Rule, self) | {"metric": metric_name(self.metric)}


def run(params: Params, step: "Step") -> None:
    """Find the runs, compare their groups, store and print the answer."""
    # Imported here, so that a wrong parameter is refused before pandas and SciPy load.
    from didithelp import comparing
    from didithelp_mlflow.selecting import select
    from lab.runs.judged import JudgedRuns

    rule = params.rule
    selection = Selection(**values_of(Selection, params))
    found = select(selection, rule["metric"])
    if not found.is_paired:
        rule["pairing"] = "none"
    comparison = comparing.compare(
        found.arms[0], found.arms[1:], seed=params.analysis_seed, looks=(), **rule
    )
    judged = JudgedRuns(step.run_id)
    verdicts.conclude(
        step,
        comparison,
        found.arms,
        params,
        required=params.require,
        pages=judged.pages(found),
        note=judged.note(found),
    )
    if params.write_back:
        judged.write_back(found, comparison)
    verdicts.insist(step, comparison, params.require)


if __name__ == "__main__":
    entry_point.main(entry_point.parse(Params), run, name="judge")
