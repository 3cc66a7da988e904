"""Arrays that are not what they should be."""

import re

import numpy as np
import pytest

from tests.lab.data.drawing import draw

pytestmark = pytest.mark.usefixtures("keras_home")


IMAGES = draw()["x_train"]
LABELS = draw()["y_train"]
WITH_NAN = np.where(IMAGES > 250, np.nan, IMAGES)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (WITH_NAN, "float64 with NaN among the values; convert x_train with np.nan_to"),
        (IMAGES.astype(str), "got <U3"),
        (IMAGES.reshape(60, 30), "got (60, 30); reshape it"),
        (np.zeros((60, 784), np.uint8), "use x.reshape(-1, 28, 28)"),
        (np.full((60, 6, 5), 9, np.uint8), "pixels that differ, got 9 in all of them"),
        (np.zeros((60, 6, 5)), "give images whose pixels differ"),
        (np.full((60, 6, 5), np.nan), "give images whose pixels differ"),
        (np.array(7, np.uint8), "got ()"),
        (IMAGES[:0], "empty shape (0, 6, 5)"),
        (IMAGES[:, :0], "empty shape (60, 0, 5)"),
        (IMAGES.reshape(60, 1, 6, 5), "np.moveaxis(x, 1, -1)"),
        (IMAGES.reshape(6, 5, 1, 60), "np.moveaxis(x, -1, 0)"),
        (IMAGES.reshape(2, 6, 5, 30), "1 to 4 channels on its last axis, got (2, 6"),
        (IMAGES[:, :5], "(5, 5) in x_train and (6, 5) in x_test; crop"),
        (IMAGES[..., None], "(6, 5, 1) in x_train and (6, 5) in x_test; reshape"),
        (IMAGES[:50], "60 labels for 50 images"),
    ],
)
def test_unusable_images_are_refused_with_the_fix(error_of_npz, images, words):
    assert words in error_of_npz(x_train=images)


def scaled(black, white, dtype):
    """Drawn images of which black and white are these values."""
    return {
        name: np.interp(array, (0, 255), (black, white)).astype(dtype)
        for name, array in draw().items()
        if name[0] == "x"
    }


@pytest.mark.parametrize(
    ("images", "black", "white"),
    [
        (scaled(0, 255, np.int64), 0, 255),
        (scaled(0, 255, np.float16), 0, 255),
        (scaled(0, 1, np.float32), 0, 1),
        (scaled(0, 1, bool), 0, 1),
        (scaled(-1, 1, np.float32), -1, 1),
        (scaled(-0.4, 2.8, float), -0.4, 2.8),
        (scaled(0, 16, float), 0, 16),
        (scaled(0, 1e-3, float), 0, 1e-3),
        (scaled(0, 65535, np.uint16), 0, 65535),
        (scaled(0, 40000, np.uint16), 0, 65535),
        (scaled(0, 4000, np.uint16), 0, 4000),
        (scaled(-128, 127, np.int8), -128, 127),
        (scaled(-1024, 3000, np.int16), -1024, 3000),
    ],
)
def test_the_conversion_that_is_advised_keeps_the_picture(
    prepare, error_of_npz, tmp_path, images, black, white
):
    what, advised = error_of_npz(**images).split("; convert ")[1].split(" with ")
    assert what == "x_train and x_test"
    converted = {
        name: eval(advised, {"np": np, "x": array}) for name, array in images.items()
    }
    np.savez(tmp_path / "set.npz", **draw() | converted)
    pixels = prepare("set.npz").x_test
    expected = np.interp(images["x_test"], (black, white), (0, 255))
    assert np.abs(pixels - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("shape", "lay_out"),
    [
        ((6, 5, 3), lambda x: np.moveaxis(x, -1, 1)),
        ((6, 5, 1), lambda x: np.moveaxis(x, -1, 1)),
        ((6, 5, 3), lambda x: np.moveaxis(x, 0, -1)),
        ((6, 6), lambda x: x.reshape(len(x), 36)),
    ],
)
def test_the_layout_that_is_advised_keeps_the_picture(
    prepare, error_of, tmp_path, shape, lay_out
):
    plain = draw(shape=shape)
    images = {name: lay_out(plain[name]) for name in ("x_train", "x_test")}
    np.savez(tmp_path / "set.npz", **plain | images)
    advised = re.search(r"(x|np)\.\w+\(.*\)$", error_of("set.npz"))[0]
    converted = {
        name: eval(advised, {"np": np, "x": array}) for name, array in images.items()
    }
    np.savez(tmp_path / "set.npz", **plain | converted)
    np.testing.assert_array_equal(prepare("set.npz").x_test, plain["x_test"])


