"""Whatever a person may type or bring: one line, the right status, nothing left.

Each case is the command line of a step, carried out in this process. The same through
`mlflow run`, which takes seconds to load, is in `tests/end_to_end/test_bad_input.py`.
"""

import importlib.util
import os
import runpy
import signal
import sys
import tempfile
from pathlib import Path

import mlflow
import pytest

from lab import mlproject
from lab.host import lifecycle, process
from tests.bad_input import (
    UNKNOWN_RUN,
    Case,
    ablate,
    compare,
    factorial,
    fill_in,
    judge,
    main,
    prepare,
    prepare_place,
    table,
    train,
    train_arms,
    verify,
)
from tests.place import Place

DIGEST = "0" * 64

USAGE = table(
    prepare("validation_fraction must be a number", validation_fraction="0,1"),
    prepare("in (0, 0.5], such as 0.1, got '0.51'", validation_fraction="0.51"),
    prepare("in (0, 0.5], such as 0.1, got 'nan'", validation_fraction="nan"),
    prepare("in (0, 0.5], such as 0.1, got '0'", validation_fraction="0"),
    prepare("in (0, 0.5], such as 0.1, got 'inf'", validation_fraction="inf"),
    prepare("validation_fraction must be a number in", validation_fraction="٠.١"),
    prepare("split_seed must be a whole number from 0 to 4294967295", split_seed="-1"),
    prepare("split_seed must be a whole number", split_seed="1.5"),
    prepare("... (5002 characters)", split_seed="9" * 5000),
    prepare("train_size must be a whole number >= 0", train_size="all"),
    prepare("unknown parameter 'datset'; did you mean 'dataset'?", datset="mnist"),
    prepare("unknown parameter 'help'", help="me"),
    prepare("must be one of mnist, fashion-mnist", dataset=""),
    prepare("'minst' and nothing at", dataset="minst"),
    prepare(r"'two\nlines' and nothing at", dataset="two\nlines"),
    prepare(r"'\x1b[2J' and nothing at", dataset="\x1b[2J"),
    prepare("nothing at", dataset="{files}/absent.npz"),
    prepare("four idx files, gzipped or not, got none", dataset="{files}/folder"),
    prepare("which is a pipe, a socket or a device", dataset="{files}/pipe"),
    prepare("which is a pipe, a socket or a device", dataset="/dev/zero"),
    prepare("got '{files}/images.npz'", working_directory="{files}/images.npz"),
    prepare("must start with https://", dataset="http://localhost.example/a.npz"),
    prepare("must start with https://", dataset="s3://bucket/a.npz"),
    prepare("must end in #sha256=", dataset="https://localhost/a.npz"),
    prepare("64 hex", dataset="https://host/a.npz#sha256=12"),
    train("hidden_units must be the sizes", hidden_units="512;256"),
    train("hidden_units must be the sizes", hidden_units="9" * 20),
    train("hidden_units must be the sizes", hidden_units="0"),
    train("got 'Relu'; did you mean 'relu'?", activation="Relu"),
    train("dropout_rate must be a number in [0, 1), such as 0.3", dropout_rate="1"),
    train("got '-0.1'", dropout_rate="-0.1"),
    train("l2_lambda must be a number in [0, 1e30]", l2_lambda="-1e-4"),
    train("l2_lambda must be a number in [0, 1e30]", l2_lambda="1e999"),
    train("use_batch_norm must be true or false, got 'maybe'", use_batch_norm="maybe"),
    train("early_stopping_patience must be never", early_stopping_patience="0"),
    train("epochs must be a whole number from 1", epochs="0"),
    train("epochs must be a whole number from 1", epochs="1_0"),
    train("batch_size must be a whole number", batch_size="128.5"),
    train("did you mean 'adam'?", optimizer="adm"),
    train("momentum must be 0 with optimizer 'adam'", momentum="0.9"),
    train("learning_rate must be a number in (0, 1e30]", learning_rate="nan"),
    train("learning_rate must be a number in (0, 1e30]", learning_rate="0"),
    train("schedule must be", learning_rate_schedule="linear"),
    train("seeds must be a number of trials", seeds="1,1"),
    train("seeds must be a number of trials", seeds="0"),
    train("seeds must be a number of trials", seeds="-3"),
    train("(main alone takes 5..20 as well, as many as it takes", seeds="5..20"),
    train("workers must be auto", workers="0"),
    train("arm must be 1 to 200 letters", arm="<script>"),
    train("arm must be 1 to 200 letters", arm=""),
    train("data must be a runs:/ URI", data=" "),
    train("cache must be on or off", cache="maybe"),
    train("unknown parameter 'l2'; known are", l2="0.1"),
    main("'l2_lamda'; did you mean 'l2_lambda'?", l2_lamda="0.1"),
    main("dropout_rate must be a number in [0, 1)", dropout_rate="1.5"),
    main("l2_lambda must be a number in [0, 1e30]", l2_lambda="-1"),
    main("unknown parameter 'arm'", arm="mine"),
    main("alpha must be a number in (0, 0.5)", alpha="0.5"),
    main("resamples must be a whole number", resamples="0"),
    main("seeds must be a number of trials", seeds="5 seeds"),
    main("looks must be none, the first and the last planned", seeds="3..20"),
    main("at the first look too many equal recipes", seeds="3..20"),
    main("got 'a..b' as seeds", seeds="a..b"),
    main("got '20..5' as seeds", seeds="20..5"),
    main("looks=5..20 and 5 seeds; give seeds=20", looks="5..20"),
    main("got looks=5,20 and seeds=5..20; give one of", seeds="5..20", looks="5,20"),
    main("cache must be on with looks, got off", seeds="5..20", cache="off"),
    main("plan must be true", plan="1"),
    main("got 'beter'; did you mean 'better'?", require="beter"),
    main("equivalent takes a margin, got none", require="equivalent", margin="none"),
    main("got 'val_loss'; did you mean 'best_val_loss'?", metric="val_loss"),
    ablate("got 'val_loss'; did you mean 'best_val_loss'?", metric="val_loss"),
    ablate("'l2_lamda'; did you mean 'l2_lambda'?", l2_lamda="0.1"),
    ablate("got 'l2_lamda'; did you mean 'l2_lambda'?", factors="l2_lamda, epochs"),
    ablate("batch_size is 128 in both", factors="batch_size epochs"),
    ablate("main tells: mlflow run . -e main", factors="dropout_rate"),
    ablate("most 5, got 6", hidden_units="8", batch_size="32"),
    ablate("control must be true or false", control="2"),
    train_arms("arms must be JSON such as", arms="wide"),
    train_arms("arm a: unknown parameter 'epoch'; did you", arms='{"a": {"epoch": 1}}'),
    train_arms("at most 6,000 characters", arms='{"a": {}}' + " " * 6000),
    factorial("arms must be different runs:/ URIs", arms="a,a"),
    factorial("levels must be JSON such as", levels=" "),
    compare("margin must be auto, none, or a difference above 0", margin="-0.001"),
    compare("margin must be auto, none, or a difference above 0", margin="1 apple"),
    compare("margin must be a difference in (0, 1)", margin="1"),
    compare("looks must be none, the first", looks="4..8"),
    compare("direction must be higher or lower for the metric 'x'", metric="x"),
    compare("seed must be a whole number >= 0", seed="-1"),
    compare("baseline must be a runs:/ URI", baseline=""),
    judge("experiment must be the name or the id", experiment=" "),
    judge("group_by must be params.NAME, tags.NAME", group_by="attributes.status"),
    judge("seed must be params.NAME or tags.NAME", seed="params."),
    judge("baseline must be what the runs of the reference have", baseline=""),
    judge("direction must be higher or lower for the metric 'm'", metric="m"),
    judge("write_back must be true or false", write_back="maybe"),
    judge("not-worse takes a margin, got none", require="not-worse", metric="val_loss"),
    verify("trial_seed must be auto", trial_seed="-1"),
)

