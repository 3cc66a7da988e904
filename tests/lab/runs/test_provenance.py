"""Which code made a run, and how to make it again."""

import importlib
import os
import shlex
import subprocess

import mlflow

from lab import command_line, mlproject
from lab.runs import keys
from lab.runs.provenance import _has_uncommitted_changes
from tests.lab.runs.steps import execute
from tests.make_data import save_images


def provenance(store, tags, entry_point, overrides=None, **changes):
    """What a step says of itself, as it would within `mlflow run`."""
    found = []
    # By the client, which adds no commit of whatever program runs these tests.
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("tests")
    run = client.create_run(experiment.experiment_id, tags=tags)
    client.log_param(run.info.run_id, "working_directory", ".")
    os.environ["MLFLOW_RUN_ID"] = run.info.run_id
    texts = (
        mlproject.defaults(entry_point) | changes | {"working_directory": str(store)}
    )
    step = importlib.import_module(keys.module_of(entry_point))
    params = command_line.build(step.Params, texts)

    def function(step):
        found.append(step.provenance())

    assert execute(store, function, params, overrides)[0] == 0
    return found[0]


def test_the_command_repeats_what_differs_from_the_defaults(store):
    tags = {
        "mlflow.project.entryPoint": "main",
        "mlflow.source.name": "https://me:secret@host/project.git",
        "mlflow.source.git.commit": "c0ffee",
    }
    save_images(store / "my data.npz")
    given = {"seeds": "[0, 1, 2]", "alpha": "5e-2", "dataset": "my data.npz"}
    found = provenance(store, tags, "main", {"l2_lambda": "0.0001"}, **given)
    assert found.source == "https://host/project.git"
    assert found.commit == "c0ffee"
    assert found.dirty in (True, False, None)
    assert found.command == (
        "mlflow run https://host/project.git -v c0ffee -e main --env-manager local "
        "-P 'dataset=my data.npz' -P seeds=3 -P l2_lambda=0.0001"
    )


def test_what_main_was_given_is_given_to_what_tells_its_changes_apart(store):
    tags = {"mlflow.project.entryPoint": "main"}
    given = {"dataset": "my data.npz", "require": "better", "seeds": "3"}
    save_images(store / "my data.npz")
    found = provenance(store, tags, "main", {"l2_lambda": "0.0001"}, **given)
    assert "-P require=better" in found.command
    assert found.ablation == (
        "mlflow run . -e ablate --env-manager local "
        "-P 'dataset=my data.npz' -P seeds=3 -P l2_lambda=0.0001"
    )
    tags = {"mlflow.project.entryPoint": "train_baseline"}
    assert provenance(store, tags, "train_baseline").ablation is None


def test_a_local_project_is_repeated_from_its_folder(store):
    tags = {
        "mlflow.project.entryPoint": "train_baseline",
        "mlflow.source.name": "file:///home/me/project",
    }
    found = provenance(store, tags, "train_baseline")
    assert found.command == "mlflow run . -e train_baseline --env-manager local"
    assert found.commit is None and found.dirty is None


def test_a_command_is_whole_where_mlflow_cuts_its_record_of_the_parameters(store):
    places = [
        f"/home/me/the arm {number:03} of them all/trials" for number in range(160)
    ]
    tags = {"mlflow.project.entryPoint": "compare"}
    given = {"baseline": "mine", "candidates": ",".join(places)}
    words = shlex.split(provenance(store, tags, "compare", **given).command)
    assert words[7:] == ["-P", "baseline=mine", "-P", f"candidates={','.join(places)}"]


def test_without_mlflow_run_no_command_is_made_up(store):
    assert provenance(store, {}, "prepare_data").command is None


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
