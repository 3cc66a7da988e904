"""Both languages say the same things, and numbers are written as each writes them."""

import string

import pytest

from didithelp import caveats
from didithelp import comparing as comparison
from didithelp import settings as decision
from didithelp.report.words import FRENCH, TEXTS, WARNINGS, Words, clean

NO_BREAK, THIN = "\u00a0", "\u202f"


def placeholders(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


def test_both_languages_have_the_same_keys_and_placeholders():
    english, french = TEXTS["en"], TEXTS["fr"]
    assert list(english) == list(french)
    for key, text in english.items():
        assert placeholders(text) == placeholders(french[key]), key
        assert text.strip() and french[key].strip()


def test_every_warning_is_known_in_french():
    assert list(WARNINGS) == list(caveats.TEXTS)
    for code, text in caveats.TEXTS.items():
        assert placeholders(WARNINGS[code]) == placeholders(text), code


def test_every_fixed_text_of_a_comparison_is_known_in_french():
    scopes = comparison.SCOPE, comparison.SCOPE_OF_RUNS, comparison.SCOPE_OF_SOME
    for text in (*scopes, *comparison.NOT_COVERED, *decision.SELECTION_SETS):
        assert Words("fr").known(text) == FRENCH[text]
        assert Words("en").known(text) == text


def test_french_punctuation_never_begins_a_line():
    for key, text in (TEXTS["fr"] | WARNINGS).items():
        for mark in ":;!?%»":
            assert f" {mark}" not in text, key
    assert f"graines{NO_BREAK}: " not in TEXTS["fr"]["axis_epoch"]
    assert TEXTS["fr"]["interval_95"] == f"IC à 95{NO_BREAK}%"
    assert TEXTS["fr"]["semicolon"] == f"{THIN};"


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
        ("points", (0.001,), "0.1 point", "0,1 point"),
        ("points", (0.01,), "1 point", "1 point"),
        ("points", (0.015,), "1.5 points", "1,5 point"),
        ("points", (0.02,), "2 points", "2 points"),
        ("list", (["a"],), "a", "a"),
        ("list", (["a", "b", "c"],), "a, b and c", "a, b et c"),
    ],
)
def test_numbers_and_lists_in_both_languages(method, arguments, english, french):
    assert getattr(Words("en"), method)(*arguments) == english
    assert getattr(Words("fr"), method)(*arguments) == french


def test_zero_is_singular_in_french():
    assert Words("en").plural("paired_seeds", 0) == "0 paired seeds"
    assert Words("fr").plural("paired_seeds", 0) == "0 graine appariée"


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="must be one of en, fr, got 'de'"):
        Words("de")


def test_clean_text_is_one_line_that_controls_nothing():
    hostile = " a\x1b[31m\tb\r\nc\u202e d\u2028e\x00 "
    assert clean(hostile) == "a[31m b c d e"
    assert clean(f"95{NO_BREAK}%{THIN};") == f"95{NO_BREAK}%{THIN};"
