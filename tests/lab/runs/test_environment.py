"""The environment is changed by one call, before MLflow loads, and by no import."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab import mlproject
from lab.runs.keys import module_of

FOLDER = mlproject.PROJECT_DIRECTORY
# But for what a served model runs, which loads TensorFlow as it is loaded.
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts).removesuffix(".__init__")
    for room in ("lab/host", "lab/runs")
    for path in (FOLDER / room).glob("*.py")
    if path.name != "raw_pixels.py"
)
# Leaves where MLflow would be loaded, and says what that would find.
LEAVES_BEFORE_MLFLOW = """
import os, runpy, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "mlflow":
            print(os.environ.get("MLFLOW_DISABLE_TELEMETRY"), flush=True)
            sys.exit(7)

sys.meta_path.insert(0, Finder())
module, *sys.argv[1:] = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def python(program, *arguments, folder: Path = FOLDER):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_no_import_changes_the_environment():
    program = f"""
import os
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # while MLflow itself loads
import mlflow
before = dict(os.environ)
import {", ".join(["lab", *MODULES])}
assert dict(os.environ) == before, dict(os.environ)
"""
    answer = python(program)
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("entry_point", list(mlproject.project()["entry_points"]))
def test_telemetry_is_off_before_mlflow_loads(entry_point, tmp_path):
    given = mlproject.defaults(entry_point) | {"working_directory": str(tmp_path)}
    given |= {"data": "mnist-5k", "baseline": "a", "improved": "b"}
    given |= {"experiment": "a", "group_by": "params.a"}
    given.setdefault("arm", "a")
    given["arms"] = '{"a": {}}' if entry_point == "train_arms" else "a,b"
    given["levels"] = "levels.csv"
    declared = mlproject.project()["entry_points"][entry_point]["parameters"]
    arguments = [f"--{name}={given[name]}" for name in declared]
    answer = python(LEAVES_BEFORE_MLFLOW, module_of(entry_point), *arguments)
    assert (answer.returncode, answer.stdout) == (7, "true\n"), answer.stderr


def test_telemetry_is_off_before_a_store_is_made(tmp_path):
    answer = python(LEAVES_BEFORE_MLFLOW, "lab.runs.store", folder=tmp_path)
    assert (answer.returncode, answer.stdout) == (7, "true\n"), answer.stderr


LOADS_MLFLOW = """
import sys
from lab.runs import environment

environment.prepare()
with environment.without_pandas():
    from lab.runs import execution, launched
print({"mlflow", "pandas", "scipy"} & sys.modules.keys())
from mlflow.data.numpy_dataset import from_numpy
print({"pandas"} & sys.modules.keys())
"""


def test_mlflow_loads_without_pandas_and_finds_it_afterwards():
    answer = python(LOADS_MLFLOW)
    assert (answer.stdout, answer.stderr) == ("{'mlflow'}\n{'pandas'}\n", "")


def test_nothing_is_hidden_from_a_plugin_that_loads_with_mlflow(tmp_path):
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[mlflow.tracking_store]\nx = theirs:Store\n"
    )
    (tmp_path / "theirs.py").write_text("import pandas\nStore = print\n")
    answer = python(f"import sys\nsys.path.append({str(tmp_path)!r})\n{LOADS_MLFLOW}")
    loaded, _ = answer.stdout.splitlines()
    assert "pandas" in loaded and answer.stderr == ""
