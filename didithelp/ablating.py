"""Which change did it? The arms of a factorial experiment go in, `Ablation` comes out.

`ablate` checks that the arms may be compared and that their levels make up a design
(else `Refusal`), estimates what each factor does to each metric, and says in words what
helped and what hurt. The same arms and parameters always give the same answer, in
whatever order they come.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from didithelp import ablation_caveats, common_data, describing, estimating
from didithelp import levels as level_tables
from didithelp.ablation import (
    Ablation,
    BudgetMatched,
    Cell,
    Control,
    Factor,
)
from didithelp.arm import Arm
from didithelp.caveats import NotCovered, Scope
from didithelp.comparability import refuse_incomparable
from didithelp.comparison import PRIMARY_METRIC, ComparedArm
from didithelp.errors import Refusal
from didithelp.estimating import Estimator, Measure, Sample
from didithelp.factors import Factorial, combined
from didithelp.language import ablation_sentences
from didithelp.language.words import Words
from didithelp.levels import Levels, Table
from didithelp.runs import METRICS, runs_of
from didithelp.settings import SelectionSet, Settings

ENGLISH = Words("en")  # of `ablation.json`
BUDGET = "epochs"  # the parameter of a recipe that is its budget
UNITS = {metric.name: metric.unit for metric in METRICS}
CHANGE = Factorial(1)  # from one arm, its `none`, to another one, its `all`


def ablate(
    arms: Sequence[Arm],
    levels: Table,
    *,
    alpha: float,
    margin: float,
    selected_on: SelectionSet,
    control: Arm | None = None,
    run_ids: Sequence[str | None] | None = None,
    control_run_id: str | None = None,
) -> Ablation:
    """The effect of each factor, of all together, and of each pair on each other.

    Args:
        arms: one per cell of the design, with different names, in any order.
        levels: which factors are on in which arm, see `levels.read`.
        alpha: two-sided error rate of the main effects together, in (0, 0.5).
        margin: effect on the accuracy that would matter, a fraction in (0, 1).
        selected_on: what recipe, epoch and checkpoint were chosen on; "test" allows no
            verdict.
        control: the unchanged recipe on other seeds than those of its arm, to be
            compared with that arm.
        run_ids: tracking ids of the arms, copied to the answer.
        control_run_id: that of the control.

    Raises:
        Refusal: the arms must not be compared, or their levels make up no design.
        ValueError: a parameter is wrong.
    """
    settings = Settings(alpha, margin, 1, 0, "none", selected_on)
    read = level_tables.read(levels, [arm.name for arm in arms])
    ids = [None] * len(arms) if run_ids is None else run_ids
    by_name = {arm.name: (arm, each) for arm, each in zip(arms, ids, strict=True)}
    chosen = [by_name[name] for name in read.arms.values()]
    in_order = [arm for arm, _ in chosen]
    if control is None:
        refuse_incomparable(in_order)
    else:
        refuse_incomparable([*in_order, control])
        _refuse_control(control, in_order[0])
    examined = [_examine(arm, in_order[0], run_id) for arm, run_id in chosen]
    numbers = _numbers(in_order, examined, read, settings)
    if control is not None:
        on_itself = _examine(control, in_order[0], control_run_id)
        numbers = replace(numbers, control=_control(examined[0], on_itself, settings))
        in_order, examined = [*in_order, control], [*examined, on_itself]
    return _with_words(numbers, in_order, examined)


def _refuse_control(control: Arm, baseline: Arm) -> None:
    """Refuse a control that is not the unchanged recipe on seeds of its own."""
    shared = sorted(set(control.seeds.tolist()) & set(baseline.seeds.tolist()))
    if shared:
        raise Refusal(
            "control_shares_seeds",
            f"the control must have other seeds than {baseline.name}, got {shared} in "
            "both; train it with seeds that no arm has",
        )
    if changes := describing.changes(baseline, control):
        raise Refusal(
            "control_recipe_differs",
            f"the control must have the recipe of {baseline.name}, got other values of "
            f"{', '.join(changes)}; train the unchanged recipe with other seeds",
        )


@dataclass(frozen=True, eq=False)
class _Examined:
    """What is kept of an arm once its runs have been looked at."""

    told: ComparedArm
    sample: Sample
    digests: tuple[str, ...]


def _examine(arm: Arm, baseline: Arm, run_id: str | None) -> _Examined:
    runs = runs_of(arm, arm.name)
    told = describing.describe(arm, runs, baseline, run_id)
    return _Examined(told, estimating.sample(runs, UNITS), runs.digests)


def _measures(margin: float) -> tuple[Measure, ...]:
    """The metrics, the one that decides first."""
    return (
        Measure(PRIMARY_METRIC, True, "share", margin),
        Measure("test_cross_entropy", False, "nats", None),
        Measure("expected_calibration_error", False, "share", None),
        Measure("brier_score", False, "", None),
    )


def _numbers(
    arms: Sequence[Arm],
    examined: Sequence[_Examined],
    levels: Levels,
    settings: Settings,
) -> Ablation:
    """The answer without a control, its sentence and its warnings still empty."""
    design = levels.design
    samples = dict(zip(design.cells, (each.sample for each in examined), strict=True))
    effects = tuple(
        estimating.effects_on(estimator, design, levels.factors, _scope(estimator))
        for measure in _measures(settings.margin)
        if (estimator := Estimator(measure, samples, settings)).is_known
    )
    cells = tuple(
        Cell(dict(zip(levels.factors, cell, strict=True)), each.told)
        for cell, each in zip(design.cells, examined, strict=True)
    )
    factors = tuple(_factor(name, cells) for name in levels.factors)
    return Ablation(
        scope=effects[0].scope,
        not_covered=tuple(ENGLISH(f"not_covered.{part}") for part in NotCovered),
        alpha=settings.alpha,
        margin=settings.margin,
        selected_on=settings.selected_on,
        design=design.name,
        primary_metric=PRIMARY_METRIC,
        dataset=common_data.dataset(arms),
        test_set=common_data.test_set(arms),
        factors=factors,
        cells=cells,
        baseline=examined[0].told.name,
        full=examined[-1].told.name,
        effects=effects,
        budget_matched=_budget_matched(factors, levels, samples, settings),
        control=None,
        sentence="",
        warnings=(),
        warning_codes=(),
    )


def _scope(estimator: Estimator) -> str:
    """What the estimates are about, in English."""
    code = Scope.SEEDS_AND_IMAGES if estimator.is_crossed else Scope.SEEDS_ONLY
    return ENGLISH(f"ablation_scopes.{code}")


def _factor(name: str, cells: Sequence[Cell]) -> Factor:
    """A factor with the parameters of the recipes that follow it.

    A parameter follows a factor if it has one value in all arms with the factor off and
    another one in all arms with it on.
    """
    recipes = [cell.arm.recipe for cell in cells]
    known = [recipe for recipe in recipes if recipe is not None]
    if len(known) < len(recipes):
        return Factor(name, None)
    is_on = [cell.levels[name] for cell in cells]
    return Factor(
        name,
        {
            parameter: (values[0], values[-1])
            for parameter in sorted(set().union(*known))
            if _follows(values := [each.get(parameter) for each in known], is_on)
        },
    )


def _follows(values: Sequence[Any], is_on: Sequence[bool]) -> bool:
    """Whether each of the two levels has a value of its own."""
    spelled = [json.dumps(value, sort_keys=True) for value in values]
    pairs = set(zip(spelled, is_on, strict=True))
    return len(pairs) == len(set(spelled)) == 2


def _budget_matched(
    factors: Sequence[Factor],
    levels: Levels,
    samples: dict[tuple[bool, ...], Sample],
    settings: Settings,
) -> BudgetMatched | None:
    """The arm with the budget of all factors and nothing else of them."""
    design = levels.design
    holders = [
        place
        for place, factor in enumerate(factors)
        if BUDGET in (factor.parameters or {})
    ]
    if not holders or design.num_factors == 1:
        return None
    against_baseline = design.at_baseline(holders[0])
    if against_baseline is None:
        return None
    full_against_it = combined((1, design.total()), (-1, against_baseline))
    estimator = Estimator(_measures(settings.margin)[0], samples, settings)
    first, second = estimator.judged([against_baseline, full_against_it])
    name = levels.arms[design.alone(holders[0])]
    return BudgetMatched(factors[holders[0]].name, name, first, second)


def _control(baseline: _Examined, control: _Examined, settings: Settings) -> Control:
    samples = {CHANGE.none: baseline.sample, CHANGE.all: control.sample}
    estimator = Estimator(_measures(settings.margin)[0], samples, settings)
    return Control(control.told, estimator.judged([CHANGE.total()])[0])


def _with_words(
    numbers: Ablation, arms: Sequence[Arm], examined: Sequence[_Examined]
) -> Ablation:
    """The answer with its sentence and warnings, which the file has in English."""
    digests = [each.digests for each in examined]
    codes = ablation_caveats.find(numbers, arms, digests)
    return replace(
        numbers,
        sentence=ablation_sentences.answer(numbers, ENGLISH),
        warnings=tuple(ablation_sentences.warning(each, ENGLISH) for each in codes),
        warning_codes=tuple(codes),
    )
