"""Says which change did it, of arms that combine several changes.

Reads:  `arms`, the `trials/` of training runs, or folders of the same format from other
        software, and `levels`: which changes are on in which arm.
Leaves: `ablation/` with the effect of each change, and `comparison/` of the arm with
        all changes against that with none; the headline numbers as metrics, the
        verdicts as tags and note. All of it is on its own run and on the driver's.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import Interval, is_filled, parameter, values_of
from lab import entry_point, literals
from lab.host import console
from lab.parameters import Located
from lab.runs.locations import run_of
from steps import verdicts

if TYPE_CHECKING:
    from didithelp.ablation import Ablation
    from didithelp.arm import Arm
    from didithelp.levels import Table
    from lab.runs.step import Step

EXPECTED = (
    'JSON such as {"plain": {"l2": 0}, "all": {"l2": 1}}, or a CSV or JSON file with a'
    " row per arm"
)
UNNAMED = (b",", b";", b"\t")  # what a CSV begins with whose first column has no name
LINKS = {"comparison": "../comparison/report.html"}
LINK_TO_THIS = {"ablation": "../ablation/report.html"}


@dataclasses.dataclass(frozen=True)
class Options(verdicts.Told):
    """How it is decided and written.

    seed: of the sign-flip test of the comparison, which never decides.
    """

    seed: int = parameter(Interval(0), 0)


@dataclasses.dataclass(frozen=True)
class Params(Options, Located):
    """Which arms, what is on in each, and how it is decided.

    arms: a run id, a runs:/ URI or a folder of each.
    levels: the table of which changes are on in which arm, as JSON or as a path.
    control_arm: the unchanged recipe on other seeds; empty without one.
    """

    arms: tuple[str, ...] = parameter(
        "different runs:/ URIs, run ids or folders of a trials/, separated by commas (a"
        " folder with a comma in its path cannot be one of them)",
        valid=lambda places: len(set(places)) == len(places) > 1 and all(places),
        parse=verdicts.locations,
    )
    levels: str = parameter(
        'JSON such as {"plain": {"l2": 0}, "all": {"l2": 1}}, or a CSV or JSON file'
        " with a row per arm and a column per change",
        valid=is_filled,
    )
    control_arm: str = parameter("a runs:/ URI, run id or folder of a trials/")


def run(params: Params, step: "Step") -> None:
    """Load the arms, find out what each change does, store and print the answer."""
    # Imported here, so that a wrong parameter is refused before pandas and SciPy load.
    from didithelp.ablating import ablate

    levels = read_levels(params.levels, params.working_directory)
    controls = tuple(filter(None, [params.control_arm.strip()]))
    places = (*params.arms, *controls)
    arms = verdicts.load_arms(places, step)
    count = len(params.arms)
    found = ablate(
        arms[:count],
        levels,
        alpha=params.alpha,
        metric=params.metric,
        direction=params.direction,
        margin=params.margin,
        selected_on=params.selected_on,
        control=arms[count] if controls else None,
        run_ids=[run_of(place) for place in params.arms],
        control_run_id=run_of(params.control_arm.strip()),
    )
    ends = [
        (place, arm)
        for name in (found.baseline, found.full)
        for place, arm in zip(places, arms, strict=True)
        if arm.name == name
    ]
    options = verdicts.Options(**values_of(Options, params), looks=())
    verdicts.judge(options, step, *zip(*ends, strict=True), links=LINK_TO_THIS)
    conclude(step, found, arms, language=params.language)


def conclude(
    step: "Step", found: "Ablation", arms: "list[Arm]", *, language: str
) -> None:
    """Store and print an answer, beside the comparison that is stored already."""
    from didithelp.report.ablation_report import AblationReport

    report = AblationReport(
        found, arms, language=language, provenance=step.provenance(), links=LINKS
    )
    folder = step.scratch / "ablation"
    report.write(folder)
    console.keep(report.summary(), folder / verdicts.PRINTED)
    step.answers.log(
        folder,
        report.table,
        metrics=headlines(found) | verdicts.means(found),
        tag_texts=tags(found),
        outcome=report.headline,
        note=report.note(),
    )
    console.result(report.summary())


def headlines(found: "Ablation") -> dict[str, float]:
    """The main effect, Shapley value and p of each change, as metrics of the run."""
    numbers = {}
    for effects in found.primary.factors:
        name = verdicts.part_of_name(effects.factor)
        numbers[f"main_effect/{name}"] = effects.main.delta
        if effects.shapley is not None:
            numbers[f"shapley_value/{name}"] = effects.shapley.delta
        if effects.main.estimate.p_holm is not None:
            numbers[f"p_holm/{name}"] = effects.main.estimate.p_holm
    return numbers


def tags(found: "Ablation") -> dict[str, str]:
    """The verdict on each change, as tags that MLflow can search."""
    return {
        f"verdict.{verdicts.part_of_name(effects.factor)}": effects.main.verdict
        for effects in found.primary.factors
    }


def read_levels(text: str, working_directory: Path) -> "Table":
    """The table of levels, from JSON or from a file.

    Args:
        text: JSON, what Python writes for it, or a path.
        working_directory: where a relative path starts from.

    Raises:
        ValueError: it is neither.
    """
    import pandas as pd

    from didithelp import csv_files

    content = text.strip()
    if content[0] not in "{[":
        path = working_directory / Path(content).expanduser()
        try:
            data = path.read_bytes()
            if path.suffix.lower() != ".json":
                # Row names without a name of their own, as pandas writes them.
                data = b"arm" + data if data[:1] in UNNAMED else data
                table = csv_files.read(data, as_text=True)
                first = "arm" if "arm" in table else table.columns[0]
                return table.set_index(first)
            content = data.decode("utf-8-sig")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error).strip()
            got = literals.shown(text)
            raise ValueError(f"levels must be {EXPECTED}, got {got}: {why}") from None
    levels = literals.read(content, "levels", EXPECTED)
    return pd.DataFrame(levels) if isinstance(levels, list) else levels


if __name__ == "__main__":
    entry_point.main(entry_point.parse(Params), run, name="factorial")
