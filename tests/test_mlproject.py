"""The contract between MLproject, the command lines and the modules behind them."""

import dataclasses
import importlib
import math
import re
import shlex
import typing
from pathlib import Path

import pytest
from mlflow.projects._project_spec import load_project
from mlflow.utils.environment import _PythonEnv

from didithelp.parameters import Interval, accepted, is_valid, names_of
from lab import command_line, mlproject
from lab.training.recipe import Recipe

MODULES = {
    "main": "pipelines.main",
    "ablate": "pipelines.ablation",
    "prepare_data": "steps.prepare_data",
    "train_baseline": "steps.train",
    "train_improved": "steps.train",
    "train_arms": "steps.train_arms",
    "compare": "steps.compare",
    "judge": "steps.judge",
    "factorial": "steps.factorial",
    "verify": "steps.verify",
}
# The published recipes; everything else is the same in both.
DIFFERENCES = {
    "arm": ("baseline", "improved"),
    "dropout_rate": (0.2, 0.3),
    "l2_lambda": (0.0, 0.001),
    "use_batch_norm": (False, True),
    "early_stopping_patience": (None, 5),
    "epochs": (5, 20),
}
SHARED = {
    "hidden_units": (512,),
    "activation": "relu",
    "batch_norm_position": "before_activation",
    "batch_size": 128,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "momentum": 0.0,
    "learning_rate_schedule": "constant",
}
# What has no default, and one of the two ways to name a candidate.
ARMS = {"baseline": "runs:/0123/trials", "improved": "--some folder's name"}
REQUIRED = {
    "train_arms": ["arms"],
    "compare": ["baseline"],
    "judge": ["experiment", "group_by", "baseline"],
    "factorial": ["arms", "levels"],
    "verify": ["arm"],
}

# Named as elsewhere, and another thing.
OWN_MEANING = (("ablate", "seeds"), ("judge", "seed"))

each_entry_point = pytest.mark.parametrize("entry_point", MODULES)


@pytest.fixture(scope="module")
def project():
    """MLproject as MLflow reads it."""
    return load_project(str(mlproject.PROJECT_DIRECTORY))


def declarations(entry_point):
    return mlproject.project()["entry_points"][entry_point]["parameters"]


def params_class(entry_point):
    return importlib.import_module(MODULES[entry_point]).Params


def examples(entry_point):
    given = {
        "train_arms": {"arms": '{"a": {}, "größer": {"epochs": 20, "seeds": "7,"}}'},
        "compare": ARMS,
        "judge": {
            **{"experiment": "0", "group_by": "lr", "baseline": "--0.1 "},
            "filter": "tags.`a b` = 'c' and metrics.f1 > 0.5",
        },
        "factorial": {"arms": "runs:/0123,mine", "levels": '{"a": {"l2": 0}}'},
        "verify": {"arm": "runs:/0123"},
    }
    return given.get(entry_point, {})


# --- entry points ---------------------------------------------------------------------


def test_mlflow_finds_the_entry_points_in_running_order(project):
    assert list(project._entry_points) == list(MODULES)
    assert list(mlproject.project()["entry_points"]) == list(MODULES)


@each_entry_point
def test_declared_parameters_are_flags_placeholders_and_fields(project, entry_point):
    declared = list(project.get_entry_point(entry_point).parameters)
    flags = [f"--{name}={{{name}}}" for name in declared]
    command = project.get_entry_point(entry_point).command
    assert command.split() == ["python", "-m", MODULES[entry_point], *flags]
    assert sorted(declared) == sorted(names_of(params_class(entry_point)))


@each_entry_point
def test_declared_types_are_those_of_the_fields(entry_point):
    words = {int: "int", float: "float", Path: "path"}
    for field in dataclasses.fields(params_class(entry_point)):
        declared = declarations(entry_point)[field.name]["type"]
        assert declared == words.get(field.type, "string"), field.name


@each_entry_point
def test_python_has_no_defaults(entry_point):
    for field in dataclasses.fields(params_class(entry_point)):
        assert field.default is dataclasses.MISSING, field.name
        assert field.default_factory is dataclasses.MISSING, field.name


@each_entry_point
def test_only_arms_have_no_default(entry_point):
    declared = declarations(entry_point)
    without = [name for name in declared if "default" not in declared[name]]
    assert without == REQUIRED.get(entry_point, [])
    assert list(mlproject.defaults(entry_point)) == [
        name for name in declared if name not in without
    ]


@each_entry_point
def test_none_is_what_is_not_given_where_that_is_allowed(entry_point):
    defaults = {"looks": "none"} | mlproject.defaults(entry_point)
    for field in dataclasses.fields(params_class(entry_point)):
        if is_valid(field, "") or is_valid(field, ()):
            assert defaults[field.name] in ("", "none"), field.name
            texts = {field.name: "None"}
            spelled = command_line.canonical(params_class(entry_point), texts)
            assert spelled == {field.name: defaults[field.name]}


