r"""A document as LaTeX: `report.tex`, and `table.tex` for a text of one's own.

Every text of a user is escaped, so that no name can run a command or read a file.
Compile beside `figures/` with pdflatex.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from didithelp.language.words import NO_BREAK, THIN, Words, clean
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

BABEL = {
    "en": r"\usepackage[english]{babel}",
    # Our texts hold the spaces before punctuation; addresses and commands have none.
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
    "[": "{[}",  # alone it would be the option of a \\ or an \item before it
    "]": "{]}",
    "*": "{*}",
    "?": "?{}",  # alone, ?` and !` would become Spanish marks
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
# Letters that T1 fonts have; pdflatex would stop at others, so their number is shown.
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
    return re.sub("-(?=-)", "-{}", letters)  # two of them would become a dash


def _escape_letter(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    return letter if _KNOWN.fullmatch(letter) else f"{{[}}U+{ord(letter):04X}{{]}}"


def table(headline: Table) -> str:
    r"""`table.tex`: a tabular to \input into a text of one's own."""
    needs = r"% Needs \usepackage{booktabs} and \usepackage{graphicx}."
    return "\n".join([needs, *_tabular(headline), ""])


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


def _block(block: Block) -> list[str]:
    """The lines of one block."""
    match block:
        case Text(text):
            return [rf"{escape(text)}\par"]
        case Items(items):
            return _items(items)
        case Code(text):
            return _between("quote", [_breakable(text)], r"\ttfamily\raggedright")
        case Table(prose=True):
            return [_prose(*row) for row in block.rows]
        case Table():
            return _between("center", _tabular(block)) + _caption(block.caption)
        case Plots():
            return _plots(block)
        case Gallery():
            return _gallery(block)
        case Fold(summary, blocks):
            lines = [line for inner in blocks for line in _block(inner)]
            return [_paragraph(summary), *lines]


def _between(environment: str, lines: Iterable[str], style: str = "") -> list[str]:
    """Lines inside of an environment, such as "center"."""
    return [rf"\begin{{{environment}}}{style}", *lines, rf"\end{{{environment}}}"]


def _caption(text: str) -> list[str]:
    return [rf"{{\small {escape(text)}\par}}"] if text else []


def _paragraph(title: str) -> str:
    return rf"\paragraph{{{escape(title)}}}\leavevmode\par"


def _prose(name: str, *cells: str) -> str:
    """A row of a table whose cells are texts, as a paragraph that can be broken."""
    texts = r"\\ ".join(map(_breakable, cells))
    return rf"\textbf{{{escape(name)}}}: {{\raggedright {texts}\par}}"


def _plots(plots: Plots) -> list[str]:
    """The figures side by side, and their caption."""
    width = 0.62 if len(plots.drawings) == 1 else 0.48
    pictures = [
        rf"\includegraphics[width={width}\linewidth]{{figures/{drawing.name}.png}}"
        for drawing in plots.drawings
    ]
    return _between("center", pictures) + _caption(plots.caption)


def _gallery(gallery: Gallery) -> list[str]:
    """The sheet of pictures; without pictures, the texts about them."""
    if gallery.sheet:
        size = r"width=\linewidth,height=0.4\textheight,keepaspectratio"
        picture = rf"\includegraphics[{size}]{{figures/{gallery.sheet}.png}}"
        shown = _between("center", [picture])
    else:
        shown = _items(", ".join(card.lines) for card in gallery.cards)
    return [_paragraph(gallery.title), *shown]


def _tabular(table: Table) -> list[str]:
    """The lines of a table; LaTeX makes it smaller where it is wider than the text."""
    columns = "l" + "r" * (len(table.header) - 1)
    return [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row(table.header),
        r"\midrule",
        *map(_row, table.rows),
        r"\bottomrule",
        r"\end{tabular}}",
    ]


def _row(cells: list[str]) -> str:
    return " & ".join(map(escape, cells)) + r" \\"


def _items(texts: Iterable[str]) -> list[str]:
    return _between("itemize", [rf"\item {escape(text)}" for text in texts])


def _breakable(text: str) -> str:
    """A text with places for line breaks in long words: a digest has no space."""
    pieces = re.findall("[^ ]{1,16}| +", clean(text))
    return "".join(
        piece if piece.startswith(" ") else escape(piece) + r"\allowbreak{}"
        for piece in pieces
    )
