"""Ends runs that are marked as running, but whose process is dead."""

import time

from lab import mlproject
from lab.host import process
from lab.runs import tags
from lab.runs.experiment import Experiment, StoredRun, end_run

# A run that no process of ours has claimed is being started, or was killed before.
# Making an environment for it can take long.
MILLISECONDS_TO_START = 3_600_000


def end_dead_runs(experiment: Experiment, own_run: str) -> None:
    """End what runs of this experiment are marked as running, but dead.

    A process that is killed cannot do that itself. Runs of other hosts are left
    alone: whether they live cannot be seen from here.
    """
    running = experiment.running()
    alive = {run.run_id for run in running}
    for run in running:  # steps come after what has launched them
        if run.run_id != own_run and _is_dead(run, alive):
            alive.remove(run.run_id)
            end_run(run.run_id, "KILLED", error="its process was killed")


def owner(run: StoredRun) -> str | None:
    """Identity of the process that has to end a run; None if it has not said so."""
    return run.tags.get(tags.PROCESS) or process.claimed_by(run.run_id)


def _is_dead(run: StoredRun, alive: set[str]) -> bool:
    """Whether nobody will ever end this run; `alive` are the runs that may live."""
    identity = owner(run)
    if identity is not None:
        return process.is_alive(identity) is False
    entry_point = run.tags.get(tags.ENTRY_POINT)
    if entry_point not in mlproject.project()["entry_points"]:
        return False  # of another project
    if run.parent is not None:
        return run.parent not in alive
    return time.time() * 1000 - run.start > MILLISECONDS_TO_START
