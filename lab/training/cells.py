"""The arms of an ablation: every combination of the changes between two recipes.

A factor is one change, or several that are made together: its parameters have the
values of the baseline where it is off, and those of the improved recipe where it is on.
Parameters that belong to no factor stay as they are in the baseline.
"""

import dataclasses
import itertools
import re
import shlex
from collections.abc import Collection, Iterable, Sequence

from didithelp import factors as designs
from didithelp.parameters import names_of, suggest, texts_of
from lab import command_line, mlproject
from lab.training.arm_list import WantedArm
from lab.training.recipe import Recipe

# Changes that are one factor unless a user says otherwise: without the first of them,
# the others do nothing, or are refused.
BELONG_TOGETHER = (
    ("epochs", "early_stopping_patience"),
    ("use_batch_norm", "batch_norm_position"),
    ("optimizer", "momentum"),
)
BASELINE, IMPROVED, ALL = "baseline", "improved", "all"
CONTROL = "baseline on other seeds"

Factor = tuple[str, ...]  # the parameters that change together


@dataclasses.dataclass(frozen=True)
class Cells:
    """The arms that an ablation trains, and which factors are on in each.

    Attributes:
        factors: their names.
        arms: from all factors off to all on.
        levels: 1 or 0 by factor, by name of the arm.
        control: the baseline on other seeds; None without one.
    """

    factors: tuple[str, ...]
    arms: tuple[WantedArm, ...]
    levels: dict[str, dict[str, int]]
    control: WantedArm | None

    @property
    def wanted(self) -> tuple[WantedArm, ...]:
        """All arms to be trained, the control last."""
        return self.arms + ((self.control,) if self.control else ())


def read_factors(text: str) -> tuple[str, ...]:
    """'a, b + c' → ('a', 'b+c'); commas, semicolons and blanks separate."""
    joined = re.sub(r"\s*\+\s*", "+", text)
    return tuple(part for part in re.split(r"[\s,;]+", joined) if part)


def cells_of(
    baseline: Recipe,
    improved: Recipe,
    named: Sequence[str],
    seeds: tuple[int, ...],
    *,
    with_control: bool,
    given: Collection[str] = (),
) -> Cells:
    """Lay out the ablation of what two recipes differ in.

    Args:
        baseline: the recipe with all factors off.
        improved: the recipe whose values the factors turn on.
        named: the factors, parameters with + between those that change together; none
            for all parameters in which the recipes differ.
        seeds: of every arm.
        with_control: whether the baseline is trained with as many other seeds, too.
        given: parameters that a user has set, which must be of use.

    Raises:
        ValueError: these are no factors, or a combination of them is no recipe.
    """
    factors = factors_of(baseline, improved, named)
    _refuse_unused(factors, baseline, improved, given)
    names = tuple("+".join(factor) for factor in factors)
    is_whole = _recipe(baseline, improved, factors, names) == improved
    arms, levels = [], {}
    for cell in designs.advised(names).cells:
        on = [factor for factor, is_on in zip(factors, cell, strict=True) if is_on]
        name = _name(factors, on, IMPROVED if is_whole else ALL)
        arms.append(WantedArm(name, _recipe(baseline, improved, on, names), seeds))
        levels[name] = dict(zip(names, map(int, cell), strict=True))
    control = WantedArm(CONTROL, baseline, _others(seeds)) if with_control else None
    return Cells(names, tuple(arms), levels, control)


def factors_of(
    baseline: Recipe, improved: Recipe, named: Sequence[str]
) -> tuple[Factor, ...]:
    """The factors, each as the parameters that change together.

    Raises:
        ValueError: one line on what is wrong with them, and the way out.
    """
    before, after = texts_of(Recipe, baseline), texts_of(Recipe, improved)
    different = [name for name in before if before[name] != after[name]]
    if not different:
        raise ValueError(
            "the improved recipe must differ from the baseline, got two equal ones;"
            " give a parameter of it, such as -P dropout_rate=0.4"
        )
    if named:
        factors = tuple(tuple(name.split("+")) for name in named)
        _refuse_unknown(factors, different, before)
    else:
        factors = _grouped(different)
    if len(factors) == 1:
        values = {
            name: (after if name in factors[0] else before)[name]
            for name in (*different, *factors[0])
        }
        raise ValueError(
            f"an ablation needs two factors or more, got one ({'+'.join(factors[0])});"
            f" what one change does, main tells: {_main(values)}"
        )
    if len(factors) > designs.MOST_FACTORS:
        names = ["+".join(factor) for factor in factors]
        num_joined = len(names) - designs.MOST_FACTORS + 1
        fewer = ["+".join(names[:num_joined]), *names[num_joined:]]
        raise ValueError(
            f"factors must be at most {designs.MOST_FACTORS}, got {len(names)}"
            f" ({', '.join(names)}), which take {2 ** len(names)} arms; leave some out,"
            " or join those that belong together, as in"
            f" -P factors='{', '.join(fewer)}'"
        )
    return factors


