"""Experiments with a known truth: right and wrong of two recipes, drawn from a model.

A run is right on an image where a latent normal number stays below a threshold
(probit). The number is a sum of independent parts, with variances that add up to 1:

    image               shared by every run of both recipes: hard for everyone
    recipe by image     shared by the runs of one recipe: two different functions
    seed                shared by the images of one run: a lucky or unlucky run
    seed by image       everything else

As the sum is standard normal whatever the parts are, the expected accuracy over new
images and new seeds, and so the true difference, is known exactly. The sizes of the
parts come from runs of real recipes (`calibrate`, `kinship`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from didithelp import effects

_GRID = np.linspace(-9, 9, 4001)
_DENSITY = np.exp(-(_GRID**2) / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Recipe:
    """What is known about a recipe.

    accuracy: expected over seeds and images, in (0, 1).
    agreement: correlation of the latent numbers of two runs on one image, in [0, 1).
    seed_sd: SD over seeds of the accuracy on infinitely many images, a fraction.
    """

    accuracy: float
    agreement: float
    seed_sd: float

    @property
    def threshold(self) -> float:
        """The latent number below which a run is right on an image."""
        return float(special.ndtri(self.accuracy))

    @property
    def seed_part(self) -> float:
        """Latent variance of the seed: accuracy changes by the density per unit."""
        density = math.exp(-(self.threshold**2) / 2) / math.sqrt(2 * math.pi)
        return (self.seed_sd / density) ** 2


@dataclass(frozen=True)
class Truth:
    """Two recipes and how alike they are.

    kinship: correlation of the latent numbers of a run of either on one image. At
        most the geometric mean of the agreements, where both are one function.
    """

    name: str
    reference: Recipe
    candidate: Recipe
    kinship: float

    @property
    def delta(self) -> float:
        """The true difference in accuracy, candidate minus reference."""
        return self.candidate.accuracy - self.reference.accuracy


def same_function(first: Recipe, second: Recipe) -> float:
    """Kinship of recipes that find the same images hard."""
    return math.sqrt(first.agreement * second.agreement)


def draw(
    truth: Truth, num_seeds: int, num_images: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One experiment: (seeds, images) int64 of 0 and 1, for reference and candidate."""
    likeness = truth.kinship / same_function(truth.reference, truth.candidate)
    shared = math.sqrt(likeness) * rng.standard_normal(num_images)
    arms = []
    for recipe in (truth.reference, truth.candidate):
        own = math.sqrt(max(0.0, 1 - likeness)) * rng.standard_normal(num_images)
        seeds = math.sqrt(recipe.seed_part) * rng.standard_normal((num_seeds, 1))
        known = math.sqrt(recipe.agreement) * (shared + own) + seeds
        rest = math.sqrt(1 - recipe.agreement - recipe.seed_part)
        noise = rng.standard_normal((num_seeds, num_images), dtype=np.float32)
        arms.append((rest * noise < recipe.threshold - known).astype(np.int64))
    return arms[0], arms[1]


# --- from real runs -------------------------------------------------------------------


def calibrate(right: np.ndarray) -> Recipe:
    """The recipe behind real runs.

    right: (seeds, images) int64 of 0 and 1, of two seeds or more.

    The agreement is the tetrachoric correlation: the one that gives two runs as many
    common mistakes as they have. The seed's variance is that between the accuracies
    less the part which is there because the test set is finite; negative becomes 0.
    """
    num_seeds, num_images = right.shape
    accuracy = right.mean()
    wrong = num_seeds - right.sum(axis=0)
    pairs = num_seeds * (num_seeds - 1) * num_images
    both_wrong = (wrong * (wrong - 1)).sum() / pairs
    effect = effects.unpaired_effect(right, right)  # its terms are per arm
    seed = num_seeds * (effect.seed_terms[0] - effect.residual_terms[0])
    return Recipe(
        accuracy=float(accuracy),
        agreement=_correlation(1 - accuracy, 1 - accuracy, both_wrong),
        seed_sd=math.sqrt(max(0.0, seed)),
    )


def kinship(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Tetrachoric correlation between runs of two recipes; (seeds, images) each."""
    first, second = (1 - right.mean(axis=0) for right in (reference, candidate))
    return _correlation(first.mean(), second.mean(), (first * second).mean())


def _correlation(first: float, second: float, both: float) -> float:
    """Of two normal numbers that pass their thresholds this often, and this often both.

    first, second, both: probabilities; `both` must exceed `first * second`.
    """

    def excess(correlation: float) -> float:
        return _both(first, second, correlation) - both

    return float(optimize.brentq(excess, 0.0, 0.9999))


def _both(first: float, second: float, correlation: float) -> float:
    """Probability of both, by integrating over the common part of the two numbers."""
    common = math.sqrt(correlation) * _GRID
    rest = math.sqrt(1 - correlation)
    chance = 1.0
    for probability in (first, second):
        chance = chance * special.ndtr((special.ndtri(probability) + common) / rest)
    return float(np.trapezoid(chance * _DENSITY, _GRID))
