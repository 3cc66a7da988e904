"""What is installed against what is pinned, said at the start."""

import importlib.metadata
import importlib.util
import shlex
import sys

import pytest

from lab import mlproject
from lab.host import packages, process

PINS = {"tensorflow-cpu": "2.1", "tensorflow": "2.1", "keras": "3.15.1", "rich": "15"}
INSTALLED = {"tensorflow-cpu": "2.1", "keras": "3.15.1", "rich": "15"}


@pytest.fixture
def start(monkeypatch, tmp_path, capsys):
    """Checks an environment that has these distributions; what is said then."""
    file = tmp_path / "my requirements.txt"
    lines = [
        f"{name}=={version}; python_version > '3'" for name, version in PINS.items()
    ]
    file.write_text("# pins\n\n" + "\r\n".join(lines))
    monkeypatch.setattr(mlproject, "REQUIREMENTS", file)
    monkeypatch.delenv(process.DRIVER, raising=False)

    def check(installed):
        def version(name):
            if name not in installed:
                raise importlib.metadata.PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr(importlib.metadata, "version", version)
        packages.check()
        return capsys.readouterr().err

    return check


@pytest.mark.parametrize(
    "installed",
    [
        INSTALLED,
        {"tensorflow": "2.1", "keras": "3.15.1", "rich": "15"},
        INSTALLED | {"keras": "3.15.1+cluster"},
        INSTALLED | {"something": "else"},
    ],
)
def test_what_is_pinned_is_not_spoken_of(start, installed):
    assert start(installed) == ""


def test_other_versions_are_told_once_with_the_way_out(start, monkeypatch):
    installed = {"tensorflow-cpu": "2.0", "keras": "3.14.0", "rich": "15"}
    file = shlex.quote(str(mlproject.REQUIREMENTS))
    install = f"{shlex.quote(sys.executable)} -m pip install -r {file}"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert start(installed) == (
        "warning: installed is tensorflow 2.0 (pinned: 2.1), keras 3.14.0"
        " (pinned: 3.15.1);"
        f" install what is pinned: {install}\n"
    )
    monkeypatch.setenv(process.DRIVER, "who has said so")
    assert start(installed) == ""


def test_without_a_package_nothing_starts(start, monkeypatch, capsys):
    monkeypatch.setenv(process.DRIVER, "who had it, before it was removed")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as leaving:
        start({"keras": "3.14.0"})
    assert leaving.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith(
        "error: expected all packages of requirements.txt, found no rich 15,"
        " tensorflow 2.1; install what is pinned: uv pip install"
    )
    assert message.count("\n") == 1


def test_the_pins_are_those_of_the_file():
    pins = mlproject.pins()
    assert pins["tensorflow"] == pins["tensorflow-cpu"]
    assert pins.keys() >= {"keras", "mlflow", "numpy", "pyyaml"} and len(pins) >= 12
