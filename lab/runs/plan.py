"""What a pipeline would do: the same calls as to a real step, but nothing runs."""

import dataclasses
from typing import TYPE_CHECKING

from lab.training.seeds import parse_seeds

if TYPE_CHECKING:
    from lab.runs.step import Step

# Stands for the URI of a run that there is not yet.
PENDING = "pending"


@dataclasses.dataclass(frozen=True)
class _Row:
    entry_point: str
    what: str
    why: str
    seconds: float | None  # None: it has never run here


class Plan:
    """Takes the place of a `tracking.Step` and writes down what `launch` would do."""

    def __init__(self, step: "Step"):
        self._step = step
        self._rows: list[_Row] = []

    def launch(self, entry_point: str, **parameters: str) -> str:
        """The URI of the run that would be reused, or `PENDING`."""
        if PENDING in parameters.values():
            why, trials = "what it reads is made first", None
        else:
            found = self._step.look_up(entry_point, **parameters)
            if found.run is not None:
                self._rows.append(_Row(entry_point, "reused", f"run {found.why}", 0))
                return f"runs:/{found.run.info.run_id}"
            why, trials = found.why, None
            if "seeds" in parameters:
                trials, wanted = self._step.count_trials(entry_point, **parameters)
                why += f"; {trials} of {wanted} trials to train"
        seconds = self._seconds(entry_point, parameters.get("seeds"), trials)
        self._rows.append(_Row(entry_point, "runs", why, seconds))
        return PENDING

    def launch_all(self, steps: dict[str, dict[str, str]]) -> list[str]:
        """`launch` for each, in order."""
        return [self.launch(name, **parameters) for name, parameters in steps.items()]

    def _seconds(
        self, entry_point: str, seeds: str | None, trials: int | None
    ) -> float | None:
        """What it would take, from what it has taken."""
        usual = self._step.usual_seconds(entry_point, trains=seeds is not None)
        if usual is None:
            return None
        around, each = usual
        if trials is None and seeds is not None:
            trials = len(parse_seeds(seeds))
        return around + each * (trials or 0)

    def text(self) -> str:
        """A table of a few lines."""
        lines = ["plan (nothing is run):"]
        for row in self._rows:
            time = "" if row.what == "reused" else f"  {_about(row.seconds)}"
            lines.append(f"  {row.entry_point:<14}  {row.what:<6}{time}  {row.why}")
        if None not in (seconds := [row.seconds for row in self._rows]):
            lines.append(f"{_about(sum(seconds))} in all")
        return "\n".join(lines)


def _about(seconds: float | None) -> str:
    """The same code varies by a fifth from run to run: no digits that say more."""
    if seconds is None:
        return "for the first time"
    return (
        f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"
    )
