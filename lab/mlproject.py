"""Reads `MLproject`: the entry points, their parameters and every default."""

import functools
from pathlib import Path
from typing import Any

import yaml

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent


@functools.cache
def project() -> dict[str, Any]:
    """The parsed content of MLproject; do not change it, it is read once."""
    text = (PROJECT_DIRECTORY / "MLproject").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def defaults(entry_point: str) -> dict[str, str]:
    """The parameters of an entry point that have a default in MLproject, as text."""
    declared = project()["entry_points"][entry_point]["parameters"]
    return {
        name: str(declaration["default"])
        for name, declaration in declared.items()
        if "default" in declaration
    }
