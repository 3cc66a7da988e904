"""Seconds per model and epoch: this engine, Keras, PyTorch, JAX, and the floor.

    python -m benchmarks.training --dataset mnist --out FOLDER

Every peer runs in processes of its own, once as one process that may use every core
and once as one process per core, and all of them stay loaded. A repeat asks one after
the other for an epoch, so that a busy minute of the machine hits everybody. FOLDER gets
`epochs.csv` (every measurement, as soon as it is there), and after each repeat
`summary.csv`, `summary.md` and, at the end, `summary.png`.
"""

import argparse
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks.peers import PEERS
from benchmarks.results import Measurements, markdown, write_summary
from didithelp.parameters import names_of
from lab import command_line, mlproject
from lab.data import dataset as data
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.training.environment import VARIABLES
from lab.training.recipe import Recipe
from lab.training.versions import installed

MAIN = mlproject.defaults("main")
REFERENCE = ("Keras fit", 1)
MODELS_PER_PROCESS = {"JAX vmap (2 models)": 2}
DISTRIBUTIONS = ("tensorflow-cpu", "tensorflow", "keras", "torch", "jax", "numpy")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def recipe() -> Recipe:
    """The recipe of TP2, from MLproject."""
    texts = mlproject.defaults("train_improved")
    return command_line.build(Recipe, {name: texts[name] for name in names_of(Recipe)})


def serve(connection: Connection, peer: str, folder: Path, cores: set[int]) -> None:
    """Run a process of a peer: warm up, then train an epoch whenever asked to.

    It sends (wall seconds, CPU seconds of all its threads), or a text if it cannot.
    """
    try:
        os.sched_setaffinity(0, cores)
        epoch = PEERS[peer](recipe(), data.load(folder), len(cores))
        epoch()
        while True:
            connection.send((0.0, 0.0))
            connection.recv()
            wall, cpu = time.perf_counter(), time.process_time()
            epoch()
            connection.send((time.perf_counter() - wall, time.process_time() - cpu))
    except EOFError:
        return
    except ImportError as error:
        connection.send(f"not installed: {error}")
    except Exception as error:
        traceback.print_exc()
        connection.send(f"failed: {type(error).__name__}")


class Contestant:
    """One peer in one or several processes, which start together."""

    def __init__(self, peer: str, folder: Path, shares: list[set[int]]):
        self.peer, self.workers = peer, len(shares)
        self.num_models = self.workers * MODELS_PER_PROCESS.get(peer, 1)
        self.problem = ""
        self._members = []
        context = multiprocessing.get_context("spawn")
        for cores in shares:
            connection, peers_end = context.Pipe()
            process = context.Process(
                target=serve, args=(peers_end, peer, folder, cores), daemon=True
            )
            with environment(peer, len(cores)):
                process.start()
            peers_end.close()
            self._members.append((process, connection))
        self._receive()

    def measure(self) -> dict[str, Any]:
        """Train an epoch in all processes at once; seconds per model."""
        for _, connection in self._members:
            connection.send("go")
        walls, cpus = zip(*self._receive(), strict=True)
        self._receive()
        return {
            "peer": self.peer,
            "workers": self.workers,
            "wall": max(walls) / self.num_models,
            "cpu": sum(cpus) / self.num_models,
        }

    def stop(self) -> None:
        """End every process."""
        for process, connection in self._members:
            connection.close()
            process.terminate()
            process.join()

    def _receive(self) -> list[tuple[float, float]]:
        answers = []
        for process, connection in self._members:
            try:
                answer = connection.recv()
            except EOFError:
                process.join()
                answer = f"its process ended with status {process.exitcode}"
            if isinstance(answer, str):
                self.problem = answer
            answers.append(answer)
        return answers


