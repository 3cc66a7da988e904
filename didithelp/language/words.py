"""Texts for readers, in English or in French, and how numbers are written.

`Words("fr")("key", name=...)` is a text of `texts/fr.toml`. Both languages have the
same keys and the same placeholders. `comparison.json` and `table.csv` are for programs
and in English whatever the language.
"""

from __future__ import annotations

import functools
import math
import re
import string
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, TypeGuard, get_args

from didithelp.characters import is_harmless

Language = Literal["en", "fr"]
LANGUAGES: tuple[str, ...] = get_args(Language)
EMPTY = "-"
THIN, NO_BREAK = "\u202f", "\u00a0"  # narrow and ordinary space that never break
_BREAKS = re.compile(r"[ \t-\r\x1c-\x1f\x85\u1680\u2000-\u200a\u2028\u2029\u3000]+")
_MOST_DECIMALS = 8  # more are not counted but written as an exponent
_LARGEST = 1e15  # in size, of what has none: a float holds no more digits
_UNPREFIXED = ("source", "numbers", "typography", "texts")
_SINGULAR = {
    "up_to_one": lambda quantity: 0 < quantity <= 1,
    "below_two": lambda quantity: 0 <= quantity < 2,
}


def clean(text: str) -> str:
    """Text of users on one line: no line breaks, terminal codes or changed direction.

    Unbreakable spaces and what joins emoji are kept.
    """
    return "".join(filter(is_harmless, _BREAKS.sub(" ", text).strip()))


@dataclass(frozen=True)
class NumberFormat:
    """How a language writes numbers: the table `[numbers]` of its file.

    Attributes:
        decimal_mark: between whole number and decimals.
        thousands_separator: between groups of three digits.
        percent: a percentage around its `{number}`.
        p_has_leading_zero: whether "0.012" is written, not ".012".
        p_least: what is written for a p-value below 0.001.
        p_equal, p_below: a clause around its `{p}`: "p = .012" and "p < .001".
        singular: the key in `_SINGULAR` of the rule for the form `one` of a plural.
    """

    decimal_mark: str
    thousands_separator: str
    percent: str
    p_has_leading_zero: bool
    p_least: str
    p_equal: str
    p_below: str
    singular: Literal["up_to_one", "below_two"]


@functools.cache
def catalog(language: str) -> dict[str, str]:
    """Every text of a language by its key.

    The key of a text in the table `[texts]` is its name, in another table `table.name`:
    a code, such as a reason, cannot be taken for a text of the same name.
    """
    tables = _file(language)
    texts = dict(tables["texts"])
    for table, entries in tables.items():
        if table == "plurals":
            for key, forms in entries.items():
                texts |= {f"{table}.{key}.{form}": text for form, text in forms.items()}
        elif table not in _UNPREFIXED:
            texts |= {f"{table}.{key}": text for key, text in entries.items()}
    return {key: _typeset(text, tables["typography"]) for key, text in texts.items()}


@functools.cache
def _number_format(language: str) -> NumberFormat:
    tables = _file(language)
    numbers = dict(tables["numbers"])
    numbers["percent"] = _typeset(numbers["percent"], tables["typography"])
    return NumberFormat(**numbers)


@functools.cache
def _file(language: str) -> dict[str, dict[str, Any]]:
    """The tables of a language's TOML file; `Any`: a text, a flag or plural forms."""
    file = resources.files("didithelp.language") / "texts" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _typeset(text: str, marks: dict[str, str]) -> str:
    """The text with unbreakable spaces beside the marks that ask for them."""
    for mark in marks["wide_space_before"]:
        text = text.replace(f" {mark}", NO_BREAK + mark)
    for mark in marks["wide_space_after"]:
        text = text.replace(f"{mark} ", mark + NO_BREAK)
    for mark in marks["narrow_space_before"]:
        text = text.replace(f" {mark}", THIN + mark)
    return text


def code_of(table: str, text: str) -> str:
    """The code whose English text is `text`, as it stands in `comparison.json`.

    Args:
        table: a table of codes in `texts/en.toml`, such as "scopes".
        text: the English text of one of its codes.

    Raises:
        ValueError: No code of the table has this text.
    """
    for code, english in _file("en")[table].items():
        if english == text:
            return code
    raise ValueError(f"text must be one of the {table} of en.toml, got {text!r}")


def in_full(sentence: str, warnings: Sequence[str], words: Words) -> str:
    """An answer with what must be known before it is believed, a line for each."""
    label = words("label", name=words("warning"))
    return "\n".join([sentence, *(f"{label} {warning}" for warning in warnings)])


