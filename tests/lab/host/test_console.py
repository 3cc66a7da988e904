"""What a person sees: lines on stderr, the answer on stdout."""

import functools
import io
import sys

import pytest
from rich.columns import Columns
from rich.console import Group
from rich.text import Text

from lab.host import console


def test_progress_in_a_log_file_is_a_line_per_note(capsys):
    with console.progress("train", 2) as progress:
        progress.advance()
        progress.note("1/2  seed 0: fine")
    captured = capsys.readouterr()
    assert captured.err == "train  1/2  seed 0: fine\n"
    assert captured.out == ""


def test_progress_on_a_terminal_keeps_the_notes_above_a_full_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with console.progress("train", 2) as progress:
        progress.advance(2)
        progress.note("2/2  seed [red]0: fine")  # not markup
    printed = capsys.readouterr().err
    assert "train  2/2  seed [red]0: fine" in printed


def test_a_warning_is_framed_and_whole(capsys):
    text = "mnist could not be downloaded, so " + "something else is used " * 6
    console.warn(text)
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[0] == lines[-1] == "!" * 78
    assert all(len(line) == 78 for line in lines)
    assert " ".join(line.strip("! ") for line in lines[1:-1]) == text.strip()


def test_results_go_to_stdout_as_they_are(capsys):
    console.result("an [red]answer[/red] :warning: of 1234.5")
    expected = "\nan [red]answer[/red] :warning: of 1234.5\n\n"
    assert capsys.readouterr() == (expected, "")


def test_a_name_cannot_steer_the_terminal(capsys):
    console.say("\x1b[2Jmnist\r\x9b \u202eé → \udcff\n\tnext line")
    expected = "\\x1b[2Jmnist\\r\\x9b \\u202eé → \\udcff\n\tnext line\n"
    assert capsys.readouterr().err == expected
    console.result("\x07")
    assert capsys.readouterr().out == "\n\\x07\n\n"


ANSWER = Group(
    Text.assemble("verdict: ", ("worse", "bold red")),
    Columns(["padded to", "the width"], expand=True),
    "a long line " * 20,
)
TERMINAL = {"force_terminal": True, "color_system": "truecolor"}


@pytest.mark.parametrize("settings", [{}, TERMINAL], ids=["pipe", "terminal"])
def test_an_answer_that_was_kept_is_printed_again(settings, tmp_path, monkeypatch):
    def printed(answer):
        file = io.StringIO()
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setattr(
            console, "_console", functools.partial(usual, file=file, **settings)
        )
        console.result(answer)
        return file.getvalue()

    usual = console._console
    monkeypatch.setenv("NO_COLOR", "1")
    console.keep(ANSWER, tmp_path / "answer")
    monkeypatch.delenv("NO_COLOR")
    first = printed(ANSWER)
    assert ("\x1b" in first) == bool(settings)
    assert printed(console.kept(tmp_path / "answer")) == first


def test_an_answer_that_cannot_be_printed_again_is_none(tmp_path, monkeypatch):
    path = tmp_path / "answer"
    assert console.kept(path) is None
    console.keep(ANSWER, path)
    assert console.kept(path) is not None
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", ascii_only)
        assert console.kept(path) is None
    path.write_text("\x1b[1mfine\x1b[0m \u202ereversed", "utf-8")
    assert console.kept(path) is None
