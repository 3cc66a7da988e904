"""What a person sees while steps run: lines, and one progress bar per step.

Progress goes to stderr; a result that somebody may want to pipe goes to stdout.
"""

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from didithelp.characters import is_harmless

if TYPE_CHECKING:
    from rich import progress as rich_progress
    from rich.console import Console, RenderableType
    from rich.text import Text

# Environment variable: steps that run at once show no bars, which would overwrite each
# other on one terminal.
NO_BAR = "TP2_NO_PROGRESS_BAR"

_shown: "list[rich_progress.Progress]" = []  # the bars on the terminal now


class Progress(Protocol):
    """Where a step reports how far it is."""

    def advance(self, amount: int = 1) -> None:
        """Move the bar: `amount` more units of work are done."""

    def note(self, text: str) -> None:
        """Print a line about something that has happened."""


def printable(text: str) -> str:
    r"""Replace control characters by their escapes, such as "\x1b".

    A data set or an arm may have any name, which must not steer the terminal. Line
    breaks and tabs stay.
    """
    return "".join(
        letter if is_harmless(letter) or letter in "\n\t" else ascii(letter)[1:-1]
        for letter in text
    )


def say(text: str = "") -> None:
    """Print one or more lines about what is going on, to stderr."""
    # One call of write, so that steps that run at once do not mix their lines.
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def warn(text: str) -> None:
    """Print, in a frame, a warning that changes what the answer means."""
    lines = textwrap.wrap(text, 74)
    rule = "!" * 78
    say("\n".join(["", rule, *(f"! {line:<74} !" for line in lines), rule, ""]))


def result(answer: "RenderableType") -> None:
    """Print the answer to stdout; in color on a terminal, unless NO_COLOR is set."""
    shown = printable(answer) if isinstance(answer, str) else answer
    _console().print("", shown, "", sep="\n")
    sys.stdout.flush()


def keep(answer: "RenderableType", path: Path) -> None:
    """Write what `result` shows on a terminal, colors included, for `kept`."""
    with open(path, "w", encoding="utf-8") as file:
        out = _console(
            file=file, force_terminal=True, color_system="standard", no_color=False
        )
        out.print(answer)


def kept(path: Path) -> "Text | None":
    """What `keep` has written, which takes no statistics to load.

    Returns:
        None if it is gone, if somebody else has written it, or where standard output
        lacks its lines: `rich` draws others there.
    """
    from rich.text import Text

    if not path.is_file() or _console().options.ascii_only:
        return None
    text = path.read_text("utf-8", "replace").removesuffix("\n")
    shown = Text.from_ansi(text, no_wrap=True, overflow="ignore")
    return shown if printable(shown.plain) == shown.plain else None


def _console(**settings: Any) -> "Console":
    """Where answers are shown: stdout, unless `settings` of `rich` say otherwise."""
    from rich.console import Console

    from didithelp.report.width import TERMINAL_WIDTH

    # The width is fixed: in a narrower window lines wrap, but no number is cut.
    return Console(
        width=TERMINAL_WIDTH, highlight=False, markup=False, emoji=False, **settings
    )


@contextmanager
def progress(title: str, total: int) -> Iterator[Progress]:
    """Show a progress bar on a terminal, with notes above it; elsewhere notes alone.

    Args:
        title: stands before the bar and each note.
        total: the units of work that fill the bar.
    """
    if not sys.stderr.isatty() or os.environ.get(NO_BAR):
        yield _Lines(title)
        return
    from rich import progress as rich_progress
    from rich.console import Console

    bar = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
    )
    with bar:
        _shown.append(bar)
        yield _Bar(title, bar, bar.add_task(title, total=total))
        _shown.remove(bar)


def end_progress() -> None:
    """Remove the bars of a step that is cut short, so that the cursor shows again."""
    for bar in _shown:
        bar.stop()


class _Lines:
    def __init__(self, title: str):
        self._title = title

    def advance(self, amount: int = 1) -> None:
        """Nothing: a log file needs no line per epoch."""

    def note(self, text: str) -> None:
        say(f"{self._title}  {text}")


class _Bar:
    def __init__(
        self, title: str, bar: "rich_progress.Progress", task: "rich_progress.TaskID"
    ):
        self._title, self._bar, self._task = title, bar, task

    def advance(self, amount: int = 1) -> None:
        self._bar.advance(self._task, amount)

    def note(self, text: str) -> None:
        self._bar.console.print(f"{self._title}  {text}")
