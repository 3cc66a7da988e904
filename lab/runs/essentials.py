"""Reads of a module's source what can decide a result: a digest, and its imports.

To parse the whole project and to write it out again takes as long as half of what else
a pipeline does that finds everything done. So what was read is remembered beside this
module, where Python keeps bytecode, by the content of the source.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from didithelp.files import write_whole

MOST = 2000  # sources that are remembered, many times those of the project


class Memory:
    """What was read of sources, kept in a file.

    Args:
        path: of the file. Where it cannot be read or written, nothing is kept.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            self._known = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            self._known = {}
        self._num_kept = len(self._known)
        # Steps are launched from several threads at once, and Python 3.11 breaks a
        # parser that another interrupts ("AST constructor recursion depth mismatch").
        self._alone = threading.Lock()

    def read(self, source: bytes, package: str) -> tuple[str, list[str]]:
        """Digest of a module's source, and the modules that it imports.

        Args:
            source: of the module.
            package: that relative imports start from.
        """
        parts = [*_reader(), package.encode(), source]
        name = hashlib.sha256(b"\0".join(parts)).hexdigest()
        with self._alone:
            if name not in self._known:
                self._known[name] = _read(source, package)
            digest, imports = self._known[name]
        return digest, imports

    def keep(self) -> None:
        """Write the file, if there is anything new in it."""
        with self._alone:
            if len(self._known) == self._num_kept or sys.dont_write_bytecode:
                return
            self._num_kept = len(self._known)
            latest = dict(list(self._known.items())[-MOST:])
            with contextlib.suppress(OSError):
                write_whole(self._path, json.dumps(latest).encode())


@functools.cache
def memory() -> Memory:
    """The memory of this project, for this version of Python."""
    return Memory(Path(importlib.util.cache_from_source(__file__)).with_suffix(".json"))


@functools.cache
def _reader() -> tuple[bytes, bytes]:
    """What decides, besides a source, what is read of it: Python and this module."""
    return sys.version.encode(), Path(__file__).read_bytes()


def _read(source: bytes, package: str) -> tuple[str, list[str]]:
    tree = _Essentials().visit(ast.parse(source))
    digest = hashlib.sha256(ast.unparse(tree).encode("utf-8")).hexdigest()
    return digest[:12], list(_imports(tree, package))


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
