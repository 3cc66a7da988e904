"""Kill the pipeline at random moments, start it again, and look at what it leaves.

    python -m benchmarks.chaos --times 30 --out chaos.csv

Every round starts `main` on mnist-5k in a fresh folder, kills one of its processes
(`mlflow run`, the driver, a step, a worker, or all of them) with SIGKILL or SIGTERM,
waits until nothing of it lives, and repeats the command. A round is sound if

- no process is left behind by the killed run,
- SIGTERM leaves no run that is marked as running, and the repeated command none at all,
- the repeated command succeeds and trains no trial that was finished before,
- its comparison.json is that of an undisturbed run, but for the ids of runs.
"""

import argparse
import csv
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mlflow

PROJECT = Path(__file__).resolve().parent.parent
SECONDS_TO_DIE = 60
# Words in the command lines of what is killed; "" is in all of them.
VICTIMS = {
    "mlflow run": "bin/mlflow run",
    "driver": "pipelines.main",
    "step": "-m steps.",
    "worker": "forkserver",
    "everything": "",
}
COLUMNS = ("round", "victim", "signal", "second", "killed", "orphans", "running_after")
COLUMNS += ("finished_before", "trained_twice", "same_answer", "sound")


class Pipeline:
    """A folder with a store of its own, and the command that is run in it."""

    def __init__(self, folder: Path, parameters: list[str]):
        self.folder = folder
        self.parameters = parameters
        self.client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")

    def start(self) -> subprocess.Popen:
        """`main`, as the leader of a session of its own."""
        command = ["mlflow", "run", str(PROJECT), "-e", "main"]
        command += ["--env-manager", "local"]
        for parameter in self.parameters:
            command += ["-P", parameter]
        environment = {k: v for k, v in os.environ.items() if "MLFLOW" not in k}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with open(self.folder / "output.txt", "ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment | {"PATH": path},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def answer(self) -> str:
        """comparison.json of the last finished `main`, without the ids of runs."""
        runs = self._search(
            "tags.`mlflow.project.entryPoint` = 'main' and attributes.status='FINISHED'"
        )
        path = Path(runs[0].info.artifact_uri) / "comparison" / "comparison.json"
        return re.sub(r'"run_id": "\w+"', "", path.read_text("utf-8"))

    def num_running(self) -> int:
        """Runs that are marked as running."""
        return len(self._search("attributes.status = 'RUNNING'"))

    def trained(self) -> list[str]:
        """Key and seed of every finished trial that was really trained."""
        runs = self._search("tags.trial_status != '' and attributes.status='FINISHED'")
        tags = [run.data.tags for run in runs]
        return [t["cache_key"] + t["seed"] for t in tags if "reused_from" not in t]

    def _search(self, condition: str) -> list[mlflow.entities.Run]:
        if not (self.folder / "mlflow.db").exists():
            return []
        return list(self.client.search_runs(["0"], condition))


def processes(session: int, words: str = "") -> list[int]:
    """Living processes of a session with these words in their command line."""
    command = ["ps", "-o", "pid=,stat=,args=", "--sid", str(session)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    lines = [line.split(maxsplit=2) for line in shown.splitlines()]
    return [
        int(pid)
        for pid, state, args in lines
        if not state.startswith("Z") and words in args
    ]


def disturb(
    pipeline: Pipeline, words: str, number: int, second: float
) -> tuple[int, list[int]]:
    """Start, kill after a while, and wait.

    Returns:
        how many processes were killed, and the numbers of those that still live.
    """
    process = pipeline.start()
    try:
        process.wait(second)
    except subprocess.TimeoutExpired:
        pass
    victims = processes(process.pid, words)
    for pid in victims:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + SECONDS_TO_DIE
    # Whoever loses its parent keeps its session; a run that was not hit may finish.
    while process.poll() is None or (alive := processes(process.pid)):
        if process.poll() is not None and time.monotonic() > deadline:
            return len(victims), alive
        time.sleep(0.2)
    return len(victims), []


def one_round(
    index: int, rng: random.Random, expected: str, seconds: float, options: list[str]
) -> dict[str, object]:
    """Kill, repeat, and compare with the undisturbed answer."""
    victim = rng.choice(list(VICTIMS))
    number = rng.choice([signal.SIGKILL, signal.SIGTERM])
    second = rng.uniform(0, seconds)
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        pipeline = Pipeline(Path(name), options)
        killed, orphans = disturb(pipeline, VICTIMS[victim], number, second)
        running = pipeline.num_running()
        before = set(pipeline.trained())
        again = pipeline.start()
        succeeded = again.wait() == 0
        trained = pipeline.trained()
        row = {
            "round": index,
            "victim": victim,
            "signal": number.name,
            "second": f"{second:.1f}",
            "killed": killed,
            "orphans": len(orphans),
            "running_after": running,
            "finished_before": len(before),
            "trained_twice": len(trained) - len(set(trained)),
            "same_answer": succeeded and pipeline.answer() == expected,
        }
        forgiven = running == 0 or number == signal.SIGKILL
        row["sound"] = bool(
            row["same_answer"]
            and not orphans
            and not row["trained_twice"]
            and forgiven
            and pipeline.num_running() == 0
        )
        if not row["sound"]:
            print((Path(name) / "output.txt").read_text()[-3000:], file=sys.stderr)
        return row


def main() -> int:
    """Exit status 1 if a round is not sound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("chaos.csv"))
    parser.add_argument("--parameter", action="append", default=[], help="for main")
    arguments = parser.parse_args()
    options = ["dataset=mnist-5k", "seeds=3", *arguments.parameter]
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        pipeline = Pipeline(Path(name), options)
        started = time.monotonic()
        if pipeline.start().wait() != 0:
            print((Path(name) / "output.txt").read_text(), file=sys.stderr)
            return 1
        seconds = time.monotonic() - started
        expected = pipeline.answer()
    print(f"undisturbed: {seconds:.0f} s")
    rng = random.Random(arguments.seed)
    sound = 0
    with open(arguments.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for index in range(1, arguments.times + 1):
            row = one_round(index, rng, expected, seconds, options)
            writer.writerow(row)
            file.flush()
            sound += row["sound"]
            print("  ".join(f"{name} {value}" for name, value in row.items()))
    print(f"{sound} of {arguments.times} rounds are sound")
    return int(sound < arguments.times)


if __name__ == "__main__":
    sys.exit(main())
