"""Where an answer comes from: its run, its code, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provenance:
    """Each is None where it is not known.

    Attributes:
        commit: of the project.
        dirty: whether its work tree had changes that no commit holds.
        source: a path or an address of the project.
        command: a command line that repeats the run.
        ablation: a command line that tells apart what several changes did.
        run_id: of an experiment tracker.
        pages: by the id of this run, and of those that an arm consists of, the web
            address at which an experiment tracker shows it; empty where there is none.
    """

    commit: str | None = None
    dirty: bool | None = None
    source: str | None = None
    command: str | None = None
    ablation: str | None = None
    run_id: str | None = None
    pages: Mapping[str, str] = field(default_factory=dict)
