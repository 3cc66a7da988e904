"""Takes the launches of a pipeline and only notes what they would do."""

import collections
import dataclasses
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from didithelp.report.width import TERMINAL_WIDTH
from lab.runs.launch import Launch
from lab.runs.locations import listed

if TYPE_CHECKING:
    from lab.runs.reuse import Reuse, TrialCount

# Stands for the URI of a run that does not exist yet.
PENDING = "pending"


@dataclasses.dataclass(frozen=True)
class _Row:
    name: str
    what: str
    why: str
    seconds: float | None  # None if it has never run here


class Plan:
    """A `Launcher` that runs nothing: `text` tells what it would have run.

    Args:
        reuse: looks up what need not run, and what steps have taken before.
    """

    def __init__(self, reuse: "Reuse"):
        self._reuse = reuse
        self._rows: list[_Row] = []
        self._possible_ends: list[int] = []  # numbers of rows
        self._trials: collections.Counter[str] = collections.Counter()

    def launch(self, launch: Launch) -> str:
        """Note what a launch would do.

        Returns:
            the URI of the run that would be reused, or `PENDING`.

        Raises:
            ValueError: the launch has wrong parameters.
        """
        trials = None
        if any(PENDING in listed(text) for text in launch.parameters.values()):
            why = "what it reads is made first"
        else:
            lookup = self._reuse.look_up(launch)
            if lookup.run_id is not None:
                self._rows.append(_Row(launch.name, "reused", f"run {lookup.why}", 0))
                return f"runs:/{lookup.run_id}"
            why = lookup.why
            if "seeds" in launch.parameters:
                trials = self._new(launch, self._reuse.count_trials(launch))
                why += f"; {trials.missing} of {trials.needed} trials to train"
        self._rows.append(_Row(launch.name, "runs", why, self._seconds(launch, trials)))
        return PENDING

    def launch_all(self, launches: Sequence[Launch]) -> list[str]:
        """`launch` for each, in order."""
        return [self.launch(launch) for launch in launches]

    def note_possible_end(self) -> bool:
        """Note that all but the last step may be left out from here on.

        Returns:
            False, since the plan goes on to the end.
        """
        self._possible_ends.append(len(self._rows))
        return False

    def arms_of(self, uri: str, names: Sequence[str]) -> list[str]:
        """The runs of the arms; `PENDING` for each where the run does not exist yet."""
        if uri == PENDING:
            return [PENDING for _ in names]
        return self._reuse.arms_of(uri, names)

    def text(self) -> str:
        """The plan as a table: a line per launch, and the time of all if known."""
        lines = ["plan (nothing is run):"]
        width = max(14, *(len(row.name) for row in self._rows))
        for row in self._rows:
            time = "" if row.what == "reused" else f"  {about(row.seconds)}"
            line = f"  {row.name:<{width}}  {row.what:<6}{time}  {row.why}"
            lines += textwrap.wrap(line, TERMINAL_WIDTH, subsequent_indent=" " * 6)
        seconds = [row.seconds for row in self._rows if row.seconds is not None]
        if len(seconds) == len(self._rows):
            total = f"{about(sum(seconds))} in all"
            for first_end in self._possible_ends[:1]:
                least = sum(seconds[:first_end]) + seconds[-1]
                total = f"at best {about(least)}, at worst {about(sum(seconds))}"
            lines.append(total)
        return "\n".join(lines)

    def _new(self, launch: Launch, trials: "TrialCount") -> "TrialCount":
        """What is left to train once earlier launches of the same step are done."""
        added = self._added(launch, trials.missing)
        seconds = trials.seconds
        if seconds is not None and trials.missing:
            seconds *= added / trials.missing
        return dataclasses.replace(trials, missing=added, seconds=seconds)

    def _added(self, launch: Launch, missing: int) -> int:
        """How many trials a launch adds to those that earlier ones of its step train.

        A step that is launched again has the same seeds and more.
        """
        added = missing - self._trials[launch.entry_point]
        self._trials[launch.entry_point] = missing
        return added

    def _seconds(self, launch: Launch, trials: "TrialCount | None") -> float | None:
        """Seconds that a launch would take, as it took before; None if it never ran.

        Args:
            launch: of a step.
            trials: how many it would train; None if that is not known yet, which
                counts as all of them.
        """
        trains = "seeds" in launch.parameters
        cost = self._reuse.usual_cost(launch.entry_point, trains=trains)
        if trials is not None and trials.seconds is not None:
            return trials.seconds + (cost.around if cost else 0)
        if cost is None:
            return None
        missing = trials.missing if trials else 0
        if trains and trials is None:
            missing = self._added(launch, self._reuse.num_trials(launch))
        return cost.around + cost.each * missing


def about(seconds: float | None) -> str:
    """A rough time in words; steps vary by a fifth, so digits would mean little."""
    if seconds is None:
        return "for the first time"
    return (
        f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"
    )
