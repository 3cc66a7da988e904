"""A prepared data set, images and labels in three splits, and the folder it is kept in.

The folder holds plain `.npy` files and a `dataset.json`. `save` writes it, `load` opens
it, `verify` also checks its content. `lab.data.prepare` makes data sets.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from didithelp import files
from didithelp.dataset_description import ARRAYS, DatasetDescription
from didithelp.errors import DataError, reason

DESCRIPTION_FILE = "dataset.json"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels in three splits, every class present in each of them.

    `x_*` are uint8 (n, height, width) or (n, height, width, channels) in 0..255,
    `y_*` int32 (n,) in 0..C-1. `description` is what `dataset.json` holds. The order
    within a split carries no meaning and may be by class: shuffle before training.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    description: DatasetDescription

    @property
    def name(self) -> str:
        """Name of the data; after a fallback it is not the name that was requested."""
        return self.description.name

    @property
    def fallback(self) -> str | None:
        """Why this data set stands in for the requested one; None if it is that one."""
        return self.description.fallback

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width) or (height, width, channels)."""
        return self.description.image_shape

    @property
    def num_classes(self) -> int:
        """C, where labels run from 0 to C-1."""
        return self.description.num_classes


def save(dataset: Dataset, folder: Path) -> None:
    """Write six `.npy` files and `dataset.json`, all or nothing.

    Args:
        dataset: what to write.
        folder: must be absent or empty.

    Raises:
        DataError: the folder has files in it, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise DataError(
                f"the folder for the data set must be absent or empty, got {folder} "
                "with files in it; remove them or name another folder"
            )
        with files.whole_folder(folder) as fresh:
            for name in ARRAYS:
                array = getattr(dataset, name)
                np.save(fresh / f"{name}.npy", array, allow_pickle=False)
            content = dataset.description.to_json()
            text = json.dumps(content, indent=2, sort_keys=True)
            (fresh / DESCRIPTION_FILE).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"the data set could not be written to {folder}: {reason(error)}; "
            "free some space or name another folder"
        ) from error


def load(folder: Path) -> Dataset:
    """Open what `save` wrote, memory-mapped and read-only, after cheap checks.

    Shapes and types are checked against `dataset.json`, contents are not: see `verify`.

    Raises:
        DataError: something is missing or of another shape or type.
    """
    description = _read_description(folder)
    arrays = {}
    for name in ARRAYS:
        kind, split = name.split("_")
        shape: tuple[int, ...] = (description.counts[split],)
        if kind == "x":
            shape += description.image_shape
        dtype = np.dtype(np.uint8 if kind == "x" else np.int32)
        arrays[name] = _open_array(folder / f"{name}.npy", shape, dtype)
    return Dataset(**arrays, description=description)


def verify(folder: Path) -> Dataset:
    """Open a data set as `load` does, and check the SHA-256 of every file.

    Raises:
        DataError: as `load` does, or a file was changed.
    """
    dataset = load(folder)
    for name, expected in dataset.description.digests.items():
        with open(folder / f"{name}.npy", "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != expected:
            raise DataError(
                f"{folder / name}.npy must have the SHA-256 {expected} of its "
                f"{DESCRIPTION_FILE}, got {digest}; it was changed: prepare it again"
            )
    return dataset


class _HashingWriter:
    """A file for NumPy to write to, which keeps a digest instead of the bytes."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> None:
        self.digest.update(content)


def npy_digest(array: np.ndarray) -> str:
    """SHA-256 of the `.npy` file that `np.save` makes of the array, in hexadecimal."""
    writer = _HashingWriter()
    np.lib.format.write_array(writer, array, allow_pickle=False)
    return writer.digest.hexdigest()


def _read_description(folder: Path) -> DatasetDescription:
    """Read `dataset.json`; a field that is missing or null is an error here."""
    path = folder / DESCRIPTION_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        problem = "fields that are missing or of another type"
        description = DatasetDescription.from_json(content)
        if description.is_complete:
            return description
    except DataError:
        pass
    except (OSError, ValueError) as error:
        problem = reason(error)
    raise DataError(
        f"{path} must describe a prepared data set, got {problem}; "
        "give the folder that prepare_data wrote, or prepare it again"
    )


def _open_array(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged file can fail in a dozen ways
        raise DataError(
            f"{path} must be a readable .npy file, got {reason(error)}; "
            "prepare the data set again"
        ) from error
    actual = (getattr(array, "shape", None), getattr(array, "dtype", None))
    if actual != (shape, dtype):
        raise DataError(
            f"{path} must hold {dtype} of shape {shape} as {DESCRIPTION_FILE} says, "
            f"got {actual[1]} of shape {actual[0]}; prepare the data set again"
        )
    return array
