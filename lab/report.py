"""Write a comparison for people and programs: table.csv, table.md, comparison.json.

`table.csv` holds raw numbers in full precision (fractions, nats, seconds), `table.md`
the same for reading (percent and points), `comparison.json` everything except times.
`summary` gives the few lines a terminal shows. Nothing here decides anything: the
verdict and the sentence come from `lab.comparison`.
"""

from __future__ import annotations

import json
import math
import os
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lab import caveats
from lab.arm import Arm

WIDTH = 80  # columns of a terminal
NAME_WIDTH = 26
EMPTY = "-"
# Marks that Markdown acts on; an underscore within a word and a lone < are plain text.
MARKDOWN_MARK = re.compile(
    r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])"
)


def write(comparison: dict[str, Any], arms: list[Arm], folder: Path) -> None:
    """Write the three files to `folder`; each appears whole or not at all.

    comparison: result of `comparison.compare`; arms: reference and candidates, as
    given to it.
    """
    folder = Path(folder)
    frame = table(comparison, arms)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "table.csv", frame.to_csv(index=False, lineterminator="\n"))
    _write(folder / "table.md", _markdown(comparison, arms, frame))
    _write(folder / "comparison.json", json_text(comparison))


def table(comparison: dict[str, Any], arms: list[Arm]) -> pd.DataFrame:
    """One row per arm, raw numbers: fractions (0.001 is 0.1 point), nats, seconds.

    Columns of the difference are empty for the reference. `reasons` and `flags` are
    joined by a space.
    """
    if len(arms) != len(comparison["arms"]):
        raise ValueError(
            f"table needs the {len(comparison['arms'])} arms that were compared, got "
            f"{len(arms)}; pass reference and candidates"
        )
    results = {
        result["candidate"]: result
        for result in comparison["comparisons"]
        if result["metric"] == comparison["primary_metric"]
    }
    rows = [
        _arm_columns(described, arm) | _result_columns(results.get(described["name"]))
        for described, arm in zip(comparison["arms"], arms, strict=True)
    ]
    frame = pd.DataFrame(rows)
    for column in ("wins", "seeds_needed_for_margin"):
        frame[column] = frame[column].astype("Int64")
    return frame


def summary(comparison: dict[str, Any]) -> list[str]:
    """Plain lines of at most 80 columns: the arms, the verdict, the warnings."""
    rows = [
        [
            _shortened(arm["name"]),
            f"{arm['num_finished']}/{arm['num_started']}",
            _mean_and_sd(arm["metrics"]["test_accuracy"]),
            _fixed(arm["metrics"]["test_cross_entropy"]["mean"], 4),
            _fixed(arm["metrics"]["actual_epochs"]["mean"], 1),
        ]
        for arm in comparison["arms"]
    ]
    header = ["arm", "seeds", "accuracy %", "cross-entropy", "epochs"]
    lines = [*_wrapped(_title(comparison)), ""]
    lines += ["  ".join(cells).rstrip() for cells in _aligned([header, *rows])]
    lines += ["", *_wrapped(f"verdict: {_verdict(comparison)}")]
    lines += _wrapped(comparison["sentence"])
    for warning in comparison["warnings"]:
        lines += _wrapped(f"warning: {warning}", indent="  ")
    return lines


# --- columns --------------------------------------------------------------------------


def _arm_columns(described: dict[str, Any], arm: Arm) -> dict[str, Any]:
    metrics = described["metrics"]
    accuracy = metrics["test_accuracy"]
    seconds = arm.metrics["train_seconds"].to_numpy(float, na_value=np.nan)
    error = None if accuracy["mean"] is None else 1 - accuracy["mean"]
    return {
        "arm": described["name"],
        "seeds_finished": described["num_finished"],
        "seeds_started": described["num_started"],
        "test_accuracy": accuracy["mean"],
        "test_accuracy_sd": accuracy["sd"],
        "test_accuracy_min": accuracy["min"],
        "test_accuracy_max": accuracy["max"],
        "test_error": error,
        "test_cross_entropy": metrics["test_cross_entropy"]["mean"],
        "test_cross_entropy_sd": metrics["test_cross_entropy"]["sd"],
        "expected_calibration_error": metrics["expected_calibration_error"]["mean"],
        "generalization_gap": metrics["generalization_gap"]["mean"],
        "actual_epochs": metrics["actual_epochs"]["mean"],
        "num_parameters": metrics["num_parameters"]["mean"],
        "train_seconds": float(np.mean(seconds[np.isfinite(seconds)]))
        if np.isfinite(seconds).any()
        else None,
    }


