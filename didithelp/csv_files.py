"""CSV as spreadsheets, loggers and experiment trackers write it.

Read is what cannot be mistaken: the encodings of Excel, and columns that are separated
by commas, semicolons, tabs or bars. A comma may be the decimal mark as well, where no
comma separates or quotes surround a fraction.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable
from io import StringIO
from itertools import chain, islice

import pandas as pd

SEPARATORS = ",;\t|"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED = re.compile(r'"?sep=([,;\t|])"?\s*?(\r\n|\n|\r)')  # Excel's own first line
_DECIMAL_COMMA = r"[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?"
_FRACTION = r"0,\d+|[01]"  # in quotes between commas, where 1,234 is a thousand


def read(content: bytes, *, as_text: bool = False) -> pd.DataFrame:
    """The table in a CSV file, without its empty rows.

    Row names, which have no name in the header, are left out. A name that stands twice
    in the header is twice among the columns.

    Args:
        content: of the file.
        as_text: leave every cell as it is written, also 01 and None, which are names
            in some tables; empty ones are missing either way.

    Raises:
        ValueError: it is no such table.
    """
    text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    declared = _DECLARED.match(text)
    if declared:
        text = text[declared.end() :]
    separator = declared[1] if declared else max(SEPARATORS, key=_num_columns(text))
    header, first = _first_rows(text, separator)
    surplus = first[len(header) :]
    if any(surplus) and separator == "," and not re.search(r"\d\.\d", text):
        raise ValueError(
            "rows of more cells than the header has, and no decimal point (separate "
            "cells by semicolons where numbers have decimal commas)"
        )
    table = pd.read_csv(
        StringIO(text),
        sep=separator,
        skipinitialspace=True,
        low_memory=False,  # else the type of a cell depends on how many there are
        index_col=False if surplus and not any(surplus) else None,
        dtype=str if as_text else None,
        keep_default_na=not as_text,
        na_values=[""],
    )
    if len(header) == len(table.columns):
        named = zip(header, table.columns, strict=True)
        table.columns = pd.Index([name or number for name, number in named])
    if not as_text:
        numbers = _FRACTION if separator == "," else _DECIMAL_COMMA
        table = table.apply(_with_decimal_points, numbers=numbers)
    return table.dropna(how="all").reset_index(drop=True)


def _num_columns(text: str) -> Callable[[str], int]:
    return lambda separator: len(_first_rows(text, separator)[0])


def _first_rows(text: str, separator: str) -> tuple[list[str], list[str]]:
    """The cells of the header and of the row below it, without outer blanks."""
    lines = StringIO(text, newline=None)  # ends lines as pandas does, also at "\r"
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        header, first = islice(chain(filter(None, rows), [[], []]), 2)
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return [cell.strip() for cell in header], [cell.strip() for cell in first]


def _with_decimal_points(column: pd.Series, numbers: str) -> pd.Series:
    """The numbers of a column of texts, if all of them fit the pattern `numbers`."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    cells = column.dropna().astype(str).str.strip()
    if not cells.str.fullmatch(numbers).all():
        return column
    return pd.to_numeric(cells.str.replace(",", ".")).reindex(column.index)