@contextmanager
def environment(peer: str, num_threads: int) -> Iterator[None]:
    """Set the environment variables that a process reads when it loads its libraries.

    The engine gets those of its own workers; Keras keeps its defaults.
    """
    wanted = dict.fromkeys(THREAD_VARIABLES, str(num_threads))
    wanted |= {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    if peer == "this engine":
        wanted |= VARIABLES
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def compete(
    folder: Path,
    names: list[str],
    repeats: int,
    epochs: Measurements,
    tell: Callable[[dict[str, str]], None],
) -> None:
    """Measure all peers.

    Args:
        folder: the data set.
        names: of the peers.
        repeats: epochs that each of them is asked for.
        epochs: every measurement is added.
        tell: called after each repeat, with why peers are missing.
    """
    cores = sorted(os.sched_getaffinity(0))
    contestants, missing = [], {}
    for peer in names:
        for shares in ([set(cores)], [{core} for core in cores])[: len(cores)]:
            contestant = Contestant(peer, folder, shares)
            if contestant.problem:
                missing[peer] = contestant.problem
                contestant.stop()
            else:
                contestants.append(contestant)
                print(f"ready: {peer}, {contestant.workers} at once", flush=True)
    for repeat in range(1, repeats + 1):
        print(f"repeat {repeat} of {repeats}", flush=True)
        # Every other time backwards, so that no peer always follows the same one.
        for contestant in contestants[:: 1 if repeat % 2 else -1]:
            epochs.add(repeat=repeat, **contestant.measure())
        tell(missing)
    for contestant in contestants:
        contestant.stop()


def summarize(rows: pd.DataFrame) -> pd.DataFrame:
    """Median and range, and ratios of medians to Keras and to the lowest floor."""
    groups = rows.groupby(["peer", "workers"], sort=False)
    summary = groups["wall"].agg(["median", "min", "max"])
    summary["cpu"] = groups["cpu"].median()
    if REFERENCE in summary.index:
        keras = summary.loc[REFERENCE, "median"]
        summary["times faster than Keras fit"] = keras / summary["median"]
    summary = summary.reset_index()
    is_floor = summary["peer"].str.startswith("products")
    floors = summary[is_floor].groupby("workers")["median"].min()
    summary["times the floor"] = summary["median"] / summary["workers"].map(floors)
    return summary.sort_values(["workers", "median"], ignore_index=True)


def describe(summary: pd.DataFrame, missing: dict[str, str]) -> str:
    """The summary for people, with versions, and with what could not be measured."""
    versions = ", ".join(map(" ".join, installed(DISTRIBUTIONS).items()))
    lines = [markdown(summary), "Wall and CPU seconds per model and epoch."]
    lines += [versions + "."]
    lines += [f"Missing: {peer} ({reason})." for peer, reason in missing.items()]
    return "\n".join(lines) + "\n"


def draw(summary: pd.DataFrame, path: Path) -> None:
    """Bars with their range, fastest on top; needs matplotlib."""
    from matplotlib import pyplot as plt

    rows = summary.sort_values("median", ascending=False)
    labels = [f"{row.peer}, {row.workers} at once" for row in rows.itertuples()]
    spread = [rows["median"] - rows["min"], rows["max"] - rows["median"]]
    colors = [
        "tab:orange" if peer == "this engine" else "tab:blue" for peer in rows["peer"]
    ]
    figure, axes = plt.subplots(figsize=(8, 0.3 * len(rows) + 1), layout="constrained")
    axes.barh(labels, rows["median"], xerr=spread, color=colors)
    axes.set_xlabel("seconds per model and epoch (median, range)")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default=MAIN["dataset"])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    epochs = Measurements(given.out / "epochs.csv")

    def tell(missing: dict[str, str]) -> None:
        summary = summarize(epochs.table)
        summary.to_csv(given.out / "summary.csv", index=False)
        write_summary(given.out, f"{dataset.name}\n\n{describe(summary, missing)}")

    with TemporaryDirectory() as scratch:
        split = command_line.build(Split, MAIN)
        dataset = prepare(given.dataset, split, Path.cwd())
        folder = Path(scratch) / "dataset"
        data.save(dataset, folder)
        compete(folder, given.peers, given.repeats, epochs, tell)
    print((given.out / "summary.md").read_text("utf-8"))
    try:
        draw(summarize(epochs.table), given.out / "summary.png")
    except ImportError as error:
        print(f"no summary.png: {error}")


if __name__ == "__main__":
    main()
