"""The metric that decides: its name, its direction, its unit, and margins in it.

Names that the field uses everywhere tell direction and unit; of any other name the user
tells the direction. This module loads in no time, so that a command line can refuse a
metric before anything else happens.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

Unit = Literal["share", "nats", "seconds", ""]
Direction = Literal["higher", "lower", "auto"]

# Other words for a direction, also with "is better" after them.
_DIRECTIONS: dict[Direction, str] = {
    "higher": "higher max maximum maximize maximise maximizing greater larger bigger",
    "lower": "lower min minimum minimize minimise minimizing smaller less",
}
_MEANT = {word: meant for meant, words in _DIRECTIONS.items() for word in words.split()}

AUTO, NONE = "auto", "none"  # words that stand for a margin
AUTO_MARGIN = 0.001  # of an accuracy: a tenth of a point

# By direction and unit, the names whose meaning nobody doubts, as `_core` writes them.
_KNOWN: dict[tuple[str, Unit], str] = {
    ("higher", "share"): """accuracy acc balanced_accuracy binary_accuracy
        categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy
        sparse_top_k_categorical_accuracy multiclass_accuracy subset_accuracy f1
        binary_f1 multiclass_f1 f_beta f2 fscore auc roc_auc auroc pr_auc auprc
        auc_roc auc_pr average_precision map mean_average_precision precision recall
        sensitivity specificity true_positive_rate tpr exact_match em iou mean_iou
        miou jaccard dice hit_rate success_rate win_rate pass_rate ndcg mrr""",
    ("lower", "share"): """error_rate classification_error misclassification_error
        misclassification_rate zero_one_loss false_positive_rate fpr
        false_negative_rate fnr wer cer word_error_rate character_error_rate
        equal_error_rate eer expected_calibration_error calibration_error ece
        generalization_gap""",
    ("lower", "nats"): """loss cross_entropy crossentropy binary_crossentropy
        binary_cross_entropy categorical_crossentropy sparse_categorical_crossentropy
        log_loss logloss binary_logloss multi_logloss mlogloss nll nll_loss ce_loss
        negative_log_likelihood neg_log_likelihood cross_entropy_loss""",
    ("lower", "seconds"): """seconds time duration runtime elapsed train_seconds
        train_time training_time fit_time score_time epoch_time inference_time
        wall_time wall_clock_time time_seconds duration_seconds""",
    ("lower", ""): """mae mse rmse rmsle msle mape smape mean_absolute_error
        mean_squared_error root_mean_squared_error mean_squared_log_error
        mean_squared_logarithmic_error mean_absolute_percentage_error
        median_absolute_error max_error l1_loss l2_loss mse_loss mae_loss huber_loss
        hinge_loss hinge perplexity ppl brier brier_loss fid latency bits_per_byte
        bits_per_character bpb bpc regret num_parameters""",
    ("higher", ""): """r2 r_squared explained_variance log_likelihood reward return
        episode_reward episode_return cumulative_reward bleu sacrebleu rouge rouge1
        rouge2 rougel rouge_l rougelsum rouge_lsum meteor chrf psnr ssim mcc
        matthews_corrcoef kappa cohen_kappa pearson pearsonr spearman spearmanr
        throughput samples_per_second examples_per_second steps_per_second
        images_per_second tokens_per_second neg_log_loss neg_mean_squared_error
        neg_mean_absolute_error neg_root_mean_squared_error neg_brier""",
}
_MEANING = {
    name: (direction == "higher", unit)
    for (direction, unit), names in _KNOWN.items()
    for name in names.split()
}
# What stands before or after a name and changes nothing of its meaning.
_QUALIFIER = re.compile(
    "metrics?|summary|train|training|val|valid|validation|dev|holdout|cv|test|eval"
    "|evaluation|final|best|last|kept|mean|avg|average|median|macro|micro|weighted"
    "|samples|score|top|at|epoch|step|total|[0-9]+|top[0-9]+|v[0-9]+"
)
_PERCENT = re.compile(
    r"([0-9]*\.?[0-9]+(?:e-?[0-9]+)?) ?(?:%|percent|pp|points?|percentage points?)"
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One number per run, or per run and test example, that says how good a run is.

    Attributes:
        name: such as "test_accuracy".
        higher_is_better: whether more of it is an improvement.
        unit: "share" (a fraction, shown in percent and percentage points), "nats",
            "seconds", or "" where it is unknown and the bare number is shown.
    """

    name: str
    higher_is_better: bool
    unit: Unit

    @property
    def split(self) -> Literal["training", "validation"] | None:
        """The data that the name says it is measured on; None for times and others."""
        words = set(_words(self.name))
        if self.unit == "seconds":
            return None
        if words & {"train", "training"}:
            return "training"
        is_validation = words & {"val", "valid", "validation", "dev", "holdout", "cv"}
        return "validation" if is_validation else None