def _refuse_unknown(
    factors: Sequence[Factor], different: Sequence[str], values: dict[str, str]
) -> None:
    """Refuse what is no parameter, is named twice, or is the same in both recipes."""
    named = [name for factor in factors for name in factor]
    for name in named:
        if name not in names_of(Recipe):
            hint = suggest(name, names_of(Recipe))
            raise ValueError(
                f"factors must be parameters of the recipe, got {name!r}"
                + (hint or f"; those that differ are {', '.join(different)}")
            )
        if named.count(name) > 1:
            raise ValueError(
                f"factors must name each parameter once, got {name} more than once;"
                " leave it out of all but one"
            )
        if name not in different:
            raise ValueError(
                f"factors must differ between the recipes, but {name} is"
                f" {values[name]} in both; leave it out, or give the improved recipe"
                f" another: -P {name}=..."
            )


def _refuse_unused(
    factors: Sequence[Factor],
    baseline: Recipe,
    improved: Recipe,
    given: Collection[str],
) -> None:
    """Refuse values that no arm would have, for no factor turns them on."""
    used = {name for factor in factors for name in factor}
    before, after = texts_of(Recipe, baseline), texts_of(Recipe, improved)
    for name in given:
        if name not in used and before[name] != after[name]:
            raise ValueError(
                f"factors must name every parameter that is given, got {name}="
                f"{after[name]} in none of them, so it would stay {before[name]} as in"
                f" the baseline; name it in factors, or leave -P {name} out"
            )


def _grouped(different: Iterable[str]) -> tuple[Factor, ...]:
    """Each parameter a factor, but for those that belong together."""
    factors: list[Factor] = []
    for name in different:
        group = next((group for group in BELONG_TOGETHER if name in group), (name,))
        factor = tuple(each for each in group if each in different)
        if factor not in factors:
            factors.append(factor)
    return tuple(factors)


def _recipe(
    baseline: Recipe, improved: Recipe, on: Sequence[Factor], names: Sequence[str]
) -> Recipe:
    """The baseline with the values of the improved recipe in some factors.

    Raises:
        ValueError: the values contradict each other.
    """
    values = {name: getattr(improved, name) for factor in on for name in factor}
    try:
        return dataclasses.replace(baseline, **values)
    except ValueError as error:
        raise ValueError(
            f"every combination of the factors ({', '.join(names)}) must be a recipe,"
            f" but of {' and '.join(values)} alone:"
            f" {str(error).partition(';')[0]}; join by + what goes together"
        ) from None


def _name(factors: Sequence[Factor], on: Sequence[Factor], full: str) -> str:
    """The name of an arm: what is on in it or, where that is most, what is off."""
    if not on:
        return BASELINE
    off = [factor for factor in factors if factor not in on]
    if not off:
        return full
    if len(on) <= len(off):
        return "+".join("+".join(factor) for factor in on)
    return f"{full} without {'+'.join('+'.join(factor) for factor in off)}"


def _others(seeds: tuple[int, ...]) -> tuple[int, ...]:
    """As many seeds that are not among them, the lowest."""
    free = (seed for seed in itertools.count() if seed not in seeds)
    return tuple(itertools.islice(free, len(seeds)))


def _main(values: dict[str, str]) -> str:
    """The command that compares the baseline with it, changed in these values."""
    usual = command_line.canonical(Recipe, mlproject.defaults("train_improved"))
    command = ["mlflow", "run", ".", "-e", "main", "--env-manager", "local"]
    for name, text in values.items():
        if text != usual[name]:
            command += ["-P", f"{name}={text}"]
    return shlex.join(command)
