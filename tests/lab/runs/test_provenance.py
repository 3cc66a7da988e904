"""Which code made a run, and how to make it again."""

import os
import subprocess

import mlflow

from lab import mlproject
from lab.runs.provenance import _has_uncommitted_changes
from tests.lab.runs.steps import execute


def provenance(store, tags, params):
    """What a step says of itself, as it would within `mlflow run`."""
    found = []
    # By the client, which adds no commit of whatever program runs these tests.
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("tests")
    run = client.create_run(experiment.experiment_id, tags=tags)
    for name, text in {"working_directory": ".", **params}.items():
        client.log_param(run.info.run_id, name, text)
    os.environ["MLFLOW_RUN_ID"] = run.info.run_id
    assert execute(store, lambda step: found.append(step.provenance()))[0] == 0
    return found[0]


def test_the_command_repeats_what_differs_from_the_defaults(store):
    tags = {
        "mlflow.project.entryPoint": "main",
        "mlflow.source.name": "https://me:secret@host/project.git",
        "mlflow.source.git.commit": "c0ffee",
    }
    params = mlproject.defaults("main") | {
        "seeds": "3",
        "dataset": "'my data.npz'",  # as MLflow records it
        "l2_lambda": "1e-4",
        "working_directory": "/somewhere",
    }
    found = provenance(store, tags, params)
    assert found.source == "https://host/project.git"
    assert found.commit == "c0ffee"
    assert found.dirty in (True, False, None)
    assert found.command == (
        "mlflow run https://host/project.git -v c0ffee -e main --env-manager local "
        "-P 'dataset=my data.npz' -P seeds=3 -P l2_lambda=1e-4"
    )


def test_a_local_project_is_repeated_from_its_folder(store):
    tags = {
        "mlflow.project.entryPoint": "prepare_data",
        "mlflow.source.name": "file:///home/me/project",
    }
    found = provenance(store, tags, mlproject.defaults("prepare_data"))
    assert found.command == "mlflow run . -e prepare_data --env-manager local"
    assert found.commit is None and found.dirty is None


def test_without_mlflow_run_no_command_is_made_up(store):
    assert provenance(store, {}, {"alpha": "0.1"}).command is None


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True)


def test_uncommitted_changes_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(mlproject, "PROJECT_DIRECTORY", tmp_path)
    assert _has_uncommitted_changes() is None
    git(tmp_path, "init", "--quiet")
    assert _has_uncommitted_changes() is False
    (tmp_path / "new.py").write_text("")
    assert _has_uncommitted_changes() is True
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "new")
    assert _has_uncommitted_changes() is False
