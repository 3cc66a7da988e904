"""The split: in proportion, without loss, and decided by the seed alone."""

import numpy as np
import pytest

from didithelp.dataset_description import ARRAYS
from tests.lab.data.drawing import draw, labels_per_class

pytestmark = pytest.mark.usefixtures("keras_home")


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
