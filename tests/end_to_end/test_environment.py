"""A hostile environment: full disks, no permission, clocks, locales, no TMPDIR.

What needs a file system of its own gets one in a private mount namespace, which needs
root on Linux; without that these tests are skipped.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from didithelp import trials_folder
from lab import mlproject
from tests.didithelp.builders import make_arm
from tests.make_data import save_images
from tests.place import Place

STEP = """
from dataclasses import dataclass
from pathlib import Path
import sqlite3
from didithelp.parameters import Parameters, parameter
from lab import entry_point

@dataclass(frozen=True)
class Params(Parameters):
    working_directory: Path = parameter("a folder")

def run(params, step):
    {body}

entry_point.main(Params(Path("{folder}")), run, name="step")
"""


def can(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def needs(*command: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not can(*command), reason=f"not possible here: {' '.join(command)}"
    )


needs_mount = needs("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt")
# Root without this capability is refused what the modes of files forbid.
OBEY_MODES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
needs_modes = needs(*OBEY_MODES, "true")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    """With a store that has been opened once, and images of a little over 3 MB."""
    place = Place(tmp_path_factory.mktemp("environment"))
    save_images(place.folder / "images.npz", num_train=3000, shape=(32, 32))
    with chdir(place.folder):  # a new store keeps its artifacts beside it
        place.client.search_experiments()
    return place


def failed_line(place: Place, process: subprocess.CompletedProcess) -> str:
    """The only error, of a run that is marked as FAILED and left no process behind."""
    assert process.returncode == 1
    assert "Traceback" not in process.stderr, process.stderr
    [line] = [x for x in process.stderr.splitlines() if x.startswith("error: ")]
    assert place.last("prepare_data").info.status == "FAILED"
    return line


def run_mounted(place: Place, folder: Path, options: str) -> str:
    """The error of prepare_data where `folder` is a file system with these options."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f"mount -t tmpfs -o {options} none '{folder}'"
    process = place.run(
        "prepare_data",
        dataset="images.npz",
        before=("unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"),
    )
    return failed_line(place, process)


# --- disks and permissions ------------------------------------------------------------


@needs_mount
def test_a_full_disk_for_scratch_files_is_told(place, tmp_path):
    full = Place(place.folder, {"TMPDIR": str(tmp_path / "tmp")})
    line = run_mounted(full, tmp_path / "tmp", "size=1m")
    assert f"could not be written to {tmp_path}/tmp/tp2-" in line
    assert "free some space" in line


@needs_mount
@pytest.mark.parametrize(
    ("options", "words"),
    [("size=1m", "No space left on device"), ("ro", "Read-only file system")],
)
def test_artifacts_that_cannot_be_stored_are_told(place, options, words):
    line = run_mounted(place, place.folder / "mlruns", options)
    assert words in line and str(place.folder / "mlruns") in line


@needs_modes
@pytest.mark.parametrize("name", ["images.npz", "idx"])
def test_data_that_may_not_be_read_is_told(place, tmp_path, name):
    shutil.copy(place.folder / "images.npz", tmp_path / "images.npz")
    os.chmod(tmp_path / "images.npz", 0)
    (tmp_path / "idx").mkdir(mode=0)
    process = place.run("prepare_data", dataset=str(tmp_path / name), before=OBEY_MODES)
    line = failed_line(place, process)
    assert str(tmp_path / name) in line
    assert "check its permissions" in line or "idx files" in line


@needs_modes
def test_a_store_that_may_not_be_written_is_told(place, tmp_path):
    """Without `mlflow run`, which itself ends before it starts a step."""
    shutil.copy(place.folder / "mlflow.db", tmp_path / "mlflow.db")
    os.chmod(tmp_path / "mlflow.db", 0o444)
    os.chmod(tmp_path, 0o555)
    process = run_step("raise SystemExit(7)", tmp_path, before=OBEY_MODES)
    assert process.returncode == 1
    assert process.stderr.count("\n") == 1
    assert process.stderr.startswith(f"error: {tmp_path}/mlflow.db and its folder must")
    assert "take another store: MLFLOW_TRACKING_URI=" in process.stderr


