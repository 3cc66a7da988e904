"""LaTeX that compiles, whatever the names are."""

import re

import numpy as np
import pytest

from didithelp.report import latex, report
from didithelp.report.document import Table
from tests.didithelp.builders import HOSTILE, baseline, improved, judge
from tests.latex import compile_report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("improved", "improved"),
        ("50% & #1_a", r"50\% \& \#1\_\allowbreak{}a"),
        (r"$\input{/etc/passwd}$", r"\$\textbackslash{}input\{/etc/passwd\}\$"),
        ("a~^b", r"a\textasciitilde{}\textasciicircum{}b"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("--env ---", "-{}-env -{}-{}-"),
        ("écart à 95\u00a0%\u202f;", r"écart à 95~\%\,;"),
        ("日", "{[}U+65E5{]}"),
        ("[1em]*", "{[}1em{]}{*}"),
        ("1 ± 2", r"1 $\pm$ 2"),
        ("a\n\\end{document}", r"a \textbackslash{}end\{document\}"),
    ],
)
def test_nothing_of_a_text_is_a_command(text, expected):
    assert latex.escape(text) == expected


def test_a_command_keeps_its_spaces_and_a_digest_can_be_broken():
    found = latex._breakable(f"mlflow run {'ab' * 20}")
    assert found.replace(r"\allowbreak{}", "") == f"mlflow run {'ab' * 20}"
    assert found.count(r"\allowbreak{}") == 5


def test_the_table_is_a_booktabs_tabular():
    text = latex.table(Table(["arm", "p"], [["a_b", ".05"], ["c&d", "-"]]))
    assert r"\begin{tabular}{lr}" in text
    assert re.findall(r"\\(?:top|mid|bottom)rule", text) == [
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
    ]
    assert r"a\_\allowbreak{}b & .05 \\" in text
    assert r"c\&d & - \\" in text


def test_every_figure_that_is_included_is_there(tmp_path):
    arms = baseline(), improved()
    images = np.zeros((600, 8, 8), np.uint8)
    written = report.Report(judge(*arms), arms, language="en", images=images)
    written.write(tmp_path)
    text = (tmp_path / "report.tex").read_text(encoding="utf-8")
    included = re.findall(r"\{(figures/[\w.]+)\}", text)
    there = {f"figures/{path.name}" for path in (tmp_path / "figures").iterdir()}
    assert set(included) == there
    assert "figures/gained_1.png" in there


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "improved"), ("fr", "improved"), *(("en", name) for name in HOSTILE)],
)
def test_the_report_compiles(tmp_path, language, name):
    arms = baseline(), improved(name=name, recipe={name: name, "epochs": 3})
    report.Report(judge(*arms), arms, language=language).write(tmp_path)
    compile_report(tmp_path, language)
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
