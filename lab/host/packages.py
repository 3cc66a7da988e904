"""What is installed, against what the project pins.

An environment that exists already is used as it is: `local` by whoever has made it, the
others by MLflow, which looks at `conda.yaml` alone and sees no change of the pins.
"""

import importlib.metadata
import importlib.util
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from lab import mlproject
from lab.host import lifecycle, process
from lab.host.console import say

# A module that is None in `sys.modules` counts as not installed. Python allows that,
# its type hints do not.
NOT_INSTALLED: Any = None


def check() -> None:
    """Refuse to start without a package; say which have other versions than pinned.

    A step that another has launched says nothing about versions: the other has.

    Raises:
        SystemExit: a package is missing.
    """
    pins = mlproject.pins()
    pinned, here = _by_package(pins), _by_package(installed(pins))
    if missing := [f"{name} {pinned[name]}" for name in pinned.keys() - here]:
        lifecycle.fail(
            f"expected all packages of requirements.txt, found no"
            f" {', '.join(sorted(missing))}; {_way_out()}",
            lifecycle.EXIT_FAILURE,
        )
    # What follows a plus is who has built the same version.
    others = [
        f"{name} {version} (pinned: {pinned[name]})"
        for name, version in here.items()
        if version.partition("+")[0] != pinned[name]
    ]
    if others and process.DRIVER not in os.environ:
        say(f"warning: installed is {', '.join(others)}; {_way_out()}")


def installed(distributions: Iterable[str]) -> dict[str, str]:
    """Version by name of those distributions that are installed; loads none of them."""
    version_of = {}
    for distribution in distributions:
        try:
            version_of[distribution] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return version_of


@contextmanager
def hidden(*packages: str) -> Iterator[None]:
    """Let packages that are not loaded yet count as not installed, for a while."""
    unloaded = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(unloaded, NOT_INSTALLED))
    try:
        yield
    finally:
        for package in unloaded:
            del sys.modules[package]


def _by_package(versions: dict[str, str]) -> dict[str, str]:
    """The same, where tensorflow and tensorflow-cpu are one package: either will do."""
    return {name.removesuffix("-cpu"): version for name, version in versions.items()}


def _way_out() -> str:
    """The command that installs what is pinned where this process runs."""
    python = shlex.quote(sys.executable)
    pins = shlex.quote(str(mlproject.REQUIREMENTS))
    if importlib.util.find_spec("pip"):
        return f"install what is pinned: {python} -m pip install -r {pins}"
    return f"install what is pinned: uv pip install --python {python} -r {pins}"
