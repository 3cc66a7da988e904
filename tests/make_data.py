"""Small images and recipes that tests draw themselves."""

from pathlib import Path

import numpy as np

from didithelp.parameters import values_of
from lab import command_line, mlproject
from lab.training.recipe import Recipe

NUM_CLASSES = 3


def make_images(
    num_images: int, *, seed: int, shape: tuple[int, ...] = (8, 8), noise: float = 90
) -> tuple[np.ndarray, np.ndarray]:
    """Each class is a pattern of its own under noise: learnable, but not perfectly."""
    patterns = np.random.default_rng(0).uniform(0, 255, (NUM_CLASSES, *shape))
    rng = np.random.default_rng(seed)
    labels = np.arange(num_images) % NUM_CLASSES
    images = patterns[labels] + rng.normal(0, noise, (num_images, *shape))
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int64)


def save_images(
    path: Path, *, num_train: int = 240, num_test: int = 120, seed: int = 1, **kwargs
) -> None:
    """An .npz as users bring it."""
    x_train, y_train = make_images(num_train, seed=seed, **kwargs)
    x_test, y_test = make_images(num_test, seed=seed + 1, **kwargs)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def make_recipe(**changes) -> Recipe:
    """The baseline of MLproject, smaller, with changes."""
    small = {"hidden_units": (16,), "batch_size": 32, "epochs": 3}
    baseline = command_line.build(Recipe, mlproject.defaults("train_baseline"))
    return Recipe(**values_of(Recipe, baseline) | small | changes)
