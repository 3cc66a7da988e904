"""The workflow of docs/ci.md does what it says, line by line, where a job would run."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab import mlproject
from tests.place import Place

ROOT = mlproject.PROJECT_DIRECTORY
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
# This environment has them, or no test would run.
INSTALLED = "pip install -r requirements.txt"


def steps_of_the_workflow() -> list[dict[str, str]]:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (job,) = yaml.safe_load(text)["jobs"].values()
    return [step for step in job["steps"] if "run" in step]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """What a checkout of the project as it is now would hold, and nothing else."""
    target = tmp_path_factory.mktemp("ci") / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
    )
    if listed.returncode != 0:
        pytest.skip("the sources are no git repository, so they cannot be cloned")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():  # not one that was deleted and not committed yet
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def run_job(clone: Path, number: str, **replaced: str) -> tuple[int, Path, str]:
    """Run the steps as GitHub would, with words of the commands replaced.

    Returns:
        the first status that is not 0, the page of the job, and what was printed.
    """
    page = clone.parent / f"summary of {number}.md"
    variables = {"GITHUB_RUN_ID": number, "GITHUB_STEP_SUMMARY": str(page)}
    status, printed = 0, ""
    shutil.rmtree(clone / "answer", ignore_errors=True)
    for step in steps_of_the_workflow():
        if step["run"] == INSTALLED or (status and step.get("if") != "always()"):
            continue
        command = step["run"]
        for word, other in replaced.items():
            command, count = re.subn(rf"\b{word}=\S+", f"{word}={other}", command)
            assert count <= 1
        process = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=clone,
            env=Place(clone.parent).environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        printed += process.stdout
        status = status or process.returncode
    return status, page, printed


def answer_of(clone: Path, printed: str) -> dict:
    path = clone / "answer/comparison/verdict.json"
    assert path.is_file(), printed
    return json.loads(path.read_text("utf-8"))


def test_the_first_line_installs_what_is_installed_here():
    first, *others = steps_of_the_workflow()
    assert first["run"] == INSTALLED
    assert "mlflow run . -e main" in others[0]["run"]


def test_the_job_ends_as_the_requirement_does(clone):
    """The second job reuses everything, and requires what no answer can be."""
    before = set(os.listdir(clone))
    status, page, printed = run_job(clone, "101")
    found = answer_of(clone, printed)
    assert (status == 0) == found["met"], printed
    assert found["requirement"] == "not-worse"
    assert found["verdict"] in ("better", "worse", "equivalent", "inconclusive")
    assert found["differences"][0]["seeds"] == [5, 5]
    assert "Required: not worse by 0.1 point or more." in page.read_text("utf-8")
    assert printed.endswith(f"{found['met']}\n")
    assert set(os.listdir(clone)) - before == {"mlflow.db", "mlruns", "answer"}

    missed = {"better": "equivalent"}.get(found["verdict"], "better")
    status, page, printed = run_job(clone, "102", require=missed)
    assert status == 1
    assert "compare  reused from run" in printed
    assert f"error: require={missed} is not met by improved" in printed
    again = answer_of(clone, printed)
    assert (again["requirement"], again["met"]) == (missed, False)
    assert again["differences"][0]["delta"] == found["differences"][0]["delta"]
    assert "That is not met by improved." in page.read_text("utf-8")
    asked = Place(clone).last("main")
    assert asked.info.status == "FAILED"
    assert asked.data.tags["error"].startswith(f"require={missed} is not met")
    assert asked.data.tags["requirement_met"] == "false"
    children = Place(clone).runs("attributes.status != 'FINISHED'")
    assert [run.info.run_id for run in children] == [
        run.info.run_id for run in Place(clone).runs("tags.requirement_met = 'false'")
    ]
