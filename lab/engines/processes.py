"""Trains trials in parallel worker processes, each on one core with one thread.

Workers only compute. They are forked from one server process that has TensorFlow
loaded, read the data set from memory-mapped files, and answer through a pipe.
"""

import dataclasses
import gc
import importlib
import multiprocessing
import signal
import traceback
from collections.abc import Container, Iterator, Sequence
from contextlib import nullcontext, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.engines import variables
from lab.engines.protocol import EpochDone, Job, TrialDone, TrialError
from lab.host import cores, lifecycle
from lab.training import environment
from lab.training.recipe import Recipe
from lab.training.trial import Trial

PRELOAD = "lab.engines.preload"
Graph = tuple[Recipe, Path]  # the recipe and data set that a graph is compiled for


class ProcessEngine:
    """An `Engine` of worker processes; TensorFlow loads from the moment it is made.

    A worker keeps the compiled graph of the recipe and data set that it saw last, and
    prefers jobs that it has the graph for: to compile one takes seconds.

    Args:
        slots: the most worker processes at once.
    """

    def __init__(self, slots: int):
        variables.prepare()
        self.slots = slots
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([PRELOAD])
        self._workers: list[_Worker] = []
        # Ctrl-C reaches every process of the terminal, but this one alone acts on it:
        # the server inherits that it ignores the signal.
        with lifecycle.left_to_the_parent():
            # Returns at once; the first worker to start waits for what is loaded.
            forkserver.ensure_running()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._end(self._workers)

    def train(self, jobs: Sequence[Job]) -> Iterator[EpochDone | TrialDone]:
        """Train all jobs, see `Engine`.

        Raises:
            TrialError: a worker raised, or died.
        """
        waiting = list(jobs)
        # If the user asks for more trials at once than there are cores, none waits.
        shares_cores = self.slots <= len(cores.available())
        try:
            for index in range(min(self.slots, len(jobs))):
                if index == len(self._workers):
                    self._workers.append(_Worker(self._context, shares_cores))
                self._workers[index].next_job(waiting, self._occupied())
            while busy := self._busy():
                for connection in wait(list(busy)):
                    worker, job = busy[connection]
                    event = worker.receive(job)
                    if isinstance(event, TrialDone):
                        # Before the caller deals with the trial, so that no core idles.
                        worker.next_job(waiting, self._occupied())
                    yield event
        finally:
            self._end([worker for worker, _ in self._busy().values()])

    def _busy(self) -> "dict[Any, tuple[_Worker, Job]]":
        """The workers that have a job, and the job, by the connection of each."""
        return {
            worker.connection: (worker, worker.job)
            for worker in self._workers
            if worker.job is not None
        }

    def _occupied(self) -> set[Graph]:
        """The recipes and data sets that workers have a job of."""
        return {_graph_of(job) for _, job in self._busy().values()}

    def _end(self, workers: "list[_Worker]") -> None:
        """Kill workers, whatever they are doing."""
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.join()
        self._workers = [kept for kept in self._workers if kept not in workers]


def choose(
    waiting: Sequence[Job], graph: Graph | None, occupied: Container[Graph]
) -> Job | None:
    """The job for a worker that is free, so that graphs are compiled rarely.

    Args:
        waiting: the jobs that wait.
        graph: that the worker has; None before its first job.
        occupied: graphs of which workers have a job.

    Returns:
        the first that the worker has the graph of; else the first whose graph no worker
        has in use; else the first; None if none waits.
    """
    return min(
        waiting,
        key=lambda job: (_graph_of(job) != graph, _graph_of(job) in occupied),
        default=None,
    )


def _graph_of(job: Job) -> Graph:
    return job.recipe, job.data


class _Worker:
    """A worker process, as its parent sees it; `job` is what it has to do, or None."""

    def __init__(self, context: ForkServerContext, shares_cores: bool):
        self.job: Job | None = None
        self._graph: Graph | None = None
        self.connection, workers_end = context.Pipe()
        self.process = context.Process(
            target=_work, args=(workers_end, shares_cores), daemon=True
        )
        self.process.start()
        workers_end.close()

    def next_job(self, waiting: list[Job], occupied: Container[Graph]) -> None:
        """Send the worker one of the jobs that wait, if there is one: see `choose`.

        If the worker is dead nothing is sent; `receive` then raises the cause.

        Args:
            waiting: the jobs that wait; that which is sent is taken out.
            occupied: recipes and data sets that workers have a job of.
        """
        self.job = choose(waiting, self._graph, occupied)
        if self.job is not None:
            waiting.remove(self.job)
            self._graph = _graph_of(self.job)
            with suppress(OSError):
                self.connection.send(self.job)

    def receive(self, job: Job) -> EpochDone | TrialDone:
        """Read the worker's next message about its job.

        Raises:
            TrialError: the worker raised, or died.
        """
        try:
            message: dict[str, float] | Trial | str = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise TrialError(job, self._cause_of_death()) from None
        if isinstance(message, str):
            raise TrialError(job, f"\n{message}")
        if isinstance(message, Trial):
            return TrialDone(job, message)
        return EpochDone(job, message)

    def _cause_of_death(self) -> str:
        self.process.join()
        status = self.process.exitcode
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = "; is there enough memory?" if name == "SIGKILL" else ""
            return f"its worker process was ended by {name}{hint}"
        return f"its worker process ended with exit status {status}"


def _work(connection: Connection, shares_cores: bool) -> None:
    """Run a worker process: train job after job until the parent closes the pipe.

    Messages to the parent: a row of the history after each epoch, the trial at the end
    of each job, the traceback if anything fails.
    """
    lifecycle.ignore_what_reaches_all()
    try:
        # Loaded already, unless the fork server could not: it does not tell.
        importlib.import_module(PRELOAD)
        from lab.data import dataset as data
        from lab.training.trainer import Trainer
        from lab.training.versions import versions

        environment.use_one_thread()
        own_versions = versions()
        trainer, prepared_for = None, None
        gc.freeze()  # what is loaded stays, and `collect` need not look through it
        while True:
            job: Job = connection.recv()
            # During a job the parent sends nothing: a readable pipe means it is gone.
            core = cores.hold_one(
                lambda: not connection.poll(), epochs=job.recipe.epochs
            )
            with core if shares_cores else nullcontext():
                # Only now, so that a worker that waits for a core takes no memory.
                if trainer is None or prepared_for != (job.recipe, job.data):
                    # Graphs refer to themselves; uncollected, some 300 MB pile up.
                    trainer = None
                    gc.collect()
                    trainer = Trainer(job.recipe, data.load(job.data))
                    prepared_for = job.recipe, job.data
                trial = trainer.train(job.seed, connection.send)
            connection.send(dataclasses.replace(trial, versions=own_versions))
    except (EOFError, BrokenPipeError):
        return  # the parent is gone
    except BaseException:
        connection.send(traceback.format_exc())
