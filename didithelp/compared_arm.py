"""An arm as an answer tells it: what its runs were, and a summary of each metric.

Fields are keys of `comparison.json` and of `ablation.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric of the finished runs by ascending seed.

    Attributes:
        mean, median, min, max: over the runs; None unless every run has a value.
        sd: standard deviation with n - 1; also None for one run.
        values: one per run, None where a run has none.
    """

    mean: float | None
    median: float | None
    sd: float | None
    min: float | None
    max: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The columns of `metrics.csv` without the times, and `brier_score`.

    Times differ whenever an arm is trained. Where an arm has predictions, accuracy,
    cross-entropy and calibration are computed from them.
    """

    test_accuracy: Summary
    test_loss: Summary
    final_val_accuracy: Summary
    best_val_accuracy: Summary
    final_val_loss: Summary
    best_val_loss: Summary
    actual_epochs: Summary
    best_epoch: Summary
    kept_epoch: Summary
    test_cross_entropy: Summary
    best_val_cross_entropy: Summary
    train_accuracy: Summary
    generalization_gap: Summary
    expected_calibration_error: Summary
    num_parameters: Summary
    brier_score: Summary


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The predictions whose top probability is in (low, high].

    Attributes:
        low, high: edges of the bin, in [0, 1].
        count: how many they are.
        confidence: their mean top probability; None for none.
        accuracy: the fraction of them that is right; None for none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the top probability can be believed: bins of all runs, and of each."""

    pooled: tuple[ReliabilityBin, ...]
    per_seed: tuple[tuple[ReliabilityBin, ...], ...]


@dataclass(frozen=True, slots=True)
class ComparedArm:
    """An arm as the comparison saw it.

    Attributes:
        name: no other arm of the comparison has it.
        run_id: of an experiment tracker; None without one.
        seeds: those of the finished runs, ascending.
        diverged_seeds: those of the started runs that did not finish.
        copied_seeds: the finished ones whose predictions another seed made as well;
            None without predictions.
        collapsed_seeds: the finished ones that hardly learned. They stay in every
            number.
        num_started, num_finished: numbers of runs.
        metrics: over the finished runs.
        reliability: None without predictions.
        recipe: hyperparameters as JSON values of whatever kind; None if unknown.
        changes: by parameter that differs, its value in the reference and here; None
            where a recipe is unknown.
        other_metrics: by name, the metric that decides where it is none of `metrics`.
        run_ids: of an experiment tracker, one per seed of `seeds`; None without one.
    """

    name: str
    run_id: str | None
    seeds: tuple[int, ...]
    diverged_seeds: tuple[int, ...]
    copied_seeds: tuple[int, ...] | None
    collapsed_seeds: tuple[int, ...]
    num_started: int
    num_finished: int
    metrics: Metrics
    reliability: Reliability | None
    recipe: dict[str, Any] | None
    changes: dict[str, tuple[Any, Any]] | None
    run_ids: tuple[str, ...] | None = None
    other_metrics: dict[str, Summary] = field(default_factory=dict)

    def summary(self, name: str) -> Summary:
        """That of the metric of this name.

        Raises:
            KeyError: the arm has no such metric.
        """
        known = {
            each.name: getattr(self.metrics, each.name) for each in fields(Metrics)
        }
        summary: Summary = (known | self.other_metrics)[name]
        return summary

    @property
    def test_error(self) -> float | None:
        """Mean fraction of the test examples that are wrong."""
        accuracy = self.metrics.test_accuracy.mean
        return None if accuracy is None else 1 - accuracy
