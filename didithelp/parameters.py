"""Declared parameters: frozen dataclasses whose fields know what they accept.

A parameter is one line of a dataclass: its type, the interval of its values, an
example. The check, the words of its error and the tables of the documentation follow
from that line. Parameters have no defaults here: those of recipes live in `MLproject`,
those of a comparison in the signature of `compare`.
"""

import ast
import dataclasses
import difflib
import math
import types
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args, get_origin

MAX_SHOWN = 200  # characters of a wrong value that its error repeats


@dataclasses.dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high`, without the ends that are `open`.

    `number in interval` tells whether a number is one of them; NaN never is. `str`
    writes it as in mathematics: `[0, 1)`. An infinite end is open.
    """

    low: float
    high: float = math.inf
    open: Literal["none", "low", "high", "both"] = "none"

    @property
    def has_low(self) -> bool:
        """Whether the lower end belongs to it."""
        return self.open in ("none", "high") and math.isfinite(self.low)

    @property
    def has_high(self) -> bool:
        """Whether the upper end belongs to it."""
        return self.open in ("none", "low") and math.isfinite(self.high)

    def __contains__(self, number: float) -> bool:
        return (
            self.low < number < self.high
            or (self.has_low and number == self.low)
            or (self.has_high and number == self.high)
        )

    def __str__(self) -> str:
        first, last = "[" if self.has_low else "(", "]" if self.has_high else ")"
        return f"{first}{_number(self.low)}, {_number(self.high)}{last}"


def spell(value: Any) -> str:
    """A value as it is written on a command line; the inverse of the conversion."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def whole_number(text: str) -> int:
    """'5' → 5, and so '5.0', as Python writes a whole number that is a float.

    Raises:
        ValueError: it is no whole number.
    """
    return int(text.strip().removesuffix(".0"))


def from_python(text: str) -> Any:
    """The value that Python writes so: "['adam', 'sgd']" → ['adam', 'sgd'].

    It is whatever somebody has written, hence `Any`.

    Raises:
        ValueError: it is no literal of Python's.
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(text) from None


def is_filled(text: str) -> bool:
    """Whether a text holds more than blanks: `valid` of one that must be given."""
    return bool(text.strip())


def parameter(
    accepts: Interval | str | None = None,
    such_as: float | None = None,
    *,
    noun: str | None = None,
    none: str | None = None,
    note: str = "",
    valid: Callable[[Any], bool] | None = None,
    parse: Callable[[str], Any] | None = None,
    spell: Callable[[Any], str] = spell,
) -> Any:
    """A dataclass field that knows what it expects.

    Args:
        accepts: the interval of a number; for other types the noun phrase that
            completes "must be ...", with an example. A choice (Literal) and a truth
            value need neither.
        such_as: an example of a number, with `accepts` as an interval.
        noun: what the number is, instead of "a number" or "a whole number".
        none: the word that stands for None, where the type allows it.
        note: what else is to be said of the values, in parentheses.
        valid: whether a converted value is acceptable, beyond type and interval.
        parse: text to value, where the type alone does not say; raises ValueError.
        spell: the inverse of `parse`.
    """
    if none is not None:
        parse = _or_none(none)
        spell = _spelling_none(none)
    return dataclasses.field(
        metadata={
            "accepts": accepts,
            "such_as": such_as,
            "noun": noun,
            "none": none,
            "note": note,
            "valid": valid,
            "parse": parse,
            "spell": spell,
        }
    )


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Base of all parameter classes: an instance that exists is valid.

    Raises:
        ValueError: what is wrong with the first value that is, in one line.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not is_valid(field, value):
                raise ValueError(explain(field, value))


def names_of(parameters: type[Parameters]) -> list[str]:
    """The parameters' names in the order in which they are declared."""
    return [field.name for field in dataclasses.fields(parameters)]


def field_of(parameters: type[Parameters], name: str) -> dataclasses.Field[Any]:
    """The declaration of one parameter."""
    return {field.name: field for field in dataclasses.fields(parameters)}[name]


def values_of(parameters: type[Parameters], source: Parameters) -> dict[str, Any]:
    """The fields of `parameters` out of a larger `source`."""
    return {name: getattr(source, name) for name in names_of(parameters)}


def texts_of(parameters: type[Parameters], source: Parameters) -> dict[str, str]:
    """Those fields, each as its text on a command line."""
    return {
        field.name: field.metadata["spell"](getattr(source, field.name))
        for field in dataclasses.fields(parameters)
    }


def describe(parameters: type[Parameters]) -> list[tuple[str, str]]:
    """The rows of a table: each parameter's name and what is accepted, in words."""
    return [(field.name, accepted(field)) for field in dataclasses.fields(parameters)]


def is_valid(field: dataclasses.Field[Any], value: Any) -> bool:
    """Whether a value is of the field's type, inside its interval, and acceptable."""
    if get_origin(field.type) is Literal:
        return isinstance(value, str) and value in get_args(field.type)
    union = isinstance(field.type, types.UnionType)
    plain = get_args(field.type) if union else (field.type,)
    allowed = tuple(get_origin(part) or part for part in plain)
    if float in allowed:
        allowed += (int,)
    if isinstance(value, bool) and bool not in allowed:
        return False
    if not isinstance(value, allowed):
        return False
    interval = field.metadata["accepts"]
    if isinstance(interval, Interval) and value is not None and value not in interval:
        return False
    valid = field.metadata["valid"]
    return valid is None or bool(valid(value))


def accepted(field: dataclasses.Field[Any]) -> str:
    """What a field accepts, in words that complete "must be ..."."""
    accepts, note = field.metadata["accepts"], field.metadata["note"]
    if isinstance(accepts, Interval):
        words = _in_interval(field, accepts)
    elif accepts is not None:
        words = accepts
    else:
        choices = get_args(field.type) if field.type is not bool else ("true", "false")
        words = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return f"{words} ({note})" if note else words


def explain(field: dataclasses.Field[Any], value: Any) -> str:
    """One line on a wrong value: what was expected, what was received."""
    received = repr(value)
    if len(received) > MAX_SHOWN:
        received = f"{received[:MAX_SHOWN]}... ({len(received)} characters)"
    message = f"{field.name} must be {accepted(field)}, got {received}"
    if get_origin(field.type) is Literal:
        message += suggest(str(value), get_args(field.type))
    return message


def suggest(text: str, known: Iterable[str]) -> str:
    """How an error ends: the known word that was probably meant; "" without one."""
    close = difflib.get_close_matches(text.lower(), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _in_interval(field: dataclasses.Field[Any], interval: Interval) -> str:
    """'a number in [0, 1), such as 0.3', 'a whole number from 1 to 9, such as 2'."""
    noun, none = field.metadata["noun"], field.metadata["none"]
    if field.type is float:
        words = f"{noun or 'a number'} in {interval}"
    elif math.isinf(interval.high):
        words = f"{noun or 'a whole number'} >= {interval.low}"
    else:
        words = f"{noun or 'a whole number'} from {interval.low} to {interval.high}"
    words += f", such as {_number(field.metadata['such_as'])}"
    return f"{none} or {words}" if none else words


def _number(number: float) -> str:
    """1e+30 as 1e30, everything else as Python writes it."""
    return str(number).replace("e+", "e")


def _or_none(none: str) -> Callable[[str], int | None]:
    return lambda text: None if text == none else whole_number(text)


def _spelling_none(none: str) -> Callable[[int | None], str]:
    return lambda value: none if value is None else str(value)
