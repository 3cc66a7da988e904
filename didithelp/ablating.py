"""Which change did it? The arms of a factorial experiment go in, `Ablation` comes out.

`ablate` checks that the arms may be compared and that their levels make up a design
(else `Refusal`), estimates what each factor does to each metric, and says in words what
helped and what hurt. The same arms and parameters always give the same answer, in
whatever order they come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from didithelp import ablation_caveats, describing, factor_effects, shared_data
from didithelp.ablation import (
    Ablation,
    BudgetMatched,
    Cell,
    Control,
    Factor,
)
from didithelp.arm import Arm
from didithelp.caveats import Scope, uncovered
from didithelp.comparability import refuse_incomparable
from didithelp.compared_arm import ComparedArm
from didithelp.errors import Refusal
from didithelp.factor_effects import Estimator, Sample
from didithelp.factors import Factorial, Levels, combined
from didithelp.language import ablation_sentences
from didithelp.language.words import Words
from didithelp.levels import LevelTable, Table, read_levels
from didithelp.metric import (
    TEST_ACCURACY,
    TEST_CROSS_ENTROPY,
    Direction,
    Metric,
    direction_of,
    margin_in,
    metric_of,
)
from didithelp.runs import runs_of_all
from didithelp.settings import Rule, SelectionSet

ENGLISH = Words("en")  # of `ablation.json`
BUDGET = "epochs"  # the parameter of a recipe that is its budget
# Of the test set; told beside another metric, where they are known.
SECONDARY = (
    TEST_ACCURACY,
    TEST_CROSS_ENTROPY,
    metric_of("expected_calibration_error"),
    metric_of("brier_score"),
)
CHANGE = Factorial(1)  # from one arm, its `none`, to another one, its `all`


def ablate(
    arms: Sequence[Arm],
    levels: Table,
    *,
    alpha: float,
    metric: str,
    direction: Direction,
    margin: float | str,
    selected_on: SelectionSet,
    control: Arm | None = None,
    run_ids: Sequence[str | None] | None = None,
    control_run_id: str | None = None,
) -> Ablation:
    """The effect of each factor, of all together, and of each pair on each other.

    Args:
        arms: one per cell of the design, with different names, in any order.
        levels: which factors are on in which arm, see `levels.read_levels`.
        alpha: two-sided error rate of the main effects together, in (0, 0.5).
        metric: name of the one that decides.
        direction: whether "higher" or "lower" is better; "auto" where the name tells.
        margin: effect on the metric that would matter, in its own unit, or a text that
            `metric.margin_in` understands.
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
    rule = Rule(
        alpha=alpha,
        metric=metric,
        direction=direction_of(direction),
        margin=margin,
        resamples=1,
        pairing="none",
        selected_on=selected_on,
    )
    table = read_levels(levels, [arm.name for arm in arms])
    ids = [None] * len(arms) if run_ids is None else run_ids
    by_name = {arm.name: (arm, each) for arm, each in zip(arms, ids, strict=True)}
    given = [by_name[name] for name in table.arms.values()]
    if control is not None:
        given.append((control, control_run_id))
    in_order, deciding = [arm for arm, _ in given], metric_of(metric, rule.direction)
    refuse_incomparable(in_order, deciding)
    if control is not None:
        _refuse_control(control, in_order[:-1])
    runs, in_unit = runs_of_all(in_order, deciding)
    examined = [
        _Examined(describing.describe(arm, each, in_order[0], run_id), sample)
        for (arm, run_id), each, sample in zip(
            given, runs, factor_effects.samples_of(runs), strict=True
        )
    ]
    numbers = _numbers(in_order, examined, table, _Question(in_unit, rule))
    return _with_words(numbers, in_order, examined)


def _refuse_control(control: Arm, arms: Sequence[Arm]) -> None:
    """Refuse a control that is not the unchanged recipe on seeds of its own."""
    baseline = arms[0]
    if control.name in [arm.name for arm in arms]:
        raise Refusal(
            "unusable_levels",
            f"the control must have a name of its own, got that of the arm "
            f"{control.name}; give it another one",
        )
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


