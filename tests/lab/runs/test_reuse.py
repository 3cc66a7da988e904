"""What is there already, and why something is not used again."""

import shutil

import mlflow
import numpy as np

from lab.runs import keys
from lab.runs.launch import Launch
from tests.lab.runs.steps import Careless, execute, leave_folder


def look_up(store, *, cache="on", entry_point="prepare_data", **parameters):
    """What a driver would learn before it launches that step."""
    found = []

    def function(step):
        parameters.setdefault("dataset", "mnist-5k")
        found.append(step.reuse.look_up(Launch(entry_point, parameters)))

    status, _ = execute(store, function, Careless(cache=cache, working_directory=store))
    assert status == 0
    return found[0]


def as_if_launched(store, key, **tags):
    """A finished prepare_data run, as `launch` leaves it."""
    run_id = leave_folder(store, "dataset")
    tags |= {"mlflow.project.entryPoint": "prepare_data"}
    with mlflow.start_run(run_id):
        mlflow.set_tags(tags)

    def function(step):
        step.experiment.tag_key(run_id, key)

    execute(store, function)
    return run_id


def test_a_result_is_found_again_and_only_for_the_same_key(store):
    first = look_up(store)
    assert (first.run_id, first.why) == (None, "it has not run here before")
    run_id = as_if_launched(store, first.key)
    again = look_up(store, validation_fraction="1e-1")  # as 0.1, the default
    assert again.run_id == run_id
    assert again.why.startswith(f"{run_id[:8]} of 20")
    other = look_up(store, split_seed="3")
    assert (other.run_id, other.why) == (None, "split_seed 0 -> 3")
    off = look_up(store, cache="off")
    assert (off.run_id, off.why) == (None, "cache=off")


def test_images_are_known_by_their_content_not_their_place(store):
    folders = [store / "here", store / "there"]
    for folder in folders:
        folder.mkdir()
        np.savez(folder / "images.npz", x_train=np.zeros(3))
    before = [look_up(store, dataset=f"{f.name}/images.npz").key for f in folders]
    assert before[0].digest == before[1].digest
    np.savez(folders[1] / "images.npz", x_train=np.ones(3))
    changed = look_up(store, dataset="there/images.npz").key
    assert keys.changes(before[0], changed) == ["dataset is new"]


def test_what_was_lost_or_changed_is_made_again(store):
    key = look_up(store).key
    run_id = as_if_launched(store, key)
    folder = store / "artifacts" / run_id / "artifacts" / "dataset"
    (folder / "file.txt").write_text("other content")
    assert look_up(store).why == f"the files of run {run_id[:8]} were changed"
    shutil.rmtree(folder)
    assert look_up(store).why == f"the files of run {run_id[:8]} are gone"


def test_a_data_set_that_was_replaced_is_looked_for_again(store):
    as_if_launched(store, look_up(store).key, dataset_fallback="no network")
    assert look_up(store).why == "the data set was replaced the last time"


def test_what_no_step_has_made_has_no_key(store):
    with mlflow.start_run() as stranger:
        mlflow.log_text("content", "dataset/file.txt")
    found = look_up(
        store,
        entry_point="train_baseline",
        dataset="mnist",
        data=stranger.info.run_id,
    )
    assert (found.key, found.why) == (None, "its input was not made by a step")


def test_what_was_deleted_is_not_used_again(store):
    key = look_up(store).key
    run_id = as_if_launched(store, key)
    assert look_up(store).run_id == run_id
    mlflow.MlflowClient().delete_run(run_id)
    found = look_up(store)
    assert (found.run_id, found.why) == (None, "it has not run here before")


def leave_arms(store, *names):
    """A train_arms run as `launch` leaves it, and the run of each of its arms."""
    run_ids = {}

    def function(step):
        for name in names:
            arm = step.open_arm(name, {"epochs": "5"})
            arm.set_tags(arm=name)
            folder = step.scratch / name
            folder.mkdir()
            (folder / "metrics.csv").write_text(name)
            arm.log_folder(folder, "trials")
            arm.end()
            run_ids[name] = arm.run_id
        step.log_arms(run_ids)

    status, run = execute(store, function)
    assert status == 0
    return run.info.run_id, run_ids


def test_arms_are_nested_runs_that_are_found_by_name(store):
    run_id, run_ids = leave_arms(store, "plain", "größer")
    uris = []

    def function(step):
        uris.extend(step.arms_of(f"runs:/{run_id}", ["größer", "plain"]))

    execute(store, function)
    assert uris == [f"runs:/{run_ids[name]}" for name in ("größer", "plain")]
    arm = mlflow.get_run(run_ids["plain"])
    assert (arm.info.status, arm.info.run_name) == ("FINISHED", "plain")
    assert arm.data.tags["mlflow.parentRunId"] == run_id
    assert arm.data.params == {"epochs": "5"}


def test_arms_are_trained_again_if_one_of_them_is_lost(store):
    given = {"arms": '{"a": {}, "b": {"epochs": 3}}', "dataset": "mnist"}
    key = look_up(store, entry_point="train_arms", **given).key
    run_id, run_ids = leave_arms(store, "a", "b")

    def function(step):
        step.experiment.tag_key(run_id, key)

    execute(store, function)
    assert look_up(store, entry_point="train_arms", **given).run_id == run_id
    mlflow.MlflowClient().delete_run(run_ids["b"])
    found = look_up(store, entry_point="train_arms", **given)
    assert (found.run_id, found.why) == (None, "the run of b was deleted")
    mlflow.MlflowClient().restore_run(run_ids["b"])
    shutil.rmtree(store / "artifacts" / run_ids["a"] / "artifacts")
    found = look_up(store, entry_point="train_arms", **given)
    assert found.why == f"the files of run {run_ids['a'][:8]} are gone"


def test_several_inputs_of_one_parameter_all_count(store):
    _, run_ids = leave_arms(store, "a", "b", "c")

    def key(*names):
        places = ", ".join(f"runs:/{run_ids[name]}/trials" for name in names)
        given = {"arms": places, "levels": "levels.csv", "dataset": "mnist"}
        return look_up(store, entry_point="factorial", **given).key

    assert key("a", "b").digest == key("a", "b").digest
    assert key("a", "b").digest != key("a", "c").digest
    with mlflow.start_run() as stranger:
        run_ids["stranger"] = stranger.info.run_id
    assert key("a", "stranger") is None
