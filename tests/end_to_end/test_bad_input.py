"""Whatever a person may type or bring: one line, nothing carried out, nothing left.

A table of bad invocations of every entry point through `mlflow run`. They share one
store and run a few at a time; each has a folder of its own to leave nothing in. What
differs in a detail only is started without `mlflow run`, which takes seconds to load.
"""

import gzip
import os
import re
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from didithelp import trials_folder
from lab import mlproject
from lab.data.sources import IDX_FILES
from lab.host import lifecycle
from lab.runs import keys as cache
from tests.didithelp.builders import make_arm
from tests.make_data import make_images, save_images
from tests.place import Place

AT_ONCE = 3
ENTRY_POINTS = tuple(mlproject.project()["entry_points"])
UNKNOWN_RUN = "0" * 32
DIGEST = "0" * 64


@dataclass(frozen=True)
class Case:
    """An invocation, and what its error must say.

    In the values, {files} is the folder of bad files, {failed} the id of a run and
    so on: see `names`. `nested` is for errors of a step that another step started.
    """

    entry_point: str
    parameters: dict[str, str]
    says: str
    nested: bool = False


def prepare(says: str, **parameters: str) -> Case:
    return Case("prepare_data", parameters, says)


def train(says: str, *, nested: bool = False, **parameters: str) -> Case:
    return Case("train_improved", parameters, says, nested)


def main(says: str, *, nested: bool = False, **parameters: str) -> Case:
    return Case("main", parameters, says, nested)


def compare(says: str, **parameters: str) -> Case:
    arms_given = {"baseline": "{files}/arm", "improved": "{files}/arm"}
    return Case("compare", arms_given | parameters, says)


def verify(says: str, **parameters: str) -> Case:
    return Case("verify", {"arm": UNKNOWN_RUN} | parameters, says)


PARAMETERS = [
    prepare("validation_fraction must be a number", validation_fraction="0,1"),
    prepare("in (0, 0.5], such as 0.1, got '0.51'", validation_fraction="0.51"),
    prepare("in (0, 0.5], such as 0.1, got 'nan'", validation_fraction="nan"),
    prepare("validation_fraction must be a number in", validation_fraction="٠.١"),
    prepare("split_seed must be a whole number from 0 to 4294967295", split_seed="-1"),
    prepare("... (5002 characters)", split_seed="9" * 5000),
    prepare("unknown parameter 'datset'; did you mean 'dataset'?", datset="mnist"),
    prepare("nothing at", dataset=""),
    prepare("'minst' and nothing at", dataset="minst"),
    prepare(r"'two\nlines' and nothing at", dataset="two\nlines"),
    prepare(r"'\x1b[2J' and nothing at", dataset="\x1b[2J"),
    train("hidden_units must be the sizes", hidden_units="512;256"),
    train("hidden_units must be the sizes", hidden_units="9" * 20),
    train("got 'Relu'; did you mean 'relu'?", activation="Relu"),
    train("dropout_rate must be a number in [0, 1), such as 0.3", dropout_rate="1"),
    train("l2_lambda must be a number in [0, 1e30]", l2_lambda="-1e-4"),
    train("use_batch_norm must be true or false, got 'yes'", use_batch_norm="yes"),
    train("early_stopping_patience must be never", early_stopping_patience="0"),
    train("momentum must be 0 with optimizer 'adam'", momentum="0.9"),
    train("seeds must be a number of trials", seeds="1,1"),
    train("workers must be auto", workers="0"),
    train("arm must be 1 to 50 letters", arm="<script>"),
    train("unknown parameter 'l2'; known are", l2="0.1"),
    main("'l2_lamda'; did you mean 'l2_lambda'?", l2_lamda="0.1"),
    main("dropout_rate must be a number in [0, 1)", dropout_rate="1.5"),
    main("unknown parameter 'arm'", arm="mine"),
    main("alpha must be a number in (0, 0.5)", alpha="0.5"),
    main("seeds must be a number of trials", seeds="5 seeds"),
    compare("margin must be a difference in accuracy", margin="-0.001"),
    compare("baseline must be a runs:/ URI", baseline=""),
    verify("trial_seed must be auto", trial_seed="-1"),
]

