"""Parameters that every step has."""

import dataclasses
from pathlib import Path

from didithelp.parameters import Parameters, parameter


@dataclasses.dataclass(frozen=True)
class Located(Parameters):
    """Where the paths that a user gives start from."""

    working_directory: Path = parameter(
        "an existing folder, which relative paths start from", valid=Path.is_dir
    )
