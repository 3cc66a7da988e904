"""The idx files of MNIST, read as if from a stranger.

Whatever size a file claims is held against what it can contain and against
`formats.MAX_BYTES` before memory is taken for it.
"""

import gzip
import math
import struct
import zlib
from typing import BinaryIO

import numpy as np

from didithelp import formats
from didithelp.errors import DataError, reason

CHUNK_BYTES = 2**20


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


def _read_plain_idx(
    file: BinaryIO | gzip.GzipFile, num_axes: int, where: str
) -> np.ndarray:
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
    if expected > formats.MAX_BYTES:
        raise formats.too_large(where, expected)
    content = _read_at_most(file, expected - header_size + 1)
    num_bytes = len(header) + len(content)
    if num_bytes != expected:
        problem = (
            f"{num_bytes}, fewer than that"
            if num_bytes < expected
            else "more than that"
        )
        raise DataError(
            f"{where} must hold {expected} bytes as its header says, got {problem}; "
            "download it again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_at_most(file: BinaryIO | gzip.GzipFile, limit: int) -> bytearray:
    """What the file holds, up to a limit; memory is taken as the bytes arrive."""
    content = bytearray()
    while part := file.read(min(CHUNK_BYTES, limit - len(content))):
        content += part
    return content
