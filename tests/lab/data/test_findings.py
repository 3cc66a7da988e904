"""Images that are there twice, and images that are hardly there."""

import json

import numpy as np
import pytest

from lab.data import dataset as data
from tests.lab.data.drawing import draw

pytestmark = pytest.mark.usefixtures("keras_home")


@pytest.fixture
def findings(tmp_path, prepare):
    """What `dataset.json` says beyond the usual of drawn arrays with some replaced."""
    usual = set(prepare_drawn(tmp_path, prepare).description.to_json())

    def call(**changes) -> dict:
        found = prepare_drawn(tmp_path, prepare, **changes).description.to_json()
        return {key: value for key, value in found.items() if key not in usual}

    return call


def prepare_drawn(folder, prepare, **changes):
    np.savez(folder / "set.npz", **draw() | changes)
    return prepare("set.npz")


def test_nothing_is_told_of_ordinary_images(findings):
    assert findings() == {}


def test_test_images_that_were_trained_or_chosen_on_are_counted(findings):
    """Some of them validate, so the number does not depend on the split."""
    arrays = draw()
    copied = {"x_test": arrays["x_train"], "y_test": arrays["y_train"]}
    assert findings(**copied) == {"duplicates": {"test_seen_images": 60}}
    one = np.concatenate([arrays["x_test"][:-1], arrays["x_train"][:1]])
    assert findings(x_test=one) == {"duplicates": {"test_seen_images": 1}}


def test_test_images_that_train_size_left_out_were_not_seen(prepare, tmp_path):
    arrays = draw()
    copied = {"x_test": arrays["x_train"], "y_test": arrays["y_train"]}
    np.savez(tmp_path / "set.npz", **arrays | copied)
    found = prepare("set.npz", train_size=30).description
    assert found.duplicates == {"test_seen_images": 30}


def test_images_that_the_split_put_on_both_sides_are_counted(findings):
    arrays = draw()
    twice = {
        name: np.concatenate([arrays[name]] * 2) for name in ("x_train", "y_train")
    }
    found = findings(**twice)["duplicates"]
    assert set(found) == {"validation_seen_images"}
    assert 1 <= found["validation_seen_images"] <= 12


def test_test_images_that_repeat_each_other_are_counted(findings):
    arrays = draw()
    twice = {name: np.concatenate([arrays[name]] * 2) for name in ("x_test", "y_test")}
    assert findings(**twice) == {"duplicates": {"test_repeated_images": 15}}


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(0, 15, True), (0, 1, True), (0, 127, True), (200, 255, True), (0, 128, False)],
)
def test_pixels_that_use_a_small_part_of_the_range_are_told(findings, low, high, told):
    images = {
        name: np.interp(draw()[name], (0, 255), (low, high)).round().astype(np.uint8)
        for name in ("x_train", "x_test")
    }
    ranges = dict.fromkeys(images, [low, high]) if told else None
    assert findings(**images).get("narrow_ranges") == ranges
    only_tested = findings(x_test=images["x_test"]).get("narrow_ranges")
    assert only_tested == ({"x_test": [low, high]} if told else None)


def test_an_opaque_alpha_channel_does_not_hide_the_others(findings):
    images = {}
    for name in ("x_train", "x_test"):
        rgb = np.repeat(draw()[name][..., None] // 16, 3, axis=-1)
        alpha = np.full((*rgb.shape[:-1], 1), 255, np.uint8)
        images[name] = np.concatenate([rgb, alpha], axis=-1)
    assert findings(**images)["narrow_ranges"] == dict.fromkeys(images, [0, 15])


def test_findings_are_stored_with_the_data(prepare, tmp_path):
    arrays = draw()
    found = prepare_drawn(tmp_path, prepare, x_test=arrays["x_train"][:15])
    data.save(found, tmp_path / "prepared")
    content = json.loads((tmp_path / "prepared" / "dataset.json").read_text())
    assert content["duplicates"] == {"test_seen_images": 15}
    assert data.load(tmp_path / "prepared").description == found.description
