"""Where the process of an entry point begins its run, once the command line is read.

The modules of steps and pipelines load in a moment, so that a wrong command line is
answered at once, and worker processes can start. Only then does MLflow load, which
takes seconds.
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
        params: from the command line, see `lab.command_line`.
        run: the step, which is given `params` and its MLflow run.
        name: of the MLflow run, where nobody has named it.

    Raises:
        SystemExit: the step failed.
    """
    environment.prepare()
    from lab.runs import execution

    execution.execute(run, params, name=name)
