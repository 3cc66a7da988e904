"""Runs that are really logged become arms, in every kind of store."""

import dataclasses
import math

import mlflow
import numpy as np
import pytest

from didithelp.arm import DIVERGED, FINISHED
from didithelp.errors import Refusal
from didithelp_mlflow import runs, selecting
from didithelp_mlflow.selecting import run_ids, select
from didithelp_mlflow.selection import Selection


def log(params, f1=None, *, status="FINISHED", data=None, nested=False, **metrics):
    """Log a run with plain MLflow; its id."""
    with mlflow.start_run(nested=nested) as run:
        mlflow.log_params(params)
        if data is not None:
            mlflow.log_input(mlflow.data.from_numpy(np.array(data)), context="testing")
        if f1 is not None:
            metrics["f1"] = f1
        mlflow.log_metrics(metrics)
    if status != "FINISHED":
        mlflow.MlflowClient().update_run(run.info.run_id, status)
    return run.info.run_id


def log_arms(num_seeds=3):
    """Two arms of runs, adam and sgd; the ids of their runs by seed."""
    return {
        name: {
            seed: log({"optimizer": name, "seed": seed}, f1 + seed / 100, loss=seed)
            for seed in range(num_seeds)
        }
        for name, f1 in (("adam", 0.5), ("sgd", 0.6))
    }


def ask(baseline="adam", metric="f1", **changes):
    asked = {"experiment": "mine", "filter": "", "group_by": "params.optimizer"}
    asked |= {"baseline": baseline, "candidates": "", "seed": "params.seed"}
    return select(Selection(**asked | changes), metric)


def codes(arm):
    return {remark.code: remark.values for remark in arm.remarks}


def test_finished_runs_are_the_seeds_of_their_group(any_store, monkeypatch):
    monkeypatch.setattr(runs, "PAGE", 4)  # so that there are two pages
    ids = log_arms()
    failed = log({"optimizer": "sgd", "seed": 7}, status="FAILED")
    deleted = log({"optimizer": "sgd", "seed": 8}, 0.9)
    mlflow.delete_run(deleted)
    infinite = log({"optimizer": "adam", "seed": 9}, math.inf)
    found = ask()
    adam, sgd = found.arms
    assert [arm.name for arm in found.arms] == ["adam", "sgd"]
    assert run_ids(adam) == ids["adam"] | {9: infinite}
    assert run_ids(sgd) == ids["sgd"] | {7: failed}
    assert adam.metrics["f1"].tolist()[:3] == [0.5, 0.51, 0.52]
    assert sgd.metrics["loss"].tolist()[:3] == [0, 1, 2]
    assert adam.metrics["status"].tolist() == [FINISHED] * 3 + [DIVERGED]
    assert adam.recipe == {"optimizer": "adam"}
    assert codes(sgd)["unfinished_runs"] == {"seeds": [7], "states": ["failed"]}
    assert "unfinished_runs" not in codes(adam)
    assert (found.num_runs, found.is_paired) == (8, True)


def test_runs_without_seeds_are_replicates_in_the_order_of_their_start(sqlite):
    first, second = log({"optimizer": "adam"}, 0.5), log({"optimizer": "adam"}, 0.4)
    log({"optimizer": "sgd"}, 0.6)
    found = ask(seed="")
    assert not found.is_paired
    assert run_ids(found.arms[0]) == {0: first, 1: second}


def test_two_finished_runs_of_one_seed_are_refused_with_their_ids(sqlite):
    ids = log_arms()
    again = log({"optimizer": "sgd", "seed": 1}, 0.7)
    with pytest.raises(Refusal, match=f"{ids['sgd'][1]}.*{again}") as refusal:
        ask()
    assert refusal.value.reason == "duplicate_seed"


def test_a_run_that_was_repeated_counts_once(sqlite):
    log({"optimizer": "sgd", "seed": 0}, status="KILLED")
    ids = log_arms()
    later = log({"optimizer": "sgd", "seed": 1}, status="FAILED")
    assert run_ids(ask().arms[1]) == ids["sgd"]
    assert codes(ask().arms[1])["repeated_runs"]["count"] == 2
    log({"optimizer": "adam", "seed": 5}, status="FAILED")
    last = log({"optimizer": "adam", "seed": 5}, status="FAILED")
    assert run_ids(ask().arms[0])[5] == last
    assert later not in run_ids(ask().arms[1]).values()