_RESULT_COLUMNS = (
    "delta",
    "ci95_low",
    "ci95_high",
    "se_seed",
    "se_item",
    "se",
    "df",
    "p",
    "p_holm",
    "p_tost_holm",
    "verdict",
    "reasons",
    "flags",
    "wins",
    "p_outperform",
    "relative_error_reduction",
    "mde80",
    "seeds_needed_for_margin",
)


def _result_columns(result: dict[str, Any] | None) -> dict[str, Any]:
    """The candidate's difference from the reference; empty for the reference."""
    if result is None:
        return dict.fromkeys(_RESULT_COLUMNS)
    low, high = result["ci95"]
    joined = {key: " ".join(result[key]) for key in ("reasons", "flags")}
    values = result | joined | {"ci95_low": low, "ci95_high": high}
    return {column: values[column] for column in _RESULT_COLUMNS}


# --- table.md -------------------------------------------------------------------------


def _markdown(comparison: dict[str, Any], arms: list[Arm], frame: pd.DataFrame) -> str:
    costs = [caveats.text(found) for found in caveats.cost_warning(arms)]
    warnings = comparison["warnings"] + costs
    rows = frame.to_dict("records")
    cells = [
        _arm_cells(described, row)
        for described, row in zip(comparison["arms"], rows, strict=True)
    ]
    differences = [_result_cells(result) for result in comparison["comparisons"]]
    parts = [
        [f"# {_escaped(_title(comparison))}"],
        [
            f"**Verdict: {_escaped(_verdict(comparison))}.** "
            + _escaped(comparison["sentence"])
        ],
        _markdown_table(_ARM_HEADER, cells),
        [f"Difference from {_escaped(comparison['reference'])}:"],
        _markdown_table(_RESULT_HEADER, differences),
        _notes(comparison),
    ]
    if warnings:
        parts.append(["Warnings:", "", *(f"- {_escaped(text)}" for text in warnings)])
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _verdict(comparison: dict[str, Any]) -> str:
    """One word, or one for each candidate."""
    verdict = comparison["verdict"]
    if isinstance(verdict, str):
        return verdict
    return ", ".join(f"{name} {word}" for name, word in verdict.items())


def _title(comparison: dict[str, Any]) -> str:
    """Names the data; a fall-back comes first and in capitals, nobody may miss it."""
    dataset = comparison["dataset"]
    names = [arm["name"] for arm in comparison["arms"]]
    title = f"{', '.join(names[1:])} against {names[0]}"
    if dataset["name"] is not None:
        title += f" on {dataset['name']}"
    if dataset["fallback"] is None:
        return title
    return f"FALL-BACK DATA, NOT {dataset['requested']}: {title}"


_ARM_HEADER = (
    "arm",
    "seeds ok/started",
    "accuracy %",
    "SD",
    "min",
    "max",
    "error %",
    "cross-entropy",
    "ECE",
    "epochs",
    "seconds per run",
)


def _arm_cells(described: dict[str, Any], row: dict[str, Any]) -> list[str]:
    accuracy = described["metrics"]["test_accuracy"]
    return [
        _label(described["name"], described["num_finished"]),
        f"{described['num_finished']}/{described['num_started']}",
        _percent(accuracy["mean"]),
        _significant(accuracy["sd"], 100),
        _percent(accuracy["min"]),
        _percent(accuracy["max"]),
        _percent(row["test_error"]),
        _fixed(row["test_cross_entropy"], 4),
        _fixed(row["expected_calibration_error"], 4),
        _fixed(row["actual_epochs"], 1),
        _fixed(row["train_seconds"], 1),
    ]


_RESULT_HEADER = (
    "arm",
    "metric",
    "difference",
    "95% CI",
    "SE seeds",
    "SE images",
    "p",
    "p Holm",
    "verdict",
    "reasons and flags",
    "wins",
    "relative error reduction",
    "MDE80",
    "seeds needed",
)


def _result_cells(result: dict[str, Any]) -> list[str]:
    is_accuracy = result["metric"] == "test_accuracy"
    scale = 100 if is_accuracy else 1
    low, high = result["ci95"]
    pairs = result["num_seeds"][0]
    if not result["paired"]:
        pairs *= result["num_seeds"][1]
    return [
        _label(result["candidate"], result["num_seeds"][1]),
        "accuracy, points" if is_accuracy else "cross-entropy, nats",
        _signed(result["delta"], scale),
        EMPTY if low is None else f"{_signed(low, scale)} to {_signed(high, scale)}",
        _significant(result["se_seed"], scale),
        _significant(result["se_item"], scale),
        _p(result["p"]),
        _p(result["p_holm"]),
        result["verdict"],
        ", ".join(result["reasons"] + result["flags"]) or EMPTY,
        f"{result['wins']}/{pairs}",
        _percent(result["relative_error_reduction"], 1, "%"),
        _significant(result["mde80"], scale),
        _seeds_needed(result) if is_accuracy else EMPTY,
    ]