def run_step(
    body: str, folder: Path, *, before: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess:
    """A step with this body in a process of its own; its store is in `folder`."""
    return subprocess.run(
        [*before, sys.executable, "-c", STEP.format(body=body, folder=folder)],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=os.environ
        | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        | variables,
        capture_output=True,
        text=True,
    )


def test_a_store_that_fails_too_does_not_hide_the_cause(place, tmp_path):
    shutil.copy(place.folder / "mlflow.db", tmp_path / "mlflow.db")
    database = f"sqlite3.connect('{tmp_path}/mlflow.db')"
    process = run_step(
        f"{database}.execute('DROP TABLE tags'); raise ValueError('the cause')",
        tmp_path,
    )
    assert process.returncode == 1
    lines = process.stderr.splitlines()
    assert lines[-1] == "error: the cause"
    assert (
        "could not be marked as FAILED: " in lines[-2] and "no such table" in lines[-2]
    )
    assert "Traceback" not in process.stderr


# --- folders for temporary files ------------------------------------------------------


def test_a_tmpdir_that_is_not_there_is_no_obstacle(place):
    lost = Place(place.folder, {"TMPDIR": "/nonexistent"})
    process = lost.run("prepare_data", dataset="images.npz")
    assert process.returncode == 0, process.stderr


def test_no_folder_for_temporary_files_at_all_is_told(tmp_path):
    """Where no file may grow, Python finds none of its folders usable."""
    unmeasured = "unset COVERAGE_PROCESS_CONFIG"  # which could not store its results
    limited = ("sh", "-c", f'{unmeasured}; ulimit -f 0; exec "$@"', "sh")
    process = run_step("raise SystemExit(7)", tmp_path, before=limited)
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith("error: no folder for scratch files: ")
    assert process.stderr.endswith("; set TMPDIR\n") and process.stderr.count("\n") == 1


# --- containers -----------------------------------------------------------------------


MLFLOW = """#!/bin/sh
touch "$RUNS/made"
echo "$(id -u):$(id -g) $MLFLOW_TRACKING_URI $HOME $*"
"""
PYTHON = """#!/bin/sh
echo "$PYTHONPATH $MLFLOW_TRACKING_URI $*"
"""
ROOTLESS = ("unshare", "--user", "--map-root-user")
AS_1234 = ("setpriv", "--reuid", "1234", "--regid", "1234", "--clear-groups")
needs_users = needs(*AS_1234, "true")


@pytest.fixture
def image() -> Iterator[Path]:
    """What the Dockerfile makes of a copy with the line ends of Windows, in a folder.

    That has `app/` and `runs/`, and an `mlflow` that says who runs it and how. Every
    user may enter it, unlike those of pytest.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("app", "bin", "runs"):
            (folder / part).mkdir()
        (folder / "bin/mlflow").write_text(MLFLOW)
        (folder / "bin/mlflow").chmod(0o755)
        (folder / "bin/python").write_text(PYTHON)
        (folder / "bin/python").chmod(0o755)
        source = mlproject.PROJECT_DIRECTORY / "docker-entrypoint.sh"
        script = source.read_text("utf-8").replace("/runs", f"{folder}/runs")
        copy = folder / "app" / source.name
        copy.write_text(script, "utf-8", newline="\r\n")
        for line in instructions("RUN"):
            if "/app/" in line and "pip" not in line:
                command = line.replace("/app/", f"{folder}/app/")
                subprocess.run(["sh", "-c", command], check=True)
        yield folder


def instructions(keyword: str) -> list[str]:
    """What follows a keyword in the Dockerfile."""
    text = (mlproject.PROJECT_DIRECTORY / "Dockerfile").read_text("utf-8")
    lines = [line.partition(" ") for line in text.splitlines()]
    return [rest for word, _, rest in lines if word == keyword]


@pytest.mark.parametrize(
    ("before", "owner", "user", "owner_after"),
    [
        pytest.param((), 0, "1000:1000", 1000, marks=needs_users, id="made by Docker"),
        pytest.param((), 4321, "4321:4321", 4321, marks=needs_users, id="the caller's"),
        pytest.param(AS_1234, 1234, "1234:1234", 1234, marks=needs_users, id="--user"),
        pytest.param(
            ROOTLESS,
            os.getuid(),
            "0:0",
            os.getuid(),
            marks=needs(*ROOTLESS, "true"),
            id="rootless",
        ),
    ],
)
def test_results_of_a_container_belong_to_the_caller(
    image, before, owner, user, owner_after
):
    runs = image / "runs"
    os.chown(runs, owner, owner if owner else -1)
    (entry_point,) = instructions("ENTRYPOINT")
    command = [word.replace("/app", f"{image}/app") for word in json.loads(entry_point)]
    process = subprocess.run(
        [*before, *command, "-e", "main", "-P", "dataset=my images.npz"],
        env={"PATH": f"{image}/bin:/usr/bin:/bin", "RUNS": str(runs)},
        capture_output=True,
        text=True,
    )
    assert process.stdout == (
        f"/app sqlite:///{runs}/mlflow.db -m lab.runs.store\n"
        f"{user} sqlite:///{runs}/mlflow.db /tmp"
        " run /app --env-manager local -e main -P dataset=my images.npz\n"
    ), process.stderr
    assert {path.stat().st_uid for path in (runs, runs / "made")} == {owner_after}


# --- locale ---------------------------------------------------------------------------


ANSWER = """
import locale, sys
from pathlib import Path
locale.setlocale(locale.LC_ALL, "")
print(locale.localeconv()["decimal_point"])
from didithelp import trials_folder
from didithelp import comparing
from didithelp.report import report
baseline, improved = (trials_folder.load(Path(folder)) for folder in sys.argv[1:3])
comparison = comparing.compare(
    baseline, [improved], alpha=0.05, metric="test_accuracy", direction="auto",
    margin=0.001, resamples=99, seed=0,
    pairing="seed", selected_on="validation", looks=(),
)
trials_folder.save(improved, Path(sys.argv[3]) / "saved")
written = report.Report(comparison, [baseline, improved], language="en")
written.write(Path(sys.argv[3]) / "comparison")
"""


@pytest.fixture(scope="module")
def german(tmp_path_factory) -> dict[str, str]:
    """The environment of a locale that writes 0,5; made here if it can be."""
    folder = tmp_path_factory.mktemp("locales")
    command = ("localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8"))
    if not can(*command):
        pytest.skip("the locale de_DE.UTF-8 cannot be made here")
    return {"LC_ALL": "de_DE.UTF-8", "LOCPATH": str(folder)}


def test_a_decimal_comma_changes_no_file(german, tmp_path):
    right = np.random.default_rng(0).random((3, 60)) < 0.9
    for name in ("baseline", "improved"):
        trials_folder.save(make_arm(right, name=name), tmp_path / name)
        right = ~right
    files = {}
    for point, variables in ((".", {"LC_ALL": "C.UTF-8"}), (",", german)):
        out = tmp_path / f"out{point}"
        out.mkdir()
        folders = [str(tmp_path / name) for name in ("baseline", "improved")]
        process = subprocess.run(
            [sys.executable, "-c", ANSWER, *folders, str(out)],
            cwd=mlproject.PROJECT_DIRECTORY,
            env=os.environ | variables,
            capture_output=True,
            text=True,
        )
        assert process.stdout == f"{point}\n", process.stderr
        paths = sorted(path for path in out.rglob("*") if path.is_file())
        files[point] = {str(p.relative_to(out)): p.read_bytes() for p in paths}
    assert files["."] == files[","] and len(files["."]) >= 6
