"""Prepares a data set: reads it from a name, a path or a URL, checks and splits it."""

from pathlib import Path

from didithelp.dataset_description import SPLITS, DatasetDescription
from lab.data.checks import check_source
from lab.data.dataset import Dataset, npy_digest
from lab.data.findings import duplicates, narrow_ranges
from lab.data.sources import check_location, read_source
from lab.data.split import Split, split_training_images, take


def prepare(dataset: str, split: Split, working_directory: Path) -> Dataset:
    """Read, check and split a data set.

    Args:
        dataset: see `lab.data.sources.read_source`.
        split: how the training images are split.
        working_directory: folder that a relative path starts from.

    Raises:
        DataError: it cannot be read, is no classification problem, or has fewer images
            than the split asks for.
    """
    check_location(dataset, working_directory)
    source = read_source(dataset, working_directory)
    check_source(source)
    arrays = take(source.arrays, *split_training_images(source, split))
    description = DatasetDescription(
        name=source.name,
        requested=dataset,
        fallback=source.fallback,
        source=source.where,
        counts={part: len(arrays[f"y_{part}"]) for part in SPLITS},
        image_shape=arrays["x_train"].shape[1:],
        num_classes=int(arrays["y_train"].max()) + 1,
        validation_fraction=float(split.validation_fraction),
        split_seed=split.split_seed,
        train_size=split.train_size,
        sha256={name: npy_digest(array) for name, array in arrays.items()},
        duplicates=duplicates(arrays),
        narrow_ranges=narrow_ranges(arrays),
        unused=source.unused,
    )
    return Dataset(**arrays, description=description)
