"""`.npz` archives, read as if from a stranger.

Nothing is unpickled and nothing is extracted to disk. Whatever size a file claims is
held against what it can contain and against `MAX_BYTES` before memory is taken for it.
"""

import math
import zipfile
from io import BytesIO
from typing import BinaryIO

import numpy as np

from didithelp.errors import DataError, reason

# What one file may unpack to: 78 times MNIST, which has 55 MB. All images are in memory
# at once and splitting copies them; a good laptop has room for that twice.
MAX_BYTES = 4 * 2**30
MAX_DEFLATE_RATIO = 1032  # zlib's own bound, which only endless zeros come near
MAX_NAMES_SHOWN = 10

# Bytes from which a .npy header is read: the header itself may claim to be 4 GB long.
NPY_HEAD_BYTES = 2**14
NPY_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(
    file: BinaryIO, names: tuple[str, ...], where: str, optional: tuple[str, ...] = ()
) -> dict[str, np.ndarray]:
    """The named arrays of an `.npz` archive, by name; its other entries are ignored.

    The `optional` ones are left out where it lacks them.

    Raises:
        DataError: no archive, no such array, objects in it, or more than `MAX_BYTES`.
    """
    if not zipfile.is_zipfile(file):
        raise DataError(
            f"{where} must be an .npz archive, got another format or a damaged file; "
            "write it with np.savez_compressed"
        )
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive, names, where, optional)
            total = sum(_claimed_bytes(archive, member) for member in members.values())
            if total > MAX_BYTES:
                raise too_large(where, total)
            return {name: _read_npy(archive, info) for name, info in members.items()}
    except DataError:
        raise
    except Exception as error:  # a damaged archive can fail in a dozen ways
        raise DataError(
            f"{where} must hold plain arrays, got {reason(error)}; write it again with "
            "np.savez_compressed and numeric arrays"
        ) from error


def too_large(where: str, num_bytes: int) -> DataError:
    """The error for a file that claims to unpack to more than `MAX_BYTES`."""
    return DataError(
        f"{where} must unpack to at most {MAX_BYTES:,} bytes, got a header that says "
        f"{num_bytes:,}; keep fewer examples"
    )


def _members(
    archive: zipfile.ZipFile,
    names: tuple[str, ...],
    where: str,
    optional: tuple[str, ...],
) -> dict[str, zipfile.ZipInfo]:
    """The archive's entries for the arrays; entries with other names are ignored."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if missing := [name for name in names if name not in members]:
        others = ", ".join(list(members)[:MAX_NAMES_SHOWN]) or "nothing"
        others += ", ..." if len(members) > MAX_NAMES_SHOWN else ""
        raise DataError(
            f"{where} must hold {', '.join(names)}, got {others}; "
            f"add {', '.join(missing)}"
        )
    kept = [*names, *(name for name in optional if name in members)]
    return {name: members[name] for name in kept}


def _claimed_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """How many bytes an entry unpacks to, if archive and array header agree on it.

    Raises:
        ValueError: they do not, or the entry is no plain array.
    """
    name = member.filename
    # Python unpacks the other methods without a bound on what comes out.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} compressed by another method than deflate")
    with archive.open(member) as stream:
        head = BytesIO(stream.read(NPY_HEAD_BYTES))
    version = np.lib.format.read_magic(head)
    if version not in NPY_HEADER_READERS:
        raise ValueError(f"{name} in the .npy format {version[0]}.{version[1]}")
    try:
        shape, _, dtype = NPY_HEADER_READERS[version](head)
    except Exception as error:  # from the tokenizer, the parser or the dtype
        raise ValueError(f"{name} with an unreadable header") from error
    if dtype.hasobject:
        raise ValueError(f"pickled Python objects as {name}")
    expected = head.tell() + math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or expected != member.file_size:
        raise ValueError(
            f"{name} of {member.file_size:,} bytes with a header for {dtype} of shape "
            f"{shape}"
        )
    if expected > MAX_DEFLATE_RATIO * member.compress_size:
        raise ValueError(
            f"{name} that would unpack {member.compress_size:,} bytes to {expected:,}"
        )
    return expected


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
