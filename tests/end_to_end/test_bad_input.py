"""Bad input through `mlflow run`: one line, nothing carried out, nothing left.

One invocation of each kind, and of every entry point the one with which a shell would
do most harm; `tests/steps/test_bad_input.py` has all kinds, without `mlflow run`. They
share one store and run a few at a time; each has a folder of its own to leave nothing
in.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import mlproject
from lab.host import lifecycle
from tests.bad_input import (
    Case,
    compare,
    fill_in,
    main,
    prepare,
    prepare_place,
    table,
    train,
    verify,
)
from tests.place import Place

AT_ONCE = 2
ENTRY_POINTS = tuple(mlproject.project()["entry_points"])

# One text with everything a shell acts on; {evidence} is a file that must not appear.
HOSTILE = "x'\"; touch {evidence}; $(touch {evidence}) `touch {evidence}` | touch "
HOSTILE += "{evidence} & touch {evidence}\ntouch {evidence} > {evidence} #\\"


def hostile(entry_point: str, **changes: str) -> Case:
    """Every parameter at once: a shell would act on all before we are started."""
    declared = mlproject.project()["entry_points"][entry_point]["parameters"]
    texts = dict.fromkeys(declared, HOSTILE) | {"working_directory": "{hostile}"}
    return Case(entry_point, texts | changes, " must be ")


CASES = table(
    *map(hostile, ENTRY_POINTS),
    hostile("main", l2_lambda=HOSTILE, use_batch_norm=HOSTILE),  # undeclared there
    main("l2_lambda must be a number in [0, 1e30]", l2_lambda=HOSTILE),
    main("'l2_lamda'; did you mean 'l2_lambda'?", l2_lamda="0.1"),
    main("dropout_rate must be a number in [0, 1)", dropout_rate="1.5"),
    main("got float64 with NaN", nested=True, dataset="{files}/nan.npz"),
    main("240", nested=True, dataset="{files}/images.npz", train_size="100000"),
    train("got float64 with NaN", nested=True, data="{hostile}/$(touch x); `nan`.npz"),
    train("which is FAILED; repeat that step first", data="runs:/{failed}/dataset"),
    prepare("unknown parameter 'datset'; did you mean 'dataset'?", datset="mnist"),
    prepare("validation_fraction must be a number in", validation_fraction="٠.١"),
    prepare(r"'two\nlines' and nothing at", dataset="two\nlines"),
    prepare("which is a pipe, a socket or a device", dataset="{files}/pipe"),
    prepare("must be an .npz archive", dataset="{files}/truncated.npz"),
    compare("different_test_set", improved="{files}/arm of other data"),
    verify("'trials', it has dataset", arm="{prepared}"),
)

# With the exit statuses that `mlflow run` makes 1 of.
STATUSES = [
    (train("epochs must be a whole number from 1", epochs="0"), lifecycle.EXIT_USAGE),
    (verify("which is not there"), lifecycle.EXIT_FAILURE),
    (compare("JSON", improved="{files}/arm without json"), lifecycle.EXIT_REFUSED),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Place:
    """Where the store is that all cases share."""
    return Place(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def names(shared) -> dict[str, str]:
    """What the values of the cases refer to."""
    names = prepare_place(shared)
    named_badly = shared.folder / "$(touch x) ; `touch y` \"'"
    named_badly.mkdir()
    os.link(shared.folder / "nan.npz", named_badly / "$(touch x); `nan`.npz")
    return names | {"hostile": str(named_badly)}


@dataclass(frozen=True)
class Outcome:
    """An `mlflow run` that has ended."""

    place: Place
    process: subprocess.CompletedProcess

    @property
    def errors(self) -> list[str]:
        """The lines in which we say what is wrong."""
        lines = self.process.stderr.splitlines()
        return [line for line in lines if line.startswith("error: ")]

    @property
    def run_id(self) -> str:
        """Of the run that `mlflow run` made, not of those nested in it."""
        return re.search(r"in run with ID '(\w+)'", self.process.stderr)[1]


def carry_out(case: Case, folder: Path, shared: Place, names: dict) -> Outcome:
    (folder / "here").mkdir(parents=True)
    (folder / "tmp").mkdir()
    variables = {
        "MLFLOW_TRACKING_URI": shared.store,
        "TMPDIR": str(folder / "tmp"),
        "KERAS_HOME": str(folder / "keras"),  # Keras leaves a file there
    }
    place = Place(folder / "here", variables)
    return Outcome(place, place.run(case.entry_point, **case.filled_in(names)))


@pytest.fixture(scope="module")
def outcomes(request, shared, names, tmp_path_factory):
    """The future of each selected case; a few are carried out at a time."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    selected = [spec.params["name"] for spec in specs if spec and "name" in spec.params]
    folder = tmp_path_factory.mktemp("cases")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(carry_out, CASES[name], folder / name[:2], shared, names)
            for name in selected
            if name in CASES
        }
        pool.shutdown(cancel_futures=True)


def test_the_table_covers_every_entry_point():
    assert {case.entry_point for case in CASES.values()} == set(ENTRY_POINTS)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_told_in_one_line_and_leaves_nothing(
    name, outcomes: dict[str, Future[Outcome]], shared, names
):
    case, outcome = CASES[name], outcomes[name].result()
    process, errors = outcome.process, outcome.errors
    assert process.returncode == 1  # what `mlflow run` makes of every failure
    assert fill_in(case.says, names) in errors[0], process.stderr
    assert errors[0].isprintable()
    others = [line for line in errors[1:] if "step prepare_data stopped" not in line]
    assert others == [] and len(errors) == 1 + case.nested
    assert "Traceback" not in process.stderr
    assert process.stdout == ""
    # Nothing is left, and nothing was carried out.
    assert os.listdir(outcome.place.folder) == []
    assert not list((outcome.place.folder.parent / "tmp").glob("tp2-*/*"))
    assert not os.path.exists(names["evidence"])
    run = shared.client.get_run(outcome.run_id)
    assert run.info.status == "FAILED"
    assert fill_in(case.says, names) in run.data.tags["error"]
    assert run.data.tags["error"] in run.data.tags["mlflow.note.content"]
    assert shared.client.list_artifacts(outcome.run_id) == []
    steps = shared.runs(f"tags.`mlflow.parentRunId` = '{outcome.run_id}'")
    assert [step.info.status for step in steps] == ["FAILED"] * case.nested


@pytest.mark.parametrize(("case", "status"), STATUSES)
def test_the_exit_status_tells_usage_failure_and_refusal_apart(
    case, status, shared, names, tmp_path
):
    own = {"working_directory": str(tmp_path)}
    texts = mlproject.defaults(case.entry_point) | case.filled_in(names) | own
    command = mlproject.project()["entry_points"][case.entry_point]["command"]
    process = subprocess.run(
        [sys.executable, "-m", command.split()[2]]
        + [f"--{name}={text}" for name, text in texts.items()],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=shared.environment() | {"MLFLOW_TRACKING_URI": shared.store},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == status, process.stderr
    assert process.stderr.startswith("error: ") and process.stderr.count("\n") == 1
    assert fill_in(case.says, names) in process.stderr
    assert process.stdout == "" and os.listdir(tmp_path) == []


def test_no_run_is_left_running(outcomes, shared, names):
    for outcome in outcomes.values():
        outcome.result()
    running = shared.runs("attributes.status = 'RUNNING'")
    assert [run.info.run_id for run in running] == [names["running"]]
