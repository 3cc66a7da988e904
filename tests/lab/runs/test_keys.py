"""Keys: equal for what must be reused, different for what must not."""

import dataclasses
import shutil

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS, SPLITS, DatasetDescription
from lab import command_line, mlproject
from lab.runs import keys as cache
from tests.make_data import make_recipe

DATASET = DatasetDescription(
    name="mnist",
    requested="mnist",
    fallback=None,
    counts=dict.fromkeys(SPLITS, 9),
    num_classes=3,
    sha256=dict.fromkeys(ARRAYS, "aa"),
)
KEY = cache.Key(
    code={"lab/a.py": "1", "lab/b.py": "2"},
    versions={"keras": "3.15.1"},
    parameters={"l2_lambda": "0.0001", "epochs": "20"},
    inputs={"data": "cc"},
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project's code that a test may edit."""
    for name in ("didithelp", "lab", "steps", "pipelines"):
        shutil.copytree(mlproject.PROJECT_DIRECTORY / name, tmp_path / name)
    for name in ("MLproject", "requirements.txt"):
        shutil.copy(mlproject.PROJECT_DIRECTORY / name, tmp_path / name)
    monkeypatch.setattr(cache, "PROJECT_DIRECTORY", tmp_path)
    return tmp_path


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


STEPS = ("prepare_data", "train_baseline", "train_improved", "compare")


@pytest.mark.parametrize(
    ("file", "affected"),
    [
        ("didithelp/report/report.py", {"compare"}),
        ("didithelp/comparing.py", {"compare"}),
        ("steps/train.py", {"train_baseline", "train_improved"}),
        ("steps/prepare_data.py", {"prepare_data"}),
        ("lab/runs/step.py", set(STEPS)),
        ("pipelines/main.py", set()),
    ],
)
def test_an_edit_reruns_the_steps_that_use_the_file(project, file, affected):
    before = {step: cache.step_code(step) for step in STEPS}
    trial = cache.code("lab.training.trainer")
    append(project / file, "\nANSWER = 42\n")
    after = {step: cache.step_code(step) for step in STEPS}
    assert {step for step in STEPS if before[step] != after[step]} == affected
    assert cache.code("lab.training.trainer") == trial  # no trial is trained again


@pytest.mark.parametrize(
    "file", ["lab/training/model.py", "lab/training/trainer.py", "lab/data/dataset.py"]
)
def test_an_edit_of_the_engine_trains_again(project, file):
    before = cache.code("lab.training.trainer")
    append(project / file, "\nANSWER = 42\n")
    assert cache.code("lab.training.trainer") != before


def test_comments_and_layout_do_not_count(project):
    before = cache.step_code("compare")
    append(project / "didithelp/report/report.py", "\n\n\n# a remark\n")
    assert cache.step_code("compare") == before


def test_imports_for_type_checking_do_not_count(project):
    (project / "lab/a.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    from didithelp.report.report import table\n"
        "def function():\n"
        "    from lab.training import recipe\n"
    )
    found = set(cache.code("lab.a"))
    assert found >= {"lab/a.py", "lab/training/recipe.py", "lab/command_line.py"}
    assert "didithelp/report/report.py" not in found


def test_every_entry_point_names_a_module_of_the_project():
    for name in mlproject.project()["entry_points"]:
        path = cache.module_of(name).replace(".", "/") + ".py"
        assert path in cache.step_code(name)


def test_versions_are_those_that_are_installed():
    found = cache.versions()
    assert found["numpy"] == np.__version__
    assert {"keras", "mlflow", "pandas", "scipy"} <= set(found)


def test_a_trial_depends_on_recipe_and_data_alone():
    key = cache.trial_key(make_recipe(), DATASET)
    assert cache.trial_key(make_recipe(), DATASET).digest == key.digest
    assert cache.trial_key(make_recipe(epochs=4), DATASET).digest != key.digest
    other = dataclasses.replace(DATASET, sha256=DATASET.sha256 | {"x_train": "dd"})
    assert cache.trial_key(make_recipe(), other).digest != key.digest


def test_two_spellings_of_a_number_are_one():
    given = mlproject.defaults("train_improved")
    recipes = [
        command_line.build(cache.Recipe, given | {"l2_lambda": text})
        for text in ("1e-4", "0.0001", "0.00010")
    ]
    assert len({cache.trial_key(recipe, DATASET).digest for recipe in recipes}) == 1


@pytest.mark.parametrize("part", ["code", "versions", "parameters", "inputs"])
def test_every_part_counts(part):
    changed = dataclasses.replace(KEY, **{part: {"other": "value"}})
    assert changed.digest != KEY.digest


def test_a_key_survives_being_a_tag():
    assert cache.Key.from_json(KEY.to_json()) == KEY
    long = dataclasses.replace(
        KEY, parameters={"seeds": ",".join(map(str, range(3, 1003)))}
    )
    assert len(long.to_json()) < 5000
    other = dataclasses.replace(
        KEY, parameters={"seeds": ",".join(map(str, range(3, 1002)))}
    )
    assert long.digest != other.digest
    assert cache.changes(long, long) == []


def test_changes_are_told_in_words():
    new = cache.Key(
        code={"lab/a.py": "1", "lab/b.py": "3"},
        versions={"keras": "3.16"},
        parameters={"l2_lambda": "0.001", "epochs": "20", "momentum": "0.9"},
        inputs={"data": "dd"},
    )
    assert cache.changes(KEY, new) == [
        "l2_lambda 0.0001 -> 0.001",
        "momentum unset -> 0.9",
        "data is new",
        "lab/b.py changed",
        "keras 3.15.1 -> 3.16",
    ]
    assert cache.changes(KEY, KEY) == []
    both = dataclasses.replace(KEY, code={"lab/a.py": "7", "lab/b.py": "8"})
    assert cache.changes(KEY, both) == ["lab/a.py and 1 more file changed"]


def test_a_folder_is_its_names_and_contents(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("content")
    first, second = (cache.digest_folder(tmp_path / name) for name in ("one", "two"))
    assert first == second
    (tmp_path / "two" / "sub" / "file").write_text("Content")
    assert cache.digest_folder(tmp_path / "two") != first
    (tmp_path / "one" / "sub" / "file").rename(tmp_path / "one" / "file")
    assert cache.digest_folder(tmp_path / "one") != first
