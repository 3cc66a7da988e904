"""Dropout from random numbers that NumPy draws.

NumPy draws them in a quarter of the time that TensorFlow would take, and a trial's
dropout has a generator of its own.
"""

import math

import numpy as np
import tensorflow as tf

NOISE_LEVELS = 2**16  # of 16 bits


def generator(seed: int) -> np.random.Generator:
    """A generator for dropout alone: without dropout the batches stay the same."""
    (child,) = np.random.SeedSequence(seed).spawn(1)
    return np.random.default_rng(child)


def random_bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform uint16 of the given shape.

    Each draw of 64 bits gives four of them, which takes half the time of four draws.
    """
    count = math.prod(shape)
    drawn = rng.integers(
        2**64 - 1, size=math.ceil(count / 4), dtype=np.uint64, endpoint=True
    )
    return drawn.view(np.uint16)[:count].reshape(shape)


def dropout(x: tf.Tensor, noise: tf.Tensor, rate: float) -> tf.Tensor:
    """Set a share `rate` of x to 0 and scale the rest, so that its mean stays.

    Args:
        x: activations, (n, units).
        noise: uniform uint16 of the same shape; the rate is rounded to its resolution.
        rate: in [0, 1).

    Returns:
        activations of the same shape and dtype as x.
    """
    dropped = min(round(rate * NOISE_LEVELS), NOISE_LEVELS - 1)
    kept = tf.cast(noise >= dropped, x.dtype)
    return x * (kept * (NOISE_LEVELS / (NOISE_LEVELS - dropped)))