FILES = [
    prepare("nothing at", dataset="{files}/absent.npz"),
    prepare("must be an .npz archive", dataset="{files}/truncated.npz"),
    prepare("y_test must be in 0..2 like y_train", dataset="{files}/range.npz"),
    prepare("got pickled Python objects", dataset="{files}/objects.npz"),
    prepare("four idx files, gzipped or not, got none", dataset="{files}/folder"),
    prepare("must be a whole gzip file", dataset="{files}/idx"),
    prepare("which is a pipe, a socket or a device", dataset="{files}/pipe"),
    prepare("which is a pipe, a socket or a device", dataset="/dev/zero"),
    prepare("got '{files}/images.npz'", working_directory="{files}/images.npz"),
    main("got float64 with NaN", nested=True, dataset="{files}/nan.npz"),
    compare("is no folder", baseline="{files}/images.npz"),
    compare("must be the trials/ folder of a training", improved="{files}/folder"),
    compare("predictions.npz must be an .npz archive", improved="{files}/damaged arm"),
    compare("different_test_set", improved="{files}/arm of other data"),
]

LOCATIONS = [
    prepare("must start with https://", dataset="http://localhost.example/a.npz"),
    prepare("must start with https://", dataset="s3://bucket/a.npz"),
    prepare("must end in #sha256=", dataset="https://localhost/a.npz"),
    prepare("refused", dataset=f"https://localhost:9/a.npz#sha256={DIGEST}"),
    train("which is FAILED; repeat that step first", data="runs:/{failed}/dataset"),
    compare("which is not there", baseline=UNKNOWN_RUN),
    compare("must have an artifact folder 'trials', it has none", baseline="{foreign}"),
    compare("'trials', it has dataset", improved="{prepared}"),
    compare("could not be fetched", improved="nonsense://host/trials"),
    verify("'trials', it has dataset", arm="{prepared}"),
]

# With the exit statuses that `mlflow run` makes 1 of.
DIRECT = [
    (
        prepare("in (0, 0.5], such as 0.1, got '0'", validation_fraction="0"),
        lifecycle.EXIT_USAGE,
    ),
    (
        prepare("in (0, 0.5], such as 0.1, got 'inf'", validation_fraction="inf"),
        lifecycle.EXIT_USAGE,
    ),
    (
        prepare("split_seed must be a whole number", split_seed="1.5"),
        lifecycle.EXIT_USAGE,
    ),
    (
        prepare("train_size must be a whole number >= 0", train_size="all"),
        lifecycle.EXIT_USAGE,
    ),
    (prepare("unknown parameter 'help'", help="me"), lifecycle.EXIT_USAGE),
    (prepare("64 hex", dataset="https://host/a.npz#sha256=12"), lifecycle.EXIT_USAGE),
    (train("hidden_units must be the sizes", hidden_units="0"), lifecycle.EXIT_USAGE),
    (train("got '-0.1'", dropout_rate="-0.1"), lifecycle.EXIT_USAGE),
    (
        train("l2_lambda must be a number in [0, 1e30]", l2_lambda="1e999"),
        lifecycle.EXIT_USAGE,
    ),
    (train("epochs must be a whole number from 1", epochs="0"), lifecycle.EXIT_USAGE),
    (train("epochs must be a whole number from 1", epochs="1_0"), lifecycle.EXIT_USAGE),
    (
        train("batch_size must be a whole number", batch_size="128.0"),
        lifecycle.EXIT_USAGE,
    ),
    (train("did you mean 'adam'?", optimizer="adm"), lifecycle.EXIT_USAGE),
    (
        train("learning_rate must be a number in (0, 1e30]", learning_rate="nan"),
        lifecycle.EXIT_USAGE,
    ),
    (
        train("learning_rate must be a number in (0, 1e30]", learning_rate="0"),
        lifecycle.EXIT_USAGE,
    ),
    (train("schedule must be", learning_rate_schedule="linear"), lifecycle.EXIT_USAGE),
    (train("seeds must be a number of trials", seeds="0"), lifecycle.EXIT_USAGE),
    (train("seeds must be a number of trials", seeds="-3"), lifecycle.EXIT_USAGE),
    (train("arm must be 1 to 50 letters", arm=""), lifecycle.EXIT_USAGE),
    (train("data must be a runs:/ URI", data=" "), lifecycle.EXIT_USAGE),
    (main("resamples must be a whole number", resamples="0"), lifecycle.EXIT_USAGE),
    (
        main("l2_lambda must be a number in [0, 1e30]", l2_lambda="-1"),
        lifecycle.EXIT_USAGE,
    ),
    (train("cache must be on or off", cache="true"), lifecycle.EXIT_USAGE),
    (main("plan must be true", plan="1"), lifecycle.EXIT_USAGE),
    (compare("margin must be a difference", margin="1%"), lifecycle.EXIT_USAGE),
    (compare("seed must be a whole number >= 0", seed="-1"), lifecycle.EXIT_USAGE),
    (prepare("at most the 240 training", train_size="241"), lifecycle.EXIT_FAILURE),
    (prepare("got no image of", dataset="{files}/class.npz"), lifecycle.EXIT_FAILURE),
    (verify("which is not there"), lifecycle.EXIT_FAILURE),
    (compare("which is RUNNING", improved="{running}"), lifecycle.EXIT_FAILURE),
    (compare("it has none", improved="runs:/{foreign}/x"), lifecycle.EXIT_FAILURE),
    (
        compare("could not be fetched", improved="models:/none/1"),
        lifecycle.EXIT_FAILURE,
    ),
    (compare("JSON", improved="{files}/arm without json"), lifecycle.EXIT_REFUSED),
    (
        compare("different", improved="{files}/arm of other data"),
        lifecycle.EXIT_REFUSED,
    ),
]

