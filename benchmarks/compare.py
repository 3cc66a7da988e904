"""How long does `compare` take? Whole process, from start-up to the stored answer.

    python -m benchmarks.compare --out FOLDER
    python -m benchmarks.compare --growth --out FOLDER

Two synthetic arms of 10 seeds and 10,000 images with 10 classes, or arms that grow in
number and size; the command of the entry point in MLproject with its defaults; a SQLite
store in a temporary folder, new for every run, and one that exists already, as in
`main`. FOLDER gets `runs.csv` (every run) and `summary.md`, both as they come.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from benchmarks.results import Measurements, markdown, write_summary
from didithelp import arm as arms
from didithelp import scores, trials_folder
from didithelp.dataset_description import ARRAYS, DatasetDescription

REPOSITORY = Path(__file__).resolve().parent.parent
NUM_CLASSES, NUM_EPOCHS = 10, 20
HEAVIEST = 10
# What the process of `compare` loads before it compares anything, step by step.
STAGES = {
    "MLflow": "import lab.runs.execution",
    "pandas and SciPy": (
        "import lab.runs.execution, didithelp.report.report"
        ", scipy.stats, scipy.optimize"
    ),
}
IMPORT_LINE = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")


class Size(NamedTuple):
    """How many arms are compared, with how many seeds and test images each."""

    arms: int
    seeds: int
    images: int


GROWTH = (
    Size(2, 5, 10_000),
    Size(8, 5, 10_000),
    Size(32, 5, 10_000),
    Size(2, 5, 100_000),
    Size(2, 5, 1_000_000),
)


class Timing(NamedTuple):
    """wall: seconds; cpu: seconds of user and system; memory: peak, MiB."""

    wall: float
    cpu: float
    memory: float


# --- what is compared -----------------------------------------------------------------


def make_arms(place: Path, size: Size) -> list[Path]:
    """Store made up arms in a folder each, and return the folders.

    That is left to another process: Linux counts into the peak memory of a process what
    the one that started it held at that moment.
    """
    folders = [place / f"arm{number}" for number in range(size.arms)]
    tasks = [(folder, seed, size) for seed, folder in enumerate(folders)]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        pool.starmap(_store, tasks, chunksize=1)
    return folders


def _store(folder: Path, seed: int, size: Size) -> None:
    trials_folder.save(make_arm(folder.name, seed, size), folder)


def make_arm(name: str, seed: int, size: Size) -> arms.Arm:
    """Make up an arm that is right in about 98%, with files as long as a real one's."""
    rng = np.random.default_rng(seed)
    labels = np.arange(size.images) % NUM_CLASSES
    logits = rng.standard_normal((size.seeds, size.images, NUM_CLASSES))
    logits[:, np.arange(size.images), labels] += 4.5
    chances = np.exp(logits)
    probabilities = (chances / chances.sum(axis=2, keepdims=True)).astype(np.float32)
    right = scores.right_or_wrong(probabilities, labels)
    seeds = np.arange(size.seeds)
    metrics = pd.DataFrame({"seed": seeds, "status": arms.FINISHED})
    for column in arms.METRIC_COLUMNS:
        metrics[column] = NUM_EPOCHS if column in arms.WHOLE_NUMBER_COLUMNS else 0.5
    metrics["test_accuracy"] = right.mean(axis=1)
    history = pd.DataFrame(
        [(seed, epoch) for seed in seeds for epoch in range(1, NUM_EPOCHS + 1)],
        columns=["seed", "epoch"],
    )
    for column in arms.HISTORY_COLUMNS[2:]:
        history[column] = rng.random(len(history))
    return arms.Arm(
        name=name,
        recipe={"epochs": NUM_EPOCHS},
        dataset=DatasetDescription(
            name="synthetic",
            requested="synthetic",
            fallback=None,
            counts={"train": 54_000, "validation": 6_000, "test": size.images},
            num_classes=NUM_CLASSES,
            sha256=dict.fromkeys(ARRAYS, "0" * 64),
        ),
        versions={},
        metrics=metrics,
        history=history,
        seeds=seeds,
        labels=labels,
        probabilities=probabilities,
    )


