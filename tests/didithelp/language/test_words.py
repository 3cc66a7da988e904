"""Both languages say the same things, and numbers are written as each writes them."""

import ast
import hashlib
import json
import math
import re
import string
import tomllib
from importlib import resources
from pathlib import Path

import pytest

import didithelp
from didithelp import settings
from didithelp.caveats import NotCovered, Scope
from didithelp.language.words import LANGUAGES, Words, catalog, clean, code_of

NO_BREAK, THIN = "\u00a0", "\u202f"
OWN = ("numbers", "typography")  # tables that each language has for itself
each_language = pytest.mark.parametrize("language", LANGUAGES)


def tables(language):
    file = resources.files("didithelp.language") / "texts" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def placeholders(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


def digest(table):
    """Short, of a table's keys and texts, however the file wraps them."""
    text = json.dumps(table, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


# --- the files ------------------------------------------------------------------------


def test_both_languages_have_the_same_tables_and_keys_in_the_same_order():
    english, french = tables("en"), tables("fr")
    del french["source"]
    assert list(english) == list(french)
    for name, table in english.items():
        assert list(table) == list(french[name]), name
    assert list(catalog("en")) == list(catalog("fr"))


def test_a_text_has_the_same_placeholders_in_both_languages():
    for key, text in catalog("en").items():
        assert placeholders(text) == placeholders(catalog("fr")[key]), key
    for key, value in tables("en")["numbers"].items():
        if isinstance(value, str):
            french = tables("fr")["numbers"][key]
            assert placeholders(value) == placeholders(french), key


def test_the_french_was_made_from_the_english_as_it_is():
    """Whoever changes an English text looks at its French, then at this digest."""
    english = {k: table for k, table in tables("en").items() if k not in OWN}
    digests = {name: digest(table) for name, table in english.items()}
    assert tables("fr")["source"] == digests, "bring fr.toml up to date, then [source]"


@each_language
def test_a_text_is_whole_plain_and_without_outer_blanks(language):
    for key, text in catalog(language).items():
        assert text and text == text.strip(" \t\n" + NO_BREAK + THIN), key
        assert "  " not in text and "\n" not in text, key
        assert not re.search(r"<[a-zA-Z/!]|&#?\w+;", text), f"{key} holds markup"


def test_french_punctuation_never_begins_a_line():
    for key, text in catalog("fr").items():
        for mark in ":;!?%»":
            assert f" {mark}" not in text, key
        for mark in "«±":
            assert f"{mark} " not in text, key
    words = Words("fr")
    assert words("interval_95") == f"IC à 95{NO_BREAK}%"
    assert words("clauses", first="a", second="b") == f"a{THIN}; b"
    assert words("label", name="a") == f"a{NO_BREAK}:"


# --- the code that asks for them ------------------------------------------------------


def asked():
    """Keys that the library and its templates name, and patterns of computed ones.

    A key is used if the sources hold it as a string, whatever for: a reason or a
    verdict is named where it is found and told by that name.
    """
    strings, patterns = set(), set()
    folder = Path(didithelp.__file__).parent
    readers = folder.with_name("didithelp_mlflow")  # its remarks are warnings
    for path in folder.rglob("*.html"):
        strings.update(re.findall(r'words\("(\w+)"', path.read_text(encoding="utf-8")))
    for path in (*folder.rglob("*.py"), *readers.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
            if isinstance(node, ast.Call) and node.args:
                patterns.add(pattern_of(node.args[0]))
    return strings, patterns


def pattern_of(argument):
    """Of a key such as f"section_{name}"; None if `argument` is no such text."""
    if not isinstance(argument, ast.JoinedStr):
        return None
    known = [part.value for part in argument.values if isinstance(part, ast.Constant)]
    if not known or not all(
        re.fullmatch(r"[a-z_]+\.?|_[a-z]+", part) for part in known
    ):
        return None
    return "".join(
        re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+"
        for part in argument.values
    )


def is_asked(key, strings, patterns):
    """Texts by their keys; those of a table by its pattern and their codes."""
    table, _, code = key.rpartition(".")
    if table.startswith("plurals"):
        return table.removeprefix("plurals.") in strings
    if table:
        codes = strings | {*Scope, *NotCovered, *settings.SELECTION_SETS}
        return key in strings or (rf"{table}\.\w+" in patterns and code in codes)
    return key in strings or any(re.fullmatch(each, key) for each in patterns - {None})


def test_no_text_is_unused():
    strings, patterns = asked()
    assert [k for k in catalog("en") if not is_asked(k, strings, patterns)] == []
    assert not is_asked("never_asked_for", strings, patterns)
    assert not is_asked("warnings.never_found", strings, patterns)


def test_every_code_has_its_text():
    for table, codes in (
        ("scopes", Scope),
        ("not_covered", NotCovered),
        ("selection_sets", settings.SELECTION_SETS),
        ("pairings", settings.PAIRINGS),
    ):
        assert list(tables("en")[table]) == list(codes)
        for code in codes:
            text = Words("en")(f"{table}.{code}")
            assert code_of(table, text) == code
            assert Words("fr")(f"{table}.{code}") != text


def test_a_text_without_a_code_is_refused():
    with pytest.raises(ValueError, match="one of the scopes of en.toml, got 'all'"):
        code_of("scopes", "all")


# --- numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "arguments", "english", "french"),
    [
        ("number", (-0.41753543516, 3, "+"), "-0.418", "-0,418"),
        ("number", (-1e-9, 3, "+"), "+0.000", "+0,000"),  # no minus zero
        ("number", (None, 2), "-", "-"),
        ("number", (float("nan"), 2), "-", "-"),
        ("significant", (0.0123,), "0.012", "0,012"),
        ("significant", (12.0,), "12", "12"),
        ("significant", (5.14e-5,), "0.000051", "0,000051"),
        ("significant", (0.0,), "0", "0"),
        ("significant", (0.0996,), "0.10", "0,10"),
        ("significant", (123.4,), "123", "123"),
        ("significant", (2.04e-11,), "2.0e-11", "2,0e-11"),
        ("number", (-1234567.0, 1), "-1,234,567.0", f"-1{THIN}234{THIN}567,0"),
        ("number", (3.1e-9, 11, "+"), "+3.10e-9", "+3,10e-9"),
        ("number", (1234567.0, -3), "1,234,567", f"1{THIN}234{THIN}567"),
        ("number", (2.2324e17, 4, "+"), "+2.23e17", "+2,23e17"),
        ("number", (-2.2324e17, -15), "-2.23e17", "-2,23e17"),
        ("number", (2e17, -20), "2e17", "2e17"),
        ("number", (math.inf, -20), "inf", "inf"),
        ("significant", (2.2324e17,), "2.2e17", "2,2e17"),
        ("percent", (2.2324e17,), "2.23e19%", f"2,23e19{NO_BREAK}%"),
        ("plain", (2.5e17,), "2.5e17", "2,5e17"),
        ("plain", (1_500_000.0, 10), "1,500,000", f"1{THIN}500{THIN}000"),
        ("tick", (-1200.0,), "\u22121,200", f"\u22121{THIN}200"),
        ("percent", (0.0212,), "2.12%", f"2,12{NO_BREAK}%"),
        ("count", (10000,), "10,000", f"10{THIN}000"),
        ("count", (None,), "-", "-"),
        ("plain", (0.1,), "0.1", "0,1"),
        ("tick", (-0.5,), "\u22120.5", "\u22120,5"),
        ("p", (0.0004,), "< .001", f"<{NO_BREAK}0,001"),
        ("p", (0.0123,), ".012", "0,012"),
        ("p", (None,), "-", "-"),
        ("p_clause", (0.0004,), "p < .001", f"p{NO_BREAK}<{NO_BREAK}0,001"),
        ("p_clause", (0.05,), "p = .050", f"p{NO_BREAK}={NO_BREAK}0,050"),
        ("p", (0.0503, 0.05), ".0503", "0,0503"),  # not .050: that is significant
        ("p", (0.04996, 0.05), ".050", "0,050"),
        ("p", (0.05, 0.05), ".050", "0,050"),
        ("p", (0.0123, 0.05), ".012", "0,012"),
        ("p", (0.0104, 0.01), ".0104", "0,0104"),
        ("p", (0.0004, 0.05), "< .001", f"<{NO_BREAK}0,001"),
        ("p_clause", (0.0503, 0.05), "p = .0503", f"p{NO_BREAK}={NO_BREAK}0,0503"),
        ("list", (["a"],), "a", "a"),
        ("list", (["a", "b", "c"],), "a, b and c", "a, b et c"),
    ],
)
def test_numbers_and_lists_in_both_languages(method, arguments, english, french):
    assert getattr(Words("en"), method)(*arguments) == english
    assert getattr(Words("fr"), method)(*arguments) == french


@pytest.mark.parametrize(
    ("quantity", "english", "french"),
    [
        (0, "0 paired seeds", "0 graine appariée"),
        (1, "1 paired seed", "1 graine appariée"),
        (2, "2 paired seeds", "2 graines appariées"),
        (1000, "1,000 paired seeds", f"1{THIN}000 graines appariées"),
    ],
)
def test_a_plural_follows_the_rule_of_the_language(quantity, english, french):
    assert Words("en").plural("paired_seeds", quantity) == english
    assert Words("fr").plural("paired_seeds", quantity) == french


def test_a_text_shows_lists_and_groups_digits_where_it_asks_for_them():
    """An epoch is never grouped in English; a seed is a name and no quantity."""
    values = {"arm": "a", "seeds": [1000, 7]}
    assert "seeds 1000, 7 of a" in Words("en")("warnings.collapsed_runs", **values)
    values = {"arm": "a", "epochs": 1000, "patience": 5}
    key = "warnings.early_stopping_never_fired"
    assert "all 1000 epochs" in Words("en")(key, **values)
    assert f"les 1{THIN}000 époques" in Words("fr")(key, **values)


def test_clauses_are_joined_as_the_language_does():
    assert Words("en").clauses(["a", "b", "c"]) == "a; b; c"
    assert Words("fr").clauses(["a", "b", "c"]) == f"a{THIN}; b{THIN}; c"
    assert Words("fr").clauses(["a"]) == "a"
    assert Words("fr").clauses([]) == ""


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="must be one of en, fr, got 'de'"):
        Words("de")


def test_clean_text_is_one_line_that_controls_nothing():
    hostile = " a\x1b[31m\tb\r\nc\u202e d\u2028e\x00 "
    assert clean(hostile) == "a[31m b c d e"
    assert clean(f"95{NO_BREAK}%{THIN};") == f"95{NO_BREAK}%{THIN};"
