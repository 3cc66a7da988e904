"""Runs the whole experiment: prepare_data, both training steps at once, then compare.

With planned looks (`seeds=5..20`) the training steps run once for each look, with the
seeds up to it, until the answer is sure or hopeless. Trials are stored, so that each
look trains its new seeds only.

Each step is an MLflow run nested in this one. Steps hand on the URIs of runs, never
paths. Parameters of the recipe go to train_improved alone, so that the baseline stays
the reference. A step does not run again if its result is there already, made by the
same code from the same parameters and inputs.
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp import planned_looks
from didithelp.metric import metric_of
from didithelp.parameters import (
    explain,
    field_of,
    parameter,
    spell,
    texts_of,
    values_of,
)
from didithelp.settings import Settings
from lab import command_line, entry_point
from lab.host import console, cores
from lab.runs.keys import Caching
from lab.runs.launch import Launch, Launcher
from lab.runs.plan import Plan, about
from lab.training.recipe import Recipe
from lab.training.seeds import Trials, spell_seeds
from pipelines.request import (
    changes,
    question,
    read,
    recipes,
    refuse_unknown_metric,
)
from steps import prepare_data, verdicts

if TYPE_CHECKING:
    from didithelp.report.report import Report
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(verdicts.Options, verdicts.Required, Trials, Caching, prepare_data.Params):
    """The parameters of all steps but the recipes.

    plan: print what would run, and run nothing.
    """

    plan: bool = parameter("true (show what would run) or false")

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_unknown_metric(self.metric)
        if not self.looks:
            return
        plan = planned_looks.spell(self.looks)
        if self.looks[-1] != len(self.seeds):
            raise ValueError(
                f"looks must end with the number of seeds, got looks={plan} and"
                f" {len(self.seeds)} seeds; give seeds={self.looks[-1]}"
            )
        if self.cache == "off":
            raise ValueError(
                f"cache must be on with looks, got off with {plan}, where each look"
                " builds on the trials of the one before; to train all again, give"
                " mlflow run a new --experiment-name"
            )

    @property
    def stages(self) -> list[tuple[int, ...]]:
        """The seeds up to each look; all of them, where no looks are planned."""
        return [self.seeds[:size] for size in self.looks or (len(self.seeds),)]


def run(params: Params, step: "Step", overrides: dict[str, str]) -> None:
    """Run all steps, or with `plan` print what that would take.

    Args:
        params: the parameters of the experiment.
        step: its run.
        overrides: of the improved recipe, text by parameter.
    """
    if params.plan:
        plan = Plan(step.reuse)
        launch_all(params, plan, overrides, lambda _: plan.note_possible_end())
        console.result(plan.text())
        return
    if params.looks:
        levels = planned_looks.levels(params.looks, params.alpha)
        step.log_params(
            {"planned_looks": spell(params.looks), "look_levels": spell(levels)}
        )
    answer = launch_all(params, step, overrides, functools.partial(look, params, step))
    if step.has_reused(answer):
        show_again(answer, step, params)
    step.link_reused()
    console.say(f"look closer: {step.where_to_look()}")
    if params.require:
        hold_against_requirement(answer, step, params)


def launch_all(
    params: Params,
    launcher: Launcher,
    overrides: dict[str, str],
    is_over: Callable[[dict[str, str]], bool],
) -> str:
    """Launch the four steps, both arms at once; return the URI of the last run.

    The arms share the cores trial by trial, so that no core is idle while an arm's last
    trial runs or its model is stored.

    Args:
        params: the parameters of the experiment.
        launcher: that runs the steps, or notes them.
        overrides: of the improved recipe, text by parameter.
        is_over: whether no further look is needed, once a look that is not the last has
            its runs; it is given their URIs by the parameter of compare.
    """
    trials = texts_of(Trials, params) | texts_of(Caching, params)
    images = texts_of(prepare_data.Params, params)
    data = launcher.launch(Launch("prepare_data", images))
    for seeds in params.stages:
        given = {"data": data, **trials, "seeds": spell_seeds(seeds)}
        look_at = f" {len(seeds)} seeds" if params.looks else ""
        names = [f"{arm}{look_at}" for arm in ("train_baseline", "train_improved")]
        baseline, improved = launcher.launch_all(
            [
                Launch("train_baseline", given, names[0]),
                Launch("train_improved", given | overrides, names[1]),
            ]
        )
        arms = {"baseline": baseline, "improved": improved}
        if len(seeds) < len(params.seeds) and is_over(arms):
            break
    return launcher.launch(Launch("compare", arms | texts_of(verdicts.Options, params)))


def look(params: Params, step: "Step", arms: dict[str, str]) -> bool:
    """Look at the arms and say what is seen; whether no further look is needed.

    This is done here, because a step of its own would take seconds to start. What the
    last look sees is compare's to say, which repeats all of them.
    """
    from didithelp import looking
    from didithelp.language import look_sentences
    from didithelp.language.words import Words
    from didithelp.report.frame import train_seconds

    loaded = verdicts.load_arms(arms.values(), step)
    settings = Settings(**values_of(Settings, params))
    metric = metric_of(settings.metric, settings.direction)
    found = looking.take(loaded, metric, settings).looks
    console.say(look_sentences.line(found.taken[-1], found, Words("en")))
    if found.is_over:
        each = (train_seconds(arm) or 0 for arm in loaded)
        seconds = found.saved_seeds * sum(each) / len(cores.available())
        console.say(
            f"stopped: {len(loaded) * found.saved_seeds} trainings saved,"
            f" {about(seconds)}"
        )
    return found.is_over


def show_again(answer: str, step: "Step", params: Params) -> None:
    """Store the answer of an earlier run on this one as well, and print it again."""
    (folder,) = step.answers.adopt(answer, "comparison")
    shown = console.kept(folder / verdicts.PRINTED)
    console.result(shown or report_in(folder, step, params).summary())


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
    verdicts.insist(step, report.comparison, params.require)


def report_in(folder: Path, step: "Step", params: Params) -> "Report":
    """The report of the stored answer of a compare run that this one has launched."""
    from didithelp.comparison import Comparison
    from didithelp.report.report import Report

    text = (folder / "comparison.json").read_text("utf-8")
    comparison = Comparison.from_json(text)
    run_ids = [compared.run_id for compared in comparison.arms]
    loaded = verdicts.load_arms((f"runs:/{run_id}" for run_id in run_ids), step)
    return Report(
        comparison,
        loaded,
        language=params.language,
        provenance=step.provenance(),
        requirement=params.require,
    )


def with_looks(given: dict[str, str]) -> dict[str, str]:
    """The parameters as given, with `seeds=5..20` as `seeds=20` and `looks=5..20`.

    Raises:
        ValueError: that is no plan, or there is another one beside it.
    """
    seeds = given["seeds"]
    if ".." not in seeds:
        return given
    try:
        planned = planned_looks.parse(seeds)
    except ValueError:
        planned = ()
    if not planned or not planned_looks.is_plan(planned):
        raise ValueError(f"{explain(field_of(Settings, 'looks'), seeds)} as seeds")
    if given["looks"].strip().lower() != "none":
        raise ValueError(
            f"looks must be none where seeds plans them, got looks={given['looks']}"
            f" and seeds={seeds}; give one of the two"
        )
    return {**given, "seeds": str(planned[-1]), "looks": seeds}


def outline(params: Params, baseline: Recipe, improved: Recipe) -> str:
    """Describe in a few lines what is going to happen."""
    trials = f"{len(params.seeds)} trials"
    if params.looks:
        trials = f"{', '.join(map(str, params.looks[:-1]))} or {trials}"
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
        checked, changed = read(Params, with_looks)
        before, after = command_line.or_exit(recipes, changed)
    console.say(outline(checked, before, after))
    changed = {name: texts_of(Recipe, after)[name] for name in changed}
    entry_point.main(
        checked,
        functools.partial(run, overrides=changed),
        name=question("main", checked, after),
        overrides=changed,
        logs_data=False,
    )
