"""Makes a data set to train on of one that has a name, a path or a URL.

Reads:  `dataset`, in any of the forms that `lab.data.sources` knows.
Leaves: `dataset/` with six arrays and `dataset.json`; the splits as data set inputs.
"""

import dataclasses
from typing import TYPE_CHECKING

from didithelp.parameters import is_filled, parameter, values_of
from lab import entry_point
from lab.data import dataset as data
from lab.data.prepare import prepare
from lab.data.sources import NAMES, check_location, fingerprint
from lab.data.split import Split
from lab.host import console
from lab.parameters import Located

if TYPE_CHECKING:
    from lab.runs.step import Step


@dataclasses.dataclass(frozen=True)
class Params(Split, Located):
    """Which images, and how they are split."""

    dataset: str = parameter(
        f"one of {', '.join(NAMES)}, a path to an .npz or a folder of idx files, or an"
        " https URL of an .npz with #sha256=...",
        valid=is_filled,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_location(self.dataset, self.working_directory)


def sources(params: Params) -> dict[str, str]:
    """Identify what the step reads, for its key: by content, whatever its path."""
    return {"dataset": fingerprint(params.dataset, params.working_directory)}


def run(params: Params, step: "Step") -> None:
    """Load, check and split the images, and store the result."""
    split = Split(**values_of(Split, params))
    dataset = prepare(params.dataset, split, params.working_directory)
    folder = step.scratch / "dataset"
    data.save(dataset, folder)
    oddities = warnings(dataset)
    step.log_dataset(dataset, oddities)
    step.log_folder(folder, "dataset")
    step.conclude(dataset.name)
    describe(dataset, oddities)


def warnings(dataset: data.Dataset) -> list[str]:
    """Say what is odd about the images, in the words of a comparison's warnings."""
    description = dataset.description
    if not (description.duplicates or description.narrow_ranges):
        return []  # without SciPy, which loads with the words
    from didithelp import caveats
    from didithelp.language import sentences
    from didithelp.language.words import Words

    oddities = caveats.about_images(description)
    return [sentences.warning(caveat, Words("en")) for caveat in oddities]


def describe(dataset: data.Dataset, oddities: list[str]) -> None:
    """Print what was prepared; warn of a fall-back and of odd images."""
    counts = dataset.description.counts
    console.say(
        f"prepare_data  {dataset.name}: {counts['train']:,} training,"
        f" {counts['validation']:,} validation, {counts['test']:,} test images"
    )
    if unused := dataset.description.unused:
        console.say(
            f"prepare_data  {' and '.join(unused)} not used: the validation images are"
            " a part of the training images (validation_fraction)"
        )
    if dataset.fallback:
        console.warn(dataset.fallback)
    for text in oddities:
        console.warn(text)


if __name__ == "__main__":
    entry_point.main(entry_point.parse(Params), run, name="prepare_data")
