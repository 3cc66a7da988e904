"""What a reader must know before believing an ablation: the caveats that apply to it.

Those of a comparison, where they are about data and runs. What differs between the
recipes is what the experiment is about, and few seeds in each of many arms are many
together: neither is a caveat here. One that holds for several arms is told once, with a
list of their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from didithelp import caveats
from didithelp.ablation import Ablation
from didithelp.arm import Arm
from didithelp.comparison import Caveat

NOT_HERE = ("few_seeds",)
NAMES = ("arm", "candidate")  # placeholders that may hold several arms


def find(
    ablation: Ablation, arms: Sequence[Arm], digests: Sequence[tuple[str, ...]]
) -> list[Caveat]:
    """The caveats about an ablation, most important first.

    Args:
        ablation: the numbers; its sentence and warnings may still be empty.
        arms: those of its cells, in their order, then the control if there is one.
        digests: of each arm, those of its runs' predictions.
    """
    told = [cell.arm for cell in ablation.all_cells]
    found = [
        *_about_control(ablation),
        *caveats.about_data(ablation.dataset, ablation.selected_on, arms),
        *caveats.about_metric(
            ablation.metric,
            arms,
            by_run=ablation.primary.total.estimate.se_item is None,
        ),
        *_about_levels(ablation),
    ]
    each = [
        caveat
        for arm, compared in zip(arms, told, strict=True)
        for caveat in caveats.about_runs(arm, compared, ablation.metric)
        if caveat.code not in NOT_HERE
    ]
    names = [arm.name for arm in told]
    for arm, name in zip(arms[1:], names[1:], strict=True):
        both = {"reference": names[0], "candidate": name}
        each += caveats.unchecked((arms[0], arm), both)
        each += caveats.versions((arms[0], arm), both)
    return [*found, *_identical(ablation, names, digests), *_together(each)]


def _about_control(ablation: Ablation) -> Iterator[Caveat]:
    """The alarm of a control that shows a difference where there is none."""
    control = ablation.control
    if control is not None and control.against_baseline.verdict in ("better", "worse"):
        yield Caveat(
            "control_differs",
            {"control": control.arm.name, "baseline": ablation.baseline},
        )


def _about_levels(ablation: Ablation) -> Iterator[Caveat]:
    """Parameters that differ between the arms and follow no factor."""
    following = [factor.parameters for factor in ablation.factors]
    changed = {name for arm in ablation.arms for name in arm.changes or ()}
    explained = {name for each in following for name in each or ()}
    if None not in following and (others := changed - explained):
        yield Caveat("levels_contradict_recipes", {"parameters": sorted(others)})


def _identical(
    ablation: Ablation, names: Sequence[str], digests: Sequence[tuple[str, ...]]
) -> Iterator[Caveat]:
    """Factors that change no prediction, and other arms that predict the same."""
    by_name = dict(zip(names, digests, strict=True))
    same = {
        (first, second)
        for first, second in combinations(names, 2)
        if by_name[first] and by_name[first] == by_name[second]
    }
    for factor in ablation.factors:
        pairs = set(_pairs(ablation, factor.name))
        if pairs and pairs <= same:
            yield Caveat("factor_changes_nothing", {"factor": factor.name})
            same -= pairs
    for first, second in combinations(names, 2):
        if (first, second) in same:
            yield Caveat(
                "identical_predictions", {"reference": first, "candidate": second}
            )


def _pairs(ablation: Ablation, factor: str) -> Iterator[tuple[str, str]]:
    """Names of the arms that differ in this factor alone, without and with it."""
    for less, more in combinations(ablation.cells, 2):
        if {**less.levels, factor: True} == more.levels != less.levels:
            yield less.arm.name, more.arm.name


def _together(found: Sequence[Caveat]) -> list[Caveat]:
    """Caveats that differ in their arm alone as one, with a list of the arms."""
    groups: dict[str, tuple[Caveat, str, list[Any]]] = {}
    for caveat in found:
        key = next(name for name in NAMES if name in caveat.values)
        rest = {name: value for name, value in caveat.values.items() if name != key}
        group = json.dumps([caveat.code, rest], sort_keys=True)
        groups.setdefault(group, (caveat, key, []))[2].append(caveat.values[key])
    return [
        Caveat(caveat.code, {**caveat.values, key: arms if arms[1:] else arms[0]})
        for caveat, key, arms in groups.values()
    ]
