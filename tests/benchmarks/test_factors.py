"""The experiments on factors: planted truths are what is estimated."""

import numpy as np
import pytest

from benchmarks import factors
from didithelp import contrasts

TRUTH = factors.Truth("planted", (-0.2, 0.005, 0.0, 0.0), interaction=0.02)


def test_the_truth_of_a_contrast_is_what_was_planted():
    design = TRUTH.design
    found = [TRUTH.value(design.main(place)) for place in range(4)]
    assert found == [-0.2, 0.005, 0, 0]
    assert TRUTH.value(design.interaction(0, 1)) == 0.02
    assert TRUTH.value(design.interaction(0, 2)) == 0
    assert TRUTH.value(design.at_baseline(0)) == pytest.approx(-0.22)
    assert sum(TRUTH.value(design.shapley(place)) for place in range(4)) == (
        pytest.approx(TRUTH.value(design.total()))
    )


@pytest.mark.parametrize("by_factor", [False, True])
def test_arms_have_the_accuracy_that_was_planted(by_factor):
    truth = factors.Truth(
        "planted", TRUTH.effects, TRUTH.interaction, "real", by_factor
    )
    arms = list(factors.draw(truth, np.random.default_rng(0)))
    for cell, right in zip(truth.design.cells, arms, strict=True):
        assert right.shape == (max(factors.NUM_SEEDS), factors.NUM_IMAGES)
        assert right.mean() == pytest.approx(truth.accuracy(cell), abs=0.02)


def test_what_was_planted_is_found_and_counted():
    arms = factors.draw(TRUTH, np.random.default_rng(1))
    samples = [contrasts.moments(arm[:3], 1.0) for arm in arms]
    found: dict = {}
    for what, value in factors.experiment(TRUTH, samples):
        found.setdefault(what, []).append(value)
    assert found["main found"] == [True, True]
    assert found["main false"] == [False]
    assert found["planted named"] == found["joint"] == [True]
    assert len(found["interaction covers"]) == 6
    lines = list(
        factors.tables(
            {
                (truth.name, size, what): values
                for truth in factors.TRUTHS
                for size in factors.NUM_SEEDS
                for what, values in found.items()
            }
        )
    )
    assert len(lines) == 3 * (2 + len(factors.TRUTHS) * len(factors.NUM_SEEDS)) + 2
