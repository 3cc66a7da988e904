"""Ends runs that are marked as running although their process is dead."""

import time

from lab.host import process
from lab.runs import tags
from lab.runs.experiment import Experiment, StoredRun, end_run

# A run that no process has claimed is still being started, or was killed before that.
# Starting can take long, for an environment may have to be made; after an hour the run
# counts as dead.
MILLISECONDS_TO_START = 3_600_000


def end_dead_runs(experiment: Experiment, own_run: str) -> None:
    """End the runs of dead processes as KILLED, for a killed process cannot do that.

    Runs of other hosts are left alone: whether they live cannot be seen from here.

    Args:
        experiment: its runs are looked at.
        own_run: id of the run of this process, which is left alone as well.
    """
    running = experiment.running()
    alive = {run.run_id for run in running}
    for run in running:  # oldest first, so a driver comes before its steps
        if run.run_id != own_run and _is_dead(run, alive, experiment):
            alive.remove(run.run_id)
            end_run(run.run_id, "KILLED", error="its process was killed")


def owner(run: StoredRun) -> str | None:
    """Identity of the process that has to end a run; None if none has claimed it."""
    noted = run.tags.get(tags.PROCESS)
    return noted or (process.claimed_by(run.run_id) if run.is_ours else None)


def _is_dead(run: StoredRun, alive: set[str], experiment: Experiment) -> bool:
    """Whether nobody will ever end a run; `alive` has the ids of runs that may live."""
    identity = owner(run)
    if identity is not None:
        return process.is_alive(identity) is False
    if not run.is_ours:
        return False
    if run.parent is not None and experiment.get(run.parent).is_ours:
        return run.parent not in alive
    return time.time() * 1000 - run.start > MILLISECONDS_TO_START