# Of these the store is asked, or the files are read.
FAILURES = table(
    prepare("at most the 240 training", train_size="241"),
    prepare("must be an .npz archive", dataset="{files}/truncated.npz"),
    prepare("y_test must be in 0..2 like y_train", dataset="{files}/range.npz"),
    prepare("got no image of", dataset="{files}/class.npz"),
    prepare("got float64 with NaN", dataset="{files}/nan.npz"),
    prepare("got pickled Python objects", dataset="{files}/objects.npz"),
    prepare("must be a whole gzip file", dataset="{files}/idx"),
    prepare("refused", dataset=f"https://localhost:9/a.npz#sha256={DIGEST}"),
    compare("is no folder", baseline="{files}/images.npz"),
    compare("which is not there", baseline=UNKNOWN_RUN),
    compare("which is RUNNING", improved="{running}"),
    compare("must have an artifact folder 'trials', it has none", baseline="{foreign}"),
    compare("it has none", improved="runs:/{foreign}/x"),
    compare("'trials', it has dataset", improved="{prepared}"),
    compare("could not be fetched", improved="nonsense://host/trials"),
    compare("could not be fetched", improved="models:/none/1"),
    judge("experiment must be the name or the id of one in", experiment="Defualt"),
    judge("group_by must be params.NAME, tags.NAME or"),
)