# One text with everything a shell acts on; {evidence} is a file that must not appear.
HOSTILE = "x'\"; touch {evidence}; $(touch {evidence}) `touch {evidence}` | touch "
HOSTILE += "{evidence} & touch {evidence}\ntouch {evidence} > {evidence} #\\"


def hostile(entry_point: str, **changes: str) -> Case:
    """Every parameter at once: a shell would act on all before we are started."""
    declared = mlproject.project()["entry_points"][entry_point]["parameters"]
    texts = dict.fromkeys(declared, HOSTILE) | {"working_directory": "{hostile}"}
    return Case(entry_point, texts | changes, " must be ")


COMMANDS = [
    *map(hostile, ENTRY_POINTS),
    hostile("main", l2_lambda=HOSTILE, use_batch_norm=HOSTILE),  # undeclared there
    main("l2_lambda must be a number in [0, 1e30]", l2_lambda=HOSTILE),
    train("got float64 with NaN", nested=True, data="{hostile}/$(touch x); `nan`.npz"),
]

CASES = {
    f"{number:02}-{case.entry_point}-{ascii(case.parameters)[1:50]}": case
    for number, case in enumerate([*PARAMETERS, *FILES, *LOCATIONS, *COMMANDS])
}


# --- what the cases find --------------------------------------------------------------


