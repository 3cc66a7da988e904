"""`.npz` archives, read as if from a stranger.

Nothing is unpickled and nothing is extracted to disk. Whatever size a file claims is
held against what it can contain and against `MAX_BYTES` before memory is taken for it.
"""

import math
import struct
import zipfile
from io import BytesIO
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from didithelp.errors import DataError, reason

# What one file may unpack to: 78 times MNIST, which has 55 MB. All images are in memory
# at once and splitting copies them; a good laptop has room for that twice.
MAX_BYTES = 4 * 2**30
MAX_DEFLATE_RATIO = 1032  # zlib's own bound, which only endless zeros come near
MAX_NAMES_SHOWN = 10

CHUNK_BYTES = 2**20  # that are read at once where nothing is kept of them
# Before each entry; its end tells how long the name and the extra field are.
LOCAL_HEADER = struct.Struct("<26x2H")
# Bytes from which a .npy header is read: the header itself may claim to be 4 GB long.
NPY_HEAD_BYTES = 2**14
NPY_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class _Header(NamedTuple):
    """What the head of a .npy file says; `size` is its own, in bytes."""

    size: int
    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype


def read_npz(
    file: BinaryIO,
    names: tuple[str, ...],
    where: str,
    optional: tuple[str, ...] = (),
    mapped: tuple[str, ...] = (),
) -> dict[str, np.ndarray]:
    """The named arrays of an `.npz` archive, by name; its other entries are ignored.

    Args:
        file: the archive; one on disk, if arrays are to be mapped.
        names: of the arrays that it must hold.
        where: what the archive is called in messages.
        optional: names of arrays that are left out where it lacks them.
        mapped: names of arrays that stay in the file, as `np.memmap`, where they are
            not compressed. The file must not be changed as long as they are used.

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
            headers = {name: _header(archive, info) for name, info in members.items()}
            total = sum(info.file_size for info in members.values())
            if total > MAX_BYTES:
                raise too_large(where, total)
            return {
                name: _map_npy(file, archive, info, headers[name])
                if name in mapped and info.compress_type == zipfile.ZIP_STORED
                else _read_npy(archive, info)
                for name, info in members.items()
            }
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


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Header:
    """That of an entry, if archive and array header agree on how many bytes it has.

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
        shape, is_fortran, dtype = NPY_HEADER_READERS[version](head)
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
    return _Header(head.tell(), shape, is_fortran, dtype)


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _map_npy(
    file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: _Header
) -> np.ndarray:
    """An array that is stored as it is, left in its file once that is found whole."""
    with archive.open(member) as stream:
        while stream.read(CHUNK_BYTES):  # at the end, its checksum is compared
            pass
    file.seek(member.header_offset)
    *_, name_length, extra_length = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    start = member.header_offset + LOCAL_HEADER.size + name_length + extra_length
    order: Literal["F", "C"] = "F" if header.is_fortran else "C"
    return np.memmap(file, header.dtype, "r", start + header.size, header.shape, order)