REFUSALS = table(
    compare("must be the trials/ folder of a training", improved="{files}/folder"),
    compare("predictions.npz must be an .npz archive", improved="{files}/damaged arm"),
    compare("JSON", improved="{files}/arm without json"),
    compare("5 seeds of the first look, got 3; train more", looks="5..20"),
    compare("different_test_set", improved="{files}/arm of other data"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp("bad input"))


@pytest.fixture(scope="module")
def names(place) -> dict[str, str]:
    return prepare_place(place)


@pytest.fixture
def like_a_new_process(monkeypatch, tmp_path):
    """What a step changes in its process is afterwards as it was before."""

    def leave(status):
        raise AssertionError(f"the step would have ended with exit status {status}")

    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(process, "watch_parent", lambda: None)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def store(like_a_new_process, keras_home, place, names):
    """The runs of `place`, as the store that a step finds."""
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(place.store)
    mlflow.set_experiment(experiment_id="0")
    yield place
    mlflow.set_tracking_uri(previous)


def carry_out(case: Case, folder: Path, names: dict[str, str], monkeypatch) -> int:
    """The exit status of `python -m` with the module and flags of MLproject."""
    (folder / "here").mkdir()
    own = {"working_directory": str(folder / "here")}
    texts = mlproject.defaults(case.entry_point) | own | case.filled_in(names)
    command = mlproject.project()["entry_points"][case.entry_point]["command"]
    module = importlib.util.find_spec(command.split()[2])
    flags = [f"--{name}={text}" for name, text in texts.items()]
    monkeypatch.setattr(sys, "argv", [module.origin, *flags])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_path(module.origin, run_name="__main__")
    return leaving.value.code


def check_traces(case: Case, folder: Path, names: dict[str, str], printed) -> None:
    """One line that says it, and not a file."""
    assert printed.err.startswith("error: ") and printed.err.endswith("\n")
    assert printed.err[:-1].isprintable()
    assert fill_in(case.says, names) in printed.err
    assert printed.out == ""
    assert os.listdir(folder / "here") == []
    assert list((folder / "tmp").glob("tp2-*/*")) == []


@pytest.mark.usefixtures("like_a_new_process")
@pytest.mark.parametrize("name", USAGE)
def test_a_bad_parameter_is_a_usage_error(name, names, tmp_path, monkeypatch, capfd):
    case = USAGE[name]
    status = carry_out(case, tmp_path, names, monkeypatch)
    assert status == lifecycle.EXIT_USAGE
    check_traces(case, tmp_path, names, capfd.readouterr())


@pytest.mark.parametrize(
    ("name", "case", "expected"),
    [
        *((*item, lifecycle.EXIT_FAILURE) for item in FAILURES.items()),
        *((*item, lifecycle.EXIT_REFUSED) for item in REFUSALS.items()),
    ],
    ids=[*FAILURES, *REFUSALS],
)
def test_bad_content_fails_the_step_and_its_run(
    name, case, expected, store, names, tmp_path, monkeypatch, capfd
):
    before = {run.info.run_id for run in store.runs()}
    assert carry_out(case, tmp_path, names, monkeypatch) == expected
    check_traces(case, tmp_path, names, capfd.readouterr())
    [run] = [run for run in store.runs() if run.info.run_id not in before]
    assert run.info.status == "FAILED"
    assert fill_in(case.says, names) in run.data.tags["error"]
    assert store.client.list_artifacts(run.info.run_id) == []


def test_an_answer_that_is_not_what_was_required_is_stored(
    store, names, tmp_path, monkeypatch, capfd
):
    case = compare("require=better is not met by", require="better")
    assert carry_out(case, tmp_path, names, monkeypatch) == lifecycle.EXIT_MISSED
    printed = capfd.readouterr()
    assert f"error: {case.says}" in printed.err
    assert "verdict: " in printed.out
    run = store.runs("tags.requirement = 'better'")[-1]
    assert run.info.status == "FAILED"
    assert run.data.tags["requirement_met"] == "false"
    stored = store.client.list_artifacts(run.info.run_id, "comparison")
    assert "comparison/verdict.json" in {file.path for file in stored}


def test_every_entry_point_has_a_bad_parameter():
    tried = {case.entry_point for case in USAGE.values()}
    assert tried == set(mlproject.project()["entry_points"]) - {"train_baseline"}
