"""What is asked of an experiment: which runs, in which groups, against which of them.

It is declared apart, so that a command line can refuse a wrong one before MLflow loads.
"""

import dataclasses

from didithelp.parameters import Parameters, is_filled, parameter
from didithelp_mlflow import columns


@dataclasses.dataclass(frozen=True)
class Selection(Parameters):
    """Which runs are judged, and how they become arms.

    Attributes:
        experiment: name or id.
        filter: a condition of MLflow's search language on runs; "" for every run.
        group_by: what the runs of one arm have in common.
        baseline: what the reference has there.
        candidates: what the others have there, separated by commas; "" for every other
            group.
        seed: what tells the runs of a group apart, and pairs them with those of the
            other groups; "" where every run is only one more of its kind.
    """

    experiment: str = parameter(
        "the name or the id of an MLflow experiment",
        valid=is_filled,
    )
    filter: str = parameter("a condition of MLflow's search on runs, or empty")
    group_by: str = parameter(
        f"{columns.EXPECTED}, such as params.optimizer", valid=columns.is_column
    )
    baseline: str = parameter(
        "what the runs of the reference have in group_by, such as adam",
        valid=is_filled,
    )
    candidates: str = parameter(
        "what other runs have in group_by, separated by commas, or empty for every"
        " other group"
    )
    seed: str = parameter(
        "params.NAME or tags.NAME with the seed of each run, or empty",
        valid=lambda text: not text.strip() or columns.is_column(text),
    )
