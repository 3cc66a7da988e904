"""Between nested dataclasses and plain JSON values, by the types of the fields.

A dataclass is an object with a key per field (`field(metadata={"key": ...})` gives the
key another name), a tuple is a list, None is null. A field with a default is left out
where it has that. The other way round every other key must be there and none may be
unknown, so what was read can be trusted like what was made.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


def encode(value: Any) -> Any:
    """The plain JSON value of a dataclass, or of JSON values with tuples among them.

    NumPy's numbers become Python's; NaN and infinity, which JSON lacks, become None.
    Both types are `Any`, since JSON has no type of its own.
    """
    if is_dataclass(value):
        names = _names(type(value)).items()
        defaults = _defaults(type(value))
        return {
            key: encode(getattr(value, name))
            for key, name in names
            if name not in defaults or getattr(value, name) != defaults[name]
        }
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def decode(kind: Any, value: Any, place: str) -> Any:
    """The inverse of `encode` for a value of the type `kind`.

    Args:
        kind: a dataclass, or any type that one of its fields may have: `Any`, None, a
            number, text, Literal, tuple, dict with text as keys, a union of them.
        value: plain JSON.
        place: where the value stands, such as "arms[0].seeds"; for the error.

    Raises:
        ValueError: one line with the key and the place that do not fit.
    """
    is_union = get_origin(kind) in (Union, UnionType)
    for option in get_args(kind) if is_union else (kind,):
        if _is_written_as(option, value):
            return _read(option, value, place)
    raise ValueError(f"{place} must be {_spell(kind)}, got {value!r:.80}")


def _is_written_as(kind: Any, value: Any) -> bool:
    """Whether `value` is what JSON holds for something of the type `kind`, outside."""
    origin = get_origin(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in get_args(kind)
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float)
    if is_dataclass(kind) or origin is dict:
        return isinstance(value, dict)
    return isinstance(value, list if origin is tuple else kind)


def _read(kind: Any, value: Any, place: str) -> Any:
    """Decode a value that `_is_written_as` its type, with what it holds."""
    kinds = get_args(kind)
    if is_dataclass(kind):
        return _read_object(kind, value, place)
    if get_origin(kind) is dict:
        return {
            key: decode(kinds[1], item, f"{place}.{key}") for key, item in value.items()
        }
    if get_origin(kind) is not tuple:
        return value
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise ValueError(f"{place} must hold {len(kinds)} values, got {len(value)}")
    return tuple(
        decode(part, item, f"{place}[{index}]")
        for index, (part, item) in enumerate(zip(kinds, value, strict=True))
    )


def _read_object(kind: Any, value: dict[str, Any], place: str) -> Any:
    names, types, defaults = _names(kind), get_type_hints(kind), _defaults(kind)
    needed = {key for key, name in names.items() if name not in defaults}
    for problem, keys in (
        ("has an unknown", value.keys() - names.keys()),
        ("lacks the", needed - value.keys()),
    ):
        if keys:
            raise ValueError(
                f"{place} {problem} key {min(keys)!r}; "
                "read it with the version of didithelp that wrote it"
            )
    return kind(
        **{
            name: decode(types[name], value[key], f"{place}.{key}")
            for key, name in names.items()
            if key in value
        }
    )


def _names(kind: Any) -> dict[str, str]:
    """The name of each field by its key in JSON."""
    return {field.metadata.get("key", field.name): field.name for field in fields(kind)}


def _defaults(kind: Any) -> dict[str, Any]:
    """The default of each field that has one, by its name."""
    return {
        field.name: field.default
        for field in fields(kind)
        if field.default is not MISSING
    }


def _spell(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
