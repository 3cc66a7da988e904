"""Runs a step whose parameters are checked already: this is where MLflow is loaded.

MLflow takes seconds to load. The modules of steps and pipelines do without it until
`main` is called, so that a wrong command line is answered at once and worker processes
start meanwhile.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lab.parameters import Located
from lab.runs import environment

if TYPE_CHECKING:
    from lab.runs.step import Step

Params = TypeVar("Params", bound=Located)


def main(params: Params, run: "Callable[[Params, Step], None]", *, name: str) -> None:
    """Run a step; where it fails, say why and end the process.

    Args:
        params: the checked parameters, see `lab.command_line`.
        run: the step's function; it is given `params` and the step's MLflow run.
        name: for the MLflow run, unless the user has named it.

    Raises:
        SystemExit: the step failed.
    """
    environment.prepare()
    from lab.runs import execution

    execution.execute(run, params, name=name)
