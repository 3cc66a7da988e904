"""Seconds until the verdict of `main`, and of what people do without it.

    python -m benchmarks.pipeline --dataset mnist --out FOLDER
    python -m benchmarks.pipeline --only main --seeds 5 10 20 --workers 1 2 --out FOLDER

`main` trains ten models, compares them, stores all of it and writes the report. Its
rival for the same job trains ten by Keras and joblib, and prints two tests; the labs'
two scripts train one each. All run in turn, each into a store of its own, with the same
images. FOLDER gets `runs.csv` (wall and CPU seconds of every run), `steps.csv` (where
`main` spends its time) and `summary.md`, all as they come. Linux only: it counts the
CPU time of processes left behind.
"""

import argparse
import ctypes
import itertools
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.results import Measurements, markdown, write_summary
from lab import command_line, mlproject
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.mlproject import PROJECT_DIRECTORY
from lab.training.seeds import parse_seeds

MAIN = mlproject.defaults("main")
LABS = ("lab_tp1", "lab_tp2")
NAMES = ("main", "joblib_loop", *LABS)
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans become our children, and are counted


def save_images(dataset: str, path: Path) -> None:
    """Save the data set as the labs' scripts read it: one `.npz`, not yet split."""
    split = command_line.build(Split, MAIN | {"train_size": "0"})
    source = prepare(dataset, split, Path.cwd())
    np.savez(
        path,
        x_train=np.concatenate([source.x_train, source.x_validation]),
        y_train=np.concatenate([source.y_train, source.y_validation]),
        x_test=source.x_test,
        y_test=source.y_test,
    )


class Contestant(NamedTuple):
    """What is measured.

    Attributes:
        command: `mlflow` and `python` in it are those on the PATH.
        models: that it trains.
    """

    command: list[str]
    models: int

    @property
    def is_main(self) -> bool:
        """Whether it leaves the steps of `main` in its store."""
        return self.command[0] == "mlflow"


def contestants(
    images: Path, parameters: list[str], seeds: list[str], workers: list[str]
) -> dict[str, Contestant]:
    """All that can be measured, by name: `main` once for each number of both lists."""
    driver = ["mlflow", "run", str(PROJECT_DIRECTORY), "-e", "main"]
    driver += ["--env-manager", "local"]
    found = {}
    for num_seeds, num_workers in itertools.product(seeds, workers):
        given = [f"dataset={images}", f"seeds={num_seeds}", f"workers={num_workers}"]
        words = [word for each in (*given, *parameters) for word in ("-P", each)]
        is_only = len(seeds) * len(workers) == 1
        name = "main" if is_only else f"main, {given[1]}, {given[2]}"
        found[name] = Contestant(driver + words, 2 * len(parse_seeds(num_seeds)))
    for name, models in (("joblib_loop", 10), ("lab_tp1", 1), ("lab_tp2", 1)):
        script = PROJECT_DIRECTORY / "benchmarks" / f"{name}.py"
        found[name] = Contestant(["python", str(script), str(images)], models)
    return found


def timed(command: list[str], store: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command, all processes that it starts included."""
    wall, cpu = time.perf_counter(), cpu_of_children()
    store.mkdir()
    tracking = {"MLFLOW_TRACKING_URI": f"sqlite:///{store}/mlflow.db"}
    subprocess.run(command, cwd=store, env=os.environ | tracking, check=True)
    wall = time.perf_counter() - wall
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return wall, cpu_of_children() - cpu


def cpu_of_children() -> float:
    """CPU seconds of all processes that have ended and been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def steps_of_main(store: Path) -> Iterator[dict[str, object]]:
    """Seconds of each step before, during and after its trials, from the store."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    runs = mlflow.search_runs(search_all_experiments=True, order_by=["start_time"])
    parents = runs["tags.mlflow.parentRunId"]
    (main,) = runs.index[parents.isna()]
    for _, step in runs[parents == runs.loc[main, "run_id"]].iterrows():
        trials = runs[parents == step["run_id"]]
        moments = [step["start_time"], step["end_time"], step["end_time"]]
        if len(trials):
            moments[1:] = trials["start_time"].min(), trials["end_time"].max()
        ends = [*moments[1:], step["end_time"]]
        before, during, after = (
            (end - start).total_seconds()
            for start, end in zip(moments, ends, strict=True)
        )
        yield {
            "step": step["tags.mlflow.project.entryPoint"],
            "before trials": before,
            "trials": during,
            "after trials": after,
        }


def main() -> None:
    """Run all in turn, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default=MAIN["dataset"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--seeds", nargs="+", default=[MAIN["seeds"]], help="of main")
    parser.add_argument("--workers", nargs="+", default=[MAIN["workers"]])
    parser.add_argument(
        "--parameter",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of main, for a smaller run",
    )
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    runs = Measurements(given.out / "runs.csv")
    steps = Measurements(given.out / "steps.csv")
    with TemporaryDirectory() as name:
        scratch = Path(name)
        images = scratch / "images.npz"
        save_images(given.dataset, images)
        measured = contestants(images, given.parameters, given.seeds, given.workers)
        for repeat in range(1, given.repeats + 1):
            for what, contestant in measured.items():
                if what.partition(",")[0] not in given.only:
                    continue
                # MLflow remembers a store by its name, also when it is gone.
                store = scratch / f"{what}, {repeat}"
                wall, cpu = timed(contestant.command, store)
                runs.add(
                    repeat=repeat,
                    what=what,
                    models=contestant.models,
                    wall=wall,
                    cpu=cpu,
                )
                for step in steps_of_main(store) if contestant.is_main else []:
                    steps.add(repeat=repeat, what=what, **step)
                shutil.rmtree(store)
                write_summary(given.out, summary(runs.table, steps.table))
    print((given.out / "summary.md").read_text("utf-8"))


def summary(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """Medians and ranges as Markdown."""
    both = runs[runs["what"].isin(LABS)]
    together = both.groupby("repeat", as_index=False).sum(numeric_only=True)
    together = together[together["models"] == len(LABS)]
    runs = pd.concat([runs, together.assign(what="both labs, one after the other")])
    groups = runs.groupby(["what", "models"], sort=False)
    table = groups["wall"].agg(["median", "min", "max"])
    table["cpu"] = groups["cpu"].median()
    table = table.reset_index()
    table["wall per model"] = table["median"] / table["models"]
    text = f"Seconds, {runs['repeat'].max()} repeats\n\n{markdown(table)}"
    if steps.empty:
        return text
    phases = steps.drop(columns="repeat").groupby(["what", "step"], sort=False)
    phases = phases.median().reset_index()
    return f"{text}\nSteps of main, median seconds\n\n{markdown(phases)}"


if __name__ == "__main__":
    main()