class Words:
    """The texts and the numbers of one language.

    Numbers that are missing (None or NaN) are shown as EMPTY.

    Args:
        language: "en" or "fr".

    Raises:
        ValueError: another language.
    """

    def __init__(self, language: str) -> None:
        if not isinstance(language, str) or language not in LANGUAGES:
            raise ValueError(
                f"language must be one of {', '.join(LANGUAGES)}, got {language!r}"
            )
        self.language = language
        self._texts = catalog(language)
        self._numbers = _number_format(language)

    def __call__(self, key: str, **values: Any) -> str:
        """A text of the catalog, with its placeholders filled.

        `{name:,}` is a whole number in groups of three digits; a list is joined by
        commas.

        Raises:
            KeyError: no such text, or a placeholder without its value.
        """
        return _Formatter(self).vformat(self._texts[key], (), values)

    def get(self, key: str) -> str | None:
        """A text without placeholders; None if there is none of this key."""
        return self._texts.get(key)

    def plural(self, key: str, quantity: float, **values: Any) -> str:
        """The form of `plurals.key` for a quantity >= 0, which it may show as `count`.

        The language decides which quantities are singular: in French 0 and 1.5 are.
        """
        is_one = _SINGULAR[self._numbers.singular](quantity)
        form = f"plurals.{key}.{'one' if is_one else 'other'}"
        return self(form, count=quantity, **values)

    def list(self, parts: Sequence[str]) -> str:
        """'a, b and c'."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self('and')} {parts[-1]}"

    def clauses(self, parts: Sequence[str]) -> str:
        """'a; b; c'."""
        if not parts:
            return ""
        return functools.reduce(
            lambda first, second: self("clauses", first=first, second=second), parts
        )

    def number(self, value: float | None, decimals: int, sign: str = "") -> str:
        """A number with so many decimals and digits in groups; never "-0.00".

        One with more decimals than a reader counts has an exponent, as "3.10e-9", and
        so has a number above 1e15, as "2.23e17".

        Args:
            value: the number.
            decimals: if below 0, which digit before the decimals is the last that is
                shown of a number above 1e15; such a number has three digits otherwise.
            sign: "+" where a positive number shows its sign.
        """
        if not _is_known(value):
            return EMPTY
        is_large = _LARGEST <= abs(value) < math.inf
        if is_large or (decimals > _MOST_DECIMALS and value):
            digits = max(0, decimals + math.floor(math.log10(abs(value))))
            if is_large and decimals >= 0:
                digits = 2
            return self._decimal(f"{value:{sign}.{digits}e}")
        decimals = max(0, decimals)
        return self._decimal(f"{round(value, decimals) + 0.0:{sign},.{decimals}f}")

    def significant(self, value: float | None, sign: str = "") -> str:
        """A number with two significant digits, or all those before its decimals."""
        if not _is_known(value):
            return EMPTY
        if value == 0:
            return "0"
        rounded = float(f"{value:.1e}")  # 0.0996 is 0.10 and not 0.100
        decimals = 1 - math.floor(math.log10(abs(rounded)))
        return self.number(value, decimals, sign)

    def plain(self, value: float, digits: int = 6) -> str:
        """A number as short as it can be written, such as a parameter.

        Args:
            value: the number.
            digits: significant ones, at most.
        """
        return self._decimal(f"{value + 0.0:,.{digits}g}")

    def tick(self, value: float) -> str:
        """A number on an axis: as short as it can be, with a true minus sign."""
        return self.plain(value, 10).replace("-", "\u2212")

    def percent(self, fraction: float | None, decimals: int = 2) -> str:
        """0.0212 → "2.12%"."""
        if not _is_known(fraction):
            return EMPTY
        number = self.number(100 * fraction, decimals)
        return self._numbers.percent.format(number=number)

    def count(self, value: float | None) -> str:
        """A whole number, in groups of three digits."""
        if not _is_known(value):
            return EMPTY
        return f"{round(value):,}".replace(",", self._numbers.thousands_separator)

    def level(self, level: float) -> str:
        """0.95 → "95% CI"."""
        return self("interval_at", level=self.plain(100 * level))

    def p(self, p: float | None, alpha: float | None = None) -> str:
        """A p-value as journals print it: three decimals, or "< .001".

        Args:
            p: in [0, 1]; None or NaN if there is none.
            alpha: what p is held against. Decimals are added until rounding leaves p on
                its side of alpha.
        """
        if not _is_known(p):
            return EMPTY
        decimals = 3
        while alpha is not None and decimals < 10:
            if (round(p, decimals) <= alpha) == (p <= alpha):
                break
            decimals += 1
        if p < 0.001 and decimals == 3:
            return self._numbers.p_least
        text = self.number(p, decimals)
        if self._numbers.p_has_leading_zero:
            return text
        return text.replace("0.", ".", 1)

    def p_clause(self, p: float | None, alpha: float | None = None) -> str:
        """'p = .012' or 'p < .001'."""
        text, numbers = self.p(p, alpha), self._numbers
        clause = numbers.p_below if text == numbers.p_least else numbers.p_equal
        return clause.format(p=text)

    def _decimal(self, text: str) -> str:
        """A number of Python, with commas between groups of three digits.

        An exponent has no sign but a minus, and no zero before it: "1e6", "1e-9".
        """
        text = re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), text)
        whole, point, decimals = text.partition(".")
        groups = whole.replace(",", self._numbers.thousands_separator)
        return groups + point.replace(".", self._numbers.decimal_mark) + decimals


class _Formatter(string.Formatter):
    """`str.format` with the whole numbers and lists of a language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, list):  # of names or seeds, which are no quantities
            return ", ".join(map(str, value))
        if format_spec == ",":
            return self._words.count(value)
        return format(value, format_spec)


def _is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)
