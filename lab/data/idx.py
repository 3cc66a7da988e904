"""Reads the idx files of MNIST without trusting them.

The size that a file claims is compared with `formats.MAX_BYTES` before memory is taken
for it, and with what the file holds before it is believed.
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
    """Read an idx file; whether it is gzipped is seen from its content, not its name.

    Args:
        file: open at its start.
        num_axes: of the array: 3 for images, 1 for labels.
        where: names the file in errors.

    Returns:
        a uint8 array.

    Raises:
        DataError: another format, another size than its header says, or more than
            `MAX_BYTES`.
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
    # If the header is cut short, zeros complete it; the file is too short either way.
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
    """Read up to `limit` bytes; memory is taken only as they arrive."""
    content = bytearray()
    while part := file.read(min(CHUNK_BYTES, limit - len(content))):
        content += part
    return content
