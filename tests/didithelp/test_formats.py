"""Files as a stranger would craft them: bombs, lies about sizes, paths, pickles.

Each is refused in one line, and before memory is taken for what it claims to hold.
"""

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from didithelp import formats
from tests.crafted_files import IMAGES, MIB, refusal

LABELS = np.arange(4, dtype=np.uint8)


# --- .npz -----------------------------------------------------------------------------


def npy(array: np.ndarray) -> bytes:
    stream = BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npy_header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """The head of an `.npy` file with any text where the description belongs."""
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text.encode("latin1")


def described(shape: str, dtype: str = "'|u1'", **kwargs) -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n"
    return npy_header(text, **kwargs)


def npz(entries: dict[str, bytes], method=zipfile.ZIP_STORED) -> BytesIO:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream


def read(file: BytesIO) -> dict[str, np.ndarray]:
    return formats.read_npz(file, ("x", "y"), "set.npz")


def with_x(content: bytes) -> dict[str, bytes]:
    return {"x.npy": content, "y.npy": npy(LABELS)}


def test_numpys_own_archives_are_read():
    for save in (np.savez, np.savez_compressed):
        stream = BytesIO()
        save(stream, x=np.asfortranarray(IMAGES), y=LABELS, other=IMAGES)
        found = read(stream)
        np.testing.assert_array_equal(found["x"], IMAGES)
        np.testing.assert_array_equal(found["y"], LABELS)
        assert set(found) == {"x", "y"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (described(f"({10**12},)"), "header for uint8 of shape (1000000000000,)"),
        (described(f"({10**6}, {10**6}, 10)"), "header for uint8 of shape (1000000,"),
        (described(f"({10**60},)"), "header for uint8 of shape (1000"),
        (described("(4, 3)") + b"12345", "header for uint8 of shape (4, 3)"),
        (described("(-4,)"), "shape (-4,)"),
        (described("(-4, -3)") + bytes(12), "shape (-4, -3)"),
        (described("(4.0,)") + bytes(4), "unreadable header"),
        (described("4") + bytes(4), "unreadable header"),
        (described("(4,)", "'|O'") + bytes(32), "pickled Python objects"),
        (described("(4,)", "[('a', 'O')]") + bytes(32), "pickled Python objects"),
        (described("(4,)", "'no type'") + bytes(4), "unreadable header"),
        (described("(4,)", "__import__('os')") + bytes(4), "unreadable header"),
        (described("(4,)")[:-9], "unreadable header"),
        (npy_header("(" * 9000), "unreadable header"),
        (npy_header("{}" + " " * 60_000), "unreadable header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", "unreadable header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 50_000, "unreadable header"),
        (b"\x93NUMPY\x09\x00" + npy(IMAGES)[8:], "format 9.0"),
        (b"\x93NUMPY\x03\x00" + npy(IMAGES)[8:], "format 3.0"),
        (b"", "magic"),
        (b"GIF89a" + bytes(100), "magic"),
        (npy(IMAGES)[:-1], "151 bytes with a header for uint8 of shape (4, 3, 2)"),
        (npy(IMAGES) + b"more", "156 bytes with a header"),
        (npy(np.array([{"a": 1}])), "pickled Python objects"),
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_hostile_array_is_refused(content, words, method):
    assert words in refusal(read, npz(with_x(content), method))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_bound_is_refused(method):
    file = npz(with_x(described("(1000,)") + bytes(1000)), method)
    assert "another method than deflate" in refusal(read, file)


@pytest.mark.parametrize(
    ("compressed", "words"),
    [
        (200, ["x.npy that would unpack 200 bytes"]),
        # Later versions of Python see by themselves that it overlaps the next entry.
        (2**30, ["at most 4,294,967,296", "Overlapped entries"]),
    ],
)
def test_a_directory_that_lies_as_the_header_does_is_refused(compressed, words):
    size = 2**32 - 2  # with the labels, more than is allowed
    head = described(f"({size},)")
    head = described(f"({size - len(head)},)")
    file = npz(with_x(head + bytes(200_000)), zipfile.ZIP_DEFLATED)
    content = bytearray(file.getvalue())
    entry = content.index(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<II", compressed, size)
    refused = refusal(read, BytesIO(content))
    assert any(expected in refused for expected in words)


def test_arrays_that_are_too_large_together_are_refused(monkeypatch):
    monkeypatch.setattr(formats, "MAX_BYTES", 300)
    file = npz({"x.npy": npy(np.zeros(80, np.uint8)), "y.npy": npy(LABELS)})
    assert "at most 300 bytes, got a header that says 340" in refusal(read, file)


def test_a_bomb_is_not_unpacked():
    bomb = described("(1000,)") + bytes(64 * MIB)
    text = refusal(read, npz(with_x(bomb), zipfile.ZIP_DEFLATED))
    assert "bytes with a header for uint8 of shape (1000,)" in text


def test_an_encrypted_entry_is_refused():
    content = bytearray(npz(with_x(npy(IMAGES))).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert "encrypted" in refusal(read, BytesIO(content))


def test_entries_with_paths_are_never_written(tmp_path, monkeypatch):
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    foreign = {"../x.npy": npy(IMAGES), f"{tmp_path}/absolute": b"a", "y.npy": b""}
    assert "got ../x" in refusal(read, npz(foreign))
    found = read(npz(with_x(npy(IMAGES)) | {"../outside.npy": b"b"}))
    assert set(found) == {"x", "y"}
    assert [str(path.name) for path in Path(tmp_path).rglob("*")] == ["inside"]


def test_many_names_make_no_long_line():
    text = refusal(read, npz({f"array_{i}.npy": b"" for i in range(500)}))
    assert "array_9, ...; add x, y" in text and "array_10," not in text
