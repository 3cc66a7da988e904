"""How often does the verdict lie? Simulated experiments whose truth is known.

    python -m benchmarks.verdict                  # about 4 minutes on two free cores
    python -m benchmarks.verdict --arms A/trials B/trials    # noise of other recipes

Prints the tables of verdict.md. Every experiment draws right and wrong of two recipes
on fresh images with fresh seeds (benchmarks.simulation), and asks
`didithelp.effects` and what is commonly used instead (benchmarks.rivals).
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import rivals
from benchmarks.simulation import (
    Recipe,
    Truth,
    calibrate,
    draw,
    kinship,
    same_function,
)
from didithelp import decision, effects, scores, significance, trials_folder

ALPHA, MARGIN = 0.05, 0.001  # as in MLproject
SEED = 0
NUM_IMAGES = 10_000
NUM_SEEDS = (3, 5, 10)  # the first 3 and 5 of the 10 runs of an experiment
LARGE_SEED_SD = 0.003
DELTAS = (0.0, 0.0005, 0.001, 0.002, 0.003)
CHUNK = 100  # experiments per task of a worker
PAIRED, UNPAIRED = "verdict, paired", "verdict, unpaired"
VERDICTS = ("worse", "inconclusive", "better")  # of -1, 0, 1

# `calibrate` and `kinship` of 20 runs of train_baseline and 10 of train_improved at
# their defaults (seeds from 0, full MNIST, Python 3.11, TensorFlow 2.21, AVX-512).
BASELINE = Recipe(accuracy=0.97865, agreement=0.9478, seed_sd=0.0)
IMPROVED = Recipe(accuracy=0.97185, agreement=0.8852, seed_sd=0.00146)
KINSHIP = 0.9027

Counts = Counter[tuple[str, int, str, str]]  # truth, seeds, method, outcome


# --- truths ---------------------------------------------------------------------------


def equal_recipes(baseline: Recipe, improved: Recipe, likeness: float) -> list[Truth]:
    """Recipes of equal accuracy, by what else makes their runs differ.

    likeness: correlation of what the two recipes find hard, in [0, 1].
    """

    def truth(name: str, first: Recipe, second: Recipe, alike: float) -> Truth:
        equal = replace(second, accuracy=first.accuracy)
        return Truth(name, first, equal, alike * same_function(first, second))

    steady = replace(improved, seed_sd=0.0)
    large = [replace(recipe, seed_sd=LARGE_SEED_SD) for recipe in (baseline, improved)]
    return [
        truth("neither", steady, steady, 1.0),
        truth("seed effect", improved, improved, 1.0),
        truth("recipe x image", steady, steady, likeness),
        truth("recipe x image, unlike", steady, steady, 0.9),
        truth("both, as the real arms", baseline, improved, likeness),
        truth("both, large seed effect", *large, likeness),
    ]


def unequal_recipes(
    name: str, reference: Recipe, candidate: Recipe, likeness: float
) -> list[Truth]:
    """If the noise is theirs, but the candidate is better by DELTAS."""
    return [
        Truth(
            f"{name}, {100 * delta:+.2f}",
            reference,
            replace(candidate, accuracy=reference.accuracy + delta),
            likeness * same_function(reference, candidate),
        )
        for delta in DELTAS
    ]


# --- experiments ----------------------------------------------------------------------


def run(truths: list[Truth], num_experiments: int, processes: int) -> Counts:
    """How often each method gave each answer; the same for any number of processes."""
    tasks = [
        (index, truth, range(start, min(start + CHUNK, num_experiments)))
        for index, truth in enumerate(truths)
        for start in range(0, num_experiments, CHUNK)
    ]
    with Pool(processes) as pool:
        return sum(pool.imap_unordered(_experiments, tasks), Counter())


def _experiments(task: tuple[int, Truth, range]) -> Counts:
    index, truth, numbers = task
    counts: Counts = Counter()
    for number in numbers:
        rng = np.random.default_rng([SEED, index, number])
        reference, candidate = draw(truth, max(NUM_SEEDS), NUM_IMAGES, rng)
        for size in NUM_SEEDS:
            answers = _ask(reference[:size], candidate[:size], truth.delta)
            counts.update((truth.name, size, *answer) for answer in answers)
    return counts


def _ask(
    reference: np.ndarray, candidate: np.ndarray, delta: float
) -> Iterator[tuple[str, str]]:
    """(method, outcome) of one experiment; `delta` is the truth."""
    for name, estimate in (
        (PAIRED, effects.paired_effect),
        (UNPAIRED, effects.unpaired_effect),
    ):
        effect = estimate(reference, candidate)
        yield name, verdict(effect)
        low, high = significance.interval(effect, 1 - ALPHA)
        yield name, "covers" if low <= delta <= high else "misses"
    arms = reference, candidate
    yield "t test over seeds", VERDICTS[1 + rivals.seeds_only(*arms, ALPHA)]
    yield "McNemar, one pair", VERDICTS[1 + rivals.mcnemar_one_pair(*arms, ALPHA)]
    yield "McNemar, pooled", VERDICTS[1 + rivals.mcnemar(*arms, ALPHA)]
    yield "higher wins", VERDICTS[1 + rivals.higher_wins(*arms)]


def verdict(effect: effects.Effect) -> str:
    """As `compare` decides about one candidate, where Holm changes nothing."""
    return decision.decide(
        effect,
        p_holm=significance.difference_p(effect),
        p_tost_holm=significance.equivalence_p(effect, MARGIN),
        alpha=ALPHA,
        margin=MARGIN,
        higher_is_better=True,
    ).verdict


# --- tables ---------------------------------------------------------------------------


def shares(
    counts: Counts, truths: Iterable[Truth], num_experiments: int
) -> pd.DataFrame:
    """One row per truth, number of seeds, method and outcome."""
    deltas = {truth.name: truth.delta for truth in truths}
    rows = [
        {
            "truth": truth,
            "delta": deltas[truth],
            "seeds": size,
            "method": method,
            "outcome": outcome,
            "share": count / num_experiments,
            "standard_error": standard_error(count, num_experiments),
            "experiments": num_experiments,
        }
        for (truth, size, method, outcome), count in sorted(counts.items())
    ]
    return pd.DataFrame(rows)


def standard_error(count: int, number: int) -> float:
    """Monte Carlo error of count / number; not zero where the count is (Laplace)."""
    share = (count + 1) / (number + 2)
    return math.sqrt(share * (1 - share) / number)


def percent(count: int, number: int) -> str:
    """Share and Monte Carlo error in percent."""
    return f"{100 * count / number:.1f} ± {100 * standard_error(count, number):.1f}"


Column = tuple[str, str, tuple[str, ...]]  # heading, method, outcomes
WRONG = ("better", "worse")
FALSE_ALARMS: tuple[Column, ...] = (
    ("verdict", PAIRED, WRONG),
    ("verdict, unpaired", UNPAIRED, WRONG),
    ("t test over seeds", "t test over seeds", WRONG),
    ("McNemar, pooled", "McNemar, pooled", WRONG),
    ("McNemar, one pair", "McNemar, one pair", WRONG),
    ("higher wins", "higher wins", WRONG),
    ("95% interval covers", PAIRED, ("covers",)),
    ("unpaired covers", UNPAIRED, ("covers",)),
)
POWER: tuple[Column, ...] = (
    *((outcome, PAIRED, (outcome,)) for outcome in ("better", "worse", "equivalent")),
    ("unpaired: better", UNPAIRED, ("better",)),
    ("unpaired: equivalent", UNPAIRED, ("equivalent",)),
    ("95% interval covers", PAIRED, ("covers",)),
    ("McNemar, one pair: better", "McNemar, one pair", ("better",)),
    ("higher wins: worse", "higher wins", ("worse",)),
)


def table(
    counts: Counts,
    truths: list[Truth],
    columns: tuple[Column, ...],
    num_experiments: int,
) -> Iterator[str]:
    """Lines of Markdown: a row per truth and number of seeds, shares in percent."""
    yield from header(["truth", "seeds", *(heading for heading, _, _ in columns)])
    for truth in truths:
        for size in NUM_SEEDS:
            cells = [
                percent(
                    sum(counts[truth.name, size, method, name] for name in outcomes),
                    num_experiments,
                )
                for _, method, outcomes in columns
            ]
            yield row([truth.name, size, *cells])


def header(names: list[str]) -> Iterator[str]:
    """The two first lines of a Markdown table."""
    yield row(names)
    yield row(["---"] + ["---:"] * (len(names) - 1))


def row(cells: Iterable[object]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


# --- the model against real runs ------------------------------------------------------


def read(folder: Path) -> np.ndarray:
    """Right and wrong of the runs in a trials/ folder, (seeds, images) int64."""
    arm = trials_folder.load(folder)
    return scores.right_or_wrong(arm.probabilities, arm.labels)


def describe(right: np.ndarray) -> dict[str, float]:
    """What runs of one recipe look like; right: (seeds, images). Percentages."""
    num_seeds = len(right)
    wrong = num_seeds - right.sum(axis=0)
    differing = 2 * (wrong * (num_seeds - wrong)).mean() / (num_seeds * (num_seeds - 1))
    first_ten = 10 - right[:10].sum(axis=0)
    return {
        "accuracy": 100 * right.mean(),
        "SD over seeds": 100 * right.mean(axis=1).std(ddof=1),
        "images on which two runs differ": 100 * differing,
        "images that 10 of 10 runs get wrong": 100 * (first_ten == 10).mean(),
        "images that 1 to 9 of 10 get wrong": 100
        * ((0 < first_ten) & (first_ten < 10)).mean(),
    }


def agreement(
    rights: list[np.ndarray], truth: Truth, num_experiments: int = 200
) -> Iterator[str]:
    """Lines of Markdown: real runs, and mean and SD of simulated experiments."""
    yield from header(["percent", "real", "simulated", "real", "simulated"])
    simulated: list[list[dict[str, float]]] = [[], []]
    size = max(len(right) for right in rights)
    for number in range(num_experiments):
        rng = np.random.default_rng([SEED, number])
        for arm, real, found in zip(
            draw(truth, size, NUM_IMAGES, rng), rights, simulated, strict=True
        ):
            found.append(describe(arm[: len(real)]))
    real = [describe(right) for right in rights]
    for name in real[0]:
        cells = []
        for known, found in zip(real, simulated, strict=True):
            values = np.array([each[name] for each in found])
            cells += [
                f"{known[name]:.3f}",
                f"{values.mean():.3f} ± {values.std(ddof=1):.3f}",
            ]
        yield row([name, *cells])


# --- command line ---------------------------------------------------------------------


def main() -> None:
    """Print the tables of verdict.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=5000, help="per truth")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--arms",
        type=Path,
        nargs=2,
        metavar="TRIALS",
        help="take the noise of these two trials/ folders, and check the model on them",
    )
    parser.add_argument("--out", type=Path, help="write all shares to this CSV file")
    options = parser.parse_args()

    baseline, improved, alike = BASELINE, IMPROVED, KINSHIP
    if options.arms:
        rights = [read(folder) for folder in options.arms]
        baseline, improved = (calibrate(right) for right in rights)
        alike = kinship(*rights)
        for recipe in (baseline, improved):
            print(recipe)
        print(f"kinship {alike:.4f}", end="\n\n")
        real = Truth("real", baseline, improved, alike)
        print(*agreement(rights, real), "", sep="\n")
    likeness = alike / same_function(baseline, improved)
    equal = equal_recipes(baseline, improved, likeness)
    unequal = [
        *unequal_recipes("as the real arms", baseline, improved, likeness),
        *unequal_recipes("both like the first", baseline, baseline, likeness),
    ]
    counts = run(equal + unequal, options.experiments, options.processes)
    print(*table(counts, equal, FALSE_ALARMS, options.experiments), "", sep="\n")
    print(*table(counts, unequal, POWER, options.experiments), sep="\n")
    if options.out:
        found = shares(counts, equal + unequal, options.experiments)
        found.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
