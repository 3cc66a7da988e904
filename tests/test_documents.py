"""The README and the pages of docs/ say what is true of the project."""

import re
from pathlib import Path

import pytest

from didithelp.parameters import describe
from lab import mlproject
from lab.training.recipe import Recipe
from pipelines import ablation, main
from steps import compare, factorial, judge, train, train_arms, verify

ROOT = mlproject.PROJECT_DIRECTORY
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("benchmarks/*.md")]
)
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    lines = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page):
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    links += re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


def test_every_page_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in readme, page.name


def rows_of_parameters() -> list[list[str]]:
    """The cells of every row in the tables of parameters, without bold type."""
    text = (ROOT / "docs" / "parameters.md").read_text("utf-8")
    return [
        [cell.strip(" *") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]


def test_the_tables_of_parameters_are_those_of_mlproject():
    rows = rows_of_parameters()
    entry_points = mlproject.project()["entry_points"]
    declared = set()
    for entry_point, content in entry_points.items():
        declared |= content["parameters"].keys()
        for name, default in mlproject.defaults(entry_point).items():
            own = [row for row in rows if f"`{name}`" in row[:2]]
            assert any(default in row for row in own), (entry_point, name, default)
    named = {cell.strip("`") for row in rows for cell in row[:2] if "`" in cell}
    assert named - entry_points.keys() == declared


@pytest.mark.parametrize(
    "parameters",
    [
        Recipe,
        main.Params,
        ablation.Params,
        train.Params,
        train_arms.Params,
        compare.Params,
        factorial.Params,
        judge.Params,
        verify.Params,
    ],
    ids=lambda parameters: parameters.__module__,
)
def test_the_tables_of_parameters_say_what_is_accepted(parameters):
    rows = rows_of_parameters()
    for name, accepted in describe(parameters):
        own = [row for row in rows if f"`{name}`" in row[:2]]
        assert any(accepted in row for row in own), (name, accepted)


def test_the_plan_of_the_house_has_every_room():
    plan = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    folders = [ROOT, ROOT / "lab", ROOT / "didithelp"]
    rooms = [path.parent for folder in folders for path in folder.glob("*/__init__.py")]
    modules = list((ROOT / "lab").glob("[a-z]*.py"))
    assert rooms and modules
    for path in rooms:
        name = path.relative_to(ROOT)
        assert f"`{name}/`" in plan or name == Path("lab"), name
    for path in modules:
        assert f"`{path.relative_to(ROOT)}`" in plan, path


def test_files_named_in_the_pages_exist():
    rooms = "benchmarks|didithelp|docs|lab|pipelines|steps|tests"
    for path in re.findall(rf"`((?:{rooms})/[\w/]*(?:\.\w+)?)`", TEXT):
        assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists(), path


def test_the_commands_of_the_pages_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make ([a-z-]+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    entry_points = set(re.findall(r"mlflow run .* -e (\w+)", TEXT))
    assert entry_points
    for entry_point in entry_points:
        assert mlproject.defaults(entry_point) is not None
