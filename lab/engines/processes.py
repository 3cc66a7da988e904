"""Trials in parallel worker processes: one core, one thread, one trial at a time each.

Workers only compute. They share one fork server that has TensorFlow loaded, read the
data set from one memory-mapped folder, and answer through a pipe.
"""

import dataclasses
import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from didithelp.parameters import Interval, Parameters, parameter
from lab.command_line import integers
from lab.host import cores
from lab.training.recipe import Recipe
from lab.training.trial import Trial

# Read by TensorFlow and its libraries when they load.
WORKER_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",  # a 0.4 M parameter model gains nothing from a GPU
    "OMP_NUM_THREADS": "1",
    # Keeps memory between steps; malloc may give it back, and each page costs anew.
    "TF_CPU_ALLOCATOR_USE_BFC": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",  # errors still show
    "TF_ENABLE_ONEDNN_OPTS": "0",  # no faster on matrices this small; fewer code paths
}

SEEDS = Interval(0, 2**32 - 1)
COUNTS = Interval(1, 1000)


class TrialError(RuntimeError):
    """A worker failed; the message has the seed and the worker's own traceback."""

    def __init__(self, seed: int | None, detail: str):
        self.seed = seed
        super().__init__(f"the trial with seed {seed} failed: {detail}")


def parse_seeds(text: str) -> tuple[int, ...]:
    """'5' → seeds 0..4; '3,7,11' → those; '7,' → the one seed 7."""
    if "," in text:
        return integers(text)
    if int(text) not in COUNTS:
        raise ValueError(text)
    return tuple(range(int(text)))


def spell_seeds(seeds: tuple[int, ...]) -> str:
    """The inverse of `parse_seeds`: (0, 1, 2) → '3', (7,) → '7,'."""
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


@dataclasses.dataclass(frozen=True)
class Trials(Parameters):
    """How many trials an arm has, and how many of them run at once."""

    seeds: tuple[int, ...] = parameter(
        f"a number of trials from {COUNTS.low} to {COUNTS.high}, such as 5 (seeds 0 to"
        f" 4), or a list of different seeds from {SEEDS.low} to {SEEDS.high}, such as"
        " 3,7,11",
        valid=lambda seeds: (
            len(set(seeds)) == len(seeds) > 0
            and all(type(seed) is int and seed in SEEDS for seed in seeds)
        ),
        parse=parse_seeds,
        spell=spell_seeds,
    )
    workers: int | None = parameter(
        Interval(1, 1024),
        2,
        noun="a number of processes",
        none="auto",
        note="auto is one per core",
    )

    @property
    def num_workers(self) -> int:
        """Processes to start: never more than there are trials."""
        return min(self.workers or len(cores.available()), len(self.seeds))


@dataclasses.dataclass(frozen=True)
class EpochDone:
    """News from a worker: one row of a trial's history."""

    seed: int
    row: dict[str, float]


class Workers:
    """A pool of processes that load TensorFlow while the parent does other things.

    Used as a context manager; leaving it ends every worker, whatever they are doing.
    """

    def __init__(self, count: int):
        os.environ.update(WORKER_ENVIRONMENT)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["lab.engines.preload"])
        self._count = count
        self._workers: list[_Worker] = []
        # Ctrl-C reaches the whole process group; only this process shall act on it.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Loading takes seconds and this does not wait for it; starting a worker does.
        forkserver.ensure_running()
        signal.signal(signal.SIGINT, handler)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: Any) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()

    def train_many(
        self, recipe: Recipe, seeds: tuple[int, ...], dataset_folder: Path
    ) -> Iterator[EpochDone | Trial]:
        """Train every seed; yields news as it comes, in no order of seeds.

        Raises:
            TrialError: a worker raised, or died; nothing more is trained then.
        """
        waiting = list(reversed(seeds))
        # Whoever asks for more trials than cores shall have them.
        shares_cores = self._count <= len(cores.available())
        for _ in range(min(self._count, len(seeds))):
            worker = _Worker(self._context, shares_cores)
            self._workers.append(worker)
            worker.send((recipe, dataset_folder))
            worker.next_seed(waiting)
        while busy := {w.connection: w for w in self._workers if w.seed is not None}:
            for connection in wait(list(busy)):
                worker = busy[connection]
                news = worker.receive()
                if not isinstance(news, EpochDone):
                    # Before the caller looks at the result, so that no core waits.
                    worker.next_seed(waiting)
                yield news


class _Worker:
    """The parent's end of one worker process."""

    def __init__(self, context: Any, shares_cores: bool):
        self.seed: int | None = None
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, shares_cores), daemon=True
        )
        self.process.start()
        theirs.close()

    def next_seed(self, waiting: list[int]) -> None:
        self.seed = waiting.pop() if waiting else None
        if self.seed is not None:
            self.send(self.seed)

    def send(self, message: Any) -> None:
        """To a worker that is dead this does nothing: `receive` will tell the cause."""
        with suppress(OSError):
            self.connection.send(message)

    def receive(self) -> EpochDone | Trial:
        try:
            news = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise TrialError(self.seed, self._cause_of_death()) from None
        if isinstance(news, str):
            raise TrialError(self.seed, f"\n{news}")
        return news

    def _cause_of_death(self) -> str:
        self.process.join()
        status = self.process.exitcode
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = "; is there enough memory?" if name == "SIGKILL" else ""
            return f"its worker process was ended by {name}{hint}"
        return f"its worker process ended with exit status {status}"


def _work(connection: Connection, shares_cores: bool) -> None:
    """A worker's life: a recipe and a data set, then seed after seed until told off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        from lab.data import dataset as data
        from lab.training import trainer as training

        training.use_one_thread()
        recipe, dataset_folder = connection.recv()
        trainer = None
        while True:
            seed = connection.recv()
            # Meanwhile nothing comes from the parent but its end.
            core = cores.hold_one(lambda: not connection.poll())
            with core if shares_cores else nullcontext():
                # Not before: a worker that waits for a core shall take no memory.
                trainer = trainer or training.Trainer(recipe, data.load(dataset_folder))
                trial = trainer.train(
                    seed, lambda row, seed=seed: connection.send(EpochDone(seed, row))
                )
            connection.send(trial)
    except (EOFError, BrokenPipeError):
        return  # the parent is gone, nobody wants the rest
    except BaseException:
        connection.send(traceback.format_exc())
