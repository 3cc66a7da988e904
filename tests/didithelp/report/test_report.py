"""Files for people and programs: exact numbers, safe text, equal bytes."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from didithelp.comparison import Interval
from didithelp.provenance import Provenance
from didithelp.report import plots, report
from tests.didithelp.builders import (
    accuracies_only,
    baseline,
    improved,
    judge,
    make_arm,
    runs_only,
    with_primary,
)


def write(*arms_and_folder, **changes):
    *arms, folder = arms_and_folder
    result = judge(*arms, **changes)
    make_report(result, *arms).write(folder)
    return result


def make_report(result, *arms, language="en", **parts):
    return report.Report(result, arms, language=language, **parts)


def cells(line):
    """Cells of a Markdown table row; an escaped pipe separates nothing."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_the_folder_holds_these_files_and_nothing_else(tmp_path):
    write(baseline(), improved(), tmp_path / "comparison")
    found = (tmp_path / "comparison").rglob("*")
    names = sorted(path.name for path in found if path.is_file())
    assert names == [
        *("comparison.json", "confusion_1.png", "curves_accuracy.png", "forest.png"),
        *("reliability_0.png", "reliability_1.png"),
        *("report.html", "report.tex", "seeds_1.png", "summary.md"),
        *("table.csv", "table.md", "table.tex", "verdict.json"),
    ]


def test_curves_may_be_infinite_where_a_run_broke_down(tmp_path):
    arms = [arm() for arm in (baseline, improved)]
    for arm in arms:
        losses = np.where(arm.history["epoch"] == 2, np.inf, 0.5)
        arm.history["val_cross_entropy"] = losses
    write(*arms, tmp_path)
    assert (tmp_path / "figures" / "curves_cross_entropy.png").exists()


def test_json_is_sorted_indented_and_whole(tmp_path):
    result = write(baseline(), improved(), tmp_path)
    text = (tmp_path / "comparison.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert text == result.to_json()
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert json.loads(text)["comparisons"][0]["p"] == result.primary[0].p


@pytest.mark.parametrize("paired", [True, False])
def test_the_thin_line_is_the_t_test_over_seeds_at_the_level_of_the_verdict(paired):
    candidate = improved(0.05, num_runs=5 if paired else 4)
    result = judge(baseline(0.2), candidate, alpha=0.01)
    first, second = (arm.metrics.test_accuracy.values for arm in result.arms)
    test = stats.ttest_rel if paired else stats.ttest_ind
    expected = test(second, first, **({} if paired else {"equal_var": False}))
    found = plots.seed_interval(result.primary[0], *result.arms)
    assert found == pytest.approx(tuple(expected.confidence_interval(0.99)))


def test_the_forest_shows_the_interval_of_the_verdict(tmp_path):
    arms = baseline(0.2), improved(0.05)
    pictures = []
    for replaced in (False, True):
        result = judge(*arms)
        if replaced:
            interval = Interval(0.9, *result.primary[0].ci90)
            result = with_primary(result, verdict_interval=interval)
        make_report(result, *arms).write(tmp_path)
        pictures.append((tmp_path / "figures" / "forest.png").read_bytes())
    assert pictures[0] != pictures[1]


def test_equal_inputs_give_equal_bytes(tmp_path):
    for name in ("first", "second"):
        write(baseline(), improved(), tmp_path / name)
    files = [path for path in (tmp_path / "first").rglob("*") if path.is_file()]
    assert len(files) == 14
    for path in files:
        other = tmp_path / "second" / path.relative_to(tmp_path / "first")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_csv_holds_raw_numbers_in_full_precision(tmp_path):
    result = write(baseline(), improved(), tmp_path)
    reference, candidate = csv.DictReader(
        io.StringIO((tmp_path / "table.csv").read_text())
    )
    found = result.primary[0]
    assert reference["arm"] == "baseline"
    assert reference["delta"] == reference["verdict"] == ""
    assert float(candidate["delta"]) == found.delta
    assert float(candidate["ci95_low"]) == found.ci95[0]
    assert float(candidate["p_holm"]) == found.p_holm
    assert candidate["verdict"] == result.verdict
    accuracy = result.arms[1].metrics.test_accuracy
    assert float(candidate["test_accuracy"]) == accuracy.mean
    assert candidate["seeds_finished"] == "5"
    assert (
        float(candidate["train_seconds"]) == improved().metrics["train_seconds"].mean()
    )


def test_table_survives_arms_without_numbers(tmp_path):
    reference, candidate = baseline(num_runs=1), improved(num_runs=1, diverged=(4,))
    metrics = reference.metrics.assign(train_seconds=np.nan)
    reference = baseline(num_runs=1, metrics=metrics)
    write(reference, candidate, tmp_path)
    frame = make_report(judge(reference, candidate), reference, candidate).table
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
    frame = make_report(result, *arms).table
    assert frame["arm"].tolist() == ["baseline", "improved", "four seeds"]
    assert frame["verdict"].tolist()[1:] == list(result.verdict.values())
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith("# improved and four seeds against baseline on mnist\n")
    assert "**Verdict: improved better, four seeds inconclusive.**" in text
    assert len(re.findall(r" accuracy, points \| +cross-entropy, nats \|", text)) == 2
    pictures = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"seeds_1", "seeds_2", "confusion_1", "confusion_2"} <= pictures


