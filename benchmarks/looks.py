"""How often are planned looks wrong, and how many seeds do they take? Simulated.

    python -m benchmarks.looks                    # 5 minutes of one core

Prints the table of README.md. Every experiment draws right and wrong of two recipes on
fresh images with 20 fresh seeds (benchmarks.simulation), and asks each rule, which may
look at the first 5, 10 and 20 of them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import Pool

import numpy as np

from benchmarks.simulation import Truth, draw, same_function
from benchmarks.verdict import (
    ALPHA,
    BASELINE,
    CHUNK,
    IMPROVED,
    KINSHIP,
    MARGIN,
    NUM_IMAGES,
    SEED,
    header,
    percent,
    row,
)
from didithelp import decision, effects, planned_looks, significance

PLAN = planned_looks.parse("5..20")
DELTAS = (0.001, 0.0065, 0.003)  # small, the real one, half of it

WORDS = ("better", "worse", "equivalent")

Counts = Counter[tuple[str, str]]  # rule, what came of it


@dataclass(frozen=True)
class Rule:
    """When to look, what p must not exceed at each look, and whether to give up."""

    name: str
    planned: tuple[int, ...]
    levels: tuple[float, ...]
    gives_up: bool = False


RULES = (
    Rule("5 seeds", (5,), (ALPHA,)),
    Rule("20 seeds", (20,), (ALPHA,)),
    Rule("looks", PLAN, planned_looks.levels(PLAN, ALPHA), gives_up=True),
    Rule("looks to the end", PLAN, planned_looks.levels(PLAN, ALPHA)),
    Rule("naive", PLAN, (ALPHA,) * len(PLAN)),
)


def truths() -> list[Truth]:
    """Equal recipes, the candidate better by DELTAS, equal ones with other noise."""
    likeness = KINSHIP / same_function(BASELINE, IMPROVED)

    def truth(name: str, delta: float, scale: float) -> Truth:
        first = replace(BASELINE, seed_sd=scale * BASELINE.seed_sd)
        second = replace(
            IMPROVED,
            accuracy=BASELINE.accuracy + delta,
            seed_sd=scale * IMPROVED.seed_sd,
        )
        return Truth(name, first, second, likeness * same_function(first, second))

    return [
        truth("equal", 0.0, 1.0),
        *(truth(f"{100 * delta:+.2f} points", delta, 1.0) for delta in DELTAS),
        truth("equal, twice the seed noise", 0.0, 2.0),
        truth("equal, no seed noise", 0.0, 0.0),
    ]


def run(
    known: list[Truth], num_experiments: int, processes: int
) -> Iterator[tuple[Truth, Counts]]:
    """What came of each rule, by truth; the same for any number of processes."""
    with Pool(processes) as pool:
        for index, truth in enumerate(known):
            tasks = [
                (index, truth, range(start, min(start + CHUNK, num_experiments)))
                for start in range(0, num_experiments, CHUNK)
            ]
            yield truth, sum(pool.imap_unordered(_experiments, tasks), Counter())


def _experiments(task: tuple[int, Truth, range]) -> Counts:
    index, truth, numbers = task
    counts: Counts = Counter()
    for number in numbers:
        rng = np.random.default_rng([SEED, index, number])
        arms = draw(truth, PLAN[-1], NUM_IMAGES, rng)
        found = {
            size: effects.paired_effect(*(arm[:size] for arm in arms)) for size in PLAN
        }
        for rule in RULES:
            verdict, seeds = follow(rule, found)
            counts[rule.name, verdict] += 1
            counts[rule.name, "seeds"] += seeds
    return counts


def follow(rule: Rule, found: dict[int, effects.Effect]) -> tuple[str, int]:
    """The verdict of a rule, and the seeds that it took.

    Args:
        rule: when to look and what to decide.
        found: the effect by number of seeds.
    """
    for seeds, level in zip(rule.planned, rule.levels, strict=True):
        effect = found[seeds]
        verdict = decision.decide(
            effect,
            p_holm=significance.difference_p(effect),
            p_tost_holm=significance.equivalence_p(effect, MARGIN),
            alpha=level,
            margin=MARGIN,
            higher_is_better=True,
        ).verdict
        is_hopeless = (
            rule.gives_up and _chance(effect, rule) < planned_looks.LEAST_CHANCE
        )
        if verdict != "inconclusive" or is_hopeless:
            break
    return verdict, seeds


def _chance(effect: effects.Effect, rule: Rule) -> float:
    """Chance of a verdict at the last look; 1 where the noise is not known."""
    if not effect.variance > 0:
        return 1.0
    estimate = planned_looks.Estimate(
        effect.delta,
        effect.seed_variance,
        effect.item_variance,
        effect.residual_variance,
        effect.group_sizes[0],
    )
    return planned_looks.chance_of_verdict(
        estimate, rule.planned[-1], rule.levels[-1], MARGIN
    )


def rows(truth: Truth, counts: Counts, num_experiments: int) -> Iterator[str]:
    """Lines of Markdown, a row per rule: shares in percent, mean seeds."""
    for rule in RULES:
        shares = [percent(counts[rule.name, word], num_experiments) for word in WORDS]
        mean = counts[rule.name, "seeds"] / num_experiments
        yield row([truth.name, rule.name, *shares, f"{mean:.1f}"])


def main() -> None:
    """Print the table of README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=5000, help="per truth")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    print(*header(["truth", "rule", *WORDS, "mean seeds"]), sep="\n", flush=True)
    for truth, counts in run(truths(), options.experiments, options.processes):
        print(*rows(truth, counts, options.experiments), sep="\n", flush=True)


if __name__ == "__main__":
    main()
