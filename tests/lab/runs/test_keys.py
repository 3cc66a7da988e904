"""Keys: equal for what must be reused, different for what must not."""

import ast
import dataclasses
import shutil

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS, SPLITS, DatasetDescription
from lab import command_line, mlproject
from lab.runs import keys
from tests.make_data import make_recipe

DATASET = DatasetDescription(
    name="mnist",
    requested="mnist",
    fallback=None,
    counts=dict.fromkeys(SPLITS, 9),
    num_classes=3,
    sha256=dict.fromkeys(ARRAYS, "aa"),
)
KEY = keys.Key(
    code={"lab/a.py": "1", "lab/b.py": "2"},
    versions={"keras": "3.15.1"},
    parameters={"l2_lambda": "0.0001", "epochs": "20"},
    inputs={"data": "cc"},
)


ROOMS = ("didithelp", "didithelp_mlflow", "lab", "steps", "pipelines")
STEPS = ("prepare_data", "train_baseline", "train_improved", "compare", "verify")
# All that decides the weights of a trial, besides its recipe, data and packages.
CLOSURE = {
    "didithelp/__init__.py",
    "didithelp/scores.py",
    "lab/__init__.py",
    "lab/training/__init__.py",
    "lab/training/environment.py",
    "lab/training/model.py",
    "lab/training/noise.py",
    "lab/training/optimizer.py",
    "lab/training/schedule.py",
    "lab/training/trainer.py",
    "lab/training/trial.py",
}
SOURCES = sorted(
    path.relative_to(mlproject.PROJECT_DIRECTORY).as_posix()
    for room in ROOMS
    for path in (mlproject.PROJECT_DIRECTORY / room).rglob("*.py")
)

