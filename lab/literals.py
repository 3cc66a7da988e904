"""Reads nested values that a person types: JSON, or what Python writes for the same."""

import ast
import json
from typing import Any

from didithelp.parameters import MAX_SHOWN


def read(text: str, name: str, expected: str) -> Any:
    """The value that a text means, whatever that is.

    Args:
        text: JSON or a literal of Python.
        name: of the parameter that it is given as.
        expected: in words, what that parameter must be.

    Raises:
        ValueError: it means nothing, or a dictionary in it has a name twice, of which
            readers keep the last one without a word.
    """
    try:
        pairs: list[list[str]] = []
        value = json.loads(text, object_pairs_hook=lambda each: _dict(each, pairs))
    except (ValueError, RecursionError):
        try:
            tree = ast.parse(text.strip(), mode="eval")
            value = ast.literal_eval(tree)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            raise ValueError(f"{name} must be {expected}, got {shown(text)}") from None
        pairs = [
            [str(ast.literal_eval(key)) for key in node.keys if key]
            for node in ast.walk(tree)
            if isinstance(node, ast.Dict)
        ]
    for names in pairs:
        for each in names:
            if names.count(each) > 1:
                raise ValueError(f"{each!r} is given twice in {name}; give it once")
    return value


def shown(text: str) -> str:
    """What was typed, in quotes, for a message: its beginning, if it is long."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def _dict(pairs: list[tuple[str, Any]], names: list[list[str]]) -> dict[str, Any]:
    """The dictionary of these pairs; adds its names, all of them, to `names`."""
    names.append([name for name, _ in pairs])
    return dict(pairs)
