"""Runs a step whose parameters are checked already: this is where MLflow is loaded.

MLflow takes seconds to load. The modules of steps and pipelines do without it until
`main` is called, so that a wrong command line is answered at once and worker processes
start meanwhile.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from didithelp.parameters import Parameters
from lab import command_line
from lab.host import lifecycle
from lab.parameters import Located
from lab.runs import environment

if TYPE_CHECKING:
    from lab.runs.step import Step

Params = TypeVar("Params", bound=Located)
Given = TypeVar("Given", bound=Parameters)


@contextmanager
def failures_noted() -> Iterator[None]:
    """Whoever leaves in here, with a word why, leaves that in the run as well.

    It has been said by then: to load MLflow for it takes seconds.
    """
    try:
        yield
    except lifecycle.Failure as failure:
        if os.environ.get("MLFLOW_RUN_ID"):
            environment.prepare()
            environment.give_up_early()
            from lab.runs import execution

            execution.note_failure(failure.message)
        raise


def parse(parameters: type[Given]) -> Given:
    """As `command_line.parse` of this process's arguments; a refusal is noted."""
    with failures_noted():
        return command_line.parse(parameters)


def main(
    params: Params,
    run: "Callable[[Params, Step], None]",
    *,
    name: str,
    overrides: Mapping[str, str] | None = None,
    logs_data: bool = True,
) -> None:
    """Run a step; where it fails, say why and end the process.

    Args:
        params: the checked parameters, see `lab.command_line`.
        run: the step's function; it is given `params` and the step's MLflow run.
        name: for the MLflow run, unless the user has named it.
        overrides: text by name of what was given beyond `params`.
        logs_data: whether it logs data sets, tables or models itself; one that only
            launches others loads in less time.

    Raises:
        SystemExit: the step failed.
    """
    environment.prepare()
    with nullcontext() if logs_data else environment.without_pandas():
        from lab.runs import execution

    try:
        execution.execute(run, params, name=name, overrides=overrides)
    finally:
        lifecycle.unload_nothing()
