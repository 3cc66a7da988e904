"""The parameters that every entry point has."""

import dataclasses
from pathlib import Path

from didithelp.parameters import Parameters, parameter


@dataclasses.dataclass(frozen=True)
class Located(Parameters):
    """The folder of the caller: MLflow runs steps in the folder of the project."""

    working_directory: Path = parameter(
        "an existing folder, which relative paths start from", valid=Path.is_dir
    )
