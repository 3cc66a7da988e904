"""Standard output and error of a step: what cannot be shown there ends no step.

All that a step has to say is in its run as well. So a letter that the encoding lacks is
replaced by what comes nearest to it, and what nobody can read any more is dropped: a
pipe may have been closed by `head`, a terminal may be gone, a disk may be full.
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

# What Unicode itself does not take apart into an ASCII character and its marks.
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
    """Put lenient streams in the place of `sys.stdout` and `sys.stderr`."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed by whoever started us; a store must not get it
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    codecs.register_error(_nearest.__name__, _nearest)
    sys.stderr = _lenient(STDERR, sys.stderr)
    sys.stdout = _lenient(STDOUT, sys.stdout)


def _lenient(number: int, stream: TextIO | None) -> TextIO:
    """A stream to the same place in the same encoding; Python has none if closed."""
    file = _LenientFile(number, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding if stream else "utf-8",
        errors=_nearest.__name__,
        line_buffering=number == STDERR or file.isatty(),
    )


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """What to write for letters that an encoding lacks, and where to go on behind them.

    That is é without its accent, and a question mark where nothing comes near.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(map(_in_ascii, letters)), error.end


def _in_ascii(letter: str) -> str:
    """The nearest to a letter."""
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
