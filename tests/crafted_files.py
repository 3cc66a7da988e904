"""What a reader must do with a file that a stranger has crafted."""

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from didithelp.errors import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
MIB = 2**20


@contextmanager
def little_memory():
    """Fail if more is ever allocated than files as small as these can need."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def refusal(read, *arguments) -> str:
    """The one line in which a reader refuses."""
    with little_memory(), pytest.raises(DataError) as caught:
        read(*arguments)
    text = str(caught.value)
    assert "\n" not in text and "must" in text and "got" in text and ";" in text
    return text
