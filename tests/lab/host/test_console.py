"""What a person sees: lines on stderr, the answer on stdout."""

from lab.host import console


def test_progress_in_a_log_file_is_a_line_per_note(capsys):
    with console.progress("train", 2) as progress:
        progress.advance()
        progress.note("1/2  seed 0: fine")
    captured = capsys.readouterr()
    assert captured.err == "train  1/2  seed 0: fine\n"
    assert captured.out == ""


def test_progress_on_a_terminal_keeps_the_notes_above_a_full_bar(capsys, monkeypatch):
    import sys

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
