"""Between nested dataclasses and plain JSON values, by the types of the fields.

A dataclass is an object with a key per field (`field(metadata={"key": ...})` gives the
key another name), a tuple is a list, None is null. `metadata={"left_out": True}` leaves
out what is None. The other way round every key must be there, unless its field has a
default, and none may be unknown, so what was read can be trusted like what was made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


def write(value: Any) -> str:
    """The JSON text of a dataclass: keys sorted, the same for the same value."""
    text = json.dumps(
        encode(value), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    return text + "\n"


def read(
    kind: Any,
    text: str,
    place: str,
    upgrade: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """The inverse of `write` for a value of the type `kind`.

    Args:
        kind: a dataclass.
        text: JSON.
        place: what the text is, such as "comparison"; for the error.
        upgrade: makes the JSON value of an older format one of the present format.

    Raises:
        ValueError: one line that names what is missing, unknown or of another type.
    """

    def refuse_constant(name: str) -> None:
        # NaN and infinities, which Python reads and JSON lacks
        raise ValueError(f"{place} must hold finite numbers or null, got {name}")

    try:
        content = json.loads(text, parse_constant=refuse_constant)
    except RecursionError:
        raise ValueError(f"{place} must be JSON, got too many brackets") from None
    return decode(kind, upgrade(content), place)


def encode(value: Any) -> Any:
    """The plain JSON value of a dataclass, or of JSON values with tuples among them.

    NumPy's numbers become Python's; NaN and infinity, which JSON lacks, become None.
    Both types are `Any`, since JSON has no type of its own.
    """
    if is_dataclass(value):
        return {
            field.metadata.get("key", field.name): encode(item)
            for field in fields(value)
            if (item := getattr(value, field.name)) is not None
            or not field.metadata.get("left_out")
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
    names, types = _names(kind), get_type_hints(kind)
    for problem, keys in (
        ("has an unknown", value.keys() - names.keys()),
        ("lacks the", names.keys() - value.keys() - _optional(kind)),
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


def _optional(kind: Any) -> set[str]:
    """The keys in JSON of the fields that have defaults."""
    names = _names(kind)
    defaults = {
        field.name
        for field in fields(kind)
        if not (field.default is field.default_factory is MISSING)
    }
    return {key for key, name in names.items() if name in defaults}


def _spell(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
