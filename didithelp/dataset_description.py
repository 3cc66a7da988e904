"""What is known of a data set: the content of `dataset.json`, and a part of `arm.json`.

`prepare_data` writes all of it. Other software may tell less, but no less than
`REQUIRED`, which a comparison asks for.
"""

from dataclasses import dataclass, field, fields
from typing import Any, TypeGuard

from didithelp.errors import DataError

# Version of what the arrays mean, for when equal bytes would no longer be equal images.
SCHEMA = 1
SPLITS = ("train", "validation", "test")
ARRAYS = tuple(f"{axis}_{split}" for split in SPLITS for axis in "xy")
REQUIRED = ("name", "requested", "fallback", "counts", "num_classes", "sha256")
# Optional, and read by no comparison: a value of another type counts as unknown.
INFORMATIVE = {
    "source": str,
    "image_shape": list,
    "unused": list,
    "validation_fraction": float,
    "split_seed": int,
}
# Fields that `to_json` leaves out where there is nothing to say.
FINDINGS = ("duplicates", "narrow_ranges", "unused")


@dataclass(frozen=True)
class DatasetDescription:
    """One data set in three splits; an instance that exists is valid.

    Attributes:
        name: what the data is, which after a fallback is not what was requested.
        requested: the parameter `dataset` as it was given.
        fallback: a sentence that says why what was requested was replaced, or None.
        counts: number of images by split, at least of `SPLITS`.
        num_classes: C, where labels run from 0 to C-1.
        sha256: digest of the `.npy` file by array, at least of `ARRAYS`; None if
            unknown.
        source: where the images came from; empty if unknown.
        image_shape: (height, width) or (height, width, channels); empty if unknown.
        validation_fraction: share of the training images held back, in (0, 0.5]; None
            if unknown.
        split_seed: seed of the random choices; None if unknown.
        train_size: training images kept before the split, 0 for all; None if unknown.
        duplicates: number of images with the very bytes of another: "test_seen_images"
            are in the training or validation set too, "validation_seen_images" in the
            training set, "test_repeated_images" earlier in the test set.
        narrow_ranges: least and largest pixel of each array whose pixels use a small
            part of 0..255.
        unused: names of the validation images and labels that the source holds and
            that were not taken.

    Raises:
        DataError: a value of another type, or a split or array that is missing.
    """

    name: str
    requested: str
    fallback: str | None
    counts: dict[str, int]
    num_classes: int
    sha256: dict[str, str | None]
    source: str = ""
    image_shape: tuple[int, ...] = ()
    validation_fraction: float | None = None
    split_seed: int | None = None
    train_size: int | None = None
    duplicates: dict[str, int] = field(default_factory=dict)
    narrow_ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("counts", "sha256"):
            value = getattr(self, key)
            if not isinstance(value, dict):
                raise DataError(f"dataset {key} must be a dict, got {value!r}")
        _require("dataset counts", self.counts, SPLITS)
        _require("dataset sha256", self.sha256, ARRAYS)
        for split, count in self.counts.items():
            _check_whole(split, count, least=0)
        _check_whole("classes", self.num_classes, least=1)
        if self.train_size is not None and not _is_whole(self.train_size):
            raise DataError(
                f"dataset train_size must be null or an integer, got "
                f"{self.train_size!r}"
            )
        for key in ("name", "requested"):
            if not isinstance(getattr(self, key), str):
                raise DataError(
                    f"dataset {key} must be text, got {getattr(self, key)!r}"
                )
        digests = {f"sha256 of {key}": self.sha256[key] for key in ARRAYS}
        for key, text in {"fallback": self.fallback, **digests}.items():
            if text is not None and not isinstance(text, str):
                raise DataError(f"dataset {key} must be null or text, got {text!r}")

    @property
    def digests(self) -> dict[str, str]:
        """The known SHA-256, by array."""
        return {key: text for key, text in self.sha256.items() if text is not None}

    @property
    def is_complete(self) -> bool:
        """Whether everything is known, as it is of what `prepare_data` wrote."""
        return (
            self.to_json().keys() | set(FINDINGS)
            == {field.name for field in fields(self)}
            and self.counts.keys() == set(SPLITS)
            and self.digests.keys() == set(ARRAYS)
        )

    @classmethod
    def from_json(cls, content: Any) -> "DatasetDescription":
        """The inverse of `to_json`; keys of other software are not looked at.

        Raises:
            DataError: no JSON object, one that lacks one of `REQUIRED`, or a value that
                the class refuses.
        """
        if not isinstance(content, dict):
            raise DataError(f"dataset must be a dict, got {type(content).__name__}")
        _require("dataset", content, REQUIRED)
        given = {
            key: content[key] for key in (*REQUIRED, "train_size") if key in content
        }
        for key, kind in INFORMATIVE.items():
            value = content.get(key)
            if isinstance(value, kind) and not isinstance(value, bool):
                given[key] = tuple(value) if isinstance(value, list) else value
        given["duplicates"] = _duplicates(content.get("duplicates"))
        given["narrow_ranges"] = _narrow_ranges(content.get("narrow_ranges"))
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by key, without the optional ones that are unknown."""
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        content["image_shape"] = list(self.image_shape)
        content["unused"] = list(self.unused)
        content["narrow_ranges"] = {
            name: list(limits) for name, limits in self.narrow_ranges.items()
        }
        return {
            key: value
            for key, value in content.items()
            if key in REQUIRED or value not in (None, "", [], {})
        }


def _require(where: str, content: dict[str, Any], expected: tuple[str, ...]) -> None:
    if missing := [key for key in expected if key not in content]:
        raise DataError(
            f"{where} must hold {', '.join(expected)}; missing: {', '.join(missing)}"
        )


def _duplicates(value: object) -> dict[str, int]:
    """Whole numbers by name; other values count as unknown."""
    if not isinstance(value, dict):
        return {}
    return {str(kind): count for kind, count in value.items() if _is_whole(count)}


def _narrow_ranges(value: object) -> dict[str, tuple[int, int]]:
    """Pairs of whole numbers by name; other values count as unknown."""
    if not isinstance(value, dict):
        return {}
    return {
        str(name): (limits[0], limits[1])
        for name, limits in value.items()
        if isinstance(limits, list) and len(limits) == 2 and all(map(_is_whole, limits))
    }


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_whole(what: str, value: object, *, least: int) -> None:
    if not _is_whole(value) or value < least:
        raise DataError(
            f"dataset number of {what} must be an integer of at least {least}, got "
            f"{value!r}"
        )
