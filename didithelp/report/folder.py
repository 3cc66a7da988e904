"""Writes the folder of a report: its texts, and its figures as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from didithelp import files
from didithelp.report.document import Document, Drawing, Fold, Plots


def write(
    folder: Path, texts: Mapping[str, str], pictures: Iterable[tuple[str, bytes]]
) -> None:
    """Write the files of a report; each appears whole or not at all.

    Args:
        folder: made where it is missing.
        texts: by the name of the file.
        pictures: name without ending, and PNG, of the files in `figures/`.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, png in pictures:
        files.write_whole(folder / "figures" / f"{name}.png", png)
    write_texts(folder, texts)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the texts alone, to a folder that exists.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, text in texts.items():
        files.write_whole(folder / name, text.encode("utf-8"))


def drawings(document: Document) -> Iterable[Drawing]:
    """The figures of a document in their order, also those in folds."""
    for section in document.sections:
        blocks = list(section.blocks)
        while blocks:
            block = blocks.pop(0)
            if isinstance(block, Plots):
                yield from block.drawings
            if isinstance(block, Fold):
                blocks[:0] = block.blocks
