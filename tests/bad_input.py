"""Invocations that must fail, and the files, arms and runs that they name."""

import gzip
import os
import re
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from didithelp import trials_folder
from lab.data.sources import IDX_FILES
from tests.didithelp.builders import make_arm
from tests.make_data import make_images, save_images
from tests.place import Place

UNKNOWN_RUN = "0" * 32


@dataclass(frozen=True)
class Case:
    """An invocation, and what its error must say.

    In the values, {files} is the folder of bad files, {failed} the id of a run and so
    on: see `prepare_place`. `nested` is for errors of a step that another one started.
    """

    entry_point: str
    parameters: dict[str, str]
    says: str
    nested: bool = False

    def filled_in(self, names: dict[str, str]) -> dict[str, str]:
        """The parameters, with images that are as they should be by default."""
        parameters = dict(self.parameters)
        if self.entry_point == "prepare_data":
            parameters.setdefault("dataset", "{files}/images.npz")
        return {name: fill_in(text, names) for name, text in parameters.items()}


def fill_in(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], text)


def table(*cases: Case) -> dict[str, Case]:
    """The cases by a name that tells them apart in the list of tests."""
    return {
        f"{number:02}-{case.entry_point}-{ascii(case.parameters)[1:50]}": case
        for number, case in enumerate(cases)
    }


def prepare(says: str, **parameters: str) -> Case:
    return Case("prepare_data", parameters, says)


def train(says: str, *, nested: bool = False, **parameters: str) -> Case:
    return Case("train_improved", parameters, says, nested)


def train_arms(says: str, **parameters: str) -> Case:
    return Case("train_arms", parameters, says)


def ablate(says: str, **parameters: str) -> Case:
    return Case("ablate", parameters, says)


def factorial(says: str, **parameters: str) -> Case:
    given = {"arms": "a,b", "levels": '{"a": {"x": 0}, "b": {"x": 1}}'} | parameters
    return Case("factorial", given, says)


def main(says: str, *, nested: bool = False, **parameters: str) -> Case:
    return Case("main", parameters, says, nested)


def compare(says: str, **parameters: str) -> Case:
    both = {"baseline": "{files}/arm", "improved": "{files}/arm"}
    return Case("compare", both | parameters, says)


def judge(says: str, **parameters: str) -> Case:
    given = {"experiment": "Default", "group_by": "tags.recipe", "baseline": "plain"}
    return Case("judge", given | parameters, says)


def verify(says: str, **parameters: str) -> Case:
    return Case("verify", {"arm": UNKNOWN_RUN} | parameters, says)


def prepare_place(place: Place) -> dict[str, str]:
    """Fill a folder and its store; what the values of the cases refer to, by name.

    The store is complete when this returns, so that several can open it at once.
    """
    save_bad_files(place.folder)
    save_bad_arms(place.folder)
    names = {"files": str(place.folder), "evidence": str(place.folder / "evidence")}
    statuses = {
        "failed": "FAILED",
        "running": "RUNNING",
        "foreign": "FINISHED",
        "prepared": "FINISHED",
    }
    with chdir(place.folder):  # a new store keeps its artifacts beside it
        for name, status in statuses.items():
            names[name] = place.client.create_run("0").info.run_id
            place.client.update_run(names[name], status)
        images = str(place.folder / "images.npz")
        place.client.log_artifact(names["prepared"], images, "dataset")
    return names


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