TEST_ACCURACY = Metric("test_accuracy", True, "share")
TEST_CROSS_ENTROPY = Metric("test_cross_entropy", False, "nats")


def direction_of(text: str) -> Direction:
    """'maximize' → 'higher', 'Lower is better' → 'lower', as other tools write it.

    A text that means neither comes back as it is, for `Rule` to check.
    """
    words = re.sub(r"[\s_-]+", " ", str(text).strip().casefold())
    return _MEANT.get(words.removesuffix(" is better"), cast(Direction, text))


def metric_of(name: str, direction: Direction = "auto") -> Metric:
    """The metric of this name.

    Args:
        name: of a column, such as "val_accuracy".
        direction: whether "higher" or "lower" is better; "auto" where the name tells.

    Raises:
        ValueError: neither the name nor the user tells the direction.
    """
    meaning = _meaning(name)
    if direction != "auto":
        unit: Unit = meaning[1] if meaning else ""
        return Metric(name, direction == "higher", unit)
    if meaning is None:
        raise ValueError(
            f"direction must be higher or lower for the metric {name!r}, whose name"
            " does not tell it, got 'auto'; say whether a higher or a lower one is"
            " better"
        )
    return Metric(name, *meaning)


def margin_in(metric: Metric, margin: float | str) -> float | None:
    """The margin as a number in the unit of the metric; None without one.

    Args:
        metric: what it is a difference in.
        margin: a number, "auto", "none", or a difference in percent such as "0.1%" and
            "0.1 points", which only a share has.

    Raises:
        ValueError: it is no difference in this metric.
    """
    if margin == NONE:
        return None
    is_share = metric.unit == "share"
    if margin == AUTO:
        is_accuracy = is_share and _core(metric.name) in ("accuracy", "acc")
        return AUTO_MARGIN if is_accuracy else None
    if isinstance(margin, str):
        if not is_share:
            raise ValueError(
                f"margin must be a number in the unit of {metric.name}, which is no"
                f" fraction, got {margin!r}; give the bare number"
            )
        margin = _fraction(margin)
    if not 0 < margin < (1 if is_share else math.inf):
        expected = "a difference in (0, 1)" if is_share else "a number above 0"
        raise ValueError(f"margin must be {expected}, such as 0.001, got {margin}")
    return margin


def margin_of(text: str) -> float | str:
    """What is typed for a margin: a number, or the text that `margin_in` understands.

    Raises:
        ValueError: it is neither.
    """
    word = " ".join(text.split()).lower()
    if is_margin(word):
        return word
    return float(text)


def is_margin(margin: float | str) -> bool:
    """Whether it may be a margin, of whatever metric."""
    if not isinstance(margin, str):
        return 0 < margin < math.inf
    return margin in (AUTO, NONE) or (
        _PERCENT.fullmatch(margin) is not None and 0 < _fraction(margin) < 1
    )


def _fraction(text: str) -> float:
    """'0.1 points' → 0.001, rounded as that is written."""
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise ValueError(f"margin must be such as 0.1%, got {text!r}")
    return float(Decimal(match[1]) / 100)


def _meaning(name: str) -> tuple[bool, Unit] | None:
    """Whether higher is better, and the unit; None where the name does not tell."""
    return _MEANING.get(_core(name))


def _core(name: str) -> str:
    """The name in lower case without qualifiers: 'val/F1_macro' → 'f1'.

    The longest known name inside the qualifiers is taken, since a qualifier may be part
    of it, as in "average_precision".
    """
    words = _words(name)
    starts = 0 if words[0].isdigit() else _num_qualifiers(words)  # 1 - accuracy
    ends = _num_qualifiers(words[::-1])
    spans = [
        (first, last)
        for first in range(starts + 1)
        for last in range(len(words) - ends, len(words) + 1)
        if first < last
    ]
    for first, last in sorted(spans, key=lambda span: span[0] - span[1]):
        core = "_".join(words[first:last])
        if core in _MEANING:
            return core
    return "_".join(words)


def _words(name: str) -> list[str]:
    """'val/F1-macro' → ['val', 'f1', 'macro'], 'valLoss' → ['val', 'loss']."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub("[^a-z0-9]+", "_", spaced.casefold()).strip("_").split("_")


def _num_qualifiers(words: list[str]) -> int:
    """How many words at the beginning are qualifiers."""
    count = 0
    while count < len(words) and _QUALIFIER.fullmatch(words[count]):
        count += 1
    return count
