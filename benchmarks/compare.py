"""How long does `compare` take? Whole process, from start-up to the stored answer.

    python -m benchmarks.compare

Two synthetic arms of 10 seeds and 10,000 images with 10 classes; the command of the
entry point in MLproject with its defaults; a SQLite store in a temporary folder, new
for every run and then one that exists already, as in `main`.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from didithelp import arm as arms
from didithelp import scores, trials_folder
from didithelp.dataset_description import ARRAYS, DatasetDescription

REPOSITORY = Path(__file__).resolve().parent.parent
NUM_SEEDS, NUM_IMAGES, NUM_CLASSES, NUM_EPOCHS = 10, 10_000, 10, 20
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


class Timing(NamedTuple):
    """wall: seconds; cpu: seconds of user and system; memory: peak, MiB."""

    wall: float
    cpu: float
    memory: float


# --- what is compared -----------------------------------------------------------------


def make_arm(name: str, seed: int) -> arms.Arm:
    """Make up an arm that is right in about 98%, with files as long as a real one's."""
    rng = np.random.default_rng(seed)
    labels = np.arange(NUM_IMAGES) % NUM_CLASSES
    logits = rng.standard_normal((NUM_SEEDS, NUM_IMAGES, NUM_CLASSES))
    logits[:, np.arange(NUM_IMAGES), labels] += 4.5
    chances = np.exp(logits)
    probabilities = (chances / chances.sum(axis=2, keepdims=True)).astype(np.float32)
    right = scores.right_or_wrong(probabilities, labels)
    seeds = np.arange(NUM_SEEDS)
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
            counts={"train": 54_000, "validation": 6_000, "test": NUM_IMAGES},
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
    """The command that `mlflow run . -e compare` runs, with the two arms."""
    project = yaml.safe_load((REPOSITORY / "MLproject").read_text("utf-8"))
    entry_point = project["entry_points"]["compare"]
    values = {
        name: declared.get("default")
        for name, declared in entry_point["parameters"].items()
    }
    values["baseline"], values["improved"] = folders
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


def main() -> None:
    """Time `compare` as a whole and stage by stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write every run to this CSV file")
    options = parser.parse_args()

    rows = []
    with TemporaryDirectory(prefix="benchmark-") as scratch:
        place = Path(scratch)
        folders = [place / "reference", place / "candidate"]
        for seed, folder in enumerate(folders):
            trials_folder.save(make_arm(folder.name, seed), folder)
        words = command(folders, place)
        run(words, place / "warm")  # the first one also reads the files from disk
        for store in ("new", "existing"):
            for repeat in range(options.repeats):
                name = f"new{repeat}" if store == "new" else "warm"
                timing, _ = run(words, place / name)
                rows.append({"process": f"compare, {store} store", **timing._asdict()})
        for stage, code in STAGES.items():
            for _ in range(options.repeats):
                timing, _ = run([words[0], "-c", code], place / "warm")
                rows.append(
                    {"process": f"start and import, up to {stage}", **timing._asdict()}
                )
        _, importtime = run([words[0], "-X", "importtime", *words[1:]], place / "warm")
    table = pd.DataFrame(rows)
    for process, timings in table.groupby("process", sort=False):
        middle, wall = timings.median(numeric_only=True), timings["wall"]
        print(
            f"- {process}: median {middle['wall']:.2f} s ({wall.min():.2f} to "
            f"{wall.max():.2f}, {len(wall)} runs), CPU {middle['cpu']:.2f} s, "
            f"peak memory {middle['memory']:.0f} MiB"
        )
    packages = seconds_by_package(importtime)
    total = sum(seconds for _, seconds in packages)
    heaviest = ", ".join(
        f"{name} {seconds:.2f}" for name, seconds in packages[:HEAVIEST]
    )
    print(f"- imports by package, -X importtime, of {total:.2f} s: {heaviest}")
    if options.out:
        table.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