def save_bad_files(folder: Path) -> None:
    save_images(folder / "images.npz")
    good = dict(np.load(folder / "images.npz"))
    content = (folder / "images.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(content[: len(content) // 2])
    x_train, y_train, y_test = good["x_train"], good["y_train"], good["y_test"]
    with_nan = np.where(x_train == x_train.max(), np.nan, x_train)
    bad = {
        "nan": {"x_train": with_nan},
        "range": {"y_test": y_test + 1},
        "class": {"y_test": np.minimum(y_test, 1)},
        "objects": {"y_train": y_train.astype(object)},
    }
    for name, changes in bad.items():
        np.savez(folder / f"{name}.npz", **good | changes)
    (folder / "folder").mkdir()
    (folder / "idx").mkdir()
    for name in IDX_FILES.values():
        header = bytes((0, 0, 8, 3)) + bytes((0, 0, 0, 10)) * 3
        packed = gzip.compress(header + bytes(1000))
        (folder / "idx" / f"{name}.gz").write_bytes(packed[:-9])
    os.mkfifo(folder / "pipe")


def save_bad_arms(folder: Path) -> None:
    right = make_images(60, seed=0)[1][None] > 0
    for name in ("arm", "damaged arm", "arm without json"):
        trials_folder.save(make_arm(np.repeat(right, 3, axis=0)), folder / name)
    (folder / "damaged arm" / "predictions.npz").write_bytes(b"PK\x03\x04" + bytes(99))
    (folder / "arm without json" / "arm.json").write_text("{")
    other = make_arm(np.repeat(right, 3, axis=0))
    other.dataset.sha256["x_test"] = "other images"
    trials_folder.save(other, folder / "arm of other data")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Place:
    """Where the store is, with a finished run; the store is complete before others."""
    folder = tmp_path_factory.mktemp("shared")
    save_bad_files(folder)
    save_bad_arms(folder)
    place = Place(folder)
    process = place.run("prepare_data", dataset="images.npz")
    assert process.returncode == 0, process.stderr
    return place


@pytest.fixture(scope="module")
def names(shared) -> dict[str, str]:
    """What the values of the cases refer to."""
    names = {"files": str(shared.folder), "evidence": str(shared.folder / "evidence")}
    names["prepared"] = shared.last("prepare_data").info.run_id
    for status in ("FAILED", "RUNNING", "FINISHED"):
        run_id = shared.client.create_run("0").info.run_id
        shared.client.update_run(run_id, status)
        names[{"FINISHED": "foreign"}.get(status, status.lower())] = run_id
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


def filled_in(case: Case, names: dict[str, str]) -> dict[str, str]:
    """The case's parameters, with images that are as they should be by default."""
    parameters = dict(case.parameters)
    if case.entry_point == "prepare_data":
        parameters.setdefault("dataset", "{files}/images.npz")
    return {name: fill_in(text, names) for name, text in parameters.items()}


def fill_in(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], text)


def carry_out(case: Case, folder: Path, shared: Place, names: dict) -> Outcome:
    (folder / "here").mkdir(parents=True)
    (folder / "tmp").mkdir()
    variables = {
        "MLFLOW_TRACKING_URI": shared.store,
        "TMPDIR": str(folder / "tmp"),
        "KERAS_HOME": str(folder / "keras"),  # Keras leaves a file there
    }
    place = Place(folder / "here", variables)
    return Outcome(place, place.run(case.entry_point, **filled_in(case, names)))


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
    assert len(CASES) >= 60


# --- without `mlflow run`, where the exit status is ours ------------------------------


@pytest.mark.usefixtures("outcomes")  # which come about meanwhile
@pytest.mark.parametrize(("case", "status"), DIRECT)
def test_the_exit_status_tells_usage_failure_and_refusal_apart(
    case, status, shared, names, tmp_path
):
    texts = mlproject.defaults(case.entry_point) | filled_in(case, names)
    texts["working_directory"] = str(tmp_path)
    words = [f"--{name}={text}" for name, text in texts.items()]
    process = subprocess.run(
        [sys.executable, "-m", cache.module_of(case.entry_point), *words],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=shared.environment() | {"MLFLOW_TRACKING_URI": shared.store},
        capture_output=True,
        text=True,
    )
    assert process.returncode == status, process.stderr
    assert process.stderr.startswith("error: ") and process.stderr.count("\n") == 1
    assert fill_in(case.says, names) in process.stderr
    assert process.stdout == "" and os.listdir(tmp_path) == []


# --- with `mlflow run` ----------------------------------------------------------------


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
    assert shared.client.list_artifacts(outcome.run_id) == []
    parent = f"tags.`mlflow.parentRunId` = '{outcome.run_id}'"
    assert {nested.info.status for nested in shared.runs(parent)} <= {"FAILED"}


def test_no_run_is_left_running(outcomes, shared, names):
    for outcome in outcomes.values():
        outcome.result()
    running = shared.runs("attributes.status = 'RUNNING'")
    assert [run.info.run_id for run in running] == [names["running"]]
