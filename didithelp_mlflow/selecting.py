"""Turns a selection of runs into arms: the reference, then the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from didithelp.arm import RUN_ID, Arm, Remark
from didithelp.errors import Refusal
from didithelp.parameters import names_of, suggest
from didithelp_mlflow import arms, columns, datasets, groups, runs
from didithelp_mlflow.arms import Roles, Seeded
from didithelp_mlflow.columns import Column, listed
from didithelp_mlflow.groups import Group
from didithelp_mlflow.runs import Found, Run
from didithelp_mlflow.selection import Selection

MOST_CANDIDATES = 50  # that were not asked for by name


@dataclass(frozen=True)
class Selected:
    """What a selection has found.

    Attributes:
        arms: the reference, then the candidates; the column `run_id` of their metrics
            says which run is which.
        groups: the runs behind each arm.
        group_by: what they were sorted by.
        experiment_id: of the experiment that was searched.
        num_runs: how many runs were found there.
        is_paired: whether the runs have seeds.
    """

    arms: tuple[Arm, ...]
    groups: tuple[Group, ...]
    group_by: Column
    experiment_id: str
    num_runs: int
    is_paired: bool


def select(
    selection: Selection,
    metric: str,
    *,
    tracking_uri: str | None = None,
) -> Selected:
    """Find the runs and make the arms; runs of `judge` itself are not looked at.

    Args:
        selection: which runs, and in which groups.
        metric: the one that decides.
        tracking_uri: of the store; MLflow's present one if None.

    Raises:
        Refusal: the runs make no arms that may be compared.
        ValueError: the selection names what is not there.
        MlflowException: the store fails.
    """
    found = runs.search(selection.experiment, selection.filter, tracking_uri)
    found = replace(found, runs=tuple(r for r in found.runs if not _is_judge(r)))
    if not found.runs:
        raise ValueError(
            f"experiment {found.experiment} must have runs, found none but those of "
            "judge itself; give the experiment of the runs to be judged"
        )
    roles = _roles(selection, metric, found)
    every, without = groups.sort(found.runs, roles.group_by)
    reference = groups.choose("baseline", selection.baseline, every)
    others = groups.candidates(selection.candidates, reference, every)
    members = {group.name: arms.seeded(group, roles) for group in [reference, *others]}
    compared, remarks = _with_results(selection, reference, others, members, roles)
    results = [_results(members[group.name], metric) for group in compared]
    shared = arms.shared_metrics((run for r in results for run in r.values()), metric)
    made = [arms.make(group, members[group.name], shared, roles) for group in compared]
    if without:
        remarks.append(_ungrouped(found, without, roles))
    made[0] = replace(made[0], remarks=(*made[0].remarks, *remarks))
    return Selected(
        _with_data(made, results, is_paired=roles.seed is not None),
        tuple(compared),
        roles.group_by,
        found.experiment_id,
        len(found.runs),
        roles.seed is not None,
    )


def run_ids(arm: Arm) -> dict[int, str]:
    """The runs of an arm that count, by seed, finished or not."""
    table = arm.metrics
    return dict(zip(table["seed"].tolist(), table[RUN_ID].tolist(), strict=True))


def _is_judge(run: Run) -> bool:
    """Whether it is a run of `judge`, which has the parameters of a selection."""
    return run.params.keys() >= {*names_of(Selection)}


def _roles(selection: Selection, metric: str, found: Found) -> Roles:
    """What the selection means among the runs that were found."""
    group_by = columns.find("group_by", selection.group_by, found.runs)
    seed = None
    if selection.seed.strip():
        seed = columns.find("seed", selection.seed, found.runs)
    known = sorted({name for run in found.runs for name in run.metrics})
    if metric not in known:
        close = suggest(metric, known) or "; give another"
        raise ValueError(
            f"metric must be one of these runs, got {metric!r}, which none of the "
            f"{len(found.runs):,} has{close}; there are {listed(known)}"
        )
    parents = frozenset(run.parent for run in found.runs if run.parent)
    return Roles(metric, group_by, seed, parents)


def _with_results(
    selection: Selection,
    reference: Group,
    others: Sequence[Group],
    members: dict[str, Seeded],
    roles: Roles,
) -> tuple[list[Group], list[Remark]]:
    """The groups to compare; of those nobody has named, only those with results."""
    is_named = bool(selection.candidates.strip())
    empty = [g for g in others if not _results(members[g.name], roles.metric)]
    for group in [reference, *(empty if is_named else [])]:
        _refuse_without_results(group, members[group.name], roles)
    remarks = []
    if empty and not is_named:
        others = [group for group in others if group not in empty]
        values = {"metric": roles.metric, "groups": [group.name for group in empty]}
        remarks.append(Remark("groups_without_results", values))
    if not others:
        raise Refusal(
            "one_group",
            f"{roles.group_by} must sort the runs into two groups or more with "
            f"{roles.metric}, got {reference.name} alone; give another group_by, filter"
            " or metric",
        )
    if len(others) > MOST_CANDIDATES and not is_named:
        raise Refusal(
            "too_many_groups",
            f"{roles.group_by} must sort the runs into {MOST_CANDIDATES + 1} groups at "
            f"most, got {len(others) + 1:,}; name some of them as candidates",
        )
    return [reference, *others], remarks


def _refuse_without_results(group: Group, members: Seeded, roles: Roles) -> None:
    if not _results(members, roles.metric):
        raise Refusal(
            "no_finished_run",
            f"{group.name} must have a finished run with a number for {roles.metric}, "
            f"got none among {len(group.runs):,} ({_why(group, members, roles)}); name"
            " another group, metric or seed",
        )


def _why(group: Group, members: Seeded, roles: Roles) -> str:
    """What the runs of a group without results are, and what they lack."""
    lacking = {"runs_without_metric": roles.metric, "runs_without_seed": roles.seed}
    return ", ".join(
        [
            *sorted({_state(run, roles.metric) for run in group.runs}),
            *(
                f"{remark.values['count']:,} without {lacking[remark.code]}"
                for remark in members.remarks
                if remark.code in lacking
            ),
        ]
    )


def _state(run: Run, metric: str) -> str:
    """'FAILED', or 'FINISHED with nan' where that is all it has for the metric."""
    number = run.metrics.get(metric)
    is_result = number is None or arms.is_number(number)
    return run.status if is_result else f"{run.status} with {number:g}"


def _results(members: Seeded, metric: str) -> dict[int, Run]:
    """The runs that finished with a number, by seed."""
    return {
        seed: run
        for seed, run in members.runs.items()
        if run.status == "FINISHED" and arms.is_number(run.metrics[metric])
    }


def _ungrouped(found: Found, without: Sequence[Run], roles: Roles) -> Remark:
    values = {
        "count": len(without),
        "total": len(found.runs),
        "experiment": found.experiment,
        "column": str(roles.group_by),
        "metric": roles.metric,
        "results": sum(roles.metric in run.metrics for run in without),
    }
    return Remark("runs_without_group", values)


def _with_data(
    made: Sequence[Arm], results: Sequence[dict[int, Run]], *, is_paired: bool
) -> tuple[Arm, ...]:
    """The arms with what is to be said of the candidates' data beside the reference's.

    One remark names all candidates whose data could not be checked.
    """
    reference, *candidates = made
    told = []
    others = []
    for arm, own in zip(candidates, results[1:], strict=True):
        both = (reference.name, arm.name)
        found = datasets.remarks(both, results[0], own, is_paired=is_paired)
        if found is None:
            others.append(arm.name)
        told.append(replace(arm, remarks=(*arm.remarks, *(found or ()))))
    if others:
        remark = Remark("unnamed_data", {"others": others})
        reference = replace(reference, remarks=(*reference.remarks, remark))
    return reference, *told