def test_arrays_of_two_scales_are_converted_each_by_its_own(error_of_npz):
    unlike = {"x_train": IMAGES / 255, "x_test": draw()["x_test"].astype(float)}
    text = error_of_npz(**unlike)
    assert "; convert x_train with np.interp(x, (0, 1), (0, 255)).round()" in text
    text = error_of_npz(x_test=unlike["x_test"])
    assert "; convert x_test with x.round()" in text


def test_what_is_no_number_is_replaced_by_black(error_of_npz):
    spoiled = np.where(IMAGES > 250, np.nan, IMAGES / 255)
    advised = error_of_npz(x_train=spoiled).split(" with ")[-1]
    converted = eval(advised, {"np": np, "x": spoiled})
    assert converted[IMAGES > 250].max() == 0
    scale = 255 / np.nanmax(spoiled) / 255
    np.testing.assert_allclose(
        converted[IMAGES <= 250], IMAGES[IMAGES <= 250] * scale, atol=255 * 0.02
    )


NAMES = np.array(["cat", "dog", "eel"])


@pytest.mark.parametrize(
    "number",
    [
        lambda y: y.astype(float),
        lambda y: np.eye(3)[y],
        lambda y: y + 1,
        lambda y: y.astype(int) - 1,
        lambda y: y * 2,
        lambda y: NAMES[y],
        lambda y: NAMES.astype(bytes)[y],
    ],
)
def test_the_numbering_that_is_advised_keeps_the_classes(
    prepare, error_of_npz, tmp_path, number
):
    plain = draw()
    labels = {name: number(plain[name]) for name in ("y_train", "y_test")}
    advised = re.search(r"(y|np)\.\w+\(.*?\)(, y\))?(?= |$)", error_of_npz(**labels))
    numbered = {
        name: eval(advised[0], {"np": np, "y": y, "y_train": labels["y_train"]})
        for name, y in labels.items()
    }
    np.savez(tmp_path / "set.npz", **plain | numbered)
    np.testing.assert_array_equal(prepare("set.npz").y_test, plain["y_test"])


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS.astype(float), "got float64"),
        (LABELS > 1, "got bool"),
        (LABELS.astype(str), "got <U3"),
        (LABELS + 0.5, "got float64; give the number of a class"),
        (LABELS.reshape(30, 2), "got (30, 2); give one number per image"),
        (np.eye(3, dtype=int)[LABELS], "use y.argmax(axis=1)"),
        (1 - np.eye(3, dtype=int)[LABELS], "(60, 3); give one number per image"),
        (LABELS[None], "got (1, 60); use y.ravel()"),
        (np.array(1), "got ()"),
        (LABELS[:-1], "59 labels for 60 images"),
        (LABELS + 1, "3 labels from 1 to 3, without 0 of y_test; number both alike"),
        (LABELS.astype(int) - 1, "3 labels from -1 to 1, without 2 of y_test"),
        (LABELS * 2, "3 labels from 0 to 4, without 1 of y_test"),
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


def test_labels_in_one_column_are_labels(prepare, tmp_path):
    arrays = draw()
    np.savez(tmp_path / "flat.npz", **arrays)
    column = arrays["y_train"][:, None]
    np.savez(tmp_path / "column.npz", **arrays | {"y_train": column})
    flat, column = prepare("flat.npz"), prepare("column.npz")
    assert column.description.sha256 == flat.description.sha256


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