def test_running_runs_count_as_started(sqlite):
    log_arms()
    log({"optimizer": "sgd", "seed": 4}, 0.9, status="RUNNING")
    sgd = ask().arms[1]
    assert codes(sgd)["running_runs"] == {"seeds": [4]}
    assert sgd.seeds.tolist() == [0, 1, 2]


def test_parents_without_the_metric_are_left_out_and_said(sqlite):
    with mlflow.start_run() as parent:
        mlflow.log_params({"optimizer": "sgd", "seed": 99})
        for seed in range(3):
            log({"optimizer": "sgd", "seed": seed}, 0.6, nested=True)
    for seed in range(3):
        log({"optimizer": "adam", "seed": seed}, 0.5)
    sgd = ask().arms[1]
    assert sgd.seeds.tolist() == [0, 1, 2]
    values = codes(sgd)["runs_without_metric"]
    assert values == {"metric": "f1", "count": 1, "runs": [parent.info.run_id]}


def test_runs_without_group_or_seed_are_left_out_and_said(sqlite):
    log_arms()
    log({"lr": 1}, 0.5)
    log({"lr": 1})
    lost = log({"optimizer": "adam", "seed": None}, 0.5)
    adam = ask().arms[0]
    assert codes(adam)["runs_without_group"] == {
        "count": 2,
        "total": 9,
        "experiment": "mine",
        "column": "params.optimizer",
        "metric": "f1",
        "results": 1,
    }
    assert codes(adam)["runs_without_seed"]["runs"] == [lost]
    assert adam.seeds.tolist() == [0, 1, 2]


def test_a_seed_that_is_no_number_is_refused(sqlite):
    log_arms()
    bad = log({"optimizer": "sgd", "seed": "fold-1"}, 0.6)
    with pytest.raises(Refusal, match=f"'fold-1' in run {bad}.*compare without pairs"):
        ask()


def test_spellings_of_a_value_are_one_group_and_said(sqlite):
    for seed, spelling in enumerate(("0.001", "1e-3")):
        log({"lr": spelling, "seed": seed}, 0.5)
        log({"lr": 0.1, "seed": seed}, 0.6)
    found = ask("0.0010".rstrip("0"), group_by="lr")
    assert [arm.name for arm in found.arms] == ["lr=0.001", "lr=0.1"]
    assert codes(found.arms[0])["merged_spellings"] == {"spellings": ["0.001", "1e-3"]}
    assert found.arms[0].recipe == {"lr": 0.001}


def test_a_group_of_many_recipes_is_said(sqlite):
    for seed, lr in enumerate((0.1, 0.2, 0.3)):
        params = {"lr": lr, "seed": seed, "data_seed": seed, "path": f"out/{seed}"}
        log(params | {"optimizer": "adam", "depth": 3, "warmup": True}, 0.5)
        log({"optimizer": "sgd", "seed": seed, "depth": 3, "warmup": False}, 0.6)
    adam, sgd = ask().arms
    assert codes(adam)["mixed_runs"] == {"count": 1, "parameters": ["lr"]}
    assert adam.recipe == {"optimizer": "adam", "depth": 3, "warmup": True}
    assert "mixed_runs" not in codes(sgd)


def test_groups_may_be_tags_or_names_of_runs(sqlite):
    for seed in range(2):
        for variant in ("old", "new"):
            with mlflow.start_run(run_name=f"{variant} net"):
                mlflow.set_tags({"variant": variant, "fold": seed})
                mlflow.log_metric("f1", seed)
    by_tag = ask("old", group_by="variant", seed="tags.fold")
    assert [arm.name for arm in by_tag.arms] == ["old", "new"]
    assert by_tag.arms[0].recipe == {"tags.variant": "old"}
    by_name = ask("old net", group_by="attributes.run_name", seed="tags.fold")
    assert by_name.arms[1].name == "new net"


def test_a_filter_of_mlflow_chooses_among_the_runs(sqlite):
    log_arms(4)
    found = ask(filter="params.seed != '3' and metrics.f1 < 0.62")
    assert [arm.seeds.tolist() for arm in found.arms] == [[0, 1, 2], [0, 1]]


def test_only_the_listed_candidates_are_compared(sqlite):
    log_arms()
    log({"optimizer": "lion", "seed": 0}, 0.5)
    assert [arm.name for arm in ask().arms] == ["adam", "sgd", "lion"]
    assert [arm.name for arm in ask(candidates="lion").arms] == ["adam", "lion"]


