"""The answer on a terminal: 80 columns, whole numbers, color where it is wanted."""

import io
import re

import pytest
from rich.console import Console

from lab import comparison, terminal
from lab.words import Words
from tests.test_comparison import SETTINGS, baseline, compare, improved

LONG = "improved_with_a_very_long_name_" * 4
RED = "\x1b[1;31m"


def shown(result, language="en", **settings):
    file = io.StringIO()
    console = Console(file=file, width=80, **settings)
    console.print(terminal.summary(result, Words(language)))
    return file.getvalue()


def several(*names):
    candidates = [improved(0.05, name=name) for name in names]
    return comparison.compare(baseline(0.2), candidates, **SETTINGS)


def test_an_arm_is_a_line():
    lines = shown(compare(baseline(), improved(num_runs=4, diverged=(4,)))).splitlines()
    header = ["arm", "seeds", "accuracy", "%", "cross-entropy", "epochs"]
    assert lines[2].split() == header
    row = r"baseline +5/5 +\d\d\.\d\d ± \d\.\d+ +0\.\d{4} +5\.0"
    assert re.fullmatch(row, lines[4])
    assert re.match(r"improved +4/5 ", lines[5])


def test_it_ends_with_the_answer_and_its_warnings():
    result = compare(baseline(), improved(num_runs=4, diverged=(4,)))
    text = shown(result)
    assert f"\nverdict: {result['verdict']}\n" in text
    assert " ".join(text.split()).endswith(
        " ".join(
            [result["sentence"], *(f"warning: {text}" for text in result["warnings"])]
        )
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("names", [(LONG,), (LONG, "b"), ("a", "b", "c")])
def test_it_fits_80_columns_without_cutting_a_number(language, names):
    result = several(*names)
    text = shown(result, language)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    plain = text.replace(",", ".")
    for arm in result["arms"]:
        assert f"{100 * arm['metrics']['test_accuracy']['mean']:.2f} ±" in plain
    primary = [each for each in result["comparisons"] if "test_acc" in each["metric"]]
    for each in primary if len(primary) > 1 else []:
        assert f"{100 * each['ci95'][0]:+.3f}" in plain
    for name in names:  # a long one takes several lines
        assert name in re.sub(r"\s.*", "", text) or name[:20] in text


def test_several_candidates_have_a_verdict_each():
    text = shown(several("second", "third"))
    assert re.search(r"second +\+\d+\.\d+ .* better\n", text)
    assert re.search(r"third +\+\d+\.\d+ .* better\n", text)


def test_the_verdict_is_colored_on_a_terminal_alone():
    result = compare(baseline(0.05), improved(0.2))
    assert f"verdict: {RED}worse" in shown(
        result, force_terminal=True, color_system="standard"
    )
    assert "\x1b" not in shown(result)


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    result = compare(baseline(0.05), improved(0.2))
    colored = shown(result, force_terminal=True, color_system="standard")
    assert not re.search(r"\x1b\[(\d;)?3\dm", colored)


def test_names_and_data_send_nothing_to_the_terminal():
    fallback = {"fallback": "no \x1b[31mnetwork\nhere", "name": "mnist\x1b]0;x\x07-5k"}
    arms = baseline(dataset=fallback), improved(name="[red]b[/]", dataset=fallback)
    text = shown(compare(*arms))
    assert all(line.isprintable() for line in text.splitlines())
    assert "[red]b[/] against baseline on mnist]0;x-5k" in text
