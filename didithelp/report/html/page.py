"""A document as one HTML file that needs nothing else: no script, no request.

The policy in its head forbids the browser both. The templates escape every text, after
`clean` has made it one line without control characters; only the figures' SVG is put in
as it is.
"""

from __future__ import annotations

import base64
import functools
import re

import jinja2
from markupsafe import Markup, escape

from didithelp.language.words import NO_BREAK, Words, clean
from didithelp.report.document import Block, Document
from didithelp.report.palette import DARK, LIGHT, PRINT

SHOWN_WARNINGS = 6  # at once, the most important ones; the others are a click away


def render(document: Document, words: Words) -> str:
    """The text of `report.html`."""
    return _filled("report.html", document, words)


def excerpt(document: Document, words: Words) -> str:
    """The document as an element of another page, such as a notebook."""
    return _filled("excerpt.html", document, words)


def _filled(template: str, document: Document, words: Words) -> str:
    verdicts = {verdict for verdict, _ in document.verdicts}
    return (
        _templates()
        .get_template(template)
        .render(
            document=document,
            words=words,
            mark=verdicts.pop() if len(verdicts) == 1 else "mixed",
            shown_warnings=SHOWN_WARNINGS,
            light=LIGHT,
            dark=DARK,
            print=PRINT,
        )
    )


@functools.cache
def _templates() -> jinja2.Environment:
    """The templates beside this module; a name that is missing in one is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("didithelp.report.html", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "base64": _base64,
        "breakable": _breakable,
        "kind": _kind,
        "on_a_line": _on_a_line,
    }
    return environment


def _cleaned(value: object) -> object:
    """A value as a template puts it in: text is cleaned, our own markup is not."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return value


def _kind(block: Block) -> str:
    return type(block).__name__


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _breakable(text: str) -> Markup:
    """A name that may be broken after a sign that joins others."""
    parts = map(escape, clean(text).split("+"))
    return Markup("+<wbr>").join(parts)


def _on_a_line(text: str) -> str:
    """A cell whose number or range stays on one line; brackets after it may not."""
    if not re.match(r"[-+<\d]", text):
        return text
    return clean(text).replace(" ", NO_BREAK).replace(f"{NO_BREAK}(", " (")
