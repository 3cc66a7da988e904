"""Which change did it, through `mlflow run`: after a main, and killed on the way.

The two recipes differ in an L2 penalty and batch normalisation, so that there are four
arms, two of which are those of main, and the control.
"""

import os
import re
import signal
from contextlib import suppress
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from tests.end_to_end.pipeline import answer_of
from tests.end_to_end.test_killed import SECONDS_TO_END, processes_of, wait_for
from tests.make_data import save_images
from tests.place import Place

TWO_CHANGES = {
    "dataset": "images.npz",
    "validation_fraction": "0.2",
    "seeds": "2",
    "dropout_rate": "0.2",
    "epochs": "5",
    "early_stopping_patience": "never",
}
ARMS = {"baseline", "l2_lambda", "use_batch_norm", "improved"}
CONTROL = "baseline on other seeds"


class Ablated(NamedTuple):
    """A store in which main was run, then ablate, which was killed, then repeated."""

    place: Place
    killed: str  # what it said until then
    repeated: CompletedProcess


@pytest.fixture(scope="module")
def ablated(tmp_path_factory) -> Ablated:
    place = Place(tmp_path_factory.mktemp("ablation"))
    save_images(place.folder / "images.npz")
    process = place.run("main", **TWO_CHANGES)
    assert process.returncode == 0, process.stderr
    given = TWO_CHANGES | {"control": "true"}
    with place.start("ablate", **given) as process:
        said = wait_for("train_arms  4 of 10 trials reused, 6 to train", process)[0]
        wait_for("train_arms  6/10", process)
        for pid in processes_of(process.pid, "steps.train_arms"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS_TO_END)
    repeated = place.run("ablate", **given)
    assert repeated.returncode == 0, repeated.stderr
    return Ablated(place, said, repeated)


def nested_in(place, run):
    return place.runs(f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")


def test_a_kill_costs_the_trials_in_flight_alone(ablated):
    (reused,) = re.findall(r"(\d+) of 10 trials reused", ablated.repeated.stderr)
    assert int(reused) >= 6
    states = {run.info.status for run in ablated.place.runs()}
    assert "RUNNING" not in states


def test_arms_are_nested_in_one_run_and_trials_in_their_arm(ablated):
    place = ablated.place
    step = place.last("train_arms")
    assert step.data.tags["mlflow.parentRunId"] == place.last("ablate").info.run_id
    arms = {run.data.tags["arm"]: run for run in nested_in(place, step)}
    assert arms.keys() == {*ARMS, CONTROL}
    for name, run in arms.items():
        assert run.info.status == "FINISHED"
        assert run.info.run_name.startswith(f"{name}: test accuracy ")
        assert (place.artifacts(run, "trials") / "predictions.npz").exists()
        trials = nested_in(place, run)
        seeds = {int(trial.data.tags["seed"]) for trial in trials}
        assert seeds == ({2, 3} if name == CONTROL else {0, 1})
        assert run.data.params["epochs"] == "5"
        assert len(run.inputs.dataset_inputs) == 3
    assert arms["l2_lambda"].data.params["l2_lambda"] == "0.001"
    assert arms["l2_lambda"].data.params["use_batch_norm"] == "false"


def test_the_answer_is_on_the_run_that_a_person_has_started(ablated):
    place, run = ablated.place, ablated.place.last("ablate")
    folder = place.artifacts(run, "ablation")
    files = {path.name for path in folder.iterdir()}
    assert {"report.html", "ablation.json", "table.csv", "table.md"} <= files
    for one, other in (("ablation", "comparison"), ("comparison", "ablation")):
        page = place.artifacts(run, one) / "report.html"
        assert f'href="../{other}/report.html"' in page.read_text("utf-8")
    assert run.data.tags["verdict.l2_lambda"] == "inconclusive"  # two seeds
    assert "main_effect/use_batch_norm" in run.data.metrics
    assert "l2_lambda" in ablated.repeated.stdout
    assert "arning:" not in ablated.repeated.stderr


def test_its_comparison_is_that_of_main(ablated):
    runs = [ablated.place.last(name) for name in ("ablate", "main")]
    assert len({answer_of(ablated.place, run) for run in runs}) == 1


def test_what_is_there_is_not_made_again(ablated):
    before = ablated.place.last("ablate")
    again = ablated.place.run("ablate", **TWO_CHANGES | {"control": "true"})
    assert again.returncode == 0, again.stderr
    for step in ("prepare_data", "train_arms", "factorial"):
        assert f"{step}  reused from run" in again.stderr
    run = ablated.place.last("ablate")
    assert run.info.run_id != before.info.run_id
    assert run.info.run_name == before.info.run_name
    assert answer_of(ablated.place, run) == answer_of(ablated.place, before)
    assert ablated.repeated.stdout.endswith(again.stdout)


def test_main_uses_the_trials_of_ablate(ablated):
    process = ablated.place.run("main", **TWO_CHANGES | {"use_batch_norm": "false"})
    assert process.returncode == 0, process.stderr
    assert "train_improved  2 of 2 trials reused, 0 to train" in process.stderr


def test_a_trial_of_an_arm_can_be_verified_though_there_is_no_model(ablated):
    step = ablated.place.last("train_arms")
    arm = next(r for r in nested_in(ablated.place, step) if r.data.tags["arm"] in ARMS)
    process = ablated.place.run("verify", arm=arm.info.run_id)
    assert process.returncode == 0, process.stderr
    assert "seed 0, is bitwise equal" in process.stdout
