"""Reads `MLproject`: the entry points, their parameters and every default.

And `requirements.txt` beside it: the version of every package.
"""

import functools
import re
from pathlib import Path
from typing import Any

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT_DIRECTORY / "requirements.txt"


@functools.cache
def project() -> dict[str, Any]:
    """The parsed content of MLproject; do not change it, it is read once."""
    import yaml  # not before: `pins` serves to find out whether it is there

    text = (PROJECT_DIRECTORY / "MLproject").read_text("utf-8")
    # The same in C takes a tenth of the time, where PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: dict[str, Any] = yaml.load(text, loader)
    return content


def defaults(entry_point: str) -> dict[str, str]:
    """The parameters of an entry point that have a default in MLproject, as text."""
    declared = project()["entry_points"][entry_point]["parameters"]
    return {
        name: str(declaration["default"])
        for name, declaration in declared.items()
        if "default" in declaration
    }


def pins() -> dict[str, str]:
    """The pinned version of each distribution, also of those for other systems."""
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    matches = (re.match(r"([A-Za-z][\w.-]*)==([^\s;]+)", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}
