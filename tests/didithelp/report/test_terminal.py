"""The answer on a terminal: 80 columns, whole numbers, color where it is wanted."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.report import terminal
from tests.didithelp.builders import baseline, improved, judge, runs_only

LONG = "improved_with_a_very_long_name_" * 4
RED = "\x1b[1;31m"


def shown(result, language="en", **settings):
    file = io.StringIO()
    screen = Console(file=file, **{"width": 80} | settings)
    words = Words(language)
    warnings = [sentences.warning(each, words) for each in result.warning_codes]
    screen.print(terminal.summary(result, warnings, words))
    return file.getvalue()


def several(*names):
    candidates = [improved(0.05, name=name) for name in names]
    return judge(baseline(0.2), *candidates)


def test_an_arm_is_a_line():
    lines = shown(judge(baseline(), improved(num_runs=4, diverged=(4,)))).splitlines()
    header = ["arm", "seeds", "accuracy", "%", "cross-entropy", "epochs"]
    assert lines[2].split() == header
    row = r"baseline +5/5 +\d\d\.\d\d ± \d\.\d+ +0\.\d{4} +5\.0"
    assert re.fullmatch(row, lines[4])
    assert re.match(r"improved +4/5 ", lines[5])


def test_it_ends_with_the_answer_and_its_warnings():
    result = judge(baseline(), improved(num_runs=4, diverged=(4,)))
    text = shown(result)
    assert f"\nverdict: {result.verdict}\n" in text
    assert " ".join(text.split()).endswith(
        " ".join([result.sentence, *(f"warning: {text}" for text in result.warnings)])
    )


def table_rows(text):
    """Lines of all tables, those below their rules."""
    tables = [part for part in text.split("\n\n") if "─" in part]
    return [row for part in tables for row in part.split("─\n")[1].splitlines()]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("names", [(LONG,), (LONG, "b"), ("a", "b", "c")])
def test_texts_are_wrapped_at_80_columns_however_wide_the_terminal(language, names):
    text = shown(several(*names), language, width=300)
    prose = [part for part in text.split("\n\n") if "─" not in part]
    assert 70 < max(len(line) for part in prose for line in part.splitlines()) <= 80


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("names", [(LONG,), (LONG, "b"), ("a", "b", "c")])
def test_tables_of_80_columns_cut_neither_numbers_nor_names(language, names):
    result = several(*names)
    rows = table_rows(shown(result, language))
    plain = "\n".join(rows).replace(",", ".")
    assert "…" not in plain
    for arm in result.arms:
        assert f"{100 * arm.metrics.test_accuracy.mean:.2f} ±" in plain
    for each in result.primary if len(result.primary) > 1 else []:
        assert f"{100 * each.verdict_interval.low:+.3f}" in plain
    pieces = "".join(row.split()[0] for row in rows)  # a long name takes several lines
    in_second_table = names if len(names) > 1 else ()
    assert pieces == "".join(["baseline", *names, *in_second_table])


def test_the_unit_and_the_level_are_told():
    text = shown(several("second", "third"))
    assert re.search(r"difference, *\n *arm +points +97\.5% CI +p Holm +verdict", text)


def test_several_candidates_have_a_verdict_each():
    text = shown(several("second", "third"))
    assert re.search(r"second +\+\d+\.\d+ .* better\n", text)
    assert re.search(r"third +\+\d+\.\d+ .* better\n", text)


def test_the_verdict_is_colored_on_a_terminal_alone():
    result = judge(baseline(0.05), improved(0.2))
    assert f"verdict: {RED}worse" in shown(
        result, force_terminal=True, color_system="standard"
    )
    assert "\x1b" not in shown(result)


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    result = judge(baseline(0.05), improved(0.2))
    colored = shown(result, force_terminal=True, color_system="standard")
    assert not re.search(r"\x1b\[(\d;)?3\dm", colored)


def test_names_and_data_send_nothing_to_the_terminal():
    fallback = {"fallback": "no \x1b[31mnetwork\nhere", "name": "mnist\x1b]0;x\x07-5k"}
    arms = baseline(dataset=fallback), improved(name="[red]b[/]", dataset=fallback)
    text = shown(judge(*arms))
    assert all(line.isprintable() for line in text.splitlines())
    assert "[red]b[/] against baseline on mnist]0;x-5k" in text


@pytest.mark.parametrize(
    ("metric", "factor", "header", "row"),
    [
        ("val_loss", 0.001, "nats", "0.340 ± 0.020"),
        ("fit_time", 0.1, "s", "34.0 ± 2.0"),
        ("reward", -10.0, "reward", "-3,400 ± 200"),
        ("val_f1", 0.001, "%", "34.00 ± 2.0"),
    ],
)
def test_any_metric_has_its_column_with_its_unit(metric, factor, header, row):
    first, second = (np.array([320, 340, 360]) * factor, np.arange(3) * factor)
    arms = runs_only("a", **{metric: first}), runs_only("b", **{metric: second})
    result = judge(*arms, metric=metric, margin="none")
    lines = shown(result).splitlines()
    assert lines[0] == f"{metric} of b against a"
    at_rule = next(place for place, line in enumerate(lines) if "─" in line)
    assert lines[at_rule - 1].split() == ["arm", "seeds", header]
    assert re.fullmatch(rf"a +3/3 +{re.escape(row)}", lines[at_rule + 1].strip())
    assert max(map(len, lines)) <= 80


def test_a_long_metric_takes_several_lines_and_cuts_no_number():
    metric = "validation_perplexity_of_the_last_checkpoint_on_held_out_books"
    names = "a", "improved_with_a_long_name", "c"
    arms = [runs_only(name, **{metric: [35.1, 35.3, 35.7]}) for name in names]
    result = judge(*arms, metric=metric, direction="lower", margin="none")
    text = shown(result)
    rows = table_rows(text)
    assert [row.split()[:2] for row in rows[:3]] == [[name, "3/3"] for name in names]
    assert all(row.rstrip().endswith("35.37 ± 0.31") for row in rows[:3])
    header = text.split("─")[0].split()
    assert metric in "".join(word for word in header if word in metric)
    assert max(map(len, text.splitlines())) <= 80
