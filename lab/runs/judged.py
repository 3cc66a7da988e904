"""Links the runs that were judged, whoever logged them, and tells them the verdict."""

import urllib.parse

from didithelp.comparison import Comparison, Difference
from didithelp_mlflow.runs import write_tags
from didithelp_mlflow.selecting import Selected, run_ids
from lab.runs import experiment
from lab.runs.experiment import MACHINE_LEARNING, Experiment

OWN = "didithelp."  # how the names of our tags begin on runs of others


class JudgedRuns:
    """Runs of an experiment that need not be the step's own.

    Args:
        run_id: of the step that judges.
    """

    def __init__(self, run_id: str):
        self._run_id = run_id

    def pages(self, found: Selected) -> dict[str, str]:
        """The web addresses of the runs by id; empty where the store is no server."""
        address = experiment.tracking_address()
        if not address.startswith("http"):
            return {}
        where = Experiment(found.experiment_id)
        return {
            run.run_id: f"{address}/{where.page(run.run_id)}"
            for group in found.groups
            for run in group.runs
        }

    def note(self, found: Selected) -> str:
        """Markdown with a link to the runs of each arm in MLflow's interface."""
        links = ", ".join(
            f"[{_plain(group.name)}]({_list_of(found, group.spellings)})"
            for group in found.groups
        )
        return f"\n\nRuns: {links}\n"

    def write_back(self, found: Selected, comparison: Comparison) -> None:
        """Tag every run that was judged with the verdict on its arm.

        The runs of the reference, which there is no verdict on, are tagged as such.
        """
        about = {
            "judged_by": self._run_id,
            "metric": comparison.metric.name,
            "reference": comparison.reference,
        }
        told = [{"verdict": "reference"}, *map(_verdict, comparison.primary)]
        write_tags(
            {
                run_id: {f"{OWN}{k}": text for k, text in (about | texts).items()}
                for arm, texts in zip(found.arms, told, strict=True)
                for run_id in run_ids(arm).values()
            }
        )


def _verdict(difference: Difference) -> dict[str, str]:
    """The verdict and its numbers, as tags; what is not known is left out."""
    numbers = {
        "delta": difference.delta,
        "ci_low": difference.ci95[0],
        "ci_high": difference.ci95[1],
        "p_holm": difference.p_holm,
    }
    texts = {name: repr(value) for name, value in numbers.items() if value is not None}
    return {"verdict": difference.verdict} | texts


def _list_of(found: Selected, spellings: tuple[str, ...]) -> str:
    """The list of the runs of a group, from the root of the interface's address."""
    page = f"#/experiments/{found.experiment_id}/runs?{MACHINE_LEARNING}"
    column = found.group_by
    if len(spellings) > 1 or '"' in spellings[0]:
        return page
    condition = f'{column.kind}.`{column.name}` = "{spellings[0]}"'
    return f"{page}&searchFilter={urllib.parse.quote(condition, safe='')}"


def _plain(name: str) -> str:
    """A name without what ends a link in Markdown."""
    return "".join(letter for letter in name if letter not in "[]()\\`*_<>|")
