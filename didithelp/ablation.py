"""The answer to "which change did it", and `ablation.json`, which holds exactly this.

As in `didithelp.comparison`, the fields are the keys of the file, numbers are fractions
and nats in full precision, None stands where there is no number, and there is no clock,
no machine and no path. Every estimate is "with" minus "without" (or "on" minus "off"):
a positive one raises the metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from didithelp import codec
from didithelp.compared_arm import ComparedArm
from didithelp.comparison import Bounds, Caveat, Dataset, ExaminedExamples, Interval
from didithelp.decision import Verdict
from didithelp.metric import Metric, Unit
from didithelp.settings import SelectionSet

Design = Literal["full", "half"]


# --- an estimate ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """A weighted sum of the arms' means, with what is known of its error.

    Attributes:
        delta: in the unit of the metric.
        se_seed, se_item, se_res, se: standard errors from seeds, from test examples,
            from the residual that both contain, and from all together. Those of the
            examples are None where the arms have one number per run.
        df: degrees of freedom (Satterthwaite).
        ci95: of this estimate alone.
        p, p_holm: two-sided, before and after Holm's adjustment; p_holm is None for an
            estimate that belongs to no family of tests.
        family_size: number of estimates that p_holm is adjusted for; None without it.
        mde80: smallest true effect found with power .8 at the level of the family;
            None without one.
    """

    delta: float
    se_seed: float | None
    se_item: float | None
    se_res: float | None
    se: float | None
    df: float | None
    ci95: Bounds
    p: float | None
    p_holm: float | None
    family_size: int | None
    mde80: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """An estimate with a verdict on it.

    Attributes:
        estimate: the numbers; p_holm is there unless nothing can be tested.
        p_tost, p_tost_holm: of equivalence within the margin; None without a margin.
        verdict_interval: the one that agrees with the verdict.
        verdict: "better" means that the metric improves, also where lower is better.
        reasons, flags: codes, see `decision.Decision`. The flag `unlike_situations`
            says that interactions are shown, so that a main effect averages over
            situations in which the factor does unlike things.
    """

    estimate: Estimate
    p_tost: float | None
    p_tost_holm: float | None
    verdict_interval: Interval
    verdict: Verdict
    reasons: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def delta(self) -> float:
        """That of the estimate."""
        return self.estimate.delta


# --- what the factors do --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """A change that can be on or off.

    Attributes:
        name: as the table of levels has it.
        parameters: by parameter of the recipe, its value with the factor off and on;
            None where a recipe is unknown.
    """

    name: str
    parameters: dict[str, tuple[Any, Any]] | None


@dataclass(frozen=True, slots=True)
class FactorEffects:
    """What turning one factor on does to the metric.

    Attributes:
        factor: its name.
        main: averaged over all settings of the other factors, with a verdict.
        at_baseline: all other factors off; None where the design lacks the arm.
        at_full: all other factors on; None where the design lacks the arm.
        shapley: averaged over all orders in which the factors can be turned on. Those
            of all factors add up to the total. None in a half fraction.
    """

    factor: str
    main: Judged
    at_baseline: Estimate | None
    at_full: Estimate | None
    shapley: Estimate | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """Whether two factors do together what they do apart.

    In a half fraction of five factors it cannot be told from what the three others do
    together beyond their pairs, which is taken to be nothing.

    Attributes:
        factors: the pair.
        estimate: half of what turning the second on adds to the effect of the first,
            which is half of what turning the first on adds to that of the second.
        is_shown: whether p_holm, adjusted over all pairs, is at most alpha.
        second_off, second_on: effects of the first factor without and with the second,
            averaged over all settings of the others.
        first_off, first_on: effects of the second factor without and with the first.
    """

    factors: tuple[str, str]
    estimate: Estimate
    is_shown: bool
    second_off: Estimate
    second_on: Estimate
    first_off: Estimate
    first_on: Estimate


@dataclass(frozen=True, slots=True)
class JointTest:
    """The F test that no two factors interact.

    Attributes:
        f, df1, df2: the statistic and its degrees of freedom, which are fractions.
        p: of it.
        is_shown: whether p is at most alpha.
    """

    f: float
    df1: float
    df2: float
    p: float
    is_shown: bool


@dataclass(frozen=True, slots=True)
class MetricEffects:
    """What the factors do to one metric.

    Attributes:
        metric: its name.
        higher_is_better: whether a positive effect is an improvement.
        unit: that of all its numbers, see `metric.Metric`.
        scope: what the estimates are about, in English.
        total: all factors on minus none, with a verdict.
        factors: one per factor, in their order.
        interactions: one per pair of factors, in their order; empty for one factor.
        joint: of all these interactions; None for one factor, or where nothing can be
            tested.
        remainder: the total minus the sum of the main effects, which interactions of
            three factors and more make; None for fewer than three factors.
        additive_share: part of the differences between the arms, beyond their noise,
            that the main effects make up, in [0, 1]; None where nothing but noise is
            left.
    """

    metric: str
    higher_is_better: bool
    unit: Unit
    scope: str
    total: Judged
    factors: tuple[FactorEffects, ...]
    interactions: tuple[Interaction, ...]
    joint: JointTest | None
    remainder: Estimate | None
    additive_share: float | None

    @property
    def is_crossed(self) -> bool:
        """Whether it is known of every arm what its runs made of every example."""
        return self.total.estimate.se_item is not None


# --- the whole ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """An arm and the factors that are on in it.

    Attributes:
        levels: by factor, in the order of the factors.
        arm: its `changes` are those from the arm with all factors off.
    """

    levels: dict[str, bool]
    arm: ComparedArm


@dataclass(frozen=True, slots=True)
class BudgetMatched:
    """Whether it was the budget: the baseline's recipe with the budget of all factors.

    Attributes:
        factor: the one that holds the number of epochs.
        arm: name of the arm in which it alone is on.
        against_baseline: that arm minus the one with all factors off.
        full_against_it: the arm with all factors on minus that arm. Both verdicts are
            adjusted together.
    """

    factor: str
    arm: str
    against_baseline: Judged
    full_against_it: Judged


@dataclass(frozen=True, slots=True)
class Control:
    """A recipe against itself on other seeds, which must show nothing.

    Attributes:
        arm: the runs on other seeds.
        against_baseline: that arm minus the one with all factors off, by the same
            rule as every effect.
    """

    arm: ComparedArm
    against_baseline: Judged


@dataclass(frozen=True, slots=True)
class Ablation:
    """What a factorial experiment found: the effect of each factor, and of all.

    Attributes:
        scope: what the verdicts are about, in English.
        not_covered: what no verdict is about, in English.
        alpha, margin, selected_on: the parameters of the decision; margin is None where
            no verdict of equivalence was asked for.
        design: "full" has every combination of the factors; "half" has half of them,
            chosen so that no main effect is mixed up with an interaction of two.
        primary_metric, metric: the one that the sentence is about, by its name and as
            it was understood.
        dataset, test_set: what the arms were trained and tested on.
        factors: in the order of the table of levels.
        cells: the arms, from all factors off to all on.
        baseline, full: names of the arms with all factors off and on.
        effects: by metric, the primary one first; a metric that a run lacks is left
            out.
        budget_matched: None where no factor is known to hold the budget, or where the
            arm with it alone is missing or one of the two ends.
        control: None without one.
        sentence, warnings: in English.
        warning_codes: the same warnings as codes, most important first.
    """

    scope: str
    not_covered: tuple[str, ...]
    alpha: float
    margin: float | None
    selected_on: SelectionSet
    design: Design
    primary_metric: str
    metric: Metric
    dataset: Dataset
    test_set: ExaminedExamples
    factors: tuple[Factor, ...]
    cells: tuple[Cell, ...]
    baseline: str
    full: str
    effects: tuple[MetricEffects, ...]
    budget_matched: BudgetMatched | None
    control: Control | None
    sentence: str
    warnings: tuple[str, ...]
    warning_codes: tuple[Caveat, ...]

    @property
    def primary(self) -> MetricEffects:
        """The effects on the metric that the sentence is about."""
        return self.of(self.primary_metric)

    @property
    def arms(self) -> tuple[ComparedArm, ...]:
        """Those of the cells, in their order."""
        return tuple(cell.arm for cell in self.cells)

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """The cells, then the control if there is one, in which no factor is on."""
        if self.control is None:
            return self.cells
        none = {factor.name: False for factor in self.factors}
        return (*self.cells, Cell(none, self.control.arm))

    def of(self, metric: str) -> MetricEffects:
        """The effects on this metric.

        Raises:
            KeyError: it is not among the metrics of the answer.
        """
        return {effects.metric: effects for effects in self.effects}[metric]

    def arm(self, name: str) -> ComparedArm:
        """The arm of this name, the control included.

        Raises:
            KeyError: no arm has it.
        """
        return {cell.arm.name: cell.arm for cell in self.all_cells}[name]

    def to_json(self) -> str:
        """The text of `ablation.json`: the same for the same ablation."""
        return codec.write(self)

    @classmethod
    def from_json(cls, text: str) -> Ablation:
        """The inverse of `to_json`.

        Raises:
            ValueError: one line that names what is missing, unknown or of another type.
        """
        ablation: Ablation = codec.read(cls, text, "ablation")
        return ablation
