"""`didithelp.from_mlflow`, as somebody calls it in a notebook."""

import inspect
import subprocess
import sys

import mlflow
import numpy as np
import pytest

import didithelp
from didithelp.parameters import names_of
from lab import command_line, mlproject
from steps import judge


def log_runs():
    for seed in range(5):
        for lr in (0.001, 0.1):
            with mlflow.start_run():
                mlflow.log_params({"lr": lr, "seed": seed})
                mlflow.log_metric("rmse", 3 + lr + seed / 100 + lr * seed / 10)


def ask(**changes):
    asked = {"experiment": "mine", "group_by": "lr", "baseline": np.float64(0.001)}
    return didithelp.from_mlflow(**asked | {"metric": "rmse", "seed": "seed"} | changes)


def test_an_answer_is_that_of_compare(sqlite):
    log_runs()
    answer = ask()
    assert isinstance(answer, didithelp.Answer)
    assert answer.verdict == "worse"
    assert [arm.name for arm in answer.arms] == ["lr=0.001", "lr=0.1"]
    assert answer.comparison.margin is None
    assert len(answer.comparison.arms[0].run_ids) == 5
    again = didithelp.compare(*answer.arms, metric="rmse")
    assert again.to_json() == answer.to_json()


def test_candidates_and_the_metric_may_be_written_in_many_ways(sqlite):
    log_runs()
    answers = [
        ask(candidates=[0.1]),
        ask(candidates="0.1"),
        ask(metric="metrics.rmse", candidates=(np.float64(0.1),)),
        ask(candidates=np.array([0.1])),
        ask(experiment=int(mlflow.get_experiment_by_name("mine").experiment_id)),
    ]
    assert len({answer.to_json() for answer in answers}) == 1


def test_runs_without_seeds_are_not_paired(sqlite):
    log_runs()
    comparison = ask(seed=None).comparison
    assert comparison.pairing == "none"
    assert not comparison.primary[0].paired


def test_none_is_what_is_not_given(sqlite):
    log_runs()
    nothing = ask(candidates=None, filter=None, seed=None)
    assert nothing.to_json() == ask(candidates="", filter="", seed="").to_json()


def test_another_store_than_the_present_one_may_be_asked(sqlite):
    log_runs()
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    assert ask(tracking_uri=sqlite).verdict == "worse"


def test_a_store_that_is_not_there_is_refused_and_not_made(tmp_path):
    with pytest.raises(ValueError, match="tracking_uri must be .* there is no file"):
        ask(tracking_uri=f"sqlite:///{tmp_path}/wrong.db")
    assert not any(tmp_path.iterdir())


def test_a_wrong_parameter_is_refused_before_the_store_is_asked():
    with pytest.raises(ValueError, match="direction must be higher or lower"):
        ask(metric="mystery", tracking_uri="http://127.0.0.1:9")


def test_the_defaults_are_those_of_mlproject():
    signature = inspect.signature(didithelp.from_mlflow).parameters
    texts = mlproject.defaults("judge")
    own = {"tracking_uri"}
    beyond = {"working_directory", "write_back", "require"}
    assert {*signature} - own == {*names_of(judge.Params)} - beyond
    given = {"experiment": "mine", "group_by": "lr", "baseline": "0.1"}
    params = command_line.build(judge.Params, texts | given)
    for name in signature.keys() - own - given.keys():
        assert signature[name].default == getattr(params, name), name


def test_it_is_offered_and_costs_nothing_until_it_is_asked_for():
    program = """
import sys, didithelp
assert "from_mlflow" in dir(didithelp)
assert "from_mlflow" not in didithelp.__all__
assert not {"mlflow", "didithelp_mlflow"} & set(sys.modules)
sys.modules["mlflow"] = None
sys.path_importer_cache.clear()
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "mlflow" else find(name)
try:
    didithelp.from_mlflow
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        "didithelp.from_mlflow needs mlflow, which is not installed; "
        "pip install 'didithelp[mlflow]'"
    )
