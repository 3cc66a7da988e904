"""Named data set, file or URL → `dataset/`.

Reads:  MNIST in any of the forms that `lab.data.dataset` knows.
Leaves: `dataset/` with six arrays and `dataset.json`; the splits as data set inputs.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from didithelp.parameters import Parameters, parameter, values_of
from lab import command_line, entry_point
from lab.data import dataset as data
from lab.host import console

if TYPE_CHECKING:
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(Parameters):
    """Which images, and how they are split."""

    dataset: str = parameter(
        f"one of {', '.join(data.NAMES)}, a path to an .npz or a folder of idx files,"
        " or an https URL of an .npz with #sha256=..."
    )
    validation_fraction: float = parameter("a number in (0, 0.5], such as 0.1")
    split_seed: int = parameter("a whole number >= 0, such as 0")
    train_size: int = parameter("0 for all, or a number of images, such as 2000")
    working_directory: Path = parameter(
        "an existing folder, which relative paths start from", Path.is_dir
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        data.check_parameters(**values_of(Params, self))


def sources(params: Params) -> dict[str, str]:
    """What is read, by content: the same images at another place are the same."""
    return {"dataset": data.fingerprint(params.dataset, params.working_directory)}


def run(params: Params, step: "Step") -> None:
    """Load, check and split the images, and store the result."""
    dataset = data.prepare(**values_of(Params, params))
    folder = step.scratch / "dataset"
    data.save(dataset, folder)
    step.log_dataset(dataset)
    step.log_folder(folder, "dataset")
    describe(dataset)


def describe(dataset: data.Dataset) -> None:
    """Say what was prepared, and a fall-back so that nobody misses it."""
    counts = dataset.description["counts"]
    console.say(
        f"prepare_data  {dataset.name}: {counts['train']:,} training,"
        f" {counts['validation']:,} validation, {counts['test']:,} test images"
    )
    if dataset.fallback:
        console.warn(dataset.fallback)


if __name__ == "__main__":
    entry_point.main(command_line.parse(Params), run, name="prepare_data")
