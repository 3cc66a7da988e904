"""What is left by the dead."""

import time

import mlflow

from lab.host import locks, process
from tests.lab.runs.steps import execute


def test_runs_of_dead_processes_are_ended_and_no_others(store):
    experiment = mlflow.get_experiment_by_name("tests").experiment_id
    client = mlflow.MlflowClient()
    host = process.identity().split(" ")[0]

    def start(entry_point=None, parent=None, **tags):
        if entry_point:
            tags["mlflow.project.entryPoint"] = entry_point
        if parent:
            tags["mlflow.parentRunId"] = parent
        age = tags.pop("age", 0)
        started = int(1000 * (time.time() - age))
        run_id = client.create_run(
            experiment, start_time=started, tags=tags
        ).info.run_id
        if entry_point:
            client.log_param(run_id, "working_directory", ".")
        return run_id

    dead = start("main", process=f"{host} 999999999 1")
    finished, strangers = start("main"), start()
    for run_id in finished, strangers:
        client.set_terminated(run_id)
    claimed = start(age=2 * 3600)
    (locks.folder() / f"run-{claimed}").write_text(f"{host} 999999999 1")
    killed_before_mlflow_was_loaded = start("main")
    claim = locks.folder() / f"run-{killed_before_mlflow_was_loaded}"
    claim.write_text(f"{host} 999999999 1")
    ended = [
        dead,
        start("train_baseline", parent=dead),  # killed before it said who it is
        start(process=f"{host} 999999999 1", seed="3"),
        start("main", age=2 * 3600),
        start("prepare_data", parent=finished),
        killed_before_mlflow_was_loaded,
    ]
    left = [
        start("main", process=process.identity()),
        start("main", process="elsewhere 1 1"),
        start("main"),  # may be starting
        start(parent=finished),  # not ours
        start(age=2 * 3600),  # not ours
        start("main", parent=strangers),  # may be starting, in no hurry
        claimed,  # not ours, and given to a process of ours by its caller
    ]
    assert execute(store, lambda step: None)[0] == 0
    states = {run_id: client.get_run(run_id).info.status for run_id in ended + left}
    assert [states[run_id] for run_id in ended] == ["KILLED"] * len(ended)
    assert [states[run_id] for run_id in left] == ["RUNNING"] * len(left)
    assert client.get_run(dead).data.tags["error"] == "its process was killed"