def test_groups_without_results_are_said_unless_they_were_asked_for(sqlite):
    log_arms()
    log({"optimizer": "lion", "seed": 0}, status="FAILED")
    found = ask()
    assert [arm.name for arm in found.arms] == ["adam", "sgd"]
    values = {"metric": "f1", "groups": ["lion"]}
    assert codes(found.arms[0])["groups_without_results"] == values
    for asked in ({"candidates": "lion"}, {"baseline": "lion"}):
        with pytest.raises(Refusal, match=r"lion must .* among 1 .FAILED.; name anoth"):
            ask(**asked)


def test_a_group_without_results_is_refused_with_what_its_runs_lack(sqlite):
    log_arms()
    log({"optimizer": "lion", "seed": "None"}, 0.5)
    log({"optimizer": "lion", "seed": 1})
    lacks = "among 2 .FINISHED, 1 without f1, 1 without params.seed.; name another"
    with pytest.raises(Refusal, match=lacks):
        ask("lion")


def test_runs_that_have_no_number_are_told_from_others(sqlite):
    log_arms()
    for seed, number in enumerate((math.nan, math.inf, None)):
        log({"optimizer": "lion", "seed": seed}, number)
    with pytest.raises(Refusal, match="among 3 .FINISHED, FINISHED with (inf|nan), "):
        ask("lion")


def test_data_that_differs_is_said(sqlite):
    for seed in range(2):
        log({"optimizer": "adam", "seed": seed}, 0.5, data=[seed])
        log({"optimizer": "sgd", "seed": seed}, 0.6, data=[seed])
        log({"optimizer": "lion", "seed": seed}, 0.6, data=[seed + 5])
    _, sgd, lion = ask().arms
    assert not {"other_data", "unnamed_data"} & codes(sgd).keys()
    assert codes(lion)["other_data"] == {"reference": "adam", "contexts": ["testing"]}


def test_data_of_several_candidates_that_cannot_be_checked_is_one_remark(sqlite):
    for name, data in {"adam": [1], "sgd": None, "lion": [1], "p=1": None}.items():
        log({"optimizer": name, "seed": 0}, 0.5, data=data)
    adam, *others = ask().arms
    assert codes(adam)["unnamed_data"] == {"others": ["sgd", "p=1"]}
    assert not any(codes(arm) for arm in others)


def test_runs_of_judge_are_not_looked_at(sqlite):
    log_arms()
    asked = Selection("mine", "", "optimizer", "adam", "", "seed")
    log(dataclasses.asdict(asked), delta=0.1)
    found = select(asked, "f1")
    assert found.num_runs == 6
    assert "runs_without_group" not in codes(found.arms[0])
    with pytest.raises(ValueError, match="mine must have runs, found none but those"):
        select(dataclasses.replace(asked, filter="metrics.delta > 0"), "f1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"experiment": "mini"},
            "got 'mini'; did you mean 'mine'.; there are mine, Def",
        ),
        (
            {"filter": "optimizer is adam"},
            "filter must be a condition of MLflow's search",
        ),
        ({"filter": "params.seed = '77'"}, "must have runs, found none that meets"),
        ({"group_by": "optimiser"}, "did you mean 'params.optimizer'"),
        ({"baseline": "Adam"}, "did you mean 'adam'.; there are adam .3 runs., sgd"),
        ({"candidates": "sdg"}, "candidates must .* did you mean 'sgd'"),
        ({"seed": "params.sed"}, "seed must be .* did you mean 'params.seed'"),
        ({"metric": "f2"}, "none of the 6 has; give another; there are f1, loss"),
        ({"filter": "params.optimizer = 'adam'"}, "two groups or more .* adam alone"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(sqlite, changes, message):
    log_arms()
    with pytest.raises(ValueError, match=message):
        ask(**changes)


def test_an_experiment_may_be_named_by_its_id(sqlite):
    log_arms()
    number = mlflow.get_experiment_by_name("mine").experiment_id
    assert len(ask(experiment=number).arms) == 2
    mlflow.delete_experiment(number)
    with pytest.raises(ValueError, match="must not be deleted.*experiments restore"):
        ask()


def test_too_many_groups_are_no_candidates_unless_they_are_listed(sqlite, monkeypatch):
    monkeypatch.setattr(selecting, "MOST_CANDIDATES", 1)
    log_arms()
    assert len(ask().arms) == 2
    log({"optimizer": "lion", "seed": 0}, 0.5)
    with pytest.raises(Refusal, match="into 2 groups at most, got 3; name some"):
        ask()
    assert len(ask(candidates="sgd, lion").arms) == 3
