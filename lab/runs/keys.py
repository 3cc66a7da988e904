"""What a result depends on, as a key: code, versions, parameters, inputs.

Two runs with the same key leave the same result, whenever and wherever they run (but
for the last bits, where processors differ): no clock, path, commit or address is part
of a key. Keys are kept as tags in MLflow (`lab.runs.step`); this module only computes
and compares them.
"""

import ast
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from didithelp.dataset_description import DatasetDescription
from didithelp.parameters import Parameters, parameter, texts_of
from lab.mlproject import PROJECT_DIRECTORY, project
from lab.training.recipe import Recipe
from lab.training.trial import PACKAGES

# A tag holds 8,000 characters; a list of a thousand seeds is more.
LONGEST_VALUE = 120

Part = dict[str, str]

# Parameters that decide where, when and how fast, but not what.
NO_EFFECT = ("cache", "working_directory", "workers")


@dataclasses.dataclass(frozen=True)
class Caching(Parameters):
    """Whether finished results are used again."""

    cache: Literal["on", "off"] = parameter()


@dataclasses.dataclass(frozen=True)
class Key:
    """Everything a result depends on.

    code: digest by file of the project, and the command of the entry point.
    versions: of the installed packages.
    parameters: in their canonical spelling, so that 1e-4 is 0.0001.
    inputs: digest by name of what is read.
    """

    code: Part
    versions: Part
    parameters: Part
    inputs: Part

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, 64 hexadecimal digits."""
        return _sha256(self.to_json())

    def to_json(self) -> str:
        """One line that fits a tag; `from_json` is the inverse."""
        parts = {
            name: {key: _shortened(text) for key, text in part.items()}
            for name, part in dataclasses.asdict(self).items()
        }
        return json.dumps(parts, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Key":
        """Raises ValueError or TypeError for what `to_json` did not write."""
        return cls(**json.loads(text))


def trial_key(recipe: Recipe, dataset: DatasetDescription) -> Key:
    """What every trial of a recipe depends on; the seed comes on top."""
    return Key(
        code=code("lab.training.trainer"),
        versions=versions(*PACKAGES),
        parameters=texts_of(Recipe, recipe),
        inputs=dataset.digests,
    )


def changes(old: Key, new: Key) -> list[str]:
    """Why `new` cannot reuse the result of `old`, the most telling first."""
    old = Key.from_json(old.to_json())  # shortened as `new` is below
    new = Key.from_json(new.to_json())
    found = [
        f"{name} {before or 'unset'} -> {after or 'unset'}"
        for name, before, after in _differences(old.parameters, new.parameters)
    ]
    found += [f"{name} is new" for name, *_ in _differences(old.inputs, new.inputs)]
    files = [name for name, *_ in _differences(old.code, new.code)]
    if files:
        others = len(files) - 1
        more = f" and {others} more file{'s' * (others > 1)}" if others else ""
        found.append(f"{files[0]}{more} changed")
    found += [
        f"{name} {before or 'absent'} -> {after or 'absent'}"
        for name, before, after in _differences(old.versions, new.versions)
    ]
    return found


def code(module: str) -> Part:
    """Digest by file of a module and of all it imports inside the project.

    Comments and layout do not count. Imports for type checking alone are left out,
    those inside functions are not.
    """
    found: Part = {}
    waiting = [module]
    while waiting:
        path = _project_file(waiting.pop())
        if path is None:
            continue
        name = path.relative_to(PROJECT_DIRECTORY).as_posix()
        if name in found:
            continue
        found[name], imports = _read(path.read_bytes())
        waiting += imports
    return found


def step_code(entry_point: str) -> Part:
    """The same for the module that an entry point of MLproject starts."""
    command = project()["entry_points"][entry_point]["command"]
    return code(module_of(entry_point)) | {"MLproject command": _sha256(command)[:12]}


def module_of(entry_point: str) -> str:
    """'train_baseline' → 'steps.train', from the command in MLproject."""
    command = project()["entry_points"][entry_point]["command"]
    return re.match(r"python -m ([\w.]+)", command)[1]


@functools.cache
def versions(*packages: str) -> Part:
    """The installed versions of packages; of all that are required, if none is named"""
    return {
        name: version
        for name in packages or tuple(_required())
        if (version := _version(name)) is not None
    }


def digest_folder(folder: Path) -> str:
    """SHA-256 over names and contents of the files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _required() -> Iterator[str]:
    """The distributions that requirements.txt names."""
    text = (PROJECT_DIRECTORY / "requirements.txt").read_text("utf-8")
    for line in text.splitlines():
        if found := re.match(r"[A-Za-z][\w.-]*", line):
            yield found[0]


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _read(source: bytes) -> tuple[str, list[str]]:
    """Digest of a module's source, and the modules that it imports."""
    tree = ast.parse(source)
    return _sha256(ast.dump(tree))[:12], list(_imports(tree))


def _project_file(module: str) -> Path | None:
    path = PROJECT_DIRECTORY.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imports(node: ast.AST) -> Iterator[str]:
    """Names of modules that may be imported when the code of `node` runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        if isinstance(child, ast.ImportFrom):
            yield child.module or ""
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imports(child)


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
