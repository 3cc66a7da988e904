"""What of a run is asked for: a parameter, a tag or the name, as MLflow writes it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

EXPECTED = "params.NAME, tags.NAME or attributes.run_name"
MOST_SHOWN = 12  # names of what there is, in a message
# The words of MLflow's search language, and how it calls what they mean in a run.
_KINDS = {"param": "params", "params": "params", "parameter": "params"}
_KINDS |= {"parameters": "params", "tag": "tags", "tags": "tags"}
_KINDS |= dict.fromkeys(("attribute", "attributes", "attr", "run"), "attributes")
_RUN_NAMES = ("run_name", "run name", "name")
_INTERNAL = "mlflow."  # how the names of MLflow's own tags begin


class Described(Protocol):
    """What is known of a run by name."""

    @property
    def name(self) -> str:
        """As people see it."""

    @property
    def params(self) -> Mapping[str, str]:
        """Its parameters."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""


@dataclass(frozen=True)
class Column:
    """One of the things that a table of runs shows.

    `str` writes it as MLflow's search does: `params.optimizer`.

    Attributes:
        kind: "params", "tags" or "attributes"; "" where only the name was given.
        name: of the parameter, the tag or the attribute.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}" if self.kind else self.name

    def of(self, run: Described) -> str | None:
        """What a run has there; None where it has nothing."""
        if self.kind == "attributes":
            return run.name or None
        return (run.params if self.kind == "params" else run.tags).get(self.name)


def read(text: str) -> Column:
    """'params.optimizer' or 'optimizer' → the column; quotes are left out.

    Raises:
        ValueError: it is empty, or an attribute that groups no runs.
    """
    kind, dot, name = text.strip().partition(".")
    known = _KINDS.get(kind.strip().lower()) if dot else None
    if known is None:
        kind, name = "", text
    name = re.sub(r"^([`\"'])(.*)\1$", r"\2", name.strip())
    if known == "attributes" and name.lower() in _RUN_NAMES:
        name = "run_name"
    elif not name or known == "attributes":
        raise ValueError(text)
    return Column(known or "", name)


def is_column(text: str) -> bool:
    """Whether `read` understands a text."""
    try:
        read(text)
    except ValueError:
        return False
    return True


def metric_name(text: str) -> str:
    """'metrics.val_accuracy', as a search writes it → 'val_accuracy'."""
    kind, dot, name = text.strip().partition(".")
    is_written_so = dot and kind.lower() in ("metric", "metrics")
    return (name if is_written_so else text).strip().strip('`"')


def find(parameter: str, text: str, runs: Sequence[Described]) -> Column:
    """The column that a text means among these runs.

    Args:
        parameter: whose value the text is, for the error.
        text: as `read` understands it.
        runs: those of the experiment, at least one.

    Raises:
        ValueError: no run has it, or it is both a parameter and a tag.
    """
    column = read(text)
    present = _present(runs)
    if column in present or column.kind == "attributes":
        return column
    meant = [each for each in present if each.name == column.name]
    if not column.kind and len(meant) == 1:
        return meant[0]
    if not column.kind and column.name in _RUN_NAMES:
        return Column("attributes", "run_name")
    if not column.kind and meant:
        raise ValueError(
            f"{parameter} must be unmistakable, got {text!r}, which is a parameter and "
            f"a tag of these runs; write {' or '.join(map(str, meant))}"
        )
    close = meant or _close(column.name, present)
    hint = f"; did you mean {str(close[0])!r}?" if close else "; give another"
    raise ValueError(
        f"{parameter} must be {EXPECTED} of these runs, got {text!r}, which none of "
        f"the {len(runs):,} has{hint}; there are {listed(map(str, present))}"
    )


def _close(name: str, present: Sequence[Column]) -> list[Column]:
    """The columns with the name that is most like this one."""
    names = [column.name for column in present]
    close = difflib.get_close_matches(name, names, n=1)
    return [column for column in present if column.name in close]


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are; "none" without one."""
    every = list(names)
    more = len(every) - MOST_SHOWN
    shown = ", ".join(every[:MOST_SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown or "none"


def _present(runs: Sequence[Described]) -> list[Column]:
    """The parameters and tags that some run has, at last the tags of MLflow's own."""
    params = {name for run in runs for name in run.params}
    tags = {name for run in runs for name in run.tags}
    internal = {name for name in tags if name.startswith(_INTERNAL)}
    return [
        *(Column("params", name) for name in sorted(params)),
        *(Column("tags", name) for name in sorted(tags - internal)),
        *(Column("tags", name) for name in sorted(internal)),
    ]
