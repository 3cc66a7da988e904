"""Keeps what a benchmark measures as it comes, and says which machine measured it.

Whenever a benchmark is stopped, its folder holds every measurement until then.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from didithelp import files
from lab.host import cores
from lab.training.versions import versions


class Measurements:
    """Rows that are in a CSV file as soon as they are added.

    Args:
        path: of the file; what an earlier benchmark left there is replaced.
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._rows: list[dict[str, object]] = []

    def add(self, **row: object) -> None:
        """Append a measurement.

        Raises:
            ValueError: it has other columns than the first one.
        """
        if self._rows and [*row] != [*self._rows[0]]:
            raise ValueError(
                f"all rows of {self._path.name} must have the columns "
                f"{', '.join(self._rows[0])}, got {', '.join(row)}"
            )
        self._rows.append(row)
        is_first = len(self._rows) == 1
        line = pd.DataFrame([row]).to_csv(index=False, header=is_first)
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line)

    @property
    def table(self) -> pd.DataFrame:
        """All of them, one row each."""
        return pd.DataFrame(self._rows)


def write_summary(folder: Path, text: str) -> None:
    """Replace `summary.md` in one step: the machine, then the text."""
    files.write_whole(folder / "summary.md", f"{machine()}\n\n{text}".encode())


def markdown(table: pd.DataFrame) -> str:
    """A table of the columns of a frame; numbers have three digits at least."""
    titles = list(table.columns)
    lines = ["| " + " | ".join(titles) + " |", "|---|" + "---:|" * (len(titles) - 1)]
    for row in table.itertuples(index=False):
        lines.append(f"| {' | '.join(_cells(row))} |")
    return "\n".join(lines) + "\n"


def _cells(row: Iterable[object]) -> Iterable[str]:
    for cell in row:
        if isinstance(cell, float):
            yield f"{cell:.3g}" if abs(cell) < 100 else f"{cell:.0f}"
        else:
            yield str(cell)


def machine() -> str:
    """The processor, whether it has AVX-512, the number of cores, and the software."""
    has_avx512 = "avx512f" in versions()["cpu_features"].split()
    return (
        f"{len(cores.available())} cores of {processor()}, "
        f"{'with' if has_avx512 else 'without'} AVX-512; {platform.system()} on "
        f"{platform.machine()}, Python {platform.python_version()}"
    )


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name of the processor, as Linux or else Python knows it."""
    text = cpuinfo.read_text("utf-8", "replace") if cpuinfo.is_file() else ""
    lines = (line.partition(":") for line in text.splitlines())
    names = [name.strip() for key, _, name in lines if key.strip() == "model name"]
    return names[0] if names else platform.processor() or platform.machine()
