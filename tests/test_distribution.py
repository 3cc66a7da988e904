"""What an installation and a checkout contain."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lab import mlproject

ROOT = mlproject.PROJECT_DIRECTORY
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of didithelp, built from a copy of the sources without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    sources.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    for name in ("didithelp", "didithelp_mlflow", "lab", "steps", "pipelines"):
        shutil.copytree(
            ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    backend = PYPROJECT["build-system"]["build-backend"]
    build = f"import {backend} as backend; backend.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=sources, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_the_judging_half_alone_and_all_of_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    metadata, judging = [], []
    for name in names:
        (metadata if ".dist-info/" in name else judging).append(name)
    sources = [
        path.relative_to(ROOT).as_posix()
        for package in ("didithelp", "didithelp_mlflow")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert sorted(judging) == sorted(sources)
    assert "didithelp/py.typed" in judging
    assert any(name.endswith("licenses/LICENSE") for name in metadata)


@pytest.mark.slow
def test_the_wheel_works_far_from_the_sources(wheel, tmp_path):
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    program = """
import importlib, pkgutil, sys
import didithelp
for module in pkgutil.walk_packages(didithelp.__path__, "didithelp."):
    importlib.import_module(module.name)
print(didithelp.__file__)
print(sorted({"keras", "lab", "mlflow", "tensorflow"} & set(sys.modules)))
"""
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    place, loaded = process.stdout.splitlines()
    assert Path(place).is_relative_to(installed)
    assert loaded == "[]"


def test_every_range_holds_the_version_that_is_pinned():
    pins = dict(
        line.partition(";")[0].strip().split("==")
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    project = PYPROJECT["project"]
    extras = [
        text for each in project["optional-dependencies"].values() for text in each
    ]
    for text in [*project["dependencies"], *extras]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name]), text


def test_a_checkout_on_windows_leaves_scripts_that_linux_runs(tmp_path):
    scripts = ("docker-entrypoint.sh", ".ci/run")
    repository, checkout = tmp_path / "repository", tmp_path / "checkout"
    for name in (".gitattributes", *scripts):
        target = repository / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    git = ["git", "-c", "core.autocrlf=true", "-C", str(repository)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True, capture_output=True)
    command = [*git, "checkout-index", "--all", f"--prefix={checkout}/"]
    subprocess.run(command, check=True)
    for name in scripts:
        script = checkout / name
        assert b"\r" not in script.read_bytes()
        assert os.access(script, os.X_OK)