def test_arms_of_which_little_is_known_leave_no_gap_in_the_text(tmp_path):
    arms = accuracies_only(baseline(0.2)), accuracies_only(improved(0.05))
    unknown = ["test_cross_entropy", "expected_calibration_error", "train_seconds"]
    for arm in arms:
        arm.metrics[unknown] = np.nan
    write(*arms, tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith("# improved against baseline\n")
    assert "SHA-256" not in text
    for name in ("table.md", "table.tex", "report.tex"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not re.search(r"\bnan\b|None", text), name


def test_costs_are_among_the_warnings_but_not_in_the_json(tmp_path):
    slow = improved(metrics=improved().metrics.assign(train_seconds=1e6))
    result = write(baseline(), slow, tmp_path)
    written = make_report(result, baseline(), slow)
    texts = {
        name: (tmp_path / name).read_text(encoding="utf-8")
        for name in ("table.md", "report.html", "report.tex")
    }
    file = io.StringIO()
    Console(file=file, width=200).print(written.summary())
    texts |= {"note": written.note(), "terminal": file.getvalue()}
    for name, text in texts.items():
        (found,) = re.finditer(r"times as\s+long\s+as\s+one\s+of\s+baseline", text)
        assert found.start() > text.lower().rindex("warning", 0, found.start()), name
    assert "times as long" not in result.to_json()


def test_the_note_is_the_answer_in_short():
    arms = baseline(num_runs=4), improved(name="a|b <i>")
    result = judge(*arms)
    note = make_report(result, *arms).note()
    assert note.startswith("### a\\|b \\<i> against baseline on mnist\n")
    assert "**Verdict: inconclusive.** Inconclusive: " in note
    rows = [cells(line) for line in note.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {8}
    assert "- baseline has 4 finished seeds; 5 is the least advised" in note
    assert note.endswith("in the artifact comparison/report.html.\n")
    assert len(note) < 5000  # MLflow's limit for a tag


@pytest.mark.parametrize(
    ("language", "requirement", "line"),
    [
        ("en", "better", "**Required: better. That is met.**"),
        (
            *("en", "equivalent"),
            "**Required: equivalent within the margin of 2 points. That is not met by"
            " a\\|b.**",
        ),
        (
            "fr",
            "not-worse",
            "**Exigé : pas moins bon de 2 points ou plus. L'exigence est remplie.**",
        ),
        ("en", "", None),
    ],
)
def test_the_summary_says_whether_the_requirement_is_met(
    tmp_path, language, requirement, line
):
    arms = baseline(0.2), improved(0.05, name="a|b")
    result = judge(*arms)
    page = "https://host/#/experiments/0/runs/12?a=b(c)"
    make_report(
        result,
        *arms,
        language=language,
        requirement=requirement,
        provenance=Provenance(run_id="12", pages={"12": page}),
    ).write(tmp_path)
    lines = (tmp_path / "summary.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("### a\\|b ")
    bold = [found.replace("\u00a0", " ") for found in lines if found.startswith("**")]
    assert bold[:-1] == ([line] if line else [])
    assert sum(found.startswith("|") for found in lines) == 4
    assert lines[-1].replace("\u00a0", " ").endswith(f": [12](<{page}>)".lstrip())
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["requirement"] == (requirement or None)


@pytest.mark.parametrize(
    ("provenance", "last"),
    [
        (Provenance(run_id="12"), "Run: `12`\n"),
        (Provenance(), "in the artifact comparison/report.html.\n"),
    ],
)
def test_the_summary_names_the_run_if_there_is_one(tmp_path, provenance, last):
    arms = baseline(), improved()
    make_report(judge(*arms), *arms, provenance=provenance).write_short(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"summary.md", "verdict.json"}
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").endswith(last)


def test_table_wants_the_arms_that_were_compared():
    with pytest.raises(ValueError, match="needs the 2 arms that were compared, got 1"):
        make_report(judge(baseline(), improved()), baseline())


def test_markdown_begins_with_the_data_set_and_the_answer(tmp_path):
    result = write(baseline(0.2), improved(0.05), tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# improved against baseline on mnist"
    assert lines[2] == f"**Verdict: better.** {result.sentence}"


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
    write(baseline(dataset=data), improved(dataset=data), tmp_path)
    title = "FALL-BACK DATA, NOT mnist: improved against baseline on mnist-5k"
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {title}\n")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<h1>{title}</h1>" in page
    assert "mnist could not be downloaded" in page


@pytest.mark.parametrize(
    "name", ["a|b", "<script>x</script>", "**bold**", "[x](y)", "a\\", "_x_", "`x`"]
)
def test_markup_in_names_stays_text(tmp_path, name):
    candidate = improved(name=name)
    write(baseline(), candidate, tmp_path)
    lines = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    rows = [cells(line) for line in lines if line.startswith("|")]
    assert {len(row) for row in rows[:4]} == {12}
    assert {len(row) for row in rows[4:]} == {5}
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


COMMAND = "mlflow run . -e ablate -P seeds=4"


def changed():
    """A reference, and a candidate with several changes."""
    recipe = {"epochs": 20, "hidden_units": [512], "dropout_rate": 0.3}
    return baseline(), improved(recipe=recipe)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_tells_several_changes_apart_is_named(tmp_path, language):
    arms = changed()
    provenance = Provenance(ablation=COMMAND)
    parts = {"language": language, "provenance": provenance}
    written = make_report(judge(*arms), *arms, **parts)
    written.write(tmp_path)
    assert f"<code>{COMMAND}</code>" in (tmp_path / "report.html").read_text("utf-8")
    assert COMMAND.split()[-1] in (tmp_path / "report.tex").read_text("utf-8")


def test_one_change_needs_nothing_to_tell_it_apart(tmp_path):
    arms = baseline(), improved(epochs=20)
    provenance = Provenance(ablation=COMMAND)
    make_report(judge(*arms), *arms, provenance=provenance).write(tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert COMMAND not in text


def test_a_report_that_tells_the_changes_apart_is_linked(tmp_path):
    arms = changed()
    links = {"ablation": "../ablation/report.html"}
    provenance = Provenance(ablation=COMMAND)
    parts = {"links": links, "provenance": provenance}
    make_report(judge(*arms), *arms, **parts).write(tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert '<a href="../ablation/report.html">' in text
    assert COMMAND not in text
    assert "made the difference is unknown" not in text


def test_a_failed_write_leaves_the_older_file(tmp_path, monkeypatch):
    write(baseline(), improved(), tmp_path)
    before = (tmp_path / "table.csv").read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(make_arm(np.ones((3, 9))), make_arm(np.ones((3, 9))), tmp_path)
    assert (tmp_path / "table.csv").read_bytes() == before
    assert not list(tmp_path.rglob(".*"))


# --- other metrics --------------------------------------------------------------------


LOSSES = {"a": [0.341, 0.346, 0.338, 0.343], "b": [0.312, 0.31, 0.313, 0.308]}


def losses():
    return [runs_only(name, val_loss=values) for name, values in LOSSES.items()]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_about_a_loss_speaks_of_no_accuracy(tmp_path, language):
    arms = losses()
    result = judge(*arms, metric="val_loss", margin="none")
    written = make_report(result, *arms, language=language)
    written.write(tmp_path)
    assert sorted(path.stem for path in (tmp_path / "figures").iterdir()) == [
        *("forest", "seeds_1")
    ]
    texts = [written.note(), written.excerpt()] + [
        (tmp_path / name).read_text(encoding="utf-8")
        for name in ("table.md", "table.tex", "report.html", "report.tex", "summary.md")
    ]
    about_accuracy = "accurac|points|images|confusion|McNemar|exactitude"
    for text in texts:
        shown = re.sub(r"<(style|svg).*?</\1>", "", text, flags=re.DOTALL)
        assert not re.search(about_accuracy, shown, re.IGNORECASE)
        assert "nats" in shown


def test_the_csv_has_the_metric_first_and_only_what_is_known(tmp_path):
    arms = losses()
    result = judge(*arms, metric="val_loss", margin="none")
    frame = make_report(result, *arms).table
    assert frame.columns[:8].tolist() == [
        *("arm", "seeds_finished", "seeds_started", "val_loss", "val_loss_median"),
        *("val_loss_sd", "val_loss_min", "val_loss_max"),
    ]
    assert frame.columns[8] == "delta"
    assert frame["val_loss"].tolist() == pytest.approx([0.342, 0.31075])


def test_what_is_known_of_single_answers_is_shown_beside_another_metric(tmp_path):
    arms = baseline(0.2), improved(0.05)
    result = judge(*arms, metric="test_cross_entropy", margin="none")
    make_report(result, *arms).write(tmp_path)
    pictures = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"confusion_1", "reliability_0", "seeds_1"} <= pictures
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "McNemar" in page


def test_the_metric_has_its_curve_where_it_was_recorded_by_epoch(tmp_path):
    arms = []
    for make in (baseline, improved):
        arm = make()
        arm.history["val_f1"] = 1 - 1 / (arm.history["epoch"] + 1)
        arm.metrics["val_f1"] = np.linspace(0.8, 0.82, len(arm.metrics))
        arms.append(arm)
    result = judge(*arms, metric="val_f1", margin="none")
    make_report(result, *arms).write(tmp_path)
    pictures = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"curves_metric", "curves_accuracy"} <= pictures
    assert "val_f1, %" in (tmp_path / "report.html").read_text(encoding="utf-8")
