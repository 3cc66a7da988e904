"""CSV of spreadsheets, loggers and trackers: read, or refused with the reason."""

import codecs

import pytest

from didithelp import csv_files

GERMAN = "seed;test_accuracy;note\n0;0,9711;a,1\n1;1;2\n2;9,7e-1;\n"


def read(text):
    return csv_files.read(text.encode("utf-8"))


@pytest.mark.parametrize(
    "content",
    [
        GERMAN.encode("utf-8"),
        GERMAN.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + GERMAN.replace(";", "\t").encode("utf-16-le"),
        codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"),
        GERMAN.replace(";", "|").replace("\n", "\r\n").encode(),
        b"sep=;\r\n" + GERMAN.replace("\n", "\r\n").encode(),
        (GERMAN + ";;\n\n;;\n").encode(),
        GERMAN.replace("\n", "\r").encode(),
    ],
)
def test_what_excel_writes_is_read(content):
    table = csv_files.read(content)
    assert list(table) == ["seed", "test_accuracy", "note"]
    assert table["seed"].tolist() == [0, 1, 2]
    assert table["test_accuracy"].tolist() == [0.9711, 1, 0.97]
    assert table["note"].dropna().tolist() == ["a,1", "2"]


def test_between_commas_a_comma_is_a_decimal_mark_of_quoted_fractions_only():
    table = read('a,b,c\n"0,5","1,234",x\n1,"0,5","0,5"\n')
    assert table["a"].tolist() == [0.5, 1]
    assert table["b"].tolist() == ["1,234", "0,5"]
    assert table["c"].tolist() == ["x", "0,5"]
    with pytest.raises(ValueError, match="separate cells by semicolons"):
        read("seed,test_accuracy\n0,0,9711\n1,0,9722\n")


def test_rows_may_have_names_or_end_in_a_comma():
    names = read('"seed","test_accuracy"\n"1",0,0.97\n"2",1,0.98\n')
    commas = read("seed,test_accuracy\n0,0.97,\n1,0.98,\n")
    for table in (names, commas):
        assert table["seed"].tolist() == [0, 1]
        assert table["test_accuracy"].tolist() == [0.97, 0.98]


def test_names_of_columns_stand_as_in_the_header():
    table = read(",seed , seed,b;c\n0,1,2,3\n")
    assert list(table) == ["Unnamed: 0", "seed", "seed", "b;c"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\xff\x00",
        b"a,b\n1,2\n1,2,3\n",
        b"a" * 200_000,
        b'"' + b"a" * 200_000,
    ],
    ids=range(6),
)
def test_what_is_no_table_is_refused(content):
    with pytest.raises(ValueError, match="."):
        csv_files.read(content)
