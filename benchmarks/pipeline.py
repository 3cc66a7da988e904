"""Time of `main` (10 models, verdict) against that of the labs' two scripts (2 models).

    python -m benchmarks.pipeline --dataset mnist --out FOLDER

Both run in turn, each into a store of its own, with the same images. FOLDER gets
`runs.csv` (wall and CPU seconds of every run), `steps.csv` (where `main` spends its
time) and `summary.md`. Linux only: it counts the CPU time of processes left behind.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from lab import command_line, mlproject
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.mlproject import PROJECT_DIRECTORY

MAIN = mlproject.defaults("main")
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


def commands(images: Path, parameters: list[str]) -> dict[str, list[str]]:
    """The commands that are measured; `mlflow` and `python` are those on the PATH."""
    driver = ["mlflow", "run", str(PROJECT_DIRECTORY), "-e", "main"]
    driver += ["--env-manager", "local"]
    for parameter in (f"dataset={images}", *parameters):
        driver += ["-P", parameter]
    folder = PROJECT_DIRECTORY / "benchmarks"
    return {
        "main": driver,
        "lab_tp1": ["python", str(folder / "lab_tp1.py"), str(images)],
        "lab_tp2": ["python", str(folder / "lab_tp2.py"), str(images)],
    }


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


def steps_of_main(store: Path) -> pd.DataFrame:
    """Seconds of each step before, during and after its trials, from the store."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    runs = mlflow.search_runs(search_all_experiments=True, order_by=["start_time"])
    parents = runs["tags.mlflow.parentRunId"]
    (main,) = runs.index[parents.isna()]
    rows = []
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
        rows.append(
            {
                "step": step["tags.mlflow.project.entryPoint"],
                "before trials": before,
                "trials": during,
                "after trials": after,
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Run both in turn, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default=MAIN["dataset"])
    parser.add_argument("--repeats", type=int, default=3)
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
    given.out.mkdir(parents=True, exist_ok=True)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    runs, steps = [], []
    with TemporaryDirectory() as name:
        scratch = Path(name)
        images = scratch / "images.npz"
        save_images(given.dataset, images)
        for repeat in range(1, given.repeats + 1):
            for what, command in commands(images, given.parameters).items():
                store = scratch / f"{what}-{repeat}"
                wall, cpu = timed(command, store)
                runs.append({"repeat": repeat, "what": what, "wall": wall, "cpu": cpu})
                if what == "main":
                    steps.append(steps_of_main(store).assign(repeat=repeat))
    runs, steps = pd.DataFrame(runs), pd.concat(steps)
    runs.to_csv(given.out / "runs.csv", index=False)
    steps.to_csv(given.out / "steps.csv", index=False)
    text = summary(runs, steps)
    (given.out / "summary.md").write_text(text, "utf-8")
    print(text)


def summary(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """Medians and ranges as text."""
    table = runs.pivot(index="repeat", columns="what", values=["wall", "cpu"])
    for kind in ("wall", "cpu"):
        table[(kind, "both labs")] = table[kind][["lab_tp1", "lab_tp2"]].sum(axis=1)
    spread = table.agg(["median", "min", "max"]).T.sort_index()
    phases = steps.drop(columns="repeat").groupby("step", sort=False).median()
    return (
        f"Seconds, {len(table)} repeats\n\n{spread.round(1).to_string()}\n\n"
        f"Steps of main, median seconds\n\n{phases.round(1).to_string()}\n"
    )


if __name__ == "__main__":
    main()
