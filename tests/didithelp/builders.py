"""Arms, effects and comparisons that tests make by hand."""

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd

from didithelp import comparing, decision
from didithelp.arm import METRIC_COLUMNS, Arm
from didithelp.comparison import Comparison
from didithelp.dataset_description import ARRAYS, DatasetDescription
from didithelp.effects import Effect

NUM_CLASSES = 3
NUM_EXAMPLES = 600
SETTINGS = {
    **{"alpha": 0.05, "metric": "test_accuracy", "direction": "auto"},
    **{"margin": 0.02, "resamples": 999, "seed": 0},
    **{"pairing": "seed", "selected_on": "validation", "looks": ()},
}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>@import url(http://example.org)",
    "$\\input{/etc/passwd}$",
    "a|b & <!-- c",
    "日本 é",
]


def make_arm(
    right: Any,
    *,
    name: str = "baseline",
    seeds: Any = None,
    diverged: tuple[int, ...] = (),
    confidence: float = 0.9,
    epochs: int = 5,
    dataset: dict[str, Any] | None = None,
    **changes: Any,
) -> Arm:
    """An arm whose run s is right on test example i where `right[s][i]` is 1.

    `confidence` is that of every prediction, a little less for each further run, so
    that no two runs make identical predictions.
    """
    right = np.asarray(right)
    num_runs, num_examples = right.shape
    seeds = np.arange(num_runs) if seeds is None else np.asarray(seeds)
    labels = np.arange(num_examples) % NUM_CLASSES
    chosen = np.where(right == 1, labels, (labels + 1) % NUM_CLASSES)
    levels = confidence - 1e-4 * np.arange(num_runs)[:, None, None]
    is_chosen = chosen[:, :, None] == np.arange(NUM_CLASSES)
    probabilities = np.where(is_chosen, levels, (1 - levels) / (NUM_CLASSES - 1))
    parts = {
        "name": name,
        "recipe": {"epochs": epochs, "hidden_units": [512]},
        "dataset": DatasetDescription.from_json(
            _dataset(num_examples) | (dataset or {})
        ),
        "versions": {"python": "3.11.7", "threads": "1"},
        "metrics": _metrics(right, seeds, diverged, epochs),
        "history": _history([*seeds.tolist(), *diverged], epochs),
        "seeds": seeds.astype(np.int64),
        "labels": labels,
        "probabilities": probabilities.astype(np.float32),
    }
    return Arm(**parts | changes)


def _dataset(num_examples: int, **digests: Any) -> dict[str, Any]:
    return {
        "name": "mnist",
        "requested": "mnist",
        "fallback": None,
        "source": "somewhere",
        "counts": {"train": 54000, "validation": 6000, "test": num_examples},
        "num_classes": NUM_CLASSES,
        "train_size": 0,
        "sha256": {key: f"digest of {key}" for key in ARRAYS} | digests,
    }


def _metrics(right, seeds, diverged, epochs) -> pd.DataFrame:
    finished = [
        {
            **{"seed": int(seed), "status": "finished"},
            **{column: 0.1 + int(seed) / 3 for column in METRIC_COLUMNS},
            **{
                "test_accuracy": row.mean(),
                "actual_epochs": epochs,
                "best_epoch": 2,
                "kept_epoch": 2,
            },
            "num_parameters": 407_050,
        }
        for seed, row in zip(seeds, right, strict=True)
    ]
    failed = [{"seed": seed, "status": "diverged"} for seed in diverged]
    columns = ["seed", "status", *METRIC_COLUMNS]
    return pd.DataFrame(finished + failed, columns=columns)


def _history(seeds, epochs) -> pd.DataFrame:
    curves = ("loss", "accuracy", "val_loss", "val_accuracy")
    return pd.DataFrame(
        [
            {"seed": seed, "epoch": epoch} | {name: 1 / (epoch + 2) for name in curves}
            for seed in seeds
            for epoch in range(1, epochs + 1)
        ],
        columns=["seed", "epoch", *curves],
    )


def pattern(seed, error, num_runs=5):
    """(runs, examples) of right and wrong, about `error` wrong, mostly hard ones."""
    rng = np.random.default_rng(seed)
    difficulty = np.linspace(0, 1, NUM_EXAMPLES) ** 2
    return (rng.random((num_runs, NUM_EXAMPLES)) > 3 * error * difficulty).astype(int)


def baseline(error=0.15, num_runs=5, **changes):
    return make_arm(pattern(1, error, num_runs), **changes)


def improved(error=0.15, num_runs=5, **changes):
    settings = {"name": "improved", "confidence": 0.8} | changes
    return make_arm(pattern(2, error, num_runs), **settings)


def judge(reference, *candidates, **changes):
    """The typed answer; whatever test asks for one, its file holds the whole of it."""
    comparison = comparing.compare(reference, candidates, **SETTINGS | changes)
    text = comparison.to_json()
    stored = Comparison.from_json(text)
    assert stored == comparison
    assert stored.to_json() == text
    return comparison


def compare(reference, *candidates, **changes):
    """The content of `comparison.json`, by its keys."""
    return json.loads(judge(reference, *candidates, **changes).to_json())


def primary(result):
    return result["comparisons"][0]


def with_primary(comparison, **changes):
    """The comparison with other numbers in the difference that decides."""
    first, *others = comparison.differences
    changed = dataclasses.replace(first, **changes)
    return dataclasses.replace(comparison, differences=(changed, *others))


def without_predictions(arm):
    """As other software may leave it: accuracies only, but with arm.json."""
    return dataclasses.replace(arm, labels=None, probabilities=None)


def answers_only(arm):
    """With the class that each run prefers in place of its probabilities."""
    answers = np.eye(NUM_CLASSES, dtype=np.float32)[arm.probabilities.argmax(axis=2)]
    return dataclasses.replace(arm, probabilities=answers)


def undescribed(arm):
    """Without arm.json and history.csv."""
    unknown = {"recipe": None, "dataset": None, "versions": {}}
    return dataclasses.replace(arm, history=arm.history[:0], **unknown)


def accuracies_only(arm):
    return undescribed(without_predictions(arm))


def runs_only(name="baseline", seeds=None, **columns):
    """As other software may leave it: numbers per run by metric, and nothing else."""
    num_runs = len(next(iter(columns.values())))
    arm = accuracies_only(baseline(num_runs=num_runs, name=name, seeds=seeds))
    unknown = dict.fromkeys(METRIC_COLUMNS, np.nan)
    return dataclasses.replace(arm, metrics=arm.metrics.assign(**unknown | columns))


def simulated_arm(rng, num_seeds=5, num_examples=400, error=0.1):
    """(seeds, examples) of 0 and 1: hard images are wrong under most seeds."""
    difficulty = rng.random(num_examples) ** 3
    noise = rng.random((num_seeds, num_examples))
    return (noise > 4 * error * difficulty).astype(np.int64)


def effect(delta=0.0, seed=1e-8, item=1e-8, residual=0.0, size=5, discordant=100):
    return Effect(delta, (seed,), item, (residual,), (size,), 10_000, discordant)


def decide(found, p=0.5, p_tost=0.5, **changes):
    settings = {"alpha": 0.05, "margin": 0.001, "higher_is_better": True}
    return decision.decide(found, p_holm=p, p_tost_holm=p_tost, **settings | changes)
