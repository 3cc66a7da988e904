"""The description of a data set: strict for ours, forgiving for other software's."""

import dataclasses

import pytest

from didithelp.dataset_description import (
    ARRAYS,
    FINDINGS,
    REQUIRED,
    SPLITS,
    DatasetDescription,
)
from didithelp.errors import DataError

WHOLE = DatasetDescription(
    name="mnist-5k",
    requested="mnist",
    fallback=None,
    counts=dict.fromkeys(SPLITS, 9),
    num_classes=3,
    sha256=dict.fromkeys(ARRAYS, "aa"),
    source="somewhere",
    image_shape=(28, 28),
    validation_fraction=0.1,
    split_seed=0,
    train_size=0,
    duplicates={"test_seen_images": 2},
    narrow_ranges={"x_train": (0, 15)},
    unused=("val_images",),
)
OPTIONAL = [f.name for f in dataclasses.fields(WHOLE) if f.name not in REQUIRED]


def test_what_is_written_is_what_is_read():
    assert DatasetDescription.from_json(WHOLE.to_json()) == WHOLE
    assert WHOLE.to_json()["image_shape"] == [28, 28]
    assert WHOLE.is_complete


@pytest.mark.parametrize("key", OPTIONAL)
@pytest.mark.parametrize("unknown", ["absent", "null"])
def test_what_is_optional_may_be_unknown(key, unknown):
    content = WHOLE.to_json()
    content[key] = None
    if unknown == "absent":
        del content[key]
    found = DatasetDescription.from_json(content)
    assert key not in found.to_json()
    assert found.is_complete == (key in FINDINGS)
    assert found == DatasetDescription.from_json(found.to_json())


@pytest.mark.parametrize(
    "findings",
    [
        {"duplicates": [], "narrow_ranges": "0 to 15", "unused": "all"},
        {
            "duplicates": {"test_seen_images": "2", "validation_seen_images": True},
            "narrow_ranges": {"x_train": [0], "x_test": [0, 1.5], "x": None},
            "unused": None,
        },
    ],
)
def test_findings_of_another_type_are_unknown(findings):
    content = DatasetDescription.from_json(WHOLE.to_json() | findings).to_json()
    assert not set(FINDINGS) & set(content)


@pytest.mark.parametrize("key", REQUIRED)
def test_what_is_compared_must_be_there(key):
    content = WHOLE.to_json()
    del content[key]
    with pytest.raises(DataError, match=f"dataset must hold .*; missing: {key}$"):
        DatasetDescription.from_json(content)


@pytest.mark.parametrize("changes", [{"x_test": None}, {"x_more": "bb"}])
def test_other_digests_are_not_those_of_prepared_data(changes):
    found = dataclasses.replace(WHOLE, sha256=WHOLE.sha256 | changes)
    assert not found.is_complete
    assert found.digests == {key: text for key, text in found.sha256.items() if text}


def test_a_description_that_exists_is_valid():
    with pytest.raises(DataError, match="number of classes must be an integer of at"):
        dataclasses.replace(WHOLE, num_classes=True)
    with pytest.raises(DataError, match="number of test must be an integer of at"):
        dataclasses.replace(WHOLE, counts=WHOLE.counts | {"test": -1})