def _seeds_needed(result: dict[str, Any]) -> str:
    if result["seeds_needed_for_margin"] is not None:
        return str(result["seeds_needed_for_margin"])
    return EMPTY if result["mde80"] is None else "no number is enough"


def _notes(comparison: dict[str, Any]) -> list[str]:
    """What the numbers cover, and the choices made before the runs."""
    pairing = "not paired" if comparison["pairing"] == "none" else "paired by seed"
    notes = [
        f"scope: {comparison['scope']}",
        f"not covered: {'; '.join(comparison['not_covered'])}",
        f"alpha {comparison['alpha']:g} (two-sided), margin "
        f"{100 * comparison['margin']:g} points of accuracy, {pairing}, candidates: "
        f"{comparison['family_size']}, selected on {comparison['selected_on']}",
        *_data_notes(comparison),
        "cross-entropy (no penalty, lower is better) and ECE (15 bins) are secondary: "
        "not adjusted, no margin of equivalence, no say in the verdict",
        "MDE80: the true difference found 4 times in 5 with these runs; seeds needed: "
        "per arm, to find the margin 4 times in 5 (a plan, not a promise)",
    ]
    return [f"- {_escaped(note)}" for note in notes]


def _data_notes(comparison: dict[str, Any]) -> list[str]:
    """What is known of the data; nothing where no arm describes it."""
    dataset, counts = comparison["dataset"], comparison["dataset"]["counts"]
    if counts is None:
        return []
    return [
        f"data: {dataset['name']}, {counts['train']:,} training, "
        f"{counts['validation']:,} validation, {counts['test']:,} test examples",
        f"test set SHA-256: {comparison['test_set']['sha256']}",
    ]


def _markdown_table(header: Sequence[str], rows: Iterable[list[str]]) -> list[str]:
    """Lines of a padded table: first column to the left, the others to the right."""
    cells = [[_escaped(cell) for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in _aligned([list(header), *cells])]
    widths = [len(cell) for cell in lines[0][2:-2].split(" | ")]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [lines[0], f"| {' | '.join(rule)} |", *lines[1:]]


# --- text -----------------------------------------------------------------------------


def _aligned(rows: list[list[str]]) -> list[list[str]]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [row[0].ljust(widths[0])]
        + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        for row in rows
    ]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        _one_line(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )


def _one_line(text: str) -> str:
    """Names and sentences come from users: no line breaks, no terminal codes."""
    words = " ".join(text.split())
    return "".join(char for char in words if char.isprintable())


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, inside and outside of tables."""
    return MARKDOWN_MARK.sub(r"\\\g<0>", _one_line(text))


def _shortened(name: str) -> str:
    name = _one_line(name)
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 3] + "..."


def _label(name: str, num_seeds: int) -> str:
    """One run shows a network, not a recipe."""
    return f"{name} (this network)" if num_seeds == 1 else name


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _fixed(value: float | None, decimals: int) -> str:
    return EMPTY if _is_missing(value) else f"{value:.{decimals}f}"


def _percent(value: float | None, decimals: int = 2, unit: str = "") -> str:
    return EMPTY if _is_missing(value) else f"{100 * value:.{decimals}f}{unit}"


def _significant(value: float | None, scale: float) -> str:
    return EMPTY if _is_missing(value) else f"{scale * value:#.2g}".rstrip(".")


def _signed(value: float, scale: float) -> str:
    decimals = 3 if scale > 1 else 4
    # Rounded once, to what is shown; adding zero turns -0.0 into 0.0.
    return f"{round(scale * value, decimals) + 0.0:+.{decimals}f}"


def _mean_and_sd(metric: dict[str, Any]) -> str:
    mean = _percent(metric["mean"])
    return (
        mean if metric["sd"] is None else f"{mean} ± {_significant(metric['sd'], 100)}"
    )


def _p(p: float | None) -> str:
    if p is None:
        return EMPTY
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)


# --- files ----------------------------------------------------------------------------


def json_text(comparison: dict[str, Any]) -> str:
    plain = _plain(comparison)
    text = json.dumps(
        plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    return text + "\n"


def _plain(value: Any) -> Any:
    """JSON values only: numpy numbers unwrapped, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _write(path: Path, text: str) -> None:
    """Replace `path` in one step, so that no reader sees half a file."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(text.encode("utf-8"))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
