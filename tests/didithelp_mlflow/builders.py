"""Runs that tests make by hand, as a search returns them."""

import itertools

from didithelp_mlflow.runs import DataUsed, Run

_numbers = itertools.count()


def make_run(
    params=None, *, tags=None, metrics=None, status="FINISHED", parent=None, data=()
):
    """A run; the later it is made, the later it started."""
    number = next(_numbers)
    return Run(
        run_id=f"{number:032x}",
        name=f"run-{number}",
        status=status,
        start=number,
        parent=parent,
        params={name: str(value) for name, value in (params or {}).items()},
        tags=tags or {},
        metrics={"f1": 0.5} if metrics is None else metrics,
        datasets=frozenset(DataUsed(*used) for used in data),
    )
