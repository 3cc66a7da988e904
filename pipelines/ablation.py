"""Finds out which change did it: prepare_data, train_arms, then factorial.

The arms are all combinations of what the two recipes differ in, among them those of
`main`, so that each uses the trials of the other. As in `main`, parameters of the
recipe go to the improved one alone, and what is there already does not run again.
"""

import dataclasses
import functools
import json
from typing import TYPE_CHECKING

from didithelp.parameters import parameter, texts_of
from lab import command_line, entry_point
from lab.host import console, cores
from lab.runs.keys import Caching
from lab.runs.launch import Launch, Launcher
from lab.runs.plan import Plan
from lab.training import arm_list
from lab.training.cells import Cells, cells_of, read_factors
from lab.training.recipe import Recipe
from lab.training.seeds import Trials
from pipelines.request import question, read, recipes, refuse_unknown_metric
from steps import factorial, prepare_data, verdicts

if TYPE_CHECKING:
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(factorial.Options, Trials, Caching, prepare_data.Params):
    """The parameters of all steps but the recipes.

    factors: the changes that are told apart; none for all in which the recipes differ.
    control: whether the baseline is trained with other seeds as well.
    plan: print what would run, and run nothing.
    """

    factors: tuple[str, ...] = parameter(
        "parameters in which the recipes differ, with commas between them, or + between"
        " those that change together, such as l2_lambda, optimizer+momentum",
        note="none are all",
        parse=read_factors,
    )
    control: bool = parameter()
    plan: bool = parameter("true (show what would run) or false")

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_unknown_metric(self.metric)


def run(params: Params, step: "Step", cells: Cells, listed: str) -> None:
    """Run all steps, or with `plan` print what that would take.

    Args:
        params: the parameters of the experiment.
        step: its run.
        cells: the arms, and what is on in each.
        listed: the arms as train_arms reads them.
    """
    if params.plan:
        plan = Plan(step.reuse)
        launch_all(params, plan, cells, listed)
        console.result(plan.text())
        return
    answer = launch_all(params, step, cells, listed)
    if step.has_reused(answer):
        show_again(answer, step, params.language)
    step.link_reused()
    console.say(f"look closer: {step.where_to_look()}")


def launch_all(params: Params, launcher: Launcher, cells: Cells, listed: str) -> str:
    """Launch the three steps; return the URI of the last run."""
    trials = texts_of(Trials, params) | texts_of(Caching, params)
    images = texts_of(prepare_data.Params, params)
    data = launcher.launch(Launch("prepare_data", images))
    trained = launcher.launch(
        Launch("train_arms", {"data": data, "arms": listed, **trials})
    )
    names = [arm.name for arm in cells.wanted]
    places = launcher.arms_of(trained, names)
    arms, control = places[: len(cells.arms)], places[len(cells.arms) :]
    given = {
        "arms": ",".join(arms),
        "levels": json.dumps(cells.levels, separators=(",", ":")),
        "control_arm": ",".join(control),
    }
    options = texts_of(factorial.Options, params)
    return launcher.launch(Launch("factorial", given | options))


def show_again(answer: str, step: "Step", language: str) -> None:
    """Store the answer of an earlier run on this one as well, and print it again."""
    _, folder = step.answers.adopt(answer, "comparison", "ablation")
    if shown := console.kept(folder / verdicts.PRINTED):
        console.result(shown)
        return
    from didithelp.ablation import Ablation
    from didithelp.report.ablation_report import AblationReport

    found = Ablation.from_json((folder / "ablation.json").read_text("utf-8"))
    run_ids = [cell.arm.run_id for cell in found.all_cells]
    loaded = verdicts.load_arms((f"runs:/{run_id}" for run_id in run_ids), step)
    report = AblationReport(found, loaded, language=language)
    console.result(report.summary())


def outline(params: Params, cells: Cells) -> str:
    """Describe in a few lines what is going to happen."""
    size = f"{params.train_size:,} images of " if params.train_size else ""
    num_trials = sum(len(arm.seeds) for arm in cells.wanted)
    num_cores = len(cores.available())
    return "\n".join(
        [
            f"1 prepare_data  {size}{params.dataset}",
            f"2 train_arms    {len(cells.wanted)} arms of {len(params.seeds)} trials"
            f" each, {num_trials} in all, of up to"
            f" {max(arm.recipe.epochs for arm in cells.arms)} epochs; on or off are",
            *(f"                  {line}" for line in _changes(cells)),
            f"3 factorial     {params.metric}, alpha {params.alpha:g},"
            f" margin {params.margin}",
            f"up to {min(params.workers or num_cores, num_trials)} trials at once,"
            f" on {num_cores} cores",
        ]
    )


def _changes(cells: Cells) -> list[str]:
    """Each factor with its values: 'l2_lambda 0.0 -> 0.001'."""
    off, on = (texts_of(Recipe, arm.recipe) for arm in (cells.arms[0], cells.arms[-1]))
    return [
        ", ".join(f"{name} {off[name]} -> {on[name]}" for name in factor.split("+"))
        for factor in cells.factors
    ]


if __name__ == "__main__":
    with entry_point.failures_noted():
        checked, changed = read(Params)
        before, after = command_line.or_exit(recipes, changed)
        laid_out = command_line.or_exit(
            cells_of,
            before,
            after,
            checked.factors,
            checked.seeds,
            with_control=checked.control,
            given=changed,
        )
        listed = command_line.or_exit(arm_list.write, laid_out.wanted, checked.seeds)
    console.say(outline(checked, laid_out))
    changed = {name: texts_of(Recipe, after)[name] for name in changed}
    entry_point.main(
        checked,
        functools.partial(run, cells=laid_out, listed=listed),
        name=question("ablate", checked, after),
        overrides=changed,
        logs_data=False,
    )
