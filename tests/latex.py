"""Compiles LaTeX where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

NEEDED = {"en": "article.cls", "fr": "french.ldf"}  # a file of TeX, by language


def compile_report(folder: Path, language: str) -> None:
    """Make `report.pdf` of `report.tex`, or skip the test where TeX cannot.

    Raises:
        AssertionError: the text does not compile.
    """
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    find = ["kpsewhich", NEEDED[language]]
    if subprocess.run(find, stdout=subprocess.DEVNULL).returncode:
        pytest.skip(f"TeX lacks {NEEDED[language]}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
