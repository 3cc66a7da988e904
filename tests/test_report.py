"""Files for people and programs: exact numbers, safe text, equal bytes."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from lab import report
from tests.test_arm import make_arm
from tests.test_comparison import accuracies_only, baseline, compare, improved


def write(*arms_and_folder, **changes):
    *arms, folder = arms_and_folder
    result = compare(*arms, **changes)
    report.write(result, arms, folder)
    return result


def cells(line):
    """Cells of a Markdown table row; an escaped pipe separates nothing."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_three_files_and_nothing_else(tmp_path):
    write(baseline(), improved(), tmp_path / "comparison")
    names = sorted(path.name for path in (tmp_path / "comparison").iterdir())
    assert names == ["comparison.json", "table.csv", "table.md"]


def test_json_is_sorted_indented_and_whole(tmp_path):
    result = write(baseline(), improved(), tmp_path)
    text = (tmp_path / "comparison.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(result)
    assert json.loads(text)["comparisons"][0]["p"] == result["comparisons"][0]["p"]


def test_what_is_no_number_becomes_null():
    values = {"a": np.nan, "b": [np.inf, np.float32(0.5)], "c": (np.int64(3),)}
    assert json.loads(report.json_text(values)) == {
        "a": None,
        "b": [None, 0.5],
        "c": [3],
    }


def test_equal_inputs_give_equal_bytes(tmp_path):
    for name in ("first", "second"):
        write(baseline(), improved(), tmp_path / name)
    for name in ("table.csv", "table.md", "comparison.json"):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_csv_holds_raw_numbers_in_full_precision(tmp_path):
    result = write(baseline(), improved(), tmp_path)
    reference, candidate = csv.DictReader(
        io.StringIO((tmp_path / "table.csv").read_text())
    )
    found = result["comparisons"][0]
    assert reference["arm"] == "baseline"
    assert reference["delta"] == reference["verdict"] == ""
    assert float(candidate["delta"]) == found["delta"]
    assert float(candidate["ci95_low"]) == found["ci95"][0]
    assert float(candidate["p_holm"]) == found["p_holm"]
    assert candidate["verdict"] == result["verdict"]
    accuracy = result["arms"][1]["metrics"]["test_accuracy"]
    assert float(candidate["test_accuracy"]) == accuracy["mean"]
    assert candidate["seeds_finished"] == "5"
    assert (
        float(candidate["train_seconds"]) == improved().metrics["train_seconds"].mean()
    )


def test_table_survives_arms_without_numbers(tmp_path):
    reference, candidate = baseline(num_runs=1), improved(num_runs=1, diverged=(4,))
    metrics = reference.metrics.assign(train_seconds=np.nan)
    reference = baseline(num_runs=1, metrics=metrics)
    write(reference, candidate, tmp_path)
    frame = report.table(compare(reference, candidate), [reference, candidate])
    assert frame["p"].isna().all()
    assert pd.isna(frame["train_seconds"][0])
    assert frame["reasons"][1].split() == [
        *("diverged_or_missing_runs", "too_few_seeds", "seed_variance_unknown")
    ]
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "improved (this network)" in text
    assert "1/2" in text
    assert "nan" not in text.lower()
    assert "None" not in text


def test_every_candidate_has_its_rows_and_its_verdict(tmp_path):
    arms = baseline(0.2), improved(0.05), improved(0.2, 4, name="four seeds")
    result = write(*arms, tmp_path)
    frame = report.table(result, list(arms))
    assert frame["arm"].tolist() == ["baseline", "improved", "four seeds"]
    assert frame["verdict"].tolist()[1:] == list(result["verdict"].values())
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith("# improved, four seeds against baseline on mnist\n")
    assert "**Verdict: improved better, four seeds inconclusive.**" in text
    assert text.count(" accuracy, points |") == 2
    lines = report.summary(result)
    assert "verdict: improved better, four seeds inconclusive" in lines


def test_arms_of_which_little_is_known_leave_no_gap_in_the_text(tmp_path):
    arms = accuracies_only(baseline(0.2)), accuracies_only(improved(0.05))
    unknown = ["test_cross_entropy", "expected_calibration_error", "train_seconds"]
    for arm in arms:
        arm.metrics[unknown] = np.nan
    result = write(*arms, tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith("# improved against baseline\n")
    assert "SHA-256" not in text
    for said in (text, *report.summary(result)):
        assert "nan" not in said.lower()
        assert "None" not in said


def test_markdown_warns_of_costs_that_the_json_must_not_hold(tmp_path):
    slow = improved(metrics=improved().metrics.assign(train_seconds=1e6))
    result = write(baseline(), slow, tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "times as long as one of baseline" in text
    assert "times as long" not in report.json_text(result)


def test_table_wants_the_arms_that_were_compared():
    with pytest.raises(ValueError, match="needs the 2 arms that were compared, got 1"):
        report.table(compare(baseline(), improved()), [baseline()])


def test_markdown_begins_with_the_data_set_and_the_answer(tmp_path):
    result = write(baseline(0.2), improved(0.05), tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# improved against baseline on mnist"
    assert lines[2] == f"**Verdict: better.** {result['sentence']}"


def test_markdown_names_the_choices_and_the_limits(tmp_path):
    write(baseline(), improved(), tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    for expected in (
        "- scope: ",
        "- not covered: other training sets",
        "alpha 0.05 (two-sided), margin 2 points of accuracy, paired by seed",
        "selected on validation",
        "- test set SHA-256: digest of x_test",
        "Warnings:",
    ):
        assert expected in text


def test_nobody_can_miss_a_fallback(tmp_path):
    data = {"name": "mnist-5k", "fallback": "mnist could not be downloaded"}
    result = write(baseline(dataset=data), improved(dataset=data), tmp_path)
    title = "FALL-BACK DATA, NOT mnist: improved against baseline on mnist-5k"
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {title}\n")
    assert report.summary(result)[0] == title
    assert any("mnist could not be" in line for line in report.summary(result))


@pytest.mark.parametrize(
    "name", ["a|b", "<script>x</script>", "**bold**", "[x](y)", "a\\", "_x_", "`x`"]
)
def test_markup_in_names_stays_text(tmp_path, name):
    candidate = improved(name=name)
    write(baseline(), candidate, tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    rows = [cells(line) for line in lines if line.startswith("|")]
    assert {len(row) for row in rows[:4]} == {11}
    assert {len(row) for row in rows[4:]} == {14}
    shown = re.sub(r"\\([^\w\s])|\\(_)", r"\1\2", rows[3][0])
    assert shown == name
    assert all(line.isprintable() for line in lines)


def test_names_with_underscores_stay_readable(tmp_path):
    write(baseline(), improved(name="train_improved_2"), tmp_path)
    assert "| train_improved_2 " in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_columns_of_the_markdown_line_up(tmp_path):
    write(baseline(), improved(), tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({len(line) for line in table[:4]}) == 1
    assert len({len(line) for line in table[4:]}) == 1


def test_summary_fits_a_terminal_and_holds_the_answer():
    long_name = "improved_with_a_very_long_name_" * 4
    fallback = {"fallback": "no \x1b[31mnetwork\nhere", "name": "mnist-5k"}
    arms = baseline(dataset=fallback), improved(name=long_name, dataset=fallback)
    result = compare(*arms)
    lines = report.summary(result)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert f"verdict: {result['verdict']}" in lines


def test_summary_shows_each_arm_in_one_line():
    lines = report.summary(compare(baseline(), improved(num_runs=4, diverged=(4,))))
    assert lines[2].split() == [
        "arm",
        "seeds",
        "accuracy",
        "%",
        "cross-entropy",
        "epochs",
    ]
    assert re.fullmatch(
        r"baseline +5/5 +\d\d\.\d\d ± \d\.\d+ +0\.\d{4} +5\.0", lines[3]
    )
    assert re.match(r"improved +4/5 ", lines[4])


def test_a_failed_write_leaves_the_older_file(tmp_path, monkeypatch):
    write(baseline(), improved(), tmp_path)
    before = (tmp_path / "table.csv").read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(make_arm(np.ones((3, 9))), make_arm(np.ones((3, 9))), tmp_path)
    assert (tmp_path / "table.csv").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def test_a_number_is_rounded_once():
    """-0.41753 is -0.418, by way of -0.4175 it would be -0.417."""
    assert report._signed(-0.0041753543516, 100) == "-0.418"
    assert report._signed(-1e-9, 100) == "+0.000"