def command(folders: list[Path], working_directory: Path) -> list[str]:
    """The command that `mlflow run . -e compare` runs, with these arms."""
    project = yaml.safe_load((REPOSITORY / "MLproject").read_text("utf-8"))
    entry_point = project["entry_points"]["compare"]
    values = {
        name: declared.get("default")
        for name, declared in entry_point["parameters"].items()
    }
    values["baseline"] = folders[0]
    values["candidates"] = ",".join(map(str, folders[1:]))
    values["working_directory"] = working_directory
    words = shlex.split(entry_point["command"])
    filled = [word.format_map({k: str(v) for k, v in values.items()}) for word in words]
    return [sys.executable, *filled[1:]]


# --- how long it takes ----------------------------------------------------------------


def run(words: list[str], store: Path) -> tuple[Timing, str]:
    """Time of one process, and what it wrote to stderr."""
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{store / 'mlflow.db'}",
        "PYTHONPATH": str(REPOSITORY),
    }
    store.mkdir(parents=True, exist_ok=True)
    with open(store / "stderr", "w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=store, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read()
    if process.returncode:
        raise SystemExit(f"{shlex.join(words)} failed:\n{text}")
    cpu = usage.ru_utime + usage.ru_stime
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Timing(wall, cpu, kibibytes / 1024), text


def seconds_by_package(importtime: str) -> list[tuple[str, float]]:
    """Seconds in the modules of each package themselves, the longest first."""
    microseconds: Counter[str] = Counter()
    for time_of_its_own, module in IMPORT_LINE.findall(importtime):
        microseconds[module.partition(".")[0]] += int(time_of_its_own)
    return [(name, count / 1e6) for name, count in microseconds.most_common()]


def stages(place: Path, repeats: int, measured: Measurements) -> Iterator[str]:
    """Time `compare` as a whole and stage by stage; after each run, what is to be told.

    Args:
        place: a folder for arms and stores.
        repeats: runs of each.
        measured: every run is added.
    """
    words = command(make_arms(place / "arms", Size(2, 10, 10_000)), place)
    run(words, place / "warm")  # the first one also reads the files from disk
    imports = {
        f"start and import, up to {stage}": [words[0], "-c", code]
        for stage, code in STAGES.items()
    }
    for repeat in range(repeats):
        for store in (f"new{repeat}", "warm"):
            timing, _ = run(words, place / store)
            kind = "existing" if store == "warm" else "new"
            measured.add(process=f"compare, {kind} store", **timing._asdict())
        for process, code in imports.items():
            timing, _ = run(code, place / "warm")
            measured.add(process=process, **timing._asdict())
        yield ""
    _, importtime = run([words[0], "-X", "importtime", *words[1:]], place / "warm")
    packages = seconds_by_package(importtime)
    total = sum(seconds for _, seconds in packages)
    heaviest = ", ".join(
        f"{name} {seconds:.2f}" for name, seconds in packages[:HEAVIEST]
    )
    yield f"\nImports by package, -X importtime, of {total:.2f} s: {heaviest}\n"


def growth(place: Path, repeats: int, measured: Measurements) -> Iterator[str]:
    """Time `compare` of more arms and of more images, as `stages` does."""
    for number, size in enumerate(GROWTH):
        folders = make_arms(place / "arms", size)
        words = command(folders, place)
        for repeat in range(repeats):
            timing, _ = run(words, place / f"store{number}-{repeat}")
            measured.add(**size._asdict(), **timing._asdict())
            yield ""
        shutil.rmtree(place / "arms")


def main() -> None:
    """Time `compare`, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--growth", action="store_true", help="more arms, more images")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    measured = Measurements(given.out / "runs.csv")
    measure = growth if given.growth else stages
    with TemporaryDirectory(prefix="benchmark-") as scratch:
        for told in measure(Path(scratch), given.repeats, measured):
            write_summary(given.out, f"{summary(measured.table)}{told}")
    print((given.out / "summary.md").read_text("utf-8"))


def summary(runs: pd.DataFrame) -> str:
    """Medians over the runs of the same, and the range of the wall time."""
    what = [column for column in runs if column not in Timing._fields]
    groups = runs.groupby(what, sort=False)
    table = groups["wall"].agg(["size", "median", "min", "max"])
    table = table.join(groups[["cpu", "memory"]].median()).reset_index()
    table = table.rename(columns={"size": "runs", "median": "wall"})
    return f"Seconds, and peak memory in MiB\n\n{markdown(table)}"


if __name__ == "__main__":
    main()
