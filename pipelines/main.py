"""Runs the whole experiment: prepare_data, both training steps at once, then compare.

Each step is an MLflow run nested in this one. Steps hand on the URIs of runs, never
paths. Parameters of the recipe go to train_improved alone, so that the baseline stays
the reference. A step does not run again if its result is there already, made by the
same code from the same parameters and inputs.
"""

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import parameter, texts_of
from lab import command_line, entry_point
from lab.host import console, cores
from lab.runs.keys import Caching
from lab.runs.launch import Launch, Launcher
from lab.runs.plan import Plan
from lab.training.recipe import Recipe
from lab.training.seeds import Trials
from pipelines.asked import changes, question, read, recipes
from steps import compare, prepare_data

if TYPE_CHECKING:
    from didithelp.report.report import Report
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(compare.Options, Trials, Caching, prepare_data.Params):
    """The parameters of all steps but the recipes.

    plan: print what would run, and run nothing.
    """

    plan: bool = parameter("true (show what would run) or false")


def run(params: Params, step: "Step", overrides: dict[str, str]) -> None:
    """Run all steps, or with `plan` print what that would take.

    Args:
        params: the parameters of the experiment.
        step: its run.
        overrides: of the improved recipe, text by parameter.
    """
    if params.plan:
        plan = Plan(step.reuse)
        launch_all(params, plan, overrides)
        console.result(plan.text())
        return
    answer = launch_all(params, step, overrides)
    if step.has_reused(answer):
        show_again(answer, step, params)
    step.link_reused()
    console.say(f"look closer: {step.where_to_look()}")
    if params.require:
        hold_against_requirement(answer, step, params)


def launch_all(params: Params, launcher: Launcher, overrides: dict[str, str]) -> str:
    """Launch the four steps, both arms at once; return the URI of the last run.

    The arms share the cores trial by trial, so that no core is idle while an arm's last
    trial runs or its model is stored.
    """
    trials = texts_of(Trials, params) | texts_of(Caching, params)
    images = texts_of(prepare_data.Params, params)
    data = launcher.launch(Launch("prepare_data", images))
    baseline, improved = launcher.launch_all(
        [
            Launch("train_baseline", {"data": data, **trials}),
            Launch("train_improved", {"data": data, **trials, **overrides}),
        ]
    )
    arms = {"baseline": baseline, "improved": improved}
    # What is required is asked of this run: other answers can reuse that of compare.
    options = texts_of(compare.Options, params) | {"require": ""}
    return launcher.launch(Launch("compare", arms | options))


def show_again(answer: str, step: "Step", params: Params) -> None:
    """Store the answer of an earlier run on this one as well, and print it again."""
    (folder,) = step.answers.adopt(answer, "comparison")
    console.result(report_in(folder, step, params).summary())


def hold_against_requirement(answer: str, step: "Step", params: Params) -> None:
    """Let the short forms of the answer tell whether it is what is required.

    Raises:
        Missed: it is not.
    """
    folder = step.artifacts.fetch(answer, "comparison")
    report = report_in(folder, step, params)
    short = step.scratch / "short"
    short.mkdir()
    report.write_short(short)
    step.experiment.store(step.run_id, short, "comparison")
    compare.insist(step, report.comparison, params.require)


def report_in(folder: Path, step: "Step", params: Params) -> "Report":
    """The report of the stored answer of a compare run that this one has launched."""
    from didithelp import trials_folder
    from didithelp.comparison import Comparison
    from didithelp.report.report import Report

    text = (folder / "comparison.json").read_text("utf-8")
    comparison = Comparison.from_json(text)
    loaded = [
        step.artifacts.load(f"runs:/{compared.run_id}", "trials", trials_folder.load)
        for compared in comparison.arms
        if compared.run_id is not None  # the driver's always have one
    ]
    return Report(
        comparison,
        loaded,
        language=params.language,
        provenance=step.provenance(),
        requirement=params.require,
    )


def outline(params: Params, baseline: Recipe, improved: Recipe) -> str:
    """Describe in a few lines what is going to happen."""
    trials = f"{len(params.seeds)} trials"
    size = f"{params.train_size:,} images of " if params.train_size else ""
    return "\n".join(
        [
            f"1 prepare_data    {size}{params.dataset}",
            f"2 train_baseline  {trials} of up to {baseline.epochs} epochs",
            f"3 train_improved  {trials} of up to {improved.epochs} epochs, with",
            *(
                f"                    {name} {before} -> {after}"
                for name, (before, after) in changes(baseline, improved).items()
            ),
            f"4 compare         {params.metric}, alpha {params.alpha:g},"
            f" margin {params.margin}",
            f"up to {params.num_workers} trials per arm at once,"
            f" on {len(cores.available())} cores",
        ]
    )


if __name__ == "__main__":
    with entry_point.failures_noted():
        checked, changed = read(Params)
        before, after = command_line.or_exit(recipes, changed)
    console.say(outline(checked, before, after))
    changed = {name: texts_of(Recipe, after)[name] for name in changed}
    entry_point.main(
        checked,
        functools.partial(run, overrides=changed),
        name=question("main", checked, after),
        overrides=changed,
    )
