"""Parameters as frozen dataclasses, and the strict command line that fills them.

A parameter is one line of a dataclass: its type, what is expected of it in words, and
the test for it. `MLproject` is the only home of defaults, so no field here has one.
"""

import atexit
import contextlib
import dataclasses
import difflib
import functools
import os
import queue
import signal
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

import yaml

from lab.console import say

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent

# Noted before anything slow loads: a parent that dies meanwhile is replaced by init.
PARENT_PROCESS = os.getppid()

# Why this process is to end: a signal, what the step raised, or None where it is done.
endings: "queue.SimpleQueue[signal.Signals | BaseException | None]"
endings = queue.SimpleQueue()

MAX_SHOWN = 200  # characters of a wrong value that its error repeats

EXIT_FAILURE = 1
EXIT_USAGE = 2  # what argparse and most Unix tools answer to a wrong command line
EXIT_REFUSED = 3  # arms that must not be compared


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
            if not _is_valid(field, value):
                raise ValueError(_explain(field, value))


Params = TypeVar("Params", bound=Parameters)
Result = TypeVar("Result")


def integers(text: str) -> tuple[int, ...]:
    """'512,256' → (512, 256); a trailing comma is allowed, so '7,' is (7,)."""
    return tuple(int(part) for part in text.removesuffix(",").split(","))


def names(parameters: type[Parameters]) -> list[str]:
    """The parameters' names in the order in which they are declared."""
    return [field.name for field in dataclasses.fields(parameters)]


def values(parameters: type[Parameters], source: Parameters) -> dict[str, Any]:
    """The fields of `parameters` out of a larger `source`."""
    return {name: getattr(source, name) for name in names(parameters)}


def pick(parameters: type[Parameters], source: Parameters) -> dict[str, str]:
    """The same, spelled as text for another command line."""
    return {
        field.name: field.metadata["spell"](getattr(source, field.name))
        for field in dataclasses.fields(parameters)
    }


def defaults(entry_point: str) -> dict[str, str]:
    """The parameters of an entry point that have a default in MLproject, as text."""
    declared = project()["entry_points"][entry_point]["parameters"]
    return {
        name: str(declaration["default"])
        for name, declaration in declared.items()
        if "default" in declaration
    }


@functools.cache
def project() -> dict[str, Any]:
    """The content of MLproject."""
    return yaml.safe_load((PROJECT_DIRECTORY / "MLproject").read_text("utf-8"))


def parse(parameters: type[Params], arguments: list[str] | None = None) -> Params:
    """The command line as `parameters`, or one line on stderr and exit status 2."""
    return or_exit(build, parameters, read(names(parameters), [], arguments))


def read(
    required: list[str], optional: list[str], arguments: list[str] | None = None
) -> dict[str, str]:
    """Name and text of every parameter given; anything unknown or missing is refused.

    MLproject spells `--name=value`; what it does not declare, MLflow appends as
    `--name value`. argparse takes neither a value "--" nor "-1e-4" in these places.
    """
    if arguments is None:
        arguments = sys.argv[1:]
        _note_interruptions()
        _claim_run()
    words = list(arguments)
    known = [*required, *optional]
    given: dict[str, str] = {}
    while words:
        word = words.pop(0)
        name, equals, text = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in known:
            fail(_unknown(word, known), EXIT_USAGE)
        if name in given:
            fail(f"{name} is given twice; give it once", EXIT_USAGE)
        if not equals:
            if not words or words[0].startswith("--"):
                fail(f"{name} has no value; give it with -P NAME=VALUE", EXIT_USAGE)
            text = words.pop(0)
        given[name] = text
    if missing := ", ".join(name for name in required if name not in given):
        fail(f"no value for {missing}; give it with -P NAME=VALUE", EXIT_USAGE)
    return given


def or_exit(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call `function`; its ValueError becomes one line and exit status 2."""
    try:
        return function(*arguments)
    except ValueError as error:
        fail(str(error), EXIT_USAGE)


def build(parameters: type[Params], given: dict[str, str]) -> Params:
    """Texts converted to the fields' types and checked.

    Raises:
        ValueError: the first value that is not what its field expects.
    """
    converted = {}
    for field in dataclasses.fields(parameters):
        text = given[field.name]
        try:
            converted[field.name] = value = _convert(field, text)
            valid = _is_valid(field, value)  # here too, to quote what was typed
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(_explain(field, text))
    return parameters(**converted)


def fail(message: str, status: int) -> NoReturn:
    """Say what went wrong, and leave."""
    say(f"error: {message.strip()}")
    raise SystemExit(status)


def _note_interruptions() -> None:
    """Ctrl-C and SIGTERM end the step where it waits for that, not wherever it is."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: endings.put(signal.Signals(number)))


def _claim_run() -> None:
    """Say whose the run is that `mlflow run` has made for this process."""
    from lab import process

    if run_id := os.environ.get("MLFLOW_RUN_ID"):
        with contextlib.suppress(OSError):  # what comes next will tell
            process.claim(run_id)
            atexit.register(process.drop_claim, run_id)


def _convert(field: dataclasses.Field, text: str) -> Any:
    is_text = field.type in (str, Path) or get_origin(field.type) is Literal
    if not is_text and ("_" in text or not text.isascii()):
        raise ValueError(text)  # int takes "1_0" and the digits of every script
    if field.metadata["parse"] is not None:
        return field.metadata["parse"](text)
    if field.type is bool:
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    return text if get_origin(field.type) is Literal else field.type(text)


def _is_valid(field: dataclasses.Field, value: Any) -> bool:
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


def _explain(field: dataclasses.Field, value: Any) -> str:
    received = repr(value)
    if len(received) > MAX_SHOWN:
        received = f"{received[:MAX_SHOWN]}... ({len(received)} characters)"
    message = f"{field.name} must be {field.metadata['expected']}, got {received}"
    if get_origin(field.type) is Literal:
        message += _suggest(str(value), get_args(field.type))
    return message


def _unknown(argument: str, known: list[str]) -> str:
    if not argument.startswith("--"):
        return (
            f"unexpected argument {argument!r}; parameters are given as -P NAME=VALUE"
        )
    name = argument.removeprefix("--").split("=")[0]
    hint = _suggest(name, known) or f"; known are {', '.join(known)}"
    return f"unknown parameter {name!r}{hint}"


def _suggest(text: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(text.lower(), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
