"""What cannot be shown ends no step: letters, closed pipes, full disks."""

import os
import subprocess
import sys

import pytest

from lab import mlproject

PROGRAM = """
from lab import command_line
from lab.host import console
from rich.table import Table

command_line.read([], [])
table = Table("précision")
table.add_row("−0,5 point → café")
console.result(table)
console.result("amélioré")
with console.progress("entraînement", 2) as bar:
    bar.note("1/2  grâce à ≥ 3")
print("naïf ✓" + " and more" * 20_000)
console.say("fini, d'où ✓")
"""
BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(program=PROGRAM, *, redirected="", **variables):
    """The program in a process of its own, with a shell's redirections."""
    clean = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LANG")}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'"$0" -c "$1" {redirected}']
        + [sys.executable, f"exec({ascii(program)})"],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=clean | variables,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
        BARE | {"LC_ALL": "POSIX"},
        BARE,
    ],
)
def test_letters_that_the_encoding_lacks_are_replaced(variables):
    done = run(**variables)
    assert done.returncode == 0, done.stderr
    out, err = done.stdout.decode("ascii"), done.stderr.decode("ascii")
    assert "ameliore" in out and "precision" in out and "naif ?" in out
    assert "-0,5 point -> cafe" in out
    assert err == "entrainement  1/2  grace a >= 3\nfini, d'ou ?\n"


def test_letters_that_the_encoding_has_stay():
    done = run(PYTHONIOENCODING="utf-8")
    assert "amélioré" in done.stdout.decode() and "naïf ✓" in done.stdout.decode()
    assert "fini, d'où ✓\n" in done.stderr.decode()


@pytest.mark.parametrize(
    "redirected", ["| head -c 1", "| true", "2>&1 | true", ">&-", ">&- 2>&-", "<&- >&-"]
)
def test_nobody_has_to_read_it(redirected):
    done = run(redirected=redirected)
    assert done.returncode == 0, done.stderr
    assert "2>" in redirected or done.stderr.decode().endswith("fini, d'où ✓\n")
    assert b"Error" not in done.stderr and b"Broken pipe" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_an_answer_that_finds_no_room_is_told():
    done = run(redirected="> /dev/full")
    assert done.returncode == 0
    message = "the answer could not be printed: [Errno 28] No space left on device\n"
    assert done.stderr.decode().count(message) == 1


def test_a_closed_stream_is_no_files():
    """What is opened next must not get its number, for children write there."""
    program = "from lab import command_line; command_line.read([], []);"
    program += "import os; os._exit(os.open('/dev/null', os.O_RDONLY))"
    assert run(program, redirected="<&- >&- 2>&-").returncode >= 3
