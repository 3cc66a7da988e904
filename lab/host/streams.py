"""Keeps a step going when its standard output or error cannot be written.

What a step prints is in its run as well. So a letter that the encoding lacks is
replaced by the nearest in ASCII, and what cannot be written is dropped: `head` may have
closed the pipe, the terminal may be gone, the disk may be full.
"""

import codecs
import io
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT, STDERR = 1, 2

# ASCII for what Unicode does not decompose into an ASCII letter and its accents.
NEAREST = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "→": "->",
    "±": "+/-",
    "≤": "<=",
    "≥": ">=",
    "œ": "oe",
    "«": '"',
    "»": '"',
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}


def make_lenient() -> None:
    """Put lenient streams in the place of Python's own; those of others stay."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed by the parent; else the next file would get its number
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    codecs.register_error(_nearest.__name__, _nearest)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _lenient(STDERR, sys.stderr)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _lenient(STDOUT, sys.stdout)


def _lenient(number: int, stream: TextIO | None) -> TextIO:
    """A lenient stream in the encoding of `stream`, which is None if it was closed."""
    file = _LenientFile(number, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding if stream else "utf-8",
        errors=_nearest.__name__,
        line_buffering=number == STDERR or file.isatty(),
    )


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """Handle an encoding error, as `codecs.register_error` describes it.

    Returns:
        what to write instead, and the position of the first letter behind it.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(map(_in_ascii, letters)), error.end


def _in_ascii(letter: str) -> str:
    """The nearest to a letter: e for é, and a question mark where nothing is near."""
    parts = unicodedata.normalize("NFKD", NEAREST.get(letter, letter))
    return "".join(part for part in parts if part.isascii()) or "?"


class _LenientFile(io.FileIO):
    """A file that drops what it cannot write."""

    _has_failed = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """All of `data` counts as written."""
        try:
            return super().write(data)
        except OSError as error:
            is_first, self._has_failed = not self._has_failed, True
            # Who closes a pipe, such as `head`, has read enough.
            if (
                is_first
                and self.fileno() == STDOUT
                and not isinstance(error, BrokenPipeError)
            ):
                print(f"the answer could not be printed: {error}", file=sys.stderr)
            return memoryview(data).nbytes
