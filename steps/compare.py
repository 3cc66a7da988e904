"""Two arms → `comparison/`: did the improved recipe help, by how much, how sure?

Reads:  `baseline` and `improved`, the `trials/` of two training runs.
Leaves: `comparison/` with the table and `comparison.json`, headline metrics, the
        verdict as tags and note; all of it on its own run and on the driver's.
"""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import cli, console

if TYPE_CHECKING:
    from lab.tracking import Step

# The numbers of the primary metric that become metrics of the run.
HEADLINES = ("delta", "se", "p", "p_holm", "mde80")


@dataclasses.dataclass(frozen=True)
class Options(cli.Parameters):
    """How the comparison decides; fixed before anything is trained."""

    alpha: float = cli.parameter(
        "a number in (0, 0.5), such as 0.05", lambda alpha: 0 < alpha < 0.5
    )
    margin: float = cli.parameter(
        "a difference in accuracy in (0, 1), such as 0.001 (a tenth of a point)",
        lambda margin: 0 < margin < 1,
    )
    resamples: int = cli.parameter(
        "a whole number from 1 to 1000000, such as 9999",
        lambda count: 1 <= count <= 1_000_000,
    )
    seed: int = cli.parameter("a whole number >= 0, such as 0", lambda seed: seed >= 0)


@dataclasses.dataclass(frozen=True)
class Params(Options):
    """The two arms and the options."""

    baseline: str = cli.parameter(
        "a runs:/ URI, run id or folder of a trials/", lambda place: bool(place.strip())
    )
    improved: str = cli.parameter(
        "a runs:/ URI, run id or folder of a trials/", lambda place: bool(place.strip())
    )
    working_directory: Path = cli.parameter("a folder, which relative paths start from")


def run(params: Params, step: "Step") -> None:
    """Load both arms, compare, store and print the answer."""
    # Imported here, so that a wrong parameter is told before pandas and SciPy load.
    from lab import arm as arms
    from lab import comparison, report

    baseline = step.load(params.baseline, "trials", arms.load)
    improved = step.load(params.improved, "trials", arms.load)
    answer = comparison.compare(
        baseline,
        improved,
        run_ids=(step.run_of(params.baseline), step.run_of(params.improved)),
        **cli.values(Options, params),
    )
    folder = step.scratch / "comparison"
    report.write(answer, [baseline, improved], folder)
    step.log_answer(
        folder,
        report.table(answer, [baseline, improved]),
        metrics=headlines(answer),
        tags=tags(answer, baseline.dataset),
        note=(folder / "table.md").read_text("utf-8"),
    )
    console.result("\n".join(["", *report.summary(answer), ""]))


def headlines(answer: dict[str, Any]) -> dict[str, float]:
    """The primary comparison's numbers as metrics of the run."""
    primary = answer["comparisons"][0]
    low, high = primary["ci95"]
    numbers = {name: primary[name] for name in HEADLINES}
    numbers |= {"ci_low": low, "ci_high": high}
    return {
        name: value
        for name, value in numbers.items()
        if value is not None and math.isfinite(value)
    }


def tags(answer: dict[str, Any], dataset: dict[str, Any]) -> dict[str, str]:
    """The verdict in a form that MLflow's search understands."""
    primary = answer["comparisons"][0]
    found = {
        "verdict": answer["verdict"],
        "verdict_reasons": ", ".join(primary["reasons"]),
        "verdict_flags": ", ".join(primary["flags"]),
        "dataset": dataset["name"],
    }
    if dataset["fallback"]:
        found["dataset_fallback"] = dataset["fallback"]
    return {name: text for name, text in found.items() if text}


if __name__ == "__main__":
    checked = cli.parse(Params)
    from lab import tracking

    tracking.execute(run, checked, name="compare")
