"""File formats of images: `.npz` archives and idx files, read as if from a stranger.

Nothing is unpickled and nothing is extracted to disk. Whatever size a file claims is
held against what it can contain and against `MAX_BYTES` before memory is taken for it.
"""

import gzip
import math
import struct
import zipfile
import zlib
from io import BytesIO
from typing import BinaryIO

import numpy as np

from didithelp.errors import DataError, reason

# What one file may unpack to. All images are in memory at once, and splitting copies
# them: twice this is what a good laptop has. MNIST is 55 MB, so it is 78 times MNIST.
MAX_BYTES = 4 * 2**30
MAX_DEFLATE_RATIO = 1032  # zlib's own bound, which only endless zeros come near
MAX_NAMES_SHOWN = 10
CHUNK_BYTES = 2**20

# A .npy header is read from its first bytes alone: it may claim a length of 4 GB.
NPY_HEAD_BYTES = 2**14
NPY_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(
    file: BinaryIO, names: tuple[str, ...], where: str
) -> dict[str, np.ndarray]:
    """The named arrays of an `.npz`; whatever else it holds is not looked at.

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
            members = _members(archive, names, where)
            total = sum(_claimed_bytes(archive, member) for member in members.values())
            if total > MAX_BYTES:
                raise _too_large(where, total)
            return {name: _read_npy(archive, members[name]) for name in names}
    except DataError:
        raise
    except Exception as error:  # a damaged archive can fail in a dozen ways
        raise DataError(
            f"{where} must hold plain arrays, got {reason(error)}; write it again with "
            "np.savez_compressed and numeric arrays"
        ) from error


def read_idx(file: BinaryIO, num_axes: int, where: str) -> np.ndarray:
    """uint8 array of an idx file, gzipped or not: file names are not always truthful.

    Raises:
        DataError: another format, another size than announced, more than `MAX_BYTES`.
    """
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        return _read_plain_idx(file, num_axes, where)
    try:
        return _read_plain_idx(gzip.GzipFile(fileobj=file), num_axes, where)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{where} must be a whole gzip file, got {reason(error)!r}; "
            "it is truncated or damaged: download it again"
        ) from error


def _too_large(where: str, num_bytes: int) -> DataError:
    return DataError(
        f"{where} must unpack to at most {MAX_BYTES:,} bytes, got a header that says "
        f"{num_bytes:,}; keep fewer examples"
    )


def _members(
    archive: zipfile.ZipFile, names: tuple[str, ...], where: str
) -> dict[str, zipfile.ZipInfo]:
    """The archive's entries for the arrays; entries with other names are ignored."""
    found = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if missing := [name for name in names if name not in found]:
        others = ", ".join(list(found)[:MAX_NAMES_SHOWN]) or "nothing"
        others += ", ..." if len(found) > MAX_NAMES_SHOWN else ""
        raise DataError(
            f"{where} must hold {', '.join(names)}, got {others}; "
            f"add {', '.join(missing)}"
        )
    return {name: found[name] for name in names}


def _claimed_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """How much an entry unpacks to, if archive and array header agree on it."""
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
        raise ValueError("pickled Python objects")
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


def _read_plain_idx(file: BinaryIO, num_axes: int, where: str) -> np.ndarray:
    header_size = 4 + 4 * num_axes
    header = file.read(header_size)
    # Two zero bytes, 8 for uint8, the number of axes; then the axes, all big-endian.
    magic = bytes((0, 0, 8, num_axes))
    if header[:4] != magic:
        raise DataError(
            f"{where} must start with the idx magic number 0x{magic.hex()}, "
            f"got 0x{header[:4].hex()}; check that it is the file its name says"
        )
    # A header cut short is filled up with zeros: it promises at least its own length.
    shape = struct.unpack(f">{num_axes}I", header[4:].ljust(4 * num_axes, b"\0"))
    expected = header_size + math.prod(shape)
    if expected > MAX_BYTES:
        raise _too_large(where, expected)
    content = _read_at_most(file, expected - header_size + 1)
    found = len(header) + len(content)
    if found != expected:
        problem = f"{found}, fewer than that" if found < expected else "more than that"
        raise DataError(
            f"{where} must hold {expected} bytes as its header says, got {problem}; "
            "download it again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_at_most(file: BinaryIO, limit: int) -> bytearray:
    """What the file holds, up to a limit; memory is taken as the bytes arrive."""
    content = bytearray()
    while part := file.read(min(CHUNK_BYTES, limit - len(content))):
        content += part
    return content
