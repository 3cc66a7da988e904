"""Computes and compares keys: all that a result depends on.

A key holds code, versions, parameters and inputs, but no time, path, commit or address.
Runs with the same key leave the same result, whenever and wherever they run; only the
last bits can differ from processor to processor. The tags of runs keep keys (see
`lab.runs.experiment`).
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from didithelp.dataset_description import SCHEMA, DatasetDescription
from didithelp.parameters import Parameters, parameter, texts_of
from lab.host.packages import installed
from lab.mlproject import PROJECT_DIRECTORY, pins, project
from lab.runs import essentials
from lab.training.recipe import Recipe
from lab.training.versions import PACKAGES

# Longer values are cut and hashed: MLflow's tags hold 8,000 characters, and a list of a
# thousand seeds would be longer.
LONGEST_VALUE = 120
LONGEST_TOLD = 50  # of an old and a new value, where a change is told

Part = dict[str, str]

# These and what they import decide the weights of a trial.
TRIAL_MODULES = ("lab.training.trainer", "lab.training.environment")

# A module that imports one of these reads texts or templates that lie beside it.
DATA_READERS = {"importlib.resources", "jinja2"}

# Parameters that change where and how fast a step runs, or what is asked of its result,
# but not the result.
NO_EFFECT = ("cache", "require", "working_directory", "workers")


@dataclasses.dataclass(frozen=True)
class Caching(Parameters):
    """Whether results that are there already are used again."""

    cache: Literal["on", "off"] = parameter()


@dataclasses.dataclass(frozen=True)
class Key:
    """Everything a result depends on.

    code: digest by file of the project, with the command of a step's entry point.
    versions: installed version by package.
    parameters: text by name, in one spelling, so that 1e-4 is 0.0001.
    inputs: digest by name of what is read.
    """

    code: Part
    versions: Part
    parameters: Part
    inputs: Part

    @property
    def digest(self) -> str:
        """SHA-256 of the whole key, 64 hexadecimal digits."""
        return _sha256(self.to_json())

    def to_json(self) -> str:
        """The key in one line, short enough for a tag: long values are cut."""
        parts = {
            name: {key: _shortened(text) for key, text in part.items()}
            for name, part in dataclasses.asdict(self).items()
        }
        return json.dumps(parts, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Key":
        """Read what `to_json` wrote.

        Raises:
            ValueError, TypeError: the text is something else.
        """
        return cls(**json.loads(text))


def trial_key(recipe: Recipe, dataset: DatasetDescription) -> Key:
    """The key that all trials of a recipe share, whatever their seed.

    Args:
        recipe: its values are the parameters.
        dataset: its digests of arrays, and its schema's number, are the inputs.
    """
    return Key(
        code=code(*TRIAL_MODULES),
        versions=installed(PACKAGES),
        parameters=texts_of(Recipe, recipe),
        inputs=dataset.digests | {"schema": str(SCHEMA)},
    )


def changes(old: Key, new: Key) -> list[str]:
    """The differences between two keys in words, the most telling first."""
    old = Key.from_json(old.to_json())  # cuts long values in both alike
    new = Key.from_json(new.to_json())
    reasons = [
        f"{name} {before or 'unset'} -> {after or 'unset'}"
        if len(before + after) <= LONGEST_TOLD
        else f"{name} changed"
        for name, before, after in _differences(old.parameters, new.parameters)
    ]
    reasons += [f"{name} is new" for name, *_ in _differences(old.inputs, new.inputs)]
    files = [name for name, *_ in _differences(old.code, new.code)]
    if files:
        others = len(files) - 1
        more = f" and {others} more file{'s' * (others > 1)}" if others else ""
        reasons.append(f"{files[0]}{more} changed")
    reasons += [
        f"{name} {before or 'absent'} -> {after or 'absent'}"
        for name, before, after in _differences(old.versions, new.versions)
    ]
    return reasons


def code(*modules: str) -> Part:
    """Digest by file of modules and of all they import inside the project.

    - Comments, layout, docstrings and the messages of errors do not count.
    - Imports inside functions count, imports for type checking alone do not.
    - The `__init__` of every package around a module counts, for it runs as well.
    - So do data, such as texts and templates, beside a module that reads them.

    Args:
        modules: their names, such as "lab.training.trainer".

    Returns:
        the first 12 hexadecimal digits of a SHA-256, by path in the project.
    """
    digests: Part = {}
    waiting, seen = [*modules], set[str]()
    memory = essentials.memory()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        package = module.rpartition(".")[0]
        if package:
            waiting.append(package)
        path = _project_file(module)
        if path is None:
            continue
        name = path.relative_to(PROJECT_DIRECTORY).as_posix()
        if name in digests:
            continue
        start = module if path.name == "__init__.py" else package
        digests[name], imports = memory.read(path.read_bytes(), start)
        waiting += imports
        if DATA_READERS & set(imports):
            digests |= _data(path.parent)
    memory.keep()
    return digests


def _data(package: Path) -> Part:
    """Digest by file of what is in the folders of a package that hold no modules."""
    folders = [
        folder
        for folder in package.iterdir()
        if folder.is_dir() and not any(folder.glob("*.py*"))
    ]
    return {
        path.relative_to(PROJECT_DIRECTORY).as_posix(): _digest(path)[:12]
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


def step_code(entry_point: str) -> Part:
    """`code` of the module that an entry point starts, and its command in MLproject."""
    command = project()["entry_points"][entry_point]["command"]
    return code(module_of(entry_point)) | {"MLproject command": _sha256(command)[:12]}


def module_of(entry_point: str) -> str:
    """'train_baseline' → 'steps.train', from the command in MLproject."""
    words = project()["entry_points"][entry_point]["command"].split()
    module: str = words[words.index("-m") + 1]
    return module


@functools.cache
def versions() -> Part:
    """The installed versions of the packages that requirements.txt names."""
    return installed(pins())


def digest_folder(folder: Path) -> str:
    """SHA-256 over names and contents of the files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{_digest(path)}\n".encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _project_file(module: str) -> Path | None:
    """The file that Python would read for a module; None outside the project."""
    path = PROJECT_DIRECTORY.joinpath(*module.split("."))
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


def _differences(old: Part, new: Part) -> Iterable[tuple[str, str, str]]:
    """Name, old and new value ('' where there is none) of what differs."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            yield name, before, after


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:40]}... ({_sha256(text)[:12]})"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
