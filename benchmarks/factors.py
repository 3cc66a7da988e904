"""How far can "which change did it" be believed? Experiments whose truth is known.

    python -m benchmarks.factors --experiments 1000 --processes 2

Prints the tables of README.md. Every experiment draws right and wrong of the 16 arms of
four factors, or the 17 of five, on fresh images with fresh seeds (the model of
benchmarks.simulation, with the noise of this project's real arms from
benchmarks.verdict), and estimates every effect as `didithelp.factorial` does.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import Pool

import numpy as np

from benchmarks.simulation import Recipe, same_function
from benchmarks.verdict import (
    ALPHA,
    BASELINE,
    IMPROVED,
    KINSHIP,
    MARGIN,
    NUM_IMAGES,
    SEED,
    header,
    percent,
    row,
)
from didithelp import contrasts, decision, families, significance
from didithelp.effects import Effect
from didithelp.factors import Factorial, Levels, Weights, advised

NUM_SEEDS = (3, 5)  # the first 3 of the 5 runs of an arm
ACCURACY = 0.975  # of the arm with all factors off
REAL = (-0.006, 0.002, -0.001, 0.003)  # effects like those of the labs' four changes
NONE = (0.0, 0.0, 0.0, 0.0)
NOISY = 0  # the factor whose arms have the noise of train_improved
LIKENESS = KINSHIP / same_function(BASELINE, IMPROVED)
CHUNK = 25  # experiments per task of a worker

Outcome = dict[tuple[str, int, str], list[float]]  # truth, seeds, what: one per try


@dataclass(frozen=True)
class Truth:
    """What the factors really do, and what makes the runs differ.

    effects: of each factor, in accuracy.
    interaction: of the first two, as `Interaction.estimate` has it.
    noise: "real" (that of train_improved where the first factor is on, else that of
        train_baseline), "unsteady" or "steady" (one of the two in all arms).
    by_factor: whether arms find the more images alike the more factors they share;
        else each arm is a function of its own.
    """

    name: str
    effects: tuple[float, ...]
    interaction: float = 0.0
    noise: str = "real"
    by_factor: bool = False

    @property
    def design(self) -> Factorial:
        """That of so many factors."""
        return advised([f"factor {place}" for place in range(len(self.effects))])

    def accuracy(self, cell: Levels) -> float:
        """Expected accuracy of the arm."""
        signs = [1 if is_on else -1 for is_on in cell]
        gains = sum(
            effect * is_on for effect, is_on in zip(self.effects, cell, strict=True)
        )
        return ACCURACY + gains + self.interaction * signs[0] * signs[1] / 2

    def recipe(self, cell: Levels) -> Recipe:
        """The arm as benchmarks.simulation draws it."""
        is_noisy = {"real": cell[NOISY], "unsteady": True, "steady": False}[self.noise]
        like = IMPROVED if is_noisy else BASELINE
        return Recipe(self.accuracy(cell), like.agreement, like.seed_sd)

    def value(self, weights: Weights) -> float:
        """The true contrast; a zero is one, whatever rounding makes of it."""
        value = sum(float(w) * self.accuracy(cell) for cell, w in weights.items())
        return round(value, 12)


TRUTHS = (
    Truth("no effects", NONE),
    Truth("no effects, alike by factor", NONE, by_factor=True),
    Truth("no effects, all arms unsteady", NONE, noise="unsteady"),
    Truth("no effects, all arms steady", NONE, noise="steady"),
    Truth("effects like the labs'", REAL),
    Truth("and an interaction of 0.25", REAL, interaction=0.0025),
    Truth("and an interaction of 0.5", REAL, interaction=0.005),
    Truth("five changes, 17 arms", (*REAL, 0.0), interaction=0.0025),
)


# --- experiments ----------------------------------------------------------------------


def draw(truth: Truth, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The arms of one experiment: (seeds, images) int64 of 0 and 1, by cell."""
    design = truth.design
    shared = math.sqrt(LIKENESS) * rng.standard_normal(NUM_IMAGES)
    parts = rng.standard_normal((design.num_factors, 2, NUM_IMAGES))
    for cell in design.cells:
        recipe = truth.recipe(cell)
        own = rng.standard_normal(NUM_IMAGES)
        if truth.by_factor:
            own = sum(part[int(on)] for part, on in zip(parts, cell, strict=True))
            own = own / math.sqrt(design.num_factors)
        hard = math.sqrt(recipe.agreement) * (shared + math.sqrt(1 - LIKENESS) * own)
        seeds = rng.standard_normal((max(NUM_SEEDS), 1))
        known = hard + math.sqrt(recipe.seed_part) * seeds
        rest = math.sqrt(1 - recipe.agreement - recipe.seed_part)
        noise = rng.standard_normal((len(seeds), NUM_IMAGES), dtype=np.float32)
        yield (rest * noise < recipe.threshold - known).astype(np.int64)


