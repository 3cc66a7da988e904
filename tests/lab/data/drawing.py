"""Drawn data sets, and the files that hold them."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np

from lab.data import sources


def draw(train=(20, 20, 20), test=(5, 5, 5), shape=(6, 5)) -> dict[str, np.ndarray]:
    """Random images; `train` and `test` are the numbers of images of each class."""
    random = np.random.default_rng(0)
    arrays = {}
    for split, counts in (("train", train), ("test", test)):
        labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
        pixels = random.integers(0, 256, (len(labels), *shape), np.uint8)
        arrays[f"x_{split}"] = pixels
        arrays[f"y_{split}"] = random.permutation(labels)
    return arrays


def npz_bytes(arrays: dict[str, np.ndarray], folder: Path) -> bytes:
    path = folder / "to_send.npz"
    np.savez(path, **arrays)
    return path.read_bytes()


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write_idx(folder: Path, arrays: dict, dotted: bool = False, packed: bool = False):
    folder.mkdir(exist_ok=True)
    for name, standard in sources.IDX_FILES.items():
        file_name = standard.replace("-idx", ".idx") if dotted else standard
        content = idx_bytes(arrays[name])
        if packed:
            file_name, content = f"{file_name}.gz", gzip.compress(content)
        (folder / file_name).write_bytes(content)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def labels_per_class(labels: np.ndarray) -> list[int]:
    return np.bincount(labels).tolist()