@dataclass(frozen=True)
class _Question:
    """What decides, and how.

    Attributes:
        metric: the one that decides, in the unit of the arms.
        rule: with the margin as it was given.
    """

    metric: Metric
    rule: Rule

    @property
    def margin(self) -> float | None:
        """That of the metric, in its unit; None without one."""
        return margin_in(self.metric, self.rule.margin)

    def estimators(self, samples: dict[Levels, Sample]) -> Iterator[Estimator]:
        """Of each metric that all samples have, the one that decides first."""
        yield Estimator(self.metric, self.margin, samples, self.rule)
        for metric in SECONDARY:
            other = Estimator(metric, None, samples, self.rule)
            if metric.name != self.metric.name and other.is_known:
                yield other


def _numbers(
    arms: Sequence[Arm],
    examined: Sequence[_Examined],
    table: LevelTable,
    question: _Question,
) -> Ablation:
    """The answer with its sentence and its warnings still empty.

    The arms, and what was examined of them, are in the order of the cells; a control
    comes after them.
    """
    design, rule = table.design, question.rule
    in_cells = examined[: len(design.cells)]
    samples = dict(zip(design.cells, (each.sample for each in in_cells), strict=True))
    deciding = next(question.estimators(samples))
    cells = tuple(
        Cell(dict(zip(table.factors, cell, strict=True)), each.told)
        for cell, each in zip(design.cells, in_cells, strict=True)
    )
    factors = tuple(_factor(name, cells) for name in table.factors)
    return Ablation(
        scope=_scope(deciding),
        not_covered=_not_covered(deciding),
        alpha=rule.alpha,
        margin=question.margin,
        selected_on=rule.selected_on,
        design=design.name,
        primary_metric=rule.metric,
        metric=question.metric,
        dataset=shared_data.dataset(arms),
        test_set=shared_data.test_set(arms),
        factors=factors,
        cells=cells,
        baseline=cells[0].arm.name,
        full=cells[-1].arm.name,
        effects=tuple(
            factor_effects.effects_on(each, design, table.factors, _scope(each))
            for each in question.estimators(samples)
        ),
        budget_matched=_budget_matched(factors, table, deciding),
        control=_control(in_cells[0], examined[len(in_cells) :], question),
        sentence="",
        warnings=(),
        warning_codes=(),
    )


def _not_covered(estimator: Estimator) -> tuple[str, ...]:
    """What the estimates are not about, in English."""
    parts = uncovered(has_clusters=estimator.has_clusters)
    return tuple(ENGLISH(f"not_covered.{part}") for part in parts)


def _scope(estimator: Estimator) -> str:
    """What the estimates are about, in English."""
    is_of_test_set = estimator.metric.name in [each.name for each in SECONDARY]
    if estimator.has_clusters:
        code = Scope.SEEDS_AND_CLUSTERS
    elif estimator.is_crossed:
        code = Scope.SEEDS_AND_EXAMPLES
        if is_of_test_set:
            code = Scope.SEEDS_AND_IMAGES
    else:
        code = Scope.SEEDS_ONLY if is_of_test_set else Scope.THESE_DATA
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
    factors: Sequence[Factor], table: LevelTable, estimator: Estimator
) -> BudgetMatched | None:
    """The arm with the budget of all factors and nothing else of them."""
    design = table.design
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
    first, second = estimator.judged([against_baseline, full_against_it])
    name = table.arms[design.alone(holders[0])]
    return BudgetMatched(factors[holders[0]].name, name, first, second)


def _control(
    baseline: _Examined, controls: Sequence[_Examined], question: _Question
) -> Control | None:
    """The control against the arm of the same recipe; None where there is none."""
    if not controls:
        return None
    samples = {CHANGE.none: baseline.sample, CHANGE.all: controls[0].sample}
    estimator = next(question.estimators(samples))
    return Control(controls[0].told, estimator.judged([CHANGE.total()])[0])


def _with_words(
    numbers: Ablation, arms: Sequence[Arm], examined: Sequence[_Examined]
) -> Ablation:
    """The answer with its sentence and warnings, which the file has in English."""
    digests = [each.sample.runs.digests for each in examined]
    codes = ablation_caveats.find(numbers, arms, digests)
    return replace(
        numbers,
        sentence=ablation_sentences.answer(numbers, ENGLISH),
        warnings=tuple(ablation_sentences.warning(each, ENGLISH) for each in codes),
        warning_codes=tuple(codes),
    )
