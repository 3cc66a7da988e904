"""Reads the command line of an entry point into its declared parameters.

It is strict: what is unknown, missing, given twice or out of bounds ends the process
with one line on stderr and exit status 2.
"""

import atexit
import contextlib
import dataclasses
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, get_args, get_origin

from didithelp.parameters import (
    Parameters,
    explain,
    from_python,
    is_valid,
    names_of,
    suggest,
    whole_number,
)
from lab.host import lifecycle, packages, process, streams
from lab.host.lifecycle import EXIT_USAGE, fail

Params = TypeVar("Params", bound=Parameters)
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


# Words for a truth value, in any case: Python, YAML and people have their own.
TRUTHS = {"true": True, "yes": True, "on": True}
TRUTHS |= {"false": False, "no": False, "off": False}
# What Python writes around items and lists of them.
_WRAPPED = re.compile(r"""\b(?:np\.\w+|PosixPath|array)\(('[^']*'|"[^"]*"|[^()]*)\)""")
_RANGE = re.compile(r"range\((-?\d+), (-?\d+)(?:, (-?\d+))?\)")
_ARRAY = re.compile(r"\[\s*\d+(\s+\d+)*\s*\]")  # of NumPy: blanks, no commas
MOST_ITEMS = 10_000  # of a range, which is a short text


def integers(text: str) -> tuple[int, ...]:
    """'512,256' → (512, 256); a trailing comma is allowed, so '7,' is (7,)."""
    return tuple(whole_number(part) for part in text.removesuffix(",").split(","))


def parse(parameters: type[Params], arguments: list[str] | None = None) -> Params:
    """Read and check a command line.

    Args:
        parameters: the class to make one of.
        arguments: such as ["--seeds=5"]; those of this process if None.

    Raises:
        SystemExit: a parameter is missing, unknown or wrong.
    """
    return or_exit(build, parameters, read(names_of(parameters), [], arguments))


def read(
    required: list[str], optional: list[str], arguments: list[str] | None = None
) -> dict[str, str]:
    """Read a command line without converting its values.

    MLproject spells `--name=value`; what it does not declare, MLflow appends as
    `--name value`. argparse takes neither a value "--" nor "-1e-4" in these places.

    Args:
        required: names that must be given.
        optional: names that may be given.
        arguments: such as ["--seeds=5"]. If None, those of this process, which then
            also claims its run and notes interruptions instead of dying of them.

    Returns:
        the text of each parameter given, by name.

    Raises:
        SystemExit: a name is unknown, missing or given twice, or has no value.
    """
    if arguments is None:
        arguments = sys.argv[1:]
        _begin()
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


def or_exit(
    function: Callable[Arguments, Result],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    """The result of `function`; its ValueError becomes one line and exit status 2."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        fail(str(error), EXIT_USAGE)


def build(parameters: type[Params], given: dict[str, str]) -> Params:
    """Convert texts to the types of the fields, and check them.

    Args:
        parameters: the class to make one of.
        given: the text of every field, by name.

    Raises:
        ValueError: the first value that is not what its field expects.
    """
    converted = {}
    for field in dataclasses.fields(parameters):
        text = given[field.name]
        try:
            converted[field.name] = value = _convert(field, text)
            # The class checks as well, but could not quote what was typed.
            valid = is_valid(field, value)
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(explain(field, text))
    return parameters(**converted)


def _begin() -> None:
    """Prepare the process of an entry point, before anything else loads."""
    streams.make_lenient()
    # A notebook names a backend of its own, which this environment may not have.
    os.environ["MPLBACKEND"] = "agg"
    lifecycle.collect_seldom()
    lifecycle.note_interruptions()
    _claim_run()
    packages.check()


def canonical(parameters: type[Parameters], texts: Mapping[str, str]) -> dict[str, str]:
    """The texts that are of these parameters, each as `texts_of` spells its value."""
    return {
        field.name: field.metadata["spell"](_convert(field, texts[field.name]))
        for field in dataclasses.fields(parameters)
        if field.name in texts
    }


def _claim_run() -> None:
    """Note that this process owns the run which `mlflow run` has made for it."""
    if run_id := os.environ.get("MLFLOW_RUN_ID"):
        with contextlib.suppress(OSError):  # whatever needs that folder next reports it
            process.claim(run_id)
            atexit.register(process.drop_claim, run_id)


def _convert(field: dataclasses.Field[Any], text: str) -> Any:
    """The value of a text; ValueError, or the text itself, where it means none.

    `mlflow.projects.run` hands on `str(value)`, so that True, None, [0, 1] and 5.0
    arrive as Python writes them.
    """
    kind: Any = field.type
    word = text.strip()
    # None is "not given" where a value may be empty. Else it may be a name.
    empty = () if get_origin(kind) is tuple else ""
    if word == "None" and is_valid(field, empty):
        return empty
    if kind in (str, Path):
        return kind(text)
    if kind == tuple[str, ...]:
        return field.metadata["parse"](_listed(text, str))
    if get_origin(kind) is Literal:
        parse = field.metadata["parse"]
        return parse(word) if parse else _choice(get_args(kind), word)
    if "_" in text or not text.isascii():
        raise ValueError(text)  # int takes "1_0" and the digits of every script
    if kind is bool:
        return TRUTHS.get(word.lower(), text)
    if word == "None" and type(None) in get_args(kind):
        return None
    if kind == tuple[int, ...]:
        word = _listed(word, int)
    parse = field.metadata["parse"] or (whole_number if kind is int else kind)
    return parse(word)


def _choice(choices: tuple[str, ...], word: str) -> str:
    """A word of a choice; one between on and off may be made by a truth value."""
    if set(choices) == {"on", "off"} and word.lower() in TRUTHS:
        return "on" if TRUTHS[word.lower()] else "off"
    return word


def _listed(text: str, kind: type[int] | type[str]) -> str:
    """What Python writes for a list, tuple, array or range, with commas alone.

    Args:
        text: anything; what is none of these comes back as it is.
        kind: of the items. After whole numbers comes one comma more, which tells the
            list of one number from that number.

    Raises:
        ValueError: it is a list, but none of such items, or far too long.
    """
    items: object
    bare = _WRAPPED.sub(r"\1", text.strip())
    if limits := _RANGE.fullmatch(bare):
        items = range(*(int(limit) for limit in limits.groups() if limit))
    elif kind is int and _ARRAY.fullmatch(bare):
        items = bare[1:-1].split()
    else:
        try:
            items = from_python(bare) if bare[:1] in ("[", "(") else None
        except ValueError:
            return text
    if not isinstance(items, list | tuple | range):
        return text
    texts = [str(item) for item in items[: MOST_ITEMS + 1]]
    if len(texts) > MOST_ITEMS or any("," in item for item in texts):
        raise ValueError(text)
    return ",".join(texts) + "," * (kind is int)


def _unknown(argument: str, known: list[str]) -> str:
    if not argument.startswith("--"):
        return (
            f"unexpected argument {argument!r}; parameters are given as -P NAME=VALUE"
        )
    name = argument.removeprefix("--").split("=")[0]
    hint = suggest(name, known) or f"; known are {', '.join(known)}"
    return f"unknown parameter {name!r}{hint}"
