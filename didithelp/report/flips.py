"""The section of a report on single classes and images: which of them change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from didithelp import predictions
from didithelp.report import figures
from didithelp.report.document import Block, Card, Gallery, Plots, Text
from didithelp.report.material import ComparisonMaterial

MOST_FLIPS = 8  # pictures of gained and of lost images, per candidate
LONGEST_NAME = 18  # of an arm that shares a line with another one


@dataclass(frozen=True, eq=False)
class _Predictions:
    """What the runs of the arms predict.

    Attributes:
        by_place: (runs, images) classes by place of the arm, 0 for the reference.
        labels: (images,) true classes.
        num_classes: the largest number of classes of an arm.
    """

    by_place: dict[int, np.ndarray]
    labels: np.ndarray
    num_classes: int

    @property
    def reference(self) -> np.ndarray:
        return self.by_place[0]

    @property
    def candidates(self) -> dict[int, np.ndarray]:
        return {place: each for place, each in self.by_place.items() if place}


def confusions_and_flips(material: ComparisonMaterial) -> list[Block]:
    """Confusions and flips of every candidate that has predictions."""
    words = material.words
    predicted = _predictions(material)
    known = {} if predicted is None else predicted.by_place
    names = enumerate(material.names)
    without = [name for place, name in names if place not in known]
    if predicted is None or 0 not in known or len(known) == 1:
        return material.missing("no_predictions", without)
    galleries = [
        gallery
        for place in predicted.candidates
        for gallery in _galleries(material, predicted, place)
    ]
    blocks: list[Block] = [_confusions(material, predicted)]
    if galleries:
        blocks += [*galleries, Text(words("caption_flips"))]
        if material.images is None:
            blocks.append(Text(words("no_pictures")))
    else:
        blocks.append(Text(words("no_flips")))
    return [*blocks, *material.missing("no_predictions", without)]


def _predictions(material: ComparisonMaterial) -> _Predictions | None:
    """The predictions of the arms that have some; None where none has."""
    labels, num_classes = None, 0
    by_place = {}
    for place, arm in enumerate(material.arms):
        if arm.probabilities is not None:
            by_place[place] = predictions.predicted_classes(arm.probabilities)
            num_classes = max(num_classes, arm.probabilities.shape[2])
            labels = arm.labels
    if labels is None:
        return None
    return _Predictions(by_place, np.asarray(labels), num_classes)


def _confusions(material: ComparisonMaterial, predicted: _Predictions) -> Plots:
    """The plot of what each candidate confuses more, or less, than the reference."""
    words, names, drawings = material.words, material.names, []
    labels, classes = predicted.labels, predicted.num_classes
    before = predictions.confusion(predicted.reference, labels, classes)
    for place, candidate in predicted.candidates.items():
        change = predictions.confusion(candidate, labels, classes) - before
        title = words(
            "confusion_title",
            candidate=figures.short(names[place], LONGEST_NAME),
            reference=figures.short(names[0], LONGEST_NAME),
        )
        drawings.append(figures.confusion(f"confusion_{place}", title, change, words))
    caption = words("caption_confusion")
    if classes > figures.MOST_CLASSES:
        shown = words("confusion_most", classes=classes, shown=figures.MOST_CLASSES)
        caption = f"{caption} {shown}"
    return Plots(drawings, caption)


def _galleries(
    material: ComparisonMaterial, predicted: _Predictions, place: int
) -> list[Gallery]:
    """The images that a candidate gains most clearly, and those that it loses."""
    words, names = material.words, material.names
    reference, candidate = predicted.reference, predicted.by_place[place]
    sides = tuple(
        (figures.short(name, LONGEST_NAME), len(runs))
        for name, runs in ((names[0], reference), (names[place], candidate))
    )
    gained, lost = predictions.most_flipped(
        reference, candidate, predicted.labels, MOST_FLIPS
    )
    galleries = []
    for key, flips in (("gained", gained), ("lost", lost)):
        if flips:
            title = words(key, candidate=names[place], reference=names[0])
            cards = [_card(material, flip, sides) for flip in flips]
            sheet = None if material.images is None else f"{key}_{place}"
            galleries.append(Gallery(title, cards, sheet))
    return galleries


def _card(
    material: ComparisonMaterial,
    flip: predictions.Flip,
    sides: tuple[tuple[str, int], ...],
) -> Card:
    """An image and what both arms make of it.

    Args:
        material: of the report.
        flip: the image.
        sides: name and number of runs, of the reference and of the candidate.
    """
    words, picture = material.words, None
    if material.images is not None:
        picture = figures.picture(material.images[flip.index])
    opinions = [
        words(
            "opinion",
            name=name,
            predicted=opinion.predicted,
            runs=opinion.num_runs,
            total=total,
        )
        for (name, total), opinion in zip(
            sides, (flip.reference, flip.candidate), strict=True
        )
    ]
    return Card(
        flip.index,
        picture,
        words("image_alternative", index=flip.index, label=flip.label),
        [words("true_label", label=flip.label, index=flip.index), *opinions],
    )
