"""`judge` on runs that were logged with plain MLflow, and what it leaves."""

import json
import math
from pathlib import Path

import mlflow
import pytest

from lab import command_line, mlproject
from lab.runs import experiment
from steps import judge
from tests.lab.runs.steps import execute


@pytest.fixture
def logged(store):
    """Two groups of runs in an experiment of their own; the ids of each by seed."""
    mine = mlflow.create_experiment("mine", str(store / "mine"))
    ids = {}
    for name, loss in (("adam", 0.5), ("sgd (new)", 0.3)):
        for seed in range(5):
            with mlflow.start_run(experiment_id=mine) as run:
                mlflow.log_params({"optimizer": name, "seed": seed})
                mlflow.log_metric("val_loss", loss + math.sin(len(name) + seed) / 100)
            ids.setdefault(name, {})[seed] = run.info.run_id
    return ids


def run_judge(store, **given):
    """Run the step; its exit status, its run, and the folder of its answer."""
    asked = {"experiment": "mine", "group_by": "optimizer", "baseline": "adam"}
    asked |= {"seed": "seed", "metric": "metrics.val_loss", "margin": "0.01"}
    texts = mlproject.defaults("judge") | asked | given
    texts["working_directory"] = str(store)
    params = command_line.build(judge.Params, texts)
    status, run = execute(store, lambda step: judge.run(params, step), params)
    return status, run, Path(run.info.artifact_uri.removeprefix("file://"))


def test_judge_leaves_what_compare_leaves_with_the_runs(store, logged, capsys):
    status, run, artifacts = run_judge(store)
    assert status == 0
    folder = artifacts / "comparison"
    content = json.loads((folder / "comparison.json").read_text("utf-8"))
    assert content["verdict"] == "better" and content["metric"]["name"] == "val_loss"
    for arm in content["arms"]:
        assert arm["run_ids"] == list(logged[arm["name"]].values())
    assert {"report.html", "table.csv", "verdict.json", "figures"} <= {
        path.name for path in folder.iterdir()
    }
    assert run.data.tags["verdict"] == "better"
    note = run.data.tags["mlflow.note.content"]
    number = mlflow.get_experiment_by_name("mine").experiment_id
    condition = "searchFilter=params.%60optimizer%60%20%3D%20%22adam%22)"
    assert f"[adam](#/experiments/{number}/runs?workflowType=machine_learn" in note
    assert condition in note and "[sgd new](" in note
    assert logged["adam"][4] in (folder / "report.html").read_text("utf-8")
    assert "better" in capsys.readouterr().out


def test_the_report_links_the_pages_of_runs_on_a_server(store, logged, monkeypatch):
    monkeypatch.setattr(experiment, "tracking_address", lambda: "http://host:5000")
    folder = run_judge(store)[2] / "comparison"
    page = f"/runs/{logged['adam'][0]}?workflowType=machine_learning"
    report = (folder / "report.html").read_text("utf-8")
    assert '<a href="http://host:5000/#/experiments/' in report and page in report


def test_the_verdict_is_written_back_onto_the_runs(store, logged):
    asks, run, _ = run_judge(store, write_back="True")
    assert asks == 0
    new = mlflow.get_run(logged["sgd (new)"][2]).data.tags
    assert new["didithelp.verdict"] == "better"
    assert new["didithelp.judged_by"] == run.info.run_id
    assert new["didithelp.metric"] == "val_loss"
    assert new["didithelp.reference"] == "adam"
    low, delta, high = (
        float(new[f"didithelp.{name}"]) for name in ("ci_low", "delta", "ci_high")
    )
    assert low < delta < high < 0
    old = mlflow.get_run(logged["adam"][2]).data.tags
    assert old["didithelp.verdict"] == "reference"
    assert "didithelp.delta" not in old


def test_nothing_is_written_back_unasked(store, logged):
    run_judge(store)
    tags = mlflow.get_run(logged["sgd (new)"][2]).data.tags
    assert not [name for name in tags if name.startswith("didithelp")]


def test_a_requirement_that_is_missed_is_the_exit_status(store, logged):
    status, run, artifacts = run_judge(store, require="equivalent", write_back="on")
    assert status == 4
    assert (artifacts / "comparison" / "verdict.json").is_file()
    tags = mlflow.get_run(logged["adam"][0]).data.tags
    assert tags["didithelp.judged_by"] == run.info.run_id


def test_what_cannot_be_judged_is_refused_and_leaves_nothing(store, logged):
    status, run, artifacts = run_judge(store, baseline="Adam")
    assert status == 1 and not (artifacts / "comparison").exists()
    assert "did you mean 'adam'" in run.data.tags["error"]
    with mlflow.start_run(
        experiment_id=mlflow.get_experiment_by_name("mine").experiment_id
    ):
        mlflow.log_params({"optimizer": "adam", "seed": 0})
        mlflow.log_metric("val_loss", 0.5)
    status, run, _ = run_judge(store)
    assert status == 3 and logged["adam"][0] in run.data.tags["error"]
