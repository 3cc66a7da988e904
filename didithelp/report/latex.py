r"""A document as LaTeX: `report.tex`, and `table.tex` for a text of one's own.

Every text of a user is escaped, so that no name can run a command or read a file.
Compile beside `figures/` with pdflatex.
"""

from __future__ import annotations

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
    Table,
    Text,
)
from didithelp.words import NO_BREAK, THIN, Words, clean

BABEL = {
    "en": r"\usepackage[english]{babel}",
    # Spaces before punctuation are ours: there are none in an address or a command.
    "fr": "\\usepackage[french]{babel}\n\\frenchsetup{AutoSpacePunctuation=false}",
}
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_\allowbreak{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # else the option of a \\ or an \item before it
    "]": "{]}",
    "*": "{*}",
    "?": "?{}",  # else ?` and !` become Spanish
    "!": "!{}",
    "…": r"\dots{}",
    "±": r"$\pm$",
    "\u2212": "$-$",
    "–": r"\textendash{}",
    "’": "'",
    "“": "``",
    "”": "''",
    "→": r"$\rightarrow$",
    "²": "$^2$",
    NO_BREAK: "~",
    THIN: r"\,",
}
# Letters that T1 fonts have; others are named, since pdflatex would stop at them.
_KNOWN = re.compile(r"[ -~À-ÖØ-öø-ÿŒœŸ«»°·§]")
_HEAD = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
BABEL
\usepackage[margin=2.2cm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5\baselineskip}
\sloppy
\emergencystretch=3em
"""


def escape(text: str) -> str:
    """Text that LaTeX shows as it is; a letter that it may lack becomes [U+XXXX]."""
    letters = "".join(map(_escape_letter, clean(text)))
    return re.sub("-(?=-)", "-{}", letters)  # else two of them become a dash


def _escape_letter(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    return letter if _KNOWN.fullmatch(letter) else f"{{[}}U+{ord(letter):04X}{{]}}"


def table(headline: Table) -> str:
    """`table.tex`: a tabular to \\input into a text of one's own."""
    return (
        "% Needs \\usepackage{booktabs} and \\usepackage{graphicx}.\n"
        + "\n".join(_tabular(headline))
        + "\n"
    )


def render(document: Document, words: Words) -> str:
    """The text of `report.tex`."""
    parts = [
        _HEAD.replace("BABEL", BABEL[document.language]),
        r"\begin{document}",
        rf"\section*{{{escape(document.title)}}}",
    ]
    parts += [
        rf"\textbf{{\large {escape(label)}}}\par" for _, label in document.verdicts
    ]
    parts += [rf"{escape(sentence)}\par" for sentence in document.sentences]
    if document.warnings:
        parts.append(rf"\paragraph{{{escape(words('warnings'))}}}\leavevmode")
        parts += _items(document.warnings)
    for section in document.sections:
        parts.append(rf"\section*{{{escape(section.title)}}}")
        for block in section.blocks:
            parts += _block(block)
    return "\n".join([*parts, r"\end{document}", ""])


def _block(block: Block) -> Iterable[str]:
    match block:
        case Text(text):
            yield rf"{escape(text)}\par"
        case Items(items):
            yield from _items(items)
        case Code(text):
            yield r"\begin{quote}\ttfamily\raggedright"
            yield _breakable(text)
            yield r"\end{quote}"
        case Table(prose=True):
            for name, *cells in block.rows:
                texts = r"\\ ".join(map(_breakable, cells))
                yield rf"\textbf{{{escape(name)}}}: {{\raggedright {texts}\par}}"
        case Table():
            yield r"\begin{center}"
            yield from _tabular(block)
            yield r"\end{center}"
            if block.caption:
                yield rf"{{\small {escape(block.caption)}\par}}"
        case Plots(drawings, caption):
            width = 0.62 if len(drawings) == 1 else 0.48
            yield r"\begin{center}"
            for drawing in drawings:
                yield (
                    rf"\includegraphics[width={width}\linewidth]"
                    rf"{{figures/{drawing.name}.png}}"
                )
            yield r"\end{center}"
            yield rf"{{\small {escape(caption)}\par}}"
        case Gallery():
            yield rf"\paragraph{{{escape(block.title)}}}\leavevmode\par"
            if block.sheet:
                yield r"\begin{center}"
                yield (
                    r"\includegraphics[width=\linewidth,height=0.4\textheight,"
                    rf"keepaspectratio]{{figures/{block.sheet}.png}}"
                )
                yield r"\end{center}"
            else:
                yield from _items([", ".join(card.lines) for card in block.cards])
        case Fold(summary, blocks):
            yield rf"\paragraph{{{escape(summary)}}}\leavevmode\par"
            for inner in blocks:
                yield from _block(inner)


def _tabular(table: Table) -> Iterable[str]:
    """A table that is made smaller where it is wider than the text."""
    columns = "l" + "r" * (len(table.header) - 1)
    yield r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield rf"\begin{{tabular}}{{{columns}}}"
    yield r"\toprule"
    yield _row(table.header)
    yield r"\midrule"
    yield from map(_row, table.rows)
    yield r"\bottomrule"
    yield r"\end{tabular}}"


def _row(cells: list[str]) -> str:
    return " & ".join(map(escape, cells)) + r" \\"


def _items(texts: Iterable[str]) -> list[str]:
    items = [rf"\item {escape(text)}" for text in texts]
    return [r"\begin{itemize}", *items, r"\end{itemize}"]


def _breakable(text: str) -> str:
    """A digest has no space at which a line could end."""
    pieces = re.findall("[^ ]{1,16}| +", clean(text))
    return "".join(
        piece if piece.startswith(" ") else escape(piece) + r"\allowbreak{}"
        for piece in pieces
    )
