"""Declared parameters: frozen dataclasses whose fields know what they accept.

A parameter is one line of a dataclass: its type, what is expected of it in words, and
the test for it. Nobody has defaults here: those of the recipes live in `MLproject`,
those of a comparison in the signature of `compare`.
"""

import dataclasses
import difflib
import types
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args, get_origin

MAX_SHOWN = 200  # characters of a wrong value that its error repeats


def spell(value: Any) -> str:
    """A value as it is written on a command line; the inverse of the conversion."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def parameter(
    expected: str,
    valid: Callable[[Any], bool] = lambda value: True,
    *,
    parse: Callable[[str], Any] | None = None,
    spell: Callable[[Any], str] = spell,
) -> Any:
    """A dataclass field that knows what it expects.

    Args:
        expected: the noun phrase that completes "must be ...", with an example.
        valid: whether a converted value is acceptable.
        parse: text to value, where the type alone does not say; raises ValueError.
        spell: the inverse of `parse`.
    """
    return dataclasses.field(
        metadata={"expected": expected, "valid": valid, "parse": parse, "spell": spell}
    )


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Base of all parameter classes: an instance that exists is valid."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not is_valid(field, value):
                raise ValueError(explain(field, value))


def names_of(parameters: type[Parameters]) -> list[str]:
    """The parameters' names in the order in which they are declared."""
    return [field.name for field in dataclasses.fields(parameters)]


def values_of(parameters: type[Parameters], source: Parameters) -> dict[str, Any]:
    """The fields of `parameters` out of a larger `source`."""
    return {name: getattr(source, name) for name in names_of(parameters)}


def texts_of(parameters: type[Parameters], source: Parameters) -> dict[str, str]:
    """The same, spelled as text for another command line."""
    return {
        field.name: field.metadata["spell"](getattr(source, field.name))
        for field in dataclasses.fields(parameters)
    }


def is_valid(field: dataclasses.Field, value: Any) -> bool:
    if get_origin(field.type) is Literal:
        return value in get_args(field.type)
    union = isinstance(field.type, types.UnionType)
    plain = get_args(field.type) if union else (field.type,)
    allowed = tuple(get_origin(part) or part for part in plain)
    if float in allowed:
        allowed += (int,)
    if isinstance(value, bool) and bool not in allowed:
        return False
    if not isinstance(value, allowed):
        return False
    return field.metadata["valid"](value)


def explain(field: dataclasses.Field, value: Any) -> str:
    received = repr(value)
    if len(received) > MAX_SHOWN:
        received = f"{received[:MAX_SHOWN]}... ({len(received)} characters)"
    message = f"{field.name} must be {field.metadata['expected']}, got {received}"
    if get_origin(field.type) is Literal:
        message += suggest(str(value), get_args(field.type))
    return message


def suggest(text: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(text.lower(), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
