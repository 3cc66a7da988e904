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
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from didithelp.dataset_description import SCHEMA, DatasetDescription
from didithelp.parameters import Parameters, parameter, texts_of
from lab.host.packages import version_of
from lab.mlproject import PROJECT_DIRECTORY, pins, project
from lab.training.recipe import Recipe
from lab.training.versions import PACKAGES

# A tag holds 8,000 characters; a list of a thousand seeds is more.
LONGEST_VALUE = 120

Part = dict[str, str]

# They and what they import decide the weights of a trial.
TRIAL_MODULES = ("lab.training.trainer", "lab.training.environment")

# A module that imports one of these reads data which lie beside it.
DATA_READERS = {"importlib.resources", "jinja2"}

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
    """What every trial of a recipe depends on; the seed comes on top.

    Args:
        recipe: counts by its values.
        dataset: counts by the digests of its arrays and the number of their schema.
    """
    return Key(
        code=code(*TRIAL_MODULES),
        versions=versions(*PACKAGES),
        parameters=texts_of(Recipe, recipe),
        inputs=dataset.digests | {"schema": str(SCHEMA)},
    )


def changes(old: Key, new: Key) -> list[str]:
    """Why `new` cannot reuse the result of `old`, the most telling first."""
    old = Key.from_json(old.to_json())  # shortened as `new` is below
    new = Key.from_json(new.to_json())
    reasons = [
        f"{name} {before or 'unset'} -> {after or 'unset'}"
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

    Comments, layout, docstrings and the messages of errors do not count. Imports for
    type checking alone are left out, those inside functions are not. The `__init__` of
    every package around a module counts, for it runs as well. So do data, such as texts
    and templates, beside a module that reads data of its package.
    """
    digests: Part = {}
    waiting = [*modules]
    while waiting:
        module = waiting.pop()
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
        digests[name], imports = _read(path.read_bytes(), start)
        waiting += imports
        if DATA_READERS & set(imports):
            digests |= _data(path.parent)
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
    """The same for the module that an entry point of MLproject starts."""
    command = project()["entry_points"][entry_point]["command"]
    return code(module_of(entry_point)) | {"MLproject command": _sha256(command)[:12]}


def module_of(entry_point: str) -> str:
    """'train_baseline' → 'steps.train', from the command in MLproject."""
    words = project()["entry_points"][entry_point]["command"].split()
    module: str = words[words.index("-m") + 1]
    return module


@functools.cache
def versions(*packages: str) -> Part:
    """The installed versions of packages; of all required ones, if none is named."""
    return {
        name: version
        for name in packages or pins()
        if (version := version_of(name)) is not None
    }


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


@functools.cache
def _read(source: bytes, package: str) -> tuple[str, list[str]]:
    """Digest of a module's source, and the modules that it imports.

    Args:
        source: of the module.
        package: that relative imports start from.
    """
    tree = _Essentials().visit(ast.parse(source))
    return _sha256(ast.unparse(tree))[:12], list(_imports(tree, package))


class _Essentials(ast.NodeTransformer):
    """Leaves out what decides no result; comments and layout are gone already."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop docstrings, and other texts that are no part of a statement."""
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Keep the kind of an error, drop its message."""
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop what is for type checkers alone."""
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            return None
        return self.generic_visit(node)


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Names of modules that may be imported when the code of `tree` runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level:
                above = package.split(".")[: 1 - node.level or None]
                name = ".".join([*above, *filter(None, [name])])
            yield name
            # What is imported from a package may be a module of it.
            yield from (f"{name}.{alias.name}" for alias in node.names)


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