def experiment(
    truth: Truth, samples: Sequence[contrasts.Moments]
) -> Iterator[tuple[str, float]]:
    """What there is to count of one experiment: 1 for yes, 0 for no, or a number."""
    design = truth.design

    def row_of(weights: Weights) -> list[Fraction]:
        return [weights.get(cell, Fraction(0)) for cell in design.cells]

    places = range(design.num_factors)
    kinds = {
        "main": [design.main(place) for place in places],
        "shapley": [design.shapley(place) for place in places],
        "baseline": [design.at_baseline(place) for place in places],
        "full": [design.at_full(place) for place in places],
        "interaction": [design.interaction(*pair) for pair in design.pairs],
    }
    kinds = {
        kind: [weights for weights in found if weights is not None]
        for kind, found in kinds.items()
    }
    found = {
        kind: [contrasts.contrast(samples, row_of(weights)) for weights in kinds[kind]]
        for kind in kinds
    }
    for kind, all_weights in kinds.items():
        for weights, estimate in zip(all_weights, found[kind], strict=True):
            low, high = significance.interval(estimate, 0.95)
            yield f"{kind} covers", low <= truth.value(weights) <= high
            yield f"{kind} half width", (high - low) / 2
    signs = {"better": 1, "worse": -1}
    called = [signs.get(verdict, 0) for verdict in verdicts(found["main"])]
    values = [truth.value(weights) for weights in kinds["main"]]
    yield (
        "main false",
        any(
            sign and sign * value <= 0
            for sign, value in zip(called, values, strict=True)
        ),
    )
    for sign, value in zip(called, values, strict=True):
        if value:
            yield "main found", sign * value > 0
    p = [each.p_holm for each in families.tests(found["interaction"], None)]
    named = [each <= ALPHA for each in p]
    yield "planted named", named[0]
    yield "others named", any(named[1:])
    joint = contrasts.joint_test(samples, list(map(row_of, kinds["interaction"])))
    yield "joint", joint.p <= ALPHA


def verdicts(mains: Sequence[Effect]) -> Iterator[str]:
    """As `didithelp.factorial` decides about the main effects."""
    for effect, tests in zip(mains, families.tests(mains, MARGIN), strict=True):
        yield decision.decide(
            effect,
            p_holm=tests.p_holm,
            p_tost_holm=tests.p_tost_holm,
            alpha=ALPHA,
            margin=MARGIN,
            higher_is_better=True,
            multiplier=tests.multiplier,
        ).verdict


def run(num_experiments: int, processes: int) -> Outcome:
    """The outcomes of all truths; the same for any number of processes."""
    tasks = [
        (index, range(start, min(start + CHUNK, num_experiments)))
        for index in range(len(TRUTHS))
        for start in range(0, num_experiments, CHUNK)
    ]
    outcome: Outcome = defaultdict(list)
    with Pool(processes) as pool:
        for part in pool.imap(_experiments, tasks):
            for key, values in part.items():
                outcome[key] += values
    return outcome


def _experiments(task: tuple[int, range]) -> Outcome:
    index, numbers = task
    truth = TRUTHS[index]
    outcome: Outcome = defaultdict(list)
    for number in numbers:
        arms = list(draw(truth, np.random.default_rng([SEED, 1000 + index, number])))
        for size in NUM_SEEDS:
            samples = [contrasts.moments(arm[:size], 1.0) for arm in arms]
            for what, value in experiment(truth, samples):
                outcome[truth.name, size, what].append(float(value))
    return dict(outcome)


# --- tables ---------------------------------------------------------------------------

KINDS = ("main", "shapley", "baseline", "full", "interaction")
ANSWERS = ("main false", "main found", "joint", "planted named", "others named")


def tables(outcome: Outcome) -> Iterator[str]:
    """Lines of Markdown: coverage, half widths, and what is called an effect."""
    keys = [(truth.name, size) for truth in TRUTHS for size in NUM_SEEDS]
    yield from header(["95% interval covers, %", "seeds", *KINDS])
    for key in keys:
        shares = (_share(outcome.get((*key, f"{kind} covers"), [])) for kind in KINDS)
        yield row([*key, *shares])
    yield ""
    yield from header(["half width, points", "seeds", *KINDS])
    for key in keys:
        found = (outcome.get((*key, f"{kind} half width"), []) for kind in KINDS)
        widths = (f"{100 * np.mean(each):.3f}" if each else "-" for each in found)
        yield row([*key, *widths])
    yield ""
    yield from header(["experiments, %", "seeds", *ANSWERS])
    for key in keys:
        shares = (_share(outcome.get((*key, what), [])) for what in ANSWERS)
        yield row([*key, *shares])


def _share(values: Sequence[float]) -> str:
    return percent(round(sum(values)), len(values)) if values else "-"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000, help="per truth")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    print(*tables(run(options.experiments, options.processes)), sep="\n")


if __name__ == "__main__":
    main()
