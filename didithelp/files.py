"""Files and folders that are written whole or not at all.

Everything is written under another name beside its place and then renamed, so that
whoever reads sees the old content or the new, and an interruption leaves neither half.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def write_whole(path: Path, content: bytes) -> None:
    """Replace the content of `path` in one step; its folder must exist.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    unfinished = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)  # absent once it is renamed


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; at the end it takes the place of `folder`.

    If filling it fails or is interrupted, `folder` stays as it was. The folders above
    it are made where they are missing.

    Raises:
        OSError: it cannot be written, or is the working directory, which would be gone.
    """
    if folder.exists() and folder.samefile(Path()):
        raise OSError(f"{folder} is the working directory; choose a folder in it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()  # with the rights of the user's umask; `scratch` is private
        yield fresh
        if folder.exists():
            folder.rename(Path(scratch) / "replaced")
        fresh.rename(folder)
