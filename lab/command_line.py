"""Reads the command line of an entry point into its declared parameters.

It is strict: what is unknown, missing, given twice or out of bounds ends the process
with one line on stderr and exit status 2.
"""

import atexit
import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, get_origin

from didithelp.parameters import Parameters, explain, is_valid, names_of, suggest
from lab.host import lifecycle, packages, process, streams
from lab.host.lifecycle import EXIT_USAGE, fail

Params = TypeVar("Params", bound=Parameters)
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


def integers(text: str) -> tuple[int, ...]:
    """'512,256' → (512, 256); a trailing comma is allowed, so '7,' is (7,)."""
    return tuple(int(part) for part in text.removesuffix(",").split(","))


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
    lifecycle.note_interruptions()
    _claim_run()
    packages.check()


def _claim_run() -> None:
    """Note that this process owns the run which `mlflow run` has made for it."""
    if run_id := os.environ.get("MLFLOW_RUN_ID"):
        with contextlib.suppress(OSError):  # whatever needs that folder next reports it
            process.claim(run_id)
            atexit.register(process.drop_claim, run_id)


def _convert(field: dataclasses.Field[Any], text: str) -> Any:
    """The value of a text; ValueError, or the text itself, where it means none."""
    kind: Any = field.type
    is_text = kind in (str, Path, tuple[str, ...]) or get_origin(kind) is Literal
    if not is_text and ("_" in text or not text.isascii()):
        raise ValueError(text)  # int takes "1_0" and the digits of every script
    if field.metadata["parse"] is not None:
        return field.metadata["parse"](text)
    if kind is bool:
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    return text if get_origin(kind) is Literal else kind(text)


def _unknown(argument: str, known: list[str]) -> str:
    if not argument.startswith("--"):
        return (
            f"unexpected argument {argument!r}; parameters are given as -P NAME=VALUE"
        )
    name = argument.removeprefix("--").split("=")[0]
    hint = suggest(name, known) or f"; known are {', '.join(known)}"
    return f"unknown parameter {name!r}{hint}"
