"""A/A on real training: one recipe, split into two arms, must not differ.

    mlflow run . -e train_baseline --env-manager local -P seeds=20
    python -m benchmarks.aa --arm mlruns/0/RUN_ID/artifacts/trials

Random splits of the runs into halves (and into 5 against 5) share their runs, so 1,000
splits are far from 1,000 experiments. How far is measured: the same is done with pools
of simulated runs that look like the real ones; the SD between pools is the error of
the share that one real pool gives.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import rivals
from benchmarks.simulation import Truth, calibrate, draw
from benchmarks.verdict import ALPHA, NUM_IMAGES, SEED, header, read, row, verdict
from didithelp import effects, planning

SIZES = (10, 5)  # runs per arm
SPLITS_OF_A_POOL = 50
DIFFERENT = "better or worse"
ANSWERS = (  # the rows of the table: method, outcome
    ("verdict", DIFFERENT),
    ("verdict", "equivalent"),
    ("verdict, paired", DIFFERENT),
    ("verdict, paired", "equivalent"),
    ("Welch's t test over seeds", DIFFERENT),
    ("t test over seeds, paired", DIFFERENT),
    ("McNemar, pooled", DIFFERENT),
)


def ask(reference: np.ndarray, candidate: np.ndarray) -> Iterator[tuple[str, str]]:
    """(method, outcome) of one split; arms are (seeds, images) of 0 and 1.

    Different seeds are compared unpaired. "paired" takes the runs in random order,
    which is as valid here, because no run of one arm belongs to one of the other.
    """
    for name, estimate in (
        ("verdict", effects.unpaired_effect),
        ("verdict, paired", effects.paired_effect),
    ):
        answer = verdict(estimate(reference, candidate))
        yield name, DIFFERENT if answer in ("better", "worse") else answer
    for name, rival in (
        ("Welch's t test over seeds", rivals.seeds_only_unpaired),
        ("t test over seeds, paired", rivals.seeds_only),
        ("McNemar, pooled", rivals.mcnemar),
    ):
        yield name, DIFFERENT if rival(reference, candidate, ALPHA) else "inconclusive"


def splits(
    right: np.ndarray, size: int, number: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Random pairs of disjoint arms of `size` runs; right: (seeds, images)."""
    for _ in range(number):
        order = rng.permutation(len(right))
        yield right[order[:size]], right[order[size : 2 * size]]


def shares(
    right: np.ndarray, size: int, number: int, rng: np.random.Generator
) -> Counter[tuple[str, str]]:
    """Percent of random splits by (method, outcome)."""
    counts: Counter[tuple[str, str]] = Counter()
    for arms in splits(right, size, number, rng):
        counts.update(ask(*arms))
    return Counter({answer: 100 * count / number for answer, count in counts.items()})


def table(
    right: np.ndarray, size: int, num_splits: int, num_pools: int
) -> list[dict[str, object]]:
    """Rows: shares of the real pool, and mean and SD of those of simulated pools."""
    recipe = calibrate(right)
    same = Truth("one recipe", recipe, recipe, recipe.agreement)
    real = shares(right, size, num_splits, np.random.default_rng(SEED))
    simulated = []
    for number in range(num_pools):
        rng = np.random.default_rng([SEED, number])
        pool, _ = draw(same, len(right), NUM_IMAGES, rng)
        simulated.append(shares(pool, size, SPLITS_OF_A_POOL, rng))
    rows: list[dict[str, object]] = []
    for method, outcome in ANSWERS:
        percents = np.array([pool[method, outcome] for pool in simulated])
        rows.append(
            {
                "runs per arm": size,
                "method": method,
                "says": outcome,
                "real pool %": real[method, outcome],
                "simulated pools: mean %": percents.mean(),
                "SD between pools": spread(percents, SPLITS_OF_A_POOL),
            }
        )
    return rows


def spread(percents: np.ndarray, num_splits: int) -> float:
    """SD of the pools' true shares in percent, less what few splits add by chance."""
    by_chance = (percents * (100 - percents)).mean() / (num_splits - 1)
    return float(np.sqrt(max(0.0, percents.var(ddof=1) - by_chance)))


def pairs(right: np.ndarray) -> dict[str, float]:
    """How all pairs of single runs differ; right: (seeds, images)."""
    both = [(right[[i]], right[[j]]) for i, j in combinations(range(len(right)), 2)]
    points = [100 * abs(first.mean() - second.mean()) for first, second in both]
    tested = [rivals.mcnemar(*pair, ALPHA) != 0 for pair in both]
    return {
        "pairs of runs": len(both),
        "% of pairs whose accuracies differ": 100 * np.mean([p > 0 for p in points]),
        "% of pairs that McNemar calls different": 100 * np.mean(tested),
        "median difference, points": np.median(points),
        "largest difference, points": max(points),
    }


def median_detectable(right: np.ndarray, size: int, number: int) -> float:
    """Median over splits of the difference that would be found 4 times in 5."""
    rng = np.random.default_rng(SEED)
    detectable = [
        planning.minimum_detectable_effect(effects.unpaired_effect(*arms), ALPHA)
        for arms in splits(right, size, number, rng)
    ]
    return float(np.median(detectable))


def main() -> None:
    """Split the runs of one arm in two again and again, and count the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arm", type=Path, required=True, help="a trials/ folder")
    parser.add_argument("--splits", type=int, default=1000)
    parser.add_argument("--pools", type=int, default=200, help="of simulated runs")
    parser.add_argument("--out", type=Path, help="write the shares to this CSV file")
    options = parser.parse_args()

    right = read(options.arm)
    for name, value in pairs(right).items():
        print(f"- {name}: {value:.4g}")
    rows = []
    for size in SIZES:
        if 2 * size > len(right):
            continue
        detectable = median_detectable(right, size, options.splits)
        print(f"- median MDE, {size} against {size}: {100 * detectable:.3f} points")
        rows += table(right, size, options.splits, options.pools)
    answers = pd.DataFrame(rows)
    print()
    print(*header(list(answers.columns)), sep="\n")
    for cells in answers.itertuples(index=False):
        print(row(f"{cell:.1f}" if isinstance(cell, float) else cell for cell in cells))
    if options.out:
        answers.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
