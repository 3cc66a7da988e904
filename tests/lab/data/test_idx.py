"""Idx files as a stranger would craft them: bombs, lies about sizes, damage."""

import gzip
import struct
from io import BytesIO

import numpy as np
import pytest

from lab.data.idx import read_idx
from tests.crafted_files import IMAGES, MIB, refusal


def idx(*axes: int, body: bytes = b"") -> bytes:
    return struct.pack(f">HBB{len(axes)}I", 0, 8, len(axes), *axes) + body


def read_images(content: bytes) -> np.ndarray:
    return read_idx(BytesIO(content), 3, "images")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_images_are_read(pack):
    content = pack(idx(4, 3, 2, body=IMAGES.tobytes()))
    np.testing.assert_array_equal(read_images(content), IMAGES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (idx(2**32 - 1, 2**32 - 1, 2**32 - 1), "at most 4,294,967,296 bytes"),
        (idx(60_000, 2**16, 2**16), "at most 4,294,967,296 bytes"),
        (idx(2**12, 2**10, 2**9), "got 16, fewer"),
        (idx(2**12, 2**10, 2**9, body=bytes(100)), "got 116, fewer"),
        (idx(4, 3, 2, body=bytes(25)), "more"),
        (idx(0, 0, 0, body=bytes(1)), "more"),
        (idx(4, 3)[:7], "magic"),
        (b"\0\0\x0d\x03" + bytes(12), "0x00000d03"),
        (b"\0", "0x00;"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_hostile_idx_file_is_refused(content, words, pack):
    assert words in refusal(read_images, pack(content))


def test_unpacking_stops_where_the_header_says_the_end_is():
    bomb = gzip.compress(idx(4, 3, 2, body=bytes(64 * MIB)), 1)
    assert "must hold 40 bytes as its header says, got more" in refusal(
        read_images, bomb
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-1],
        lambda packed: packed[:-8] + bytes(8),  # another checksum and length
        lambda packed: packed[:12],
        lambda packed: packed[:2],
    ],
)
def test_a_damaged_gzip_file_is_refused(damage):
    packed = gzip.compress(idx(4, 3, 2, body=IMAGES.tobytes()))
    assert "must be a whole gzip file" in refusal(read_images, damage(packed))
