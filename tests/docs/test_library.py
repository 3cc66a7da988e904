"""The programs of docs/library.md and docs/examples/ do what they say."""

import importlib.util
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import didithelp
from lab import mlproject
from tests.didithelp.builders import baseline, improved, make_arm, pattern

ROOT = mlproject.PROJECT_DIRECTORY
PAGE = (ROOT / "docs" / "library.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_first_program_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arms = baseline(error=0.2), improved(error=0.05)
    before, after = (
        dict(zip(arm.seeds.tolist(), arm.probabilities, strict=True)) for arm in arms
    )
    exec(PROGRAMS[0], {"before": before, "after": after, "labels": arms[0].labels})
    assert "changed is better than plain" in capsys.readouterr().out
    assert (tmp_path / "comparison" / "report.html").is_file()


def test_the_program_of_several_changes_runs_as_it_stands(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    errors = {"plain": 0.1, "l2": 0.2, "bn": 0.02, "both": 0.12}
    arms = {
        name: make_arm(pattern(place, error), name=name)
        for place, (name, error) in enumerate(errors.items())
    }
    exec(PROGRAMS[1], {"didithelp": didithelp, **arms})
    output = capsys.readouterr().out
    assert "{'l2': 'worse', 'batch norm': 'better'}" in output
    assert "batch norm helped" in output and "l2 hurt" in output
    assert (tmp_path / "ablation" / "report.html").is_file()


def test_the_page_names_everything_that_the_library_offers():
    offered = set(didithelp.__all__) | {
        f".{name}" for name in dir(didithelp.Answer) if not name.startswith("_")
    }
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    missing = {name for name in offered if not re.search(rf"{name}\b", "\n".join(rows))}
    assert not missing


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_the_example_of_a_framework_ends_in_a_verdict(framework, tmp_path, keras_home):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    (program,) = (
        path
        for path in (ROOT / "docs" / "examples").glob("*.py")
        if f"import {framework}\n" in path.read_text("utf-8")
    )
    process = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    arms = [
        didithelp.load_arm(tmp_path / "arms" / name) for name in ("plain", "dropout")
    ]
    answer = didithelp.compare(*arms)
    assert process.stdout == f"{answer}\n"
    assert (tmp_path / "comparison" / "comparison.json").read_text() == answer.to_json()
    for arm in arms:
        assert np.all(arm.metrics["test_accuracy"] > 0.8)
