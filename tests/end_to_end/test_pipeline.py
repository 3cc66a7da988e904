"""The whole project through `mlflow run`, as a user starts it: slow, small, real.

One run of `main` on images that the test draws (see `conftest`); the tests look at what
it left, and at what comes of the next one there.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from didithelp import trials_folder
from tests.end_to_end.pipeline import MAIN, SMALL, STEPS, answer_of
from tests.place import Place

SEEDS = [0, 1, 2]
QUESTION = (
    "hidden_units=16, epochs=4, batch_size=32, validation_fraction=0.2, seeds=3"
    " on images.npz"
)
LAB_METRICS = {
    "test_accuracy",
    "test_loss",
    "final_val_accuracy",
    "best_val_accuracy",
    "final_val_loss",
    "best_val_loss",
    "actual_epochs",
}


def trials_of(place, run):
    parent = "tags.`mlflow.parentRunId`"
    found = place.runs(f"{parent} = '{run.info.run_id}' and tags.seed != ''")
    return sorted(found, key=lambda trial: int(trial.data.tags["seed"]))


def test_the_terminal_shows_plan_progress_and_answer(finished, last):
    assert "4 compare" in finished.stderr
    assert "epochs 5 -> 4" in finished.stderr
    assert "train_improved  3/3  seed" in finished.stderr
    assert "verdict: " in finished.stdout
    assert last["main"].info.run_id in finished.stderr  # where to look next
    assert "arning:" not in finished.stderr  # ours are part of the answer, on stdout
    assert "Traceback" not in finished.stderr


def test_steps_are_nested_in_main_and_trials_in_steps(place, last):
    outcome = f"{last['main'].data.tags['verdict']}, "
    assert last["compare"].info.run_name.startswith(f"compare: {outcome}")
    assert last["main"].info.run_name == last["compare"].info.run_name.replace(
        "compare", QUESTION
    )
    for step in STEPS:
        tags = last[step].data.tags
        assert tags["mlflow.parentRunId"] == last["main"].info.run_id
        assert last[step].info.run_name.startswith(f"{step}: ")
    for arm in ("baseline", "improved"):
        trials = trials_of(place, last[f"train_{arm}"])
        assert [run.info.run_name for run in trials] == [
            f"{arm}, seed {seed}" for seed in SEEDS
        ]
        assert {run.data.tags["arm"] for run in trials} == {arm}
    sources = {run.data.tags["mlflow.source.name"] for run in place.runs()}
    assert sources == {last["main"].data.tags["mlflow.source.name"]}


def test_parameters_reach_the_step_they_belong_to(place, last):
    baseline, improved = (last[f"train_{a}"].data.params for a in arms_in_order())
    assert baseline["hidden_units"] == "512"
    assert improved["hidden_units"] == SMALL["hidden_units"]
    assert (baseline["seeds"], improved["seeds"]) == ("3", "3")
    assert baseline["data"] == improved["data"]
    assert baseline["data"].startswith("runs:/")
    assert improved["regularization_applied"] == "true"
    assert baseline["regularization_applied"] == "false"
    trial = trials_of(place, last["train_improved"])[0].data.params
    assert trial["epochs"] == SMALL["epochs"]
    assert trial["early_stopping_patience"] == "5"


def arms_in_order():
    return ["baseline", "improved"]


def test_trials_have_the_labs_metrics_and_a_history(place, last):
    for arm in arms_in_order():
        for run in trials_of(place, last[f"train_{arm}"]):
            metrics = run.data.metrics
            assert LAB_METRICS <= set(metrics)
            history = place.client.get_metric_history(run.info.run_id, "val_loss")
            steps = [metric.step for metric in history]
            assert steps == list(range(1, int(metrics["actual_epochs"]) + 1))
            assert min(m.value for m in history) == metrics["best_val_loss"]


def test_aggregates_are_mean_and_deviation_of_the_trials(place, last):
    for arm in arms_in_order():
        step = last[f"train_{arm}"]
        values = [t.data.metrics["test_accuracy"] for t in trials_of(place, step)]
        metrics = step.data.metrics
        assert metrics["test_accuracy"] == pytest.approx(np.mean(values))
        assert metrics["test_accuracy_sd"] == pytest.approx(np.std(values, ddof=1))
        assert (metrics["num_seeds"], metrics["num_diverged"]) == (3, 0)
        assert step.data.tags["arm"] == arm


def test_data_sets_are_inputs_with_our_digests(place, last):
    folder = place.artifacts(last["prepare_data"], "dataset")
    description = json.loads((folder / "dataset.json").read_text("utf-8"))
    for step in STEPS[:3]:
        inputs = last[step].inputs.dataset_inputs
        found = {i.tags[0].value: i.dataset.digest for i in inputs}
        assert found == {
            context: description["sha256"][f"x_{split}"][:16]
            for context, split in [
                ("training", "train"),
                ("validation", "validation"),
                ("testing", "test"),
            ]
        }


def test_the_arm_agrees_with_its_trials(place, last):
    for arm in arms_in_order():
        step = last[f"train_{arm}"]
        stored = trials_folder.load(place.artifacts(step, "trials"))
        assert (stored.name, list(stored.seeds)) == (arm, SEEDS)
        accuracies = [t.data.metrics["test_accuracy"] for t in trials_of(place, step)]
        predicted = stored.probabilities.argmax(axis=2) == stored.labels
        assert predicted.mean(axis=1) == pytest.approx(accuracies)
        assert set(stored.history["seed"]) == set(SEEDS)


def test_both_arms_start_from_data_that_nobody_changed(place, last):
    stored = [
        trials_folder.load(
            place.artifacts(last[f"train_{arm}"], "trials")
        ).dataset.sha256
        for arm in arms_in_order()
    ]
    assert stored[0] == stored[1]


def test_the_comparison_has_every_file_and_the_verdict_is_everywhere(place, last):
    folder = place.artifacts(last["compare"], "comparison")
    names = {path.name for path in folder.iterdir()}
    assert names >= {"table.csv", "table.md", "comparison.json", "table.json"}
    assert names >= {"report.html", "report.tex", "table.tex", "figures"}
    assert (folder / "figures" / "forest.png").stat().st_size > 1000
    answer = json.loads((folder / "comparison.json").read_text("utf-8"))
    assert len(pd.read_csv(folder / "table.csv")) == 2
    assert [arm["run_id"] for arm in answer["arms"]] == [
        last["train_baseline"].info.run_id,
        last["train_improved"].info.run_id,
    ]
    for run in (last["compare"], last["main"]):
        assert run.data.tags["verdict"] == answer["verdict"]
        assert answer["sentence"] in run.data.tags["mlflow.note.content"]
        metrics = run.data.metrics
        assert metrics["delta"] == answer["comparisons"][0]["delta"]
        assert metrics["ci_low"] < metrics["delta"] < metrics["ci_high"]
        for arm in arms_in_order():
            trained = last[f"train_{arm}"].data.metrics
            for name in ("test_accuracy", "test_cross_entropy"):
                assert metrics[f"{name}/{arm}"] == pytest.approx(trained[name])
        stored = place.client.list_artifacts(run.info.run_id, "comparison")
        assert {Path(item.path).name for item in stored} == names


def test_the_logged_model_scores_as_the_trial_it_came_from(place, last):
    """In the form in which `mlflow models serve` gets its requests, too."""
    step = last["train_improved"]
    seed = step.data.tags["model_seed"]
    trials = {run.data.tags["seed"]: run for run in trials_of(place, step)}
    images = np.load(place.folder / "images.npz")
    request = place.folder / "request.json"
    request.write_text(json.dumps({"inputs": images["x_test"].tolist()}))
    command = ["mlflow", "models", "predict", "--env-manager", "local"]
    command += ["-m", f"runs:/{step.info.run_id}/model"]
    command += ["-i", str(request), "-o", str(place.folder / "answer.json")]
    environment = place.environment() | {"MLFLOW_TRACKING_URI": place.store}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    answer = json.loads((place.folder / "answer.json").read_text())
    predicted = np.array(answer["predictions"]).argmax(axis=1)
    assert np.mean(predicted == images["y_test"]) == pytest.approx(
        trials[seed].data.metrics["test_accuracy"]
    )
    losses = {s: t.data.metrics["best_val_cross_entropy"] for s, t in trials.items()}
    assert seed == min(losses, key=losses.get)  # chosen on validation


def test_compare_alone_takes_run_ids_and_folders_and_repeats_itself(place, last):
    baseline = place.artifacts(last["train_baseline"], "trials")
    process = place.run(
        "compare",
        baseline=os.path.relpath(baseline, place.folder),
        improved=last["train_improved"].info.run_id,
    )
    assert process.returncode == 0, process.stderr
    first = place.artifacts(last["compare"], "comparison") / "comparison.json"
    again = place.artifacts(place.last("compare"), "comparison") / "comparison.json"
    expected = json.loads(first.read_text("utf-8"))
    expected["arms"][0]["run_id"] = None  # a folder has no run
    assert json.loads(again.read_text("utf-8")) == expected


def test_one_recipe_alone_prepares_its_data_and_is_refused_on_other_images(place, last):
    process = place.run(
        "train_improved",
        data="other images.npz",
        l2_lambda="0.0001",
        seeds="2",
        **SMALL,
    )
    assert process.returncode == 0, process.stderr
    alone = place.last("train_improved")
    assert alone.data.params["l2_lambda"] == "0.0001"
    nested = place.last("prepare_data")
    assert nested.data.tags["mlflow.parentRunId"] == alone.info.run_id
    refused = place.run(
        "compare",
        baseline=last["train_baseline"].info.run_id,
        improved=alone.info.run_id,
    )
    assert refused.returncode != 0
    assert "error: different_test_set: " in refused.stderr
    run = place.last("compare")
    assert run.info.status == "FAILED"
    assert not place.client.list_artifacts(run.info.run_id)


def test_the_same_again_reuses_every_step_and_gives_the_same_answer(
    place, last, finished
):
    before = len(place.runs())
    with_imports = {**place.variables, "PYTHONPROFILEIMPORTTIME": "1"}
    again = replace(place, variables=with_imports).run("main", seeds="0,1,2", **MAIN)
    assert again.returncode == 0, again.stderr
    # `mlflow run` first, then our process; what is hidden from MLflow takes no time.
    ours = again.stderr.partition("| pipelines\n")[2]
    loaded = re.findall(r"^import time: .*\| +([\w.]+)$", ours, re.MULTILINE)
    assert "mlflow.projects" in loaded
    assert not {"pandas.core", "scipy.stats", "matplotlib", "jinja2"} & {*loaded}
    for step in STEPS:
        assert f"{step}  reused from run {last[step].info.run_id[:8]}" in again.stderr
    assert len(place.runs()) == before + 1
    run = place.last("main")
    assert answer_of(place, run) == answer_of(place, last["main"])
    assert run.data.metrics == last["main"].data.metrics
    assert run.data.tags["verdict"] == last["main"].data.tags["verdict"]
    assert run.info.run_name == last["main"].info.run_name
    for step in STEPS:
        run_id = last[step].info.run_id
        assert run.data.tags[f"reused.{step}"] == run_id
        link = f"[{step}](#/experiments/0/runs/{run_id}?workflowType=machine_learning)"
        assert link in run.data.tags["mlflow.note.content"]
    assert again.stdout == finished.stdout


def test_an_answer_without_what_was_printed_is_printed_all_the_same(
    place, last, finished
):
    printed = place.artifacts(last["compare"], "comparison") / "terminal.ansi"
    printed.unlink()
    again = place.run("main", seeds="0,1,2", **MAIN)
    assert again.returncode == 0, again.stderr
    assert again.stdout == finished.stdout


def test_a_plan_runs_nothing_and_names_what_is_new(place, last):
    before = len(place.runs())
    process = place.run("main", seeds="4", plan="true", **MAIN | {"epochs": "3"})
    assert process.returncode == 0, process.stderr
    lines = {line.split()[0]: line for line in process.stdout.splitlines() if line}
    assert (
        f"reused  run {last['prepare_data'].info.run_id[:8]}" in lines["prepare_data"]
    )
    assert "seeds 3 -> 4; 1 of 4 trials to train" in lines["train_baseline"]
    assert "epochs 4 -> 3, seeds 3 -> 4; 4 of 4 trials" in lines["train_improved"]
    assert "runs" in lines["compare"]
    assert len(place.runs()) == before + 1  # its own


def test_more_seeds_train_only_what_is_missing(place, last):
    process = place.run("main", seeds="4", **MAIN)
    assert process.returncode == 0, process.stderr
    for arm in arms_in_order():
        assert f"train_{arm}  3 of 4 trials reused, 1 to train" in process.stderr
        run = place.last(f"train_{arm}")
        assert run.data.metrics["num_trained"] == 1
        first = {t.data.tags["seed"]: t for t in trials_of(place, last[f"train_{arm}"])}
        for trial in trials_of(place, run)[:3]:
            tags = trial.data.tags
            assert tags["reused_from"] == first[tags["seed"]].info.run_id
        assert trials_folder.load(place.artifacts(run, "trials")).seeds.tolist() == [
            0,
            1,
            2,
            3,
        ]


def test_cache_off_trains_again_and_finds_the_same(place, last):
    process = place.run("main", seeds="3", cache="off", **MAIN)
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("runs: cache=off") == len(STEPS)
    assert place.last("train_improved").data.metrics["num_trained"] == 3
    assert answer_of(place, place.last("main")) == answer_of(place, last["main"])


def test_a_stored_trial_can_be_verified(place, last):
    arm = last["train_improved"].info.run_id
    process = place.run("verify", arm=arm)
    assert process.returncode == 0, process.stderr
    assert "is bitwise equal: every weight" in process.stdout
    run = place.last("verify")
    assert run.data.tags["verification"] == "bitwise equal"
    assert run.data.metrics["largest_weight_difference"] == 0
    wrong = place.run("verify", arm=arm, trial_seed="77")
    assert wrong.returncode != 0
    assert "expected a seed of run" in wrong.stderr


def test_two_pipelines_at_once_share_the_training(tmp_path, place):
    both = Place(tmp_path)
    shutil.copy(place.folder / "images.npz", tmp_path)
    both.client.search_experiments()
    with (
        both.start("main", seeds="3", **MAIN) as first,
        both.start("main", seeds="3", **MAIN) as second,
    ):
        for process in (first, second):
            _, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
    answers = {
        answer_of(both, run)
        for run in both.runs("tags.`mlflow.project.entryPoint` = 'main'")
    }
    assert len(answers) == 1
    trained = [
        run.data.tags["cache_key"] + run.data.tags["seed"]
        for run in both.runs("tags.trial_status = 'finished'")
        if "reused_from" not in run.data.tags
    ]
    assert len(trained) == len(set(trained)) == 6  # nothing lost, nothing twice