DATA = sorted(  # of didithelp: texts, templates and their style sheet
    path.relative_to(mlproject.PROJECT_DIRECTORY).as_posix()
    for kind in ("toml", "html", "css")
    for path in (mlproject.PROJECT_DIRECTORY / "didithelp").rglob(f"*.{kind}")
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project's code that a test may edit."""
    for name in (*SOURCES, *DATA, "MLproject", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mlproject.PROJECT_DIRECTORY / name, tmp_path / name)
    monkeypatch.setattr(keys, "PROJECT_DIRECTORY", tmp_path)
    return tmp_path


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def replace(path, old, new):
    source = path.read_text("utf-8")
    assert source.count(old) == 1
    path.write_text(source.replace(old, new), "utf-8")


def reword(path):
    """Other docstrings and messages of errors, no comments, another layout."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node) is not None:
            node.body[0].value.value = "Other words."
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args = [ast.Constant("other words")]
    path.write_text(f"# A remark.\n\n\n{ast.unparse(tree)}\n", "utf-8")


def trial_digest():
    return keys.trial_key(make_recipe(), DATASET).digest


def test_a_trial_depends_on_few_files():
    assert set(keys.trial_key(make_recipe(), DATASET).code) == CLOSURE


@pytest.mark.parametrize("file", [*SOURCES, *DATA])
def test_an_edit_trains_again_only_where_it_can_change_the_weights(project, file):
    before = trial_digest()
    append(project / file, "\nANSWER = 42\n")
    assert (trial_digest() != before) == (file in CLOSURE)


def test_words_comments_and_layout_count_nowhere(project):
    before = trial_digest(), [keys.step_code(step) for step in STEPS]
    for file in SOURCES:
        reword(project / file)
    assert (trial_digest(), [keys.step_code(step) for step in STEPS]) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("didithelp/scores.py", "PROBABILITY_FLOOR = 1e-7", "PROBABILITY_FLOOR = 1e-6"),
        ("lab/training/environment.py", 'ONEDNN_OPTS": "0"', 'ONEDNN_OPTS": "1"'),
        ("lab/training/model.py", "GlorotUniform", "HeUniform"),
        ("lab/training/noise.py", "noise >= dropped", "noise > dropped"),
        ("lab/training/optimizer.py", "power * beta", "power / beta"),
        ("lab/training/schedule.py", "PLATEAU_FACTOR = 0.5", "PLATEAU_FACTOR = 0.4"),
        ("lab/training/schedule.py", "not val_loss <", "not val_loss <="),
        ("lab/training/trainer.py", "cross_entropy + self._opt", "0 * self._opt"),
    ],
)
def test_another_update_rule_trains_again(project, file, old, new):
    before = trial_digest()
    replace(project / file, old, new)
    assert trial_digest() != before


@pytest.mark.parametrize(
    ("file", "affected"),
    [
        ("didithelp/report/report.py", {"compare"}),
        # prepare_data words what is odd about images, and tags its run so.
        ("didithelp/language/texts/fr.toml", {"compare", "prepare_data"}),
        ("didithelp/report/html/templates/report.css", {"compare"}),
        ("didithelp/comparing.py", {"compare"}),
        ("steps/train.py", {"train_baseline", "train_improved"}),
        ("steps/prepare_data.py", {"prepare_data"}),
        ("steps/verify.py", {"verify"}),
        ("lab/runs/step.py", set(STEPS)),
        ("pipelines/main.py", set()),
    ],
)
def test_an_edit_reruns_the_steps_that_use_the_file(project, file, affected):
    before = {step: keys.step_code(step) for step in STEPS}
    append(project / file, "\nANSWER = 42\n")
    after = {step: keys.step_code(step) for step in STEPS}
    assert {step for step in STEPS if before[step] != after[step]} == affected


# A made-up project: what is imported by the module `house.room.table`.
HOUSE = {
    "house/__init__.py": "from .cellar import wine\n",
    "house/cellar.py": "wine = 1\n",
    "house/attic.py": "dust = 1\n",
    "house/garden.py": "import house.room\n",
    "house/room/__init__.py": "",
    "house/room/chair.py": "import shed.tools.saw\n",
    "house/room/lamp.py": "from house.room.table import leg\n",
    "house/room/table.py": (
        "from typing import TYPE_CHECKING\n"
        "from . import chair\n"
        "from ..attic import dust\n"
        "if TYPE_CHECKING:\n"
        "    from house import garden\n"
        "def leg():\n"
        "    from .lamp import light\n"
    ),
    "shed/__init__.py": "import json\n",
    "shed/tools/__init__.py": "from . import nail\n",
    "shed/tools/nail.py": "",
    "shed/tools/saw.py": "",
    "shed/tools/glue.py": "",
}
NOT_IMPORTED = {"house/garden.py", "shed/tools/glue.py"}


@pytest.fixture
def house(tmp_path, monkeypatch):
    for name, source in HOUSE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    monkeypatch.setattr(keys, "PROJECT_DIRECTORY", tmp_path)
    return tmp_path


def test_relative_imports_and_the_packages_around_a_module_are_followed(house):
    assert set(keys.code("house.room.table")) == HOUSE.keys() - NOT_IMPORTED


@pytest.mark.parametrize("file", HOUSE)
def test_an_edit_of_what_is_imported_counts(house, file):
    before = keys.code("house.room.table")
    append(house / file, "ANSWER = 42\n")
    assert (keys.code("house.room.table") != before) == (file not in NOT_IMPORTED)


def test_the_kind_of_an_error_counts_and_its_message_does_not(house):
    def digest(source):
        (house / "house" / "attic.py").write_text(source)
        return keys.code("house.attic")

    first = digest("def f(x):\n    raise ValueError(f'got {x}')\n")
    assert digest("def f(x):\n    raise ValueError(f'received {x}')\n") == first
    assert digest("def f(x):\n    raise KeyError(f'got {x}')\n") != first


def test_every_entry_point_names_a_module_of_the_project():
    for name in mlproject.project()["entry_points"]:
        path = keys.module_of(name).replace(".", "/") + ".py"
        assert path in keys.step_code(name)


def test_versions_are_those_that_are_installed():
    found = keys.versions()
    assert found["numpy"] == np.__version__
    assert {"keras", "mlflow", "pandas", "scipy"} <= set(found)


def test_a_trial_depends_on_recipe_and_data_alone():
    key = keys.trial_key(make_recipe(), DATASET)
    assert keys.trial_key(make_recipe(), DATASET).digest == key.digest
    assert keys.trial_key(make_recipe(epochs=4), DATASET).digest != key.digest
    other = dataclasses.replace(DATASET, sha256=DATASET.sha256 | {"x_train": "dd"})
    assert keys.trial_key(make_recipe(), other).digest != key.digest


def test_two_spellings_of_a_number_are_one():
    given = mlproject.defaults("train_improved")
    recipes = [
        command_line.build(keys.Recipe, given | {"l2_lambda": text})
        for text in ("1e-4", "0.0001", "0.00010")
    ]
    assert len({keys.trial_key(recipe, DATASET).digest for recipe in recipes}) == 1


@pytest.mark.parametrize("part", ["code", "versions", "parameters", "inputs"])
def test_every_part_counts(part):
    changed = dataclasses.replace(KEY, **{part: {"other": "value"}})
    assert changed.digest != KEY.digest


def test_a_key_survives_being_a_tag():
    assert keys.Key.from_json(KEY.to_json()) == KEY
    long = dataclasses.replace(
        KEY, parameters={"seeds": ",".join(map(str, range(3, 1003)))}
    )
    assert len(long.to_json()) < 5000
    other = dataclasses.replace(
        KEY, parameters={"seeds": ",".join(map(str, range(3, 1002)))}
    )
    assert long.digest != other.digest
    assert keys.changes(long, long) == []


def test_changes_are_told_in_words():
    new = keys.Key(
        code={"lab/a.py": "1", "lab/b.py": "3"},
        versions={"keras": "3.16"},
        parameters={"l2_lambda": "0.001", "epochs": "20", "momentum": "0.9"},
        inputs={"data": "dd"},
    )
    assert keys.changes(KEY, new) == [
        "l2_lambda 0.0001 -> 0.001",
        "momentum unset -> 0.9",
        "data is new",
        "lab/b.py changed",
        "keras 3.15.1 -> 3.16",
    ]
    assert keys.changes(KEY, KEY) == []
    many = dataclasses.replace(new, parameters={**new.parameters, "epochs": "5" * 60})
    assert keys.changes(new, many) == ["epochs changed"]
    both = dataclasses.replace(KEY, code={"lab/a.py": "7", "lab/b.py": "8"})
    assert keys.changes(KEY, both) == ["lab/a.py and 1 more file changed"]


def test_a_folder_is_its_names_and_contents(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("content")
    first, second = (keys.digest_folder(tmp_path / name) for name in ("one", "two"))
    assert first == second
    (tmp_path / "two" / "sub" / "file").write_text("Content")
    assert keys.digest_folder(tmp_path / "two") != first
    (tmp_path / "one" / "sub" / "file").rename(tmp_path / "one" / "file")
    assert keys.digest_folder(tmp_path / "one") != first
