"""A document as one HTML file that needs nothing else: no script, no request.

The policy in its head forbids the browser both; every text of a user is escaped.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable

from didithelp.report.document import (
    Block,
    Code,
    Document,
    Fold,
    Gallery,
    Items,
    Plots,
    Section,
    Table,
    Text,
)
from didithelp.report.words import Words, clean

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)

SHOWN_WARNINGS = 6  # the most important come first; the others are a click away

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1b1b; --muted: #5c5c5c; --grid: #d4d4d4;
  --shade: #f4f4f2;
  --better: #116b34; --worse: #b3261e; --equivalent: #0b5394; --inconclusive: #7a5300;
  --arm-0: #d55e00; --arm-1: #0072b2; --arm-2: #009e73; --arm-3: #cc79a7;
  --arm-4: #b97f00; --arm-5: #3f9fd0; --arm-6: #7f6a3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17181a; --ink: #e9e8e4; --muted: #a9a8a4; --grid: #46484b;
    --shade: #222427;
    --better: #6bd58f; --worse: #ff8f85; --equivalent: #83bdf5; --inconclusive: #eebd57;
    --arm-0: #ff8a3c; --arm-1: #56b1ec; --arm-2: #2ec79c; --arm-3: #e29cc3;
    --arm-4: #f0b429; --arm-5: #8fd3ff; --arm-6: #c7ae79;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --muted: #444444; --grid: #cccccc;
    --shade: #ffffff;
    --better: #0c5327; --worse: #8c1d18; --equivalent: #083e6f; --inconclusive: #5e4000;
    --arm-0: #d55e00; --arm-1: #0072b2; --arm-2: #009e73; --arm-3: #cc79a7;
    --arm-4: #b97f00; --arm-5: #3f9fd0; --arm-6: #7f6a3f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.15rem; font-weight: 600; margin: 0 0 1rem; color: var(--muted); }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 3rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; }
.answer { border-left: .4rem solid var(--mark); padding: .25rem 0 .25rem 1rem; }
.answer p { font-size: 1.12rem; }
.answer .word { font-size: 1.7rem; line-height: 1.25; margin: 0; }
.several .word { font-size: 1.25rem; }
.word strong { color: var(--mark); }
.better { --mark: var(--better); }
.worse { --mark: var(--worse); }
.equivalent { --mark: var(--equivalent); }
.inconclusive { --mark: var(--inconclusive); }
.mixed { --mark: var(--muted); }
.warnings {
  margin: 1rem 0 0; padding: .7rem 1rem; border-radius: .4rem;
  background: var(--shade); border: 1px solid var(--inconclusive); max-width: 46rem;
}
.warnings ul { margin: .25rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td {
  padding: .35rem .7rem; border-bottom: 1px solid var(--grid); text-align: right;
  white-space: nowrap; vertical-align: top; overflow-wrap: normal;
}
thead th {
  border-bottom: 2px solid var(--muted); font-weight: 600; vertical-align: bottom;
  white-space: normal; max-width: 11rem;
}
td { white-space: normal; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 500; white-space: normal; min-width: 6rem; }
td.mark { color: var(--mark); font-weight: 700; }
table.prose th, table.prose td { text-align: left; white-space: normal; }
table.prose td { overflow-wrap: anywhere; }
table.prose th { white-space: nowrap; }
.caption { color: var(--muted); font-size: .92rem; }
figure { margin: 1.25rem 0; }
.single { display: flex; flex-wrap: wrap; gap: 0 2rem; align-items: center; }
.single .plots { flex: 1 1 20rem; max-width: 26.5rem; }
.single figcaption { flex: 1 1 16rem; }
.plots { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: .5rem 0; }
.plots svg { display: block; height: auto; min-width: 0; }
.gallery {
  display: grid; gap: .9rem; margin: .5rem 0;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr));
}
.card { font-size: .85rem; line-height: 1.4; break-inside: avoid; }
.card img {
  width: 5.5rem; height: 5.5rem; object-fit: contain; image-rendering: pixelated;
  display: block; margin-bottom: .3rem; border: 1px solid var(--grid);
}
.card div:first-of-type { font-weight: 600; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--muted); }
pre {
  background: var(--shade); border: 1px solid var(--grid); border-radius: .4rem;
  padding: .7rem 1rem; white-space: pre-wrap; font-size: .88rem;
}
@media (max-width: 30rem) {
  body { padding-top: 1rem; }
  .answer .word { font-size: 1.4rem; }
  .answer p { font-size: 1.05rem; }
  th, td { padding: .3rem .45rem; font-size: .92rem; }
  table.prose th { white-space: normal; }
}
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; }
  h2 { margin-top: 1.75rem; }
  .single, .plots, .warnings, .answer, tr { break-inside: avoid; }
  figure:not(.single) .plots svg { max-width: 47% !important; }
  .single .plots { flex-basis: 50%; }
  .single figcaption { flex-basis: 30%; }
  .scroll { overflow: visible; }
  th, td { white-space: normal; padding: .2rem .4rem; font-size: 8.5pt; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""


def render(document: Document, words: Words) -> str:
    """The text of `report.html`."""
    title = _text(document.title)
    parts = [
        "<!doctype html>",
        f'<html lang="{document.language}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        # Without an icon of its own a page makes browsers ask for one.
        '<link rel="icon" href="data:,">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{title}</h1>",
        *_answer(document, words),
        *(line for section in document.sections for line in _section(section)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _answer(document: Document, words: Words) -> Iterable[str]:
    """The verdict first, and right below it what changes its meaning."""
    kinds = {verdict for verdict, _ in document.verdicts}
    mark = kinds.pop() if len(kinds) == 1 else "mixed"
    several = " several" if len(document.verdicts) > 1 else ""
    yield f'<div class="answer {mark}{several}">'
    for verdict, label in document.verdicts:
        yield f'<p class="word {verdict}"><strong>{_text(label)}</strong></p>'
    for sentence in document.sentences:
        yield f"<p>{_text(sentence)}</p>"
    yield "</div>"
    if document.warnings:
        yield f'<div class="warnings"><strong>{words("warnings")}</strong>'
        yield _list(document.warnings[:SHOWN_WARNINGS])
        if others := document.warnings[SHOWN_WARNINGS:]:
            yield f"<details><summary>{words('more_warnings')}</summary>"
            yield f"{_list(others)}</details>"
        yield "</div>"


def _section(section: Section) -> Iterable[str]:
    yield "<section>"
    yield f"<h2>{_text(section.title)}</h2>"
    for block in section.blocks:
        yield from _block(block)
    yield "</section>"


def _block(block: Block) -> Iterable[str]:
    match block:
        case Text(text):
            yield f"<p>{_text(text)}</p>"
        case Items(items):
            yield _list(items)
        case Code(text):
            yield f"<pre><code>{_text(text)}</code></pre>"
        case Table():
            yield from _table(block)
        case Plots(drawings, caption):
            kind = ' class="single"' if len(drawings) == 1 else ""
            yield f"<figure{kind}>"
            yield '<div class="plots">'
            yield from (drawing.svg for drawing in drawings)
            yield "</div>"
            yield f'<figcaption><p class="caption">{_text(caption)}</p></figcaption>'
            yield "</figure>"
        case Gallery():
            yield from _gallery(block)
        case Fold(summary, blocks):
            yield f"<details><summary>{_text(summary)}</summary>"
            for inner in blocks:
                yield from _block(inner)
            yield "</details>"


def _table(table: Table) -> Iterable[str]:
    kind = ' class="prose"' if table.prose else ""
    yield f'<div class="scroll" tabindex="0"><table{kind}>'
    if any(table.header):
        head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.header)
        yield f"<thead><tr>{head}</tr></thead>"
    yield "<tbody>"
    marks = table.marks or [""] * len(table.rows)
    for row, mark in zip(table.rows, marks, strict=True):
        first = f'<th scope="row"><bdi>{_text(row[0])}</bdi></th>'
        shown = _text if table.prose else _cell
        others = [f"<td>{shown(cell)}</td>" for cell in row[1:]]
        if mark:
            others[-1] = f'<td class="mark {mark}">{_text(row[-1])}</td>'
        yield f"<tr>{first}{''.join(others)}</tr>"
    yield "</tbody></table></div>"
    if table.caption:
        yield f'<p class="caption">{_text(table.caption)}</p>'


def _cell(text: str) -> str:
    """A number, or a range of two, stays on one line; what is in brackets may not."""
    shown = _text(text)
    if not re.match(r"[-+<\d]", text):
        return shown
    return shown.replace(" ", "&nbsp;").replace("&nbsp;(", " (")


def _gallery(gallery: Gallery) -> Iterable[str]:
    yield f"<h3>{_text(gallery.title)}</h3>"
    yield '<div class="gallery">'
    for card in gallery.cards:
        yield '<div class="card">'
        if card.picture:
            data = base64.b64encode(card.picture).decode("ascii")
            alternative = _text(card.alternative)
            yield f'<img alt="{alternative}" src="data:image/png;base64,{data}">'
        yield from (f"<div>{_text(line)}</div>" for line in card.lines)
        yield "</div>"
    yield "</div>"


def _list(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _text(text: str) -> str:
    return html.escape(clean(text))