@each_entry_point
def test_the_command_that_mlflow_runs_is_understood(project, entry_point, tmp_path):
    arms = examples(entry_point)
    mlflow_entry = project.get_entry_point(entry_point)
    command = mlflow_entry.compute_command(dict(arms), str(tmp_path))
    python, option, module, *arguments = shlex.split(command)
    assert (python, option, module) == ("python", "-m", MODULES[entry_point])
    params = command_line.parse(params_class(entry_point), arguments)
    assert params.working_directory.is_absolute()
    built = command_line.build(
        params_class(entry_point), mlproject.defaults(entry_point) | arms
    )
    assert dataclasses.replace(params, working_directory=Path(".")) == built


def test_equal_names_are_declared_equally_everywhere():
    seen = {}
    for entry_point in MODULES:
        for name, declaration in declarations(entry_point).items():
            if name not in DIFFERENCES and (entry_point, name) not in OWN_MEANING:
                assert seen.setdefault(name, declaration) == declaration, name


def test_pipelines_repeat_no_parameter_of_a_recipe():
    for pipeline in ("main", "ablate"):
        assert not set(declarations(pipeline)) & set(names_of(Recipe))


# --- intervals ------------------------------------------------------------------------

# All parameters of numbers, and what a step asks for by the same name.
NUMBERS = {
    field.name: field
    for entry_point in MODULES
    for field in dataclasses.fields(params_class(entry_point))
    if isinstance(field.metadata["accepts"], Interval)
}
each_number = pytest.mark.parametrize("field", NUMBERS.values(), ids=list(NUMBERS))


def next_to(field, number, towards):
    """The next number of the field's type."""
    if field.type is float:
        return math.nextafter(number, towards)
    return number + (1 if towards > number else -1)


def test_every_number_has_an_interval():
    numbers = {
        field.name
        for entry_point in MODULES
        for field in dataclasses.fields(params_class(entry_point))
        if {int, float} & {field.type, *typing.get_args(field.type)}
    }
    unusual = {"hidden_units", "seeds", "margin", "looks"}
    assert numbers - unusual == set(NUMBERS)


@each_number
def test_a_number_is_held_against_both_ends_of_its_interval(field):
    interval = field.metadata["accepts"]
    low, high = interval.low, interval.high
    assert is_valid(field, low) == interval.has_low
    assert is_valid(field, high) == interval.has_high
    assert is_valid(field, next_to(field, low, math.inf))
    assert not is_valid(field, next_to(field, low, -math.inf))
    if math.isfinite(high):
        assert is_valid(field, next_to(field, high, -math.inf))
        assert not is_valid(field, next_to(field, high, math.inf))
    else:
        assert is_valid(field, 10**30)


@each_number
@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, -math.inf, "1", ()])
def test_what_is_no_number_is_refused(field, value):
    assert not is_valid(field, value)


@each_number
def test_the_example_in_an_error_is_right(field):
    example = field.metadata["such_as"]
    assert is_valid(field, example)
    assert f", such as {example}" in accepted(field)


# --- the two recipes ------------------------------------------------------------------


def test_both_arms_run_the_same_command(project):
    baseline, improved = (
        project.get_entry_point(f"train_{arm}") for arm in ("baseline", "improved")
    )
    assert baseline.command == improved.command
    assert list(baseline.parameters) == list(improved.parameters)


def test_the_recipes_differ_in_these_parameters_alone():
    baseline, improved = declarations("train_baseline"), declarations("train_improved")
    different = [name for name in baseline if baseline[name] != improved[name]]
    assert sorted(different) == sorted(DIFFERENCES)


@pytest.mark.parametrize(("index", "arm"), [(0, "baseline"), (1, "improved")])
def test_the_recipes_are_the_published_ones(index, arm):
    entry_point = f"train_{arm}"
    params = command_line.build(
        params_class(entry_point), mlproject.defaults(entry_point)
    )
    expected = SHARED | {name: pair[index] for name, pair in DIFFERENCES.items()}
    assert params.arm == expected.pop("arm")
    assert dataclasses.asdict(params.recipe) == expected


# --- environment ----------------------------------------------------------------------


def test_the_environment_is_readable_without_conda(project):
    assert Path(project.env_config_path).name == "conda.yaml"
    path = mlproject.PROJECT_DIRECTORY / "conda.yaml"
    environment = _PythonEnv.from_conda_yaml(str(path))
    assert re.fullmatch(r"3\.\d+(\.\d+)?", environment.python)
    assert environment.dependencies == ["-r requirements.txt"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_to_one_version(name):
    lines = (mlproject.PROJECT_DIRECTORY / name).read_text("utf-8").splitlines()
    requirements = [
        line for line in lines if line and not line.startswith(("#", "-r "))
    ]
    assert requirements
    for line in requirements:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*==\d[\d.]*(; .+)?", line), line
