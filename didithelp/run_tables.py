"""Tables of runs and epochs, as experiment trackers export them, in the words of arms.

Columns and states go by many names; what is unmistakable is understood, and the rest
is refused with what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from didithelp.arm import (
    ALL_COLUMNS,
    DIVERGED,
    FINISHED,
    HISTORY_COLUMNS,
    ArmError,
    Remark,
    metric_columns,
)

# How else columns are called, as `_plain` writes it.
RUN_COLUMNS = {
    "seed": ("seed", "random_seed"),
    "test_accuracy": ("test_accuracy", "test_acc"),
    "status": ("status", "state", "run_status", "run_state"),
}
EPOCH_COLUMNS = {column: (column,) for column in HISTORY_COLUMNS} | {
    "seed": RUN_COLUMNS["seed"],
    "accuracy": ("accuracy", "acc"),
    "val_accuracy": ("val_accuracy", "val_acc"),
}
# Before a name, where a tracker keeps it; columns of a log by epoch or step.
_PLACES = re.compile("(?:metrics?|params?|config|hparams|hyperparameters|summary)_")
_LOG = ("epoch", "step", "global_step", "training_iteration", "iteration")
_MOST_SHOWN = 12

# The states of W&B, MLflow, Lightning, Ray, Optuna, Sacred, ClearML and Slurm.
STATES = {
    FINISHED: """finished complete completed terminated succeeded success successful
        done closed published""",
    DIVERGED: """diverged failed fail failure crashed crash killed error errored died
        aborted abort canceled cancelled interrupted stopped preempted pruned timeout
        timed_out out_of_memory oom node_fail boot_fail deadline probably_dead""",
    "running": """running scheduled pending paused queued waiting initializing
        preempting suspended resuming in_progress inprogress created not_started
        notstarted starting stopping preparing finalizing unfinished requeued""",
}
_STATUS_OF = {
    word: status for status, words in STATES.items() for word in words.split()
}


def with_columns(
    where: str, table: pd.DataFrame, spellings: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """The table with the columns of `spellings` under their own names.

    Raises:
        ArmError: it is open which column is meant.
    """
    names: dict[str, str] = {}
    for column, spelled in spellings.items():
        matching = [name for name in table.columns if name == column] or [
            name for name in table.columns if _plain(name) in spelled
        ]
        if len(matching) > 1:
            raise ArmError(
                f"{where} must have one column {column}, got {_listed(matching)}; "
                "rename or remove the others"
            )
        names |= dict.fromkeys(matching, column)
    unique = table.loc[:, ~table.columns.duplicated()]
    return unique.rename(columns=names)


def runs(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """One row per run: whole `seed`, numbers of `test_accuracy`, `status` of an arm.

    Any other column of numbers may stand for the accuracy. Without states, a run has
    finished if its accuracy is a number, or else any of its numbers is.

    Args:
        table: a metrics.csv as it was read.

    Returns:
        The table in the words of arms, and what of it a reader should know.

    Raises:
        ArmError: which column or cell is missing or wrong.
    """
    named = with_columns("metrics.csv", table, RUN_COLUMNS)
    _require_columns(table, named)
    if "test_accuracy" in named:
        named["test_accuracy"] = _numbers(named, "test_accuracy")
    named["seed"] = whole_numbers("metrics", named, "seed")
    _refuse_repeated_seeds(named)
    if "status" not in named or named["status"].isna().all():
        deciding = [c for c in ("test_accuracy",) if c in named] or metric_columns(
            named
        )
        is_finished = np.isfinite(named[deciding].astype(float)).any(axis=1)
        return named.assign(status=np.where(is_finished, FINISHED, DIVERGED)), ()
    return _with_known_states(named)


def epochs(table: pd.DataFrame) -> pd.DataFrame:
    """One row per seed and epoch, whole numbers both; epochs from 0 on are shifted.

    Args:
        table: a history.csv as it was read.

    Raises:
        ArmError: which column or cell is missing or wrong.
    """
    named = with_columns("history.csv", table, EPOCH_COLUMNS)
    for column in ("seed", "epoch"):
        if column in named and len(named):
            named[column] = whole_numbers("history", named, column)
    if {"seed", "epoch"} <= set(named):
        first = named.groupby("seed")["epoch"].transform("min")
        named["epoch"] += (first == 0).astype(int)
    return named


def whole_numbers(where: str, table: pd.DataFrame, column: str) -> pd.Series:
    """A column as int64; "3.0" is a whole number.

    Raises:
        ArmError: the first cell that holds something else, and its row.
    """
    cells = table[column]
    if cells.dtype == np.int64:
        return cells
    numbers = _parsed(cells)
    is_exact = pd.api.types.is_integer_dtype(numbers) | (numbers.abs() < 2**53)
    is_whole = is_exact & (numbers % 1 == 0) & (numbers < 2**63)
    if not is_whole.all():
        raise ArmError(
            f"{where} column {column} must hold integers below 2**63, "
            f"got {_first(cells, ~is_whole)}"
        )
    return numbers.astype(np.int64)


def _numbers(table: pd.DataFrame, column: str) -> pd.Series:
    """A column of numbers and empty cells."""
    cells = table[column]
    numbers = _parsed(cells)
    is_text = numbers.isna() & cells.notna()
    if is_text.any():
        is_share = str(cells[is_text].iloc[0]).strip().endswith("%")
        fix = "; write percentages as fractions, 97.5% as 0.975" if is_share else ""
        raise ArmError(
            f"metrics column {column} must hold numbers or empty cells, "
            f"got {_first(cells, is_text)}{fix}"
        )
    return numbers


def _parsed(cells: pd.Series) -> pd.Series:
    """Numbers, NaN for what is none; true and false are none."""
    is_truth = pd.api.types.is_bool_dtype(cells)
    return pd.to_numeric(cells.astype(str) if is_truth else cells, errors="coerce")


def _require_columns(table: pd.DataFrame, named: pd.DataFrame) -> None:
    """Seed and a metric there must be; else the table is described."""
    required = ("seed", "test_accuracy")
    missing = [column for column in required if column not in named]
    is_log = any(_plain(name) in _LOG for name in table)
    if not missing:
        return
    if missing == ["test_accuracy"] and metric_columns(named):
        if not (is_log and named["seed"].duplicated().any()):
            return
    fix = "rename the columns that hold them"
    if is_log:
        fix = "this looks like a log by step: write one row per run"
    elif missing == ["seed"]:
        fix = "give every run its seed"
    bad = ""
    if "test_accuracy" in named and named["test_accuracy"].isna().any():
        spellings = RUN_COLUMNS["test_accuracy"]
        spelled = next(name for name in table.columns if _plain(name) in spellings)
        bad = f"; {spelled} has {_first(table[spelled], table[spelled].isna())}"
    elif missing == ["test_accuracy"] and not is_log:
        bad = _why_no_metric(named)
        fix = f"write numbers such as 0.5, or {fix}"
    raise ArmError(
        f"metrics.csv must hold one row per run with {' and '.join(required)} (or "
        f"another metric); missing: {', '.join(missing)}; found: "
        f"{_listed(table.columns)}{bad}; {fix}"
    )


def _why_no_metric(named: pd.DataFrame) -> str:
    """What is no number in the first column that could be a metric; "" without one."""
    for name in named.columns.difference(["seed", "status"], sort=False):
        is_bad = _parsed(named[name]).isna()
        is_meant = (~is_bad).any() or named[name].isna().all()
        if is_bad.any() and is_meant:
            return f"; {name} has {_first(named[name], is_bad)}"
    return ""


def _refuse_repeated_seeds(named: pd.DataFrame) -> None:
    """One row per seed; which other column tells them apart is said."""
    repeated = named["seed"][named["seed"].duplicated()]
    if repeated.empty:
        return
    fix = "keep one run of each seed"
    if "status" in named:
        states = named["status"][named["seed"] == repeated.iloc[0]]
        fix = f"their states are {_listed(states)}; {fix}"
    if columns := _telling_columns(named):
        values = {name: named[name].dropna().unique().tolist() for name in columns}
        differences = " and ".join(
            f"{name} ({_listed(v)})" for name, v in values.items()
        )
        chosen = " & ".join(
            f"(table[{name!r}] == {levels[0]!r})" for name, levels in values.items()
        )
        fix = (
            f"they differ in {differences}: give each of these arms a folder of its "
            f"own, such as by table[{chosen}].to_csv('FOLDER/metrics.csv', index=False)"
        )
    raise ArmError(
        f"metrics must have one row per seed, seed {repeated.iloc[0]} has several; "
        + fix,
        "duplicate_seed",
    )


def _telling_columns(named: pd.DataFrame) -> list[str]:
    """Columns with several values for a seed, and few in all: one if it will do."""
    telling: dict[str, int] = {}
    for name in named.columns.difference([*ALL_COLUMNS], sort=False):
        count = named[name].nunique()
        is_few = 1 < count <= len(named) / 2
        if is_few and (named.groupby("seed")[name].nunique() > 1).any():
            telling[name] = count
    by_count = sorted(telling, key=telling.__getitem__)
    alone = [name for name in by_count if not named.duplicated(["seed", name]).any()]
    return alone[:1] or by_count


def _with_known_states(
    named: pd.DataFrame,
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """The states of trackers, as finished or diverged; who still runs is named."""
    states = named["status"]
    words = states.astype(str).str.casefold().str.strip()
    words = words.str.replace(r"^\w+\.|\+$| by .*$", "", regex=True)
    words = words.str.replace(r"[\s-]+", "_", regex=True)
    statuses = words.map(_STATUS_OF)
    if statuses.isna().any():
        raise ArmError(
            f"status must be {FINISHED!r} or {DIVERGED!r}, or a state that a tracker "
            f"gives such as crashed or running, got {_first(states, statuses.isna())}; "
            "rename the column if it holds something else"
        )
    remarks = []
    seeds = named["seed"]
    stopped = (statuses == DIVERGED) & (words != DIVERGED)
    if stopped.any():
        state_words = sorted(set(words[stopped]))
        values = {"seeds": sorted(seeds[stopped].tolist()), "states": state_words}
        remarks.append(Remark("unfinished_runs", values))
    running = statuses == "running"
    if running.any():
        values = {"seeds": sorted(seeds[running].tolist())}
        remarks.append(Remark("running_runs", values))
    return named.assign(status=statuses.where(~running, DIVERGED)), tuple(remarks)


def column_of(metrics: pd.DataFrame, name: str) -> str | None:
    """The column of metrics that a user means by the name of a metric; None if none.

    The exact name goes before other spellings, such as `metrics.val/f1` for `val_f1`.

    Raises:
        ArmError: it is open which column is meant.
    """
    if name in metrics:
        return name
    spelled = [str(column) for column in metrics if is_same_name(column, name)]
    if len(spelled) > 1:
        raise ArmError(
            f"metrics must have one column {name}, got {_listed(spelled)}; name one of "
            "them as it stands there"
        )
    return spelled[0] if spelled else None


def is_same_name(first: object, second: object) -> bool:
    """Whether two names are the same but for how a tracker spells them."""
    return first == second or (_plain(first) == _plain(second) != "")


def _plain(name: object) -> str:
    """'metrics.Test Accuracy' → 'test_accuracy'."""
    words = re.sub("[^a-z0-9]+", "_", str(name).casefold()).strip("_")
    return _PLACES.sub("", words, count=1) if _PLACES.match(words) else words


def _listed(names: Iterable[object]) -> str:
    shown = [str(name) for name in names]
    more = ["..."] if len(shown) > _MOST_SHOWN else []
    return ", ".join(shown[:_MOST_SHOWN] + more) or "nothing"


def _first(cells: pd.Series, is_bad: pd.Series) -> str:
    """The first bad cell and its row."""
    row = int(np.flatnonzero(is_bad)[0])
    (cell,) = cells.iloc[[row]].tolist()
    shown = "an empty cell" if pd.isna(cell) else repr(cell)
    return f"{shown} in row {row + 1} below the header"
