"""Dropout: uniform bits, the right share, the same mean."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from lab.training.noise import dropout, random_bits

pytestmark = pytest.mark.usefixtures("one_thread")


def test_random_bits_are_uniform_and_independent_of_each_other():
    bits = random_bits(np.random.default_rng(0), (1001, 99))
    assert bits.dtype == np.uint16 and bits.shape == (1001, 99)
    counts = np.bincount(bits.ravel() >> 8, minlength=256)
    assert stats.chisquare(counts).pvalue > 0.001
    for lag in (1, 2, 3, 4):  # neighbours come from the same draw
        correlation = np.corrcoef(bits.ravel()[lag:], bits.ravel()[:-lag])[0, 1]
        assert abs(correlation) < 4 / math.sqrt(bits.size)


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.5, 0.99999])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    every = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    result = dropout(tf.ones((256, 256)), tf.constant(every), rate).numpy()
    assert np.mean(result == 0) == pytest.approx(rate, abs=2**-16)
    assert result.mean() == pytest.approx(1, rel=1e-6)
    assert len(np.unique(result)) == 2
