"""Trials in parallel worker processes: one core, one thread, one trial at a time each.

Workers only compute. They share one fork server that has TensorFlow loaded, read each
data set from one memory-mapped folder, and answer through a pipe.
"""

import dataclasses
import gc
import importlib
import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from types import TracebackType
from typing import Any, Self

from lab.engines import variables
from lab.engines.protocol import EpochDone, Job, TrialDone, TrialError
from lab.host import cores, lifecycle
from lab.training import environment
from lab.training.trial import Trial

PRELOAD = "lab.engines.preload"


class ProcessEngine:
    """Processes of this machine, which load TensorFlow while the parent does others.

    A worker keeps the compiled graph of the recipe and data set that it saw last.
    """

    def __init__(self, slots: int):
        variables.prepare()
        self.slots = slots
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([PRELOAD])
        self._workers: list[_Worker] = []
        with lifecycle.left_to_the_parent():
            # This does not wait until all is loaded; starting a worker does.
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
        waiting = deque(jobs)
        # Whoever asks for more trials than cores shall have them.
        shares_cores = self.slots <= len(cores.available())
        try:
            for index in range(min(self.slots, len(jobs))):
                if index == len(self._workers):
                    self._workers.append(_Worker(self._context, shares_cores))
                self._workers[index].next_job(waiting)
            while busy := self._busy():
                for connection in wait(list(busy)):
                    worker, job = busy[connection]
                    event = worker.receive(job)
                    if isinstance(event, TrialDone):
                        # Before the caller looks at the result: no core shall wait.
                        worker.next_job(waiting)
                    yield event
        finally:
            self._end([worker for worker, _ in self._busy().values()])

    def _busy(self) -> "dict[Any, tuple[_Worker, Job]]":
        """By the connection on which a worker will tell of its job."""
        return {w.connection: (w, w.job) for w in self._workers if w.job is not None}

    def _end(self, workers: "list[_Worker]") -> None:
        """Kill workers, whatever they are doing."""
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.join()
        self._workers = [one for one in self._workers if one not in workers]


class _Worker:
    """The parent's end of a worker process; `job` is what it is doing, if anything."""

    def __init__(self, context: ForkServerContext, shares_cores: bool):
        self.job: Job | None = None
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, shares_cores), daemon=True
        )
        self.process.start()
        theirs.close()

    def next_job(self, waiting: deque[Job]) -> None:
        """Give it the first of those that wait, or none.

        To a worker that is dead this does nothing: `receive` will tell the cause.
        """
        self.job = waiting.popleft() if waiting else None
        if self.job is not None:
            with suppress(OSError):
                self.connection.send(self.job)

    def receive(self, job: Job) -> EpochDone | TrialDone:
        """What it has to tell of the job that it was given."""
        try:
            message: dict[str, float] | Trial | str = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise TrialError(job.seed, self._cause_of_death()) from None
        if isinstance(message, str):
            raise TrialError(job.seed, f"\n{message}")
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
    """A worker's life: job after job, until the parent closes the pipe.

    It answers each epoch with a row of the history, each job with a trial, and a
    failure with its traceback.
    """
    lifecycle.ignore_what_reaches_all()
    try:
        # Loaded already, unless the fork server could not: it does not tell.
        importlib.import_module(PRELOAD)
        from lab.data import dataset as data
        from lab.training.trainer import Trainer
        from lab.training.versions import versions

        environment.use_one_thread()
        here = versions()
        trainer, prepared_for = None, None
        gc.freeze()  # what is loaded stays, and `collect` need not look through it
        while True:
            job: Job = connection.recv()
            # Meanwhile nothing comes from the parent but its end.
            core = cores.hold_one(lambda: not connection.poll())
            with core if shares_cores else nullcontext():
                # Not before: a worker that waits for a core shall take no memory.
                if trainer is None or prepared_for != (job.recipe, job.data):
                    # Graphs refer to themselves: without this, some 300 MB pile up.
                    trainer = None
                    gc.collect()
                    trainer = Trainer(job.recipe, data.load(job.data))
                    prepared_for = job.recipe, job.data
                trial = trainer.train(job.seed, connection.send)
            connection.send(dataclasses.replace(trial, versions=here))
    except (EOFError, BrokenPipeError):
        return  # the parent is gone, nobody wants the rest
    except BaseException:
        connection.send(traceback.format_exc())
