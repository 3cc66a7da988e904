"""Makes an arm of a group of runs, and says what of it a reader must know."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from didithelp.arm import (
    ALL_COLUMNS,
    DIVERGED,
    FINISHED,
    HISTORY_COLUMNS,
    LARGEST_NUMBER,
    RUN_ID,
    Arm,
    ArmError,
    Remark,
)
from didithelp_mlflow.columns import Column
from didithelp_mlflow.groups import Group, meaning
from didithelp_mlflow.runs import Run

MAX_TEXT = 60  # characters of a value in a message
MOST_SHOWN = 3  # run ids, or parameters, in a remark
_WHOLE = re.compile(r"\d{1,18}(\.0)?")
_SEEDS = re.compile("seed|random_state", re.IGNORECASE)
# Columns of our own in a table of runs, and metrics of the machine rather than the run.
_RESERVED = ("seed", "status", RUN_ID)
_MACHINE = "system/"


@dataclass(frozen=True)
class Roles:
    """What of a run plays which part in an arm.

    Attributes:
        metric: the one that decides.
        group_by: what the runs of an arm have in common.
        seed: what tells the runs of an arm apart; None where nothing does.
        parents: ids of the runs that others are nested in.
    """

    metric: str
    group_by: Column
    seed: Column | None
    parents: frozenset[str]


@dataclass(frozen=True)
class Seeded:
    """The runs of an arm by ascending seed, one per seed, and what was left out."""

    runs: dict[int, Run]
    remarks: tuple[Remark, ...]

    @property
    def finished(self) -> list[Run]:
        """Those that finished."""
        return [run for run in self.runs.values() if run.status == "FINISHED"]


def seeded(group: Group, roles: Roles) -> Seeded:
    """The runs of a group that count, by their seeds; of each seed the one that counts.

    Raises:
        ArmError: two finished runs have one seed, or a seed is no whole number.
    """
    remarks = []
    counting: list[Run] = []
    without_metric: list[Run] = []
    for run in group.runs:
        is_result = roles.metric in run.metrics
        is_unfinished = run.status != "FINISHED" and run.run_id not in roles.parents
        (counting if is_result or is_unfinished else without_metric).append(run)
    if without_metric:
        values = {"metric": roles.metric} | _some(without_metric)
        remarks.append(Remark("runs_without_metric", values))
    if roles.seed is None:
        return Seeded(dict(enumerate(counting)), tuple(remarks))
    by_seed: dict[int, list[Run]] = {}
    without_seed = []
    for run in counting:
        seed = _seed(run, roles.seed)
        if seed is None:
            without_seed.append(run)
        else:
            by_seed.setdefault(seed, []).append(run)
    if without_seed:
        values = {"column": str(roles.seed)} | _some(without_seed)
        remarks.append(Remark("runs_without_seed", values))
    runs = {seed: _one(group, seed, by_seed[seed]) for seed in sorted(by_seed)}
    repeated = [
        run
        for seed, attempts in by_seed.items()
        for run in attempts
        if run is not runs[seed]
    ]
    if repeated:
        remarks.append(Remark("repeated_runs", _some(repeated)))
    return Seeded(runs, tuple(remarks))


def make(group: Group, members: Seeded, others: Sequence[str], roles: Roles) -> Arm:
    """The arm of a group.

    Args:
        group: the runs as they were found.
        members: those of them that count.
        others: metrics to be told beside the one that decides; every finished run has
            them.
        roles: as above.

    Raises:
        ArmError: its numbers cannot be used.
    """
    table = _table(members, [roles.metric, *others])
    finished = table["seed"][table["status"] == FINISHED].to_numpy(np.int64)
    recipe, varying = _recipe(group, members.finished, roles)
    remarks = [*members.remarks, *_states(members)]
    if len(group.spellings) > 1:
        remarks.append(Remark("merged_spellings", {"spellings": [*group.spellings]}))
    if varying:
        values = {"count": len(varying), "parameters": _first(varying)}
        remarks.append(Remark("mixed_runs", values))
    return Arm(
        name=group.name,
        recipe=recipe,
        dataset=None,
        versions={},
        metrics=table,
        history=pd.DataFrame(columns=list(HISTORY_COLUMNS)),
        seeds=finished,
        labels=None,
        probabilities=None,
        remarks=tuple(remarks),
        is_tracked=True,
    )


def shared_metrics(runs: Iterable[Run], metric: str) -> list[str]:
    """The metrics besides `metric` that are usable numbers in every run."""
    shared: set[str] | None = None
    for run in runs:
        usable = {k for k, value in run.metrics.items() if abs(value) < LARGEST_NUMBER}
        shared = usable if shared is None else shared & usable
    names = (shared or set()) - {metric, *_RESERVED}
    return sorted(name for name in names if not name.startswith(_MACHINE))


def is_number(value: float) -> bool:
    """Whether a metric has come to something."""
    return math.isfinite(value)


def _seed(run: Run, column: Column) -> int | None:
    """The seed of a run; None where it has none, which frameworks write as None."""
    text = (column.of(run) or "").strip()
    if text in ("", "None"):
        return None
    if not _WHOLE.fullmatch(text):
        raise ArmError(
            f"{column} must be a whole number >= 0 to tell the runs of a group apart, "
            f"got {text[:MAX_TEXT]!r} in run {run.run_id}; name another seed, or none "
            "to compare without pairs"
        )
    return int(text.removesuffix(".0"))


def _one(group: Group, seed: int, runs: list[Run]) -> Run:
    """The run of a seed: the finished one, else the last that was tried."""
    finished = [run for run in runs if run.status == "FINISHED"]
    if len(finished) > 1:
        first, second = (f"{run.run_id} ({run.name})" for run in finished[:2])
        raise ArmError(
            f"{group.name} must have one finished run of each seed, seed {seed} has "
            f"{len(finished)}: {first} and {second}; tell them apart with filter or "
            "group_by, name another seed, or delete one",
            "duplicate_seed",
        )
    return finished[0] if finished else runs[-1]


def _table(members: Seeded, metrics: Sequence[str]) -> pd.DataFrame:
    """One row per started run, in the columns of an arm."""
    rows = []
    for seed, run in members.runs.items():
        numbers = {name: run.metrics.get(name, math.nan) for name in metrics}
        is_result = run.status == "FINISHED" and is_number(numbers[metrics[0]])
        rows.append(
            {"seed": seed, "status": FINISHED if is_result else DIVERGED}
            | {RUN_ID: run.run_id}
            | (numbers if is_result else dict.fromkeys(metrics, math.nan))
        )
    columns = dict.fromkeys([*ALL_COLUMNS, RUN_ID, *metrics])
    return pd.DataFrame(rows, columns=list(columns))


def _states(members: Seeded) -> Iterable[Remark]:
    """Who did not finish, and who still runs."""
    unfinished = {s: r for s, r in members.runs.items() if r.status != "FINISHED"}
    stopped = {seed: run for seed, run in unfinished.items() if run.has_ended}
    if stopped:
        states = sorted({run.status.lower() for run in stopped.values()})
        yield Remark("unfinished_runs", {"seeds": [*stopped], "states": states})
    if running := [seed for seed in unfinished if seed not in stopped]:
        yield Remark("running_runs", {"seeds": running})


def _recipe(
    group: Group, runs: Sequence[Run], roles: Roles
) -> tuple[dict[str, Any] | None, list[str]]:
    """The parameters that all runs share, and the names of those that vary.

    Whatever is named as a seed may vary, and so may texts that no two runs share, which
    are names and paths.
    """
    recipe: dict[str, Any] = {}
    varying = []
    for name in sorted({name for run in runs for name in run.params}):
        values = [run.params.get(name) for run in runs]
        meanings = {value if value is None else meaning(value) for value in values}
        is_seed = Column("params", name) == roles.seed or _SEEDS.search(name)
        if len(meanings) == 1 and not is_seed:
            recipe[name] = meanings.pop()
        elif not is_seed and not _names_each(values):
            varying.append(name)
    if roles.group_by.kind != "params":
        recipe[str(roles.group_by)] = meaning(group.spellings[0])
    return recipe, varying


def _names_each(values: Sequence[str | None]) -> bool:
    """Whether every run has a text of its own there."""
    texts = [value for value in values if value and isinstance(meaning(value), str)]
    return len(set(texts)) == len(values) > 1


def _some(runs: Sequence[Run]) -> dict[str, Any]:
    """How many runs, and the ids of the first."""
    return {"count": len(runs), "runs": _first([run.run_id for run in runs])}


def _first(texts: Sequence[str]) -> list[str]:
    """The first texts, and dots for the others."""
    more = ["..."] if len(texts) > MOST_SHOWN else []
    return [*texts[:MOST_SHOWN], *more]
