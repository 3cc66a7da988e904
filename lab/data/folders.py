"""Which files of a folder are MNIST's four, and what else lies there."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from didithelp.errors import DataError

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
# Kaggle puts each file into a folder of its own, torchvision all into MNIST/raw.
DEEPEST = 2
MAX_NAMES_SHOWN = 6

# What to do with images in any other form.
WRITE_NPZ = (
    "load the images in Python and write them with "
    'np.savez_compressed("set.npz", x_train=..., y_train=..., x_test=..., y_test=...)'
)


def idx_paths(folder: Path, where: str) -> dict[str, Path]:
    """The four idx files, under either spelling, gzipped or not.

    They may lie in folders below; the least depth that has one of them has to have all.

    Args:
        folder: where to look.
        where: the folder as its user wrote it, for errors.

    Raises:
        DataError: one is missing or is there several times.
    """
    candidates: dict[str, list[Path]] = {}
    for level in _levels(folder):
        candidates = {
            name: [path for place in level for path in _first(place, standard)]
            for name, standard in IDX_FILES.items()
        }
        if any(candidates.values()):
            break
    for paths in candidates.values():
        if len(paths) > 1:
            places = " and ".join(str(path.relative_to(folder)) for path in paths)
            raise DataError(
                f"the folder {where} must hold one data set, got {places!r}; "
                "give the folder of one of them"
            )
    if missing := [IDX_FILES[name] for name, paths in candidates.items() if not paths]:
        raise DataError(
            f"the folder {where} must hold MNIST's four idx files, gzipped or not, "
            f"got none named {' or '.join(missing)} beside {_contents(folder)}; "
            f"add them, or {WRITE_NPZ}"
        )
    return {name: path for name, (path,) in candidates.items()}


def is_idx_name(name: str) -> bool:
    """Whether a file of this name is one of the four."""
    return any(name in _spellings(standard) for standard in IDX_FILES.values())


def _levels(folder: Path) -> Iterator[list[Path]]:
    """The folder alone, then the folders in it, and so on down to `DEEPEST`."""
    level = [folder]
    for _ in range(DEEPEST):
        yield level
        level = [
            path for place in level for path in _listed(place) if os.path.isdir(path)
        ]
    yield level


def _listed(folder: Path) -> list[Path]:
    """What lies in the folder, by name; nothing if it may not be listed.

    Whether a path is a folder is asked of `os.path`, which answers False where
    `Path.is_dir` raises: a link that must not be followed.
    """
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _spellings(standard: str) -> tuple[str, ...]:
    dotted = standard.replace("-idx", ".idx")
    return standard, f"{standard}.gz", dotted, f"{dotted}.gz"


def _first(folder: Path, standard: str) -> list[Path]:
    """The file under the first spelling that is there; nothing if none is."""
    candidates = [folder / spelling for spelling in _spellings(standard)]
    return [path for path in candidates if os.path.isfile(path)][:1]


def _contents(folder: Path) -> str:
    """A few names of what lies in the folder."""
    names = [f"{path.name}{'/' * os.path.isdir(path)}" for path in _listed(folder)]
    shown = ", ".join(map(repr, names[:MAX_NAMES_SHOWN])) or "nothing"
    return f"{shown}, ..." if len(names) > MAX_NAMES_SHOWN else shown
