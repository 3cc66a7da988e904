"""Arrays that are not what they should be."""

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
