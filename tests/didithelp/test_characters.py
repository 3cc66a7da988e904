"""Names that people give, and what would steer a terminal or turn a text around."""

import pytest

from didithelp import trials_folder
from didithelp.characters import is_harmless, is_name
from didithelp.language.words import clean
from lab.host.console import printable

ORDINARY = [
    "mes\u00a0essais",  # spaces that do not break, as macOS and French keyboards type
    "10\u202f000 pas",
    "\u5b9f\u9a13\u3000\u4e00",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, joined
    "\u2764\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",  # a flag, by tags
    "\U0001fae9",  # newer than the tables of some Python
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
    "soft\u00adware",
]
MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = [*map(chr, range(32)), "\x7f", "\x85", "\x9b", "\u2028", "\ud800"]


@pytest.mark.parametrize("name", ORDINARY, ids=ascii)
def test_an_ordinary_name_is_taken_and_shown(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "metrics.csv").write_text("seed,test_accuracy\n0,0.9\n")
    assert trials_folder.load(folder).name == name
    assert printable(name) == name
    assert clean(name) == name.replace("\u3000", " ")


@pytest.mark.parametrize("character", [*MARKS, *CONTROLS], ids=ascii)
def test_what_steers_or_turns_a_text_is_neither_taken_nor_shown(character):
    assert not is_harmless(character)
    assert not is_name(f"a{character}b")
    assert character not in clean(f"a{character}b")
    if character not in "\n\t":
        assert character not in printable(f"a{character}b")


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200d", "\u200b"], ids=ascii)
def test_a_name_can_be_seen(name):
    assert not is_name(name)
