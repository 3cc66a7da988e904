"""The report of an ablation: every place says the same numbers, and nothing is lost."""

import csv
import dataclasses
import io
import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from didithelp.factors import Factorial
from didithelp.language.quantity import name_of
from didithelp.language.words import Words
from didithelp.provenance import Provenance
from didithelp.report import ablation_sections, ablation_tables
from didithelp.report.ablation_report import AblationReport
from didithelp.report.palette import LIGHT
from tests.didithelp.builders import HOSTILE, accuracies_only, undescribed
from tests.didithelp.report.test_page import Reader
from tests.didithelp.test_ablating import (
    NAMES,
    ablate,
    control_arm,
    experiment,
    interacting,
    planted,
)
from tests.latex import compile_report

PROVENANCE = Provenance(commit="c0ffee", dirty=True, command="mlflow run . -e ablate")
HALF = Factorial(5, 1)
LINKS = {"comparison": "../comparison/report.html"}
PLAIN = ["ablation.json", "arms.csv", "interactions.csv", "report.html", "report.tex"]
TABLES = ["table.csv", "table.md", "table.tex"]


def made(design, worth=planted, language="en", control=None, **changes):
    """The report of an experiment, and what it tells."""
    arms, levels = experiment(design, worth, **changes)
    found = ablate(arms, levels, control=control)
    arms = [*arms, *([control] if control else [])]
    parts = {"provenance": PROVENANCE, "links": LINKS}
    return AblationReport(found, arms, language=language, **parts), found


@pytest.fixture(scope="module")
def four():
    """Four factors, of which two interact, and a control."""
    return made(Factorial(4), interacting, control=control_arm())


@pytest.fixture(scope="module")
def folder(four, tmp_path_factory):
    place = tmp_path_factory.mktemp("ablation")
    four[0].write(place)
    return place


def page(folder):
    return Reader((folder / "report.html").read_text(encoding="utf-8"))


def shown(report, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(report.summary())
    return file.getvalue()


def rows(folder, name):
    return list(csv.DictReader(io.StringIO((folder / name).read_text("utf-8"))))


# --- files ----------------------------------------------------------------------------


def test_the_folder_holds_these_files_and_nothing_else(folder):
    names = sorted(path.name for path in folder.rglob("*") if path.is_file())
    panels = [f"interaction_{place}.png" for place in range(1, 7)]
    assert names == sorted([*PLAIN, *TABLES, *panels, "waterfall.png"])


def test_equal_inputs_give_equal_bytes(folder, four, tmp_path):
    four[0].write(tmp_path)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        other = tmp_path / path.relative_to(folder)
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_json_is_the_answer(folder, four):
    assert (folder / "ablation.json").read_text("utf-8") == four[1].to_json()


def test_csv_holds_raw_numbers_in_full_precision(folder, four):
    _, found = four
    effects = found.primary
    *factors, together = rows(folder, "table.csv")[:5]
    for row, each in zip(factors, effects.factors, strict=True):
        assert row["factor"] == each.factor
        assert float(row["delta"]) == each.main.delta
        assert float(row["shapley_ci95_low"]) == each.shapley.ci95[0]
        assert float(row["at_full_delta"]) == each.at_full.delta
        assert row["verdict"] == each.main.verdict
    total = sum(float(row["shapley_delta"]) for row in factors)
    assert total == pytest.approx(float(together["delta"]), abs=1e-12)
    assert together["shapley_delta"] == ""
    pairs = rows(folder, "interactions.csv")
    assert [pair["is_shown"] for pair in pairs[:6]].count("True") == 1
    assert float(pairs[0]["delta"]) == effects.interactions[0].estimate.delta


def test_csv_of_the_arms_has_their_factors_and_their_cost(folder, four):
    arms = rows(folder, "arms.csv")
    assert len(arms) == 17
    assert [arms[-1]["arm"], arms[-1]["with l2"]] == ["control", "False"]
    full = arms[-2]
    assert [full[f"with {name}"] for name in NAMES[:4]] == ["True"] * 4
    assert float(full["train_seconds"]) > 0
    accuracy = four[1].arms[-1].metrics.test_accuracy.mean
    assert float(full["test_accuracy"]) == accuracy


# --- what is told ---------------------------------------------------------------------


def test_the_page_has_every_section_in_order_and_asks_for_nothing(folder):
    reader = page(folder)
    names = ("effects", "interactions", "others", "checks", "levels", "arms")
    titles = [Words("en")(f"ablation_report.section_{name}") for name in names]
    titles += [Words("en")(f"section_{name}") for name in ("provenance", "limits")]
    places = [reader.text.index(title) for title in titles]
    assert places == sorted(places)
    assert reader.open == []
    links = [found["href"] for tag, found in reader.elements if tag == "a"]
    assert links == [LINKS["comparison"]]
    assert {tag for tag, _ in reader.elements}.isdisjoint({"script", "img", "iframe"})


def test_accuracy_comes_before_cross_entropy_and_calibration(folder):
    text = page(folder).text
    others = ("test_cross_entropy", "expected_calibration_error", "brier_score")
    names = [f"{name_of(metric, Words('en'))}: factor" for metric in others]
    places = [text.index(part) for part in ("main effect, points", *names)]
    assert places == sorted(places)


def test_budget_and_control_are_told_wherever_the_answer_is(folder, four):
    report, _ = four
    places = {
        "page": page(folder).text,
        "terminal": " ".join(shown(report).split()),
        "note": report.note(),
        "table.md": (folder / "table.md").read_text("utf-8"),
    }
    for place, text in places.items():
        assert "At equal budget: budget alone" in text, place
        assert "Control, none against itself on other seeds" in text, place


def test_warnings_are_told_wherever_the_answer_is(tmp_path):
    report, found = made(Factorial(2), num_runs=1)
    report.write(tmp_path)
    assert found.warnings
    texts = [page(tmp_path).text, report.note(), " ".join(shown(report).split())]
    texts.append((tmp_path / "report.tex").read_text("utf-8"))
    for text in texts:
        assert "1 finished seed" in text


def test_the_headline_names_what_was_shown_and_nothing_else(four):
    report, _ = four
    both = r"bn helped \(\+2\.\d\d points\), l2 hurt \(-2\.\d\d points\)"
    assert re.fullmatch(both, report.headline)
    nothing, _ = made(Factorial(1), lambda cell: 0.0)
    assert nothing.headline == "no factor is shown to help or to hurt"


def test_code_data_and_the_command_are_told(folder):
    text = page(folder).text
    assert "c0ffee (with changes that are not committed)" in text
    assert "mlflow run . -e ablate" in text
    assert "digest of x_test" in text
    assert "factors: 4, arms: 16" in text


def test_what_each_factor_changes_is_told_in_the_order_of_its_name(four):
    _, found = four
    table = ablation_tables.levels(found, Words("en"))
    assert table.rows[0] == ["l2", "l2_lambda", "0.0", "0.001"]
    assert ["budget", "early_stopping_patience", "never", "5"] in table.rows
    joined = dataclasses.replace(
        found.factors[3], name="epochs+early_stopping_patience"
    )
    names = [name for name, _ in ablation_tables.parameters(joined)]
    assert names == ["epochs", "early_stopping_patience"]


def test_arms_of_which_little_is_known_leave_no_gap_in_the_text(tmp_path):
    arms, levels = experiment(Factorial(2), planted)
    bare = [accuracies_only(undescribed(arm)) for arm in arms]
    for arm in bare:
        arm.metrics["train_seconds"] = float("nan")
    report = AblationReport(ablate(bare, levels), bare, language="en")
    report.write(tmp_path)
    text = page(tmp_path).text
    assert "The recipe of" in text
    for name in ("report.html", "report.tex", "table.md"):
        assert not re.search(r"\bnan\b|None", (tmp_path / name).read_text("utf-8"))


def test_any_metric_is_told_with_its_own_name_and_unit(tmp_path):
    arms, levels = experiment(Factorial(2), planted)
    for arm in arms:
        arm.metrics["val_loss"] = 2 - arm.metrics["test_accuracy"]
    report = AblationReport(
        ablate(arms, levels, metric="val_loss", margin="none"), arms, language="en"
    )
    report.write(tmp_path)
    text = page(tmp_path).text
    assert "val_loss, nats (lower is better)" in text
    assert "main effect, nats" in text
    assert "no margin" in text
    counted = "counts the seeds of each arm, which are independent. Holm's"
    assert counted in text  # and no examples, of which nothing is known
    assert re.search(r"bn helped \(-0\.\d+ nats\)", report.headline)


def test_arms_that_are_not_at_hand_have_no_times(four):
    _, found = four
    table = ablation_tables.cells(found, {}, Words("en"))
    assert table.header[-1] == "kept epoch"


def test_a_stranger_among_the_arms_is_refused(four):
    _, found = four
    arms, _ = experiment(Factorial(1), planted, name="stranger")
    with pytest.raises(ValueError, match="got 'stranger' as well; pass those"):
        AblationReport(found, arms[:1], language="en")


# --- tables ---------------------------------------------------------------------------


def test_the_table_adds_up_to_what_all_do_together(four):
    _, found = four
    table = ablation_tables.effects(found.primary, found.alpha, Words("en"))
    *factors, together = table.rows
    values = [float(row[-2].split()[0]) for row in factors]
    assert sum(values) == pytest.approx(float(together[-2]), abs=0.02)  # rounded
    assert together[0] == "all together"
    judged = [*(each.main for each in found.primary.factors), found.primary.total]
    assert table.marks == [each.verdict for each in judged]
    assert all("%)" in row[1] for row in table.rows)  # levels that differ


def test_half_a_design_has_bars_and_no_shapley_values(tmp_path):
    report, found = made(HALF)
    report.write(tmp_path)
    assert (tmp_path / "figures" / "effects.png").exists()
    assert not (tmp_path / "figures" / "waterfall.png").exists()
    text = page(tmp_path).text
    assert "Shapley value (" not in text
    assert "no Shapley values" in text
    assert len(found.primary.interactions) == 10
    assert "The other pairs" in text
    assert len(list((tmp_path / "figures").glob("interaction_*.png"))) == 10


def test_one_factor_has_neither_total_nor_interactions(tmp_path):
    report, found = made(Factorial(1))
    report.write(tmp_path)
    table = ablation_tables.effects(found.primary, found.alpha, Words("en"))
    assert [row[0] for row in table.rows] == ["l2"]
    assert "Do the changes depend" not in page(tmp_path).text
    assert rows(tmp_path, "interactions.csv") == []


def test_the_interaction_that_is_shown_comes_first(four):
    _, found = four
    table = ablation_tables.interactions(found.primary, found.alpha, Words("en"))
    assert table.rows[0][0] == "l2 × bn"
    assert [row[-1] for row in table.rows] == ["yes", *["no"] * 5]


# --- figures --------------------------------------------------------------------------


def drawings(report):
    blocks = [
        *ablation_sections.effects(report._material),
        *ablation_sections.interactions(report._material),
    ]
    return [drawing for block in blocks for drawing in getattr(block, "drawings", ())]


def test_the_waterfall_goes_from_the_baseline_to_all_factors(four):
    report, found = four
    figure = drawings(report)[0]
    root = ElementTree.fromstring(figure.svg)
    texts = [
        "".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    first, last = found.cells[0].arm, found.cells[-1].arm
    for arm in (first, last):
        assert f"{100 * arm.metrics.test_accuracy.mean:.2f}" in texts
    for each in found.primary.factors:
        assert f"{100 * each.shapley.delta:+.2f}" in texts
    assert figure.alternative in figure.svg


def test_colors_of_what_helped_and_hurt_follow_the_page(four):
    svg = drawings(four[0])[0].svg
    assert f"var(--better, {LIGHT.better})" in svg
    assert f"var(--worse, {LIGHT.worse})" in svg


def test_panels_share_their_scale_and_show_the_means_of_the_arms(four):
    report, found = four
    means = ablation_sections._means(found, ("l2", "bn"), found.primary, 100)
    cells = [
        100 * cell.arm.metrics.test_accuracy.mean
        for cell in found.cells
        if cell.levels["l2"] and not cell.levels["bn"]
    ]
    assert means[0][1] == pytest.approx(sum(cells) / 4)
    names = [each.name for each in drawings(report)[1:]]
    assert names == [f"interaction_{place}" for place in range(1, 7)]


def test_the_end_added_to_a_half_design_weighs_no_mean():
    _, found = made(HALF)
    assert len(ablation_sections._balanced(found)) == 16
    assert len(found.cells) == 17


# --- terminal and notebooks -----------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_terminal_cuts_neither_names_nor_numbers(four, language, width):
    _, found = four
    arms, levels = experiment(Factorial(4), interacting)
    long = {"budget": "epochs+early_stopping_patience"}
    levels = {
        arm: {long.get(name, name): is_on for name, is_on in row.items()}
        for arm, row in levels.items()
    }
    report = AblationReport(ablate(arms, levels), arms, language=language)
    text = shown(report, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    first = text.split("─\n")[1].split("\n\n")[0].replace(",", ".")
    for each in found.primary.factors:
        assert f"{100 * each.main.delta:+.2f}" in first
        assert f"{100 * each.shapley.delta:+.2f}" in first
    names = "".join(line.split()[0] for line in first.splitlines() if line[0] != " ")
    assert long["budget"] in names


def test_a_notebook_shows_the_answer_its_table_and_its_figure(four):
    report, _ = four
    html = report.excerpt()
    assert Reader(html).open == []
    assert html.count("<svg") == 1
    assert "l2: hurt" in html
    assert "Shapley value" in html


# --- languages and hostile names ------------------------------------------------------


def test_the_page_is_french_where_french_is_wanted(tmp_path):
    report, _ = made(Factorial(4), interacting, language="fr")
    report.write(tmp_path)
    text = page(tmp_path).text
    assert "Qu'a fait chaque changement" in text
    told = text.split(Words("fr")("section_provenance"))[0]
    assert not re.search(r"\b(the|seeds|runs|effect|helped|hurt|interval)\b", told)


def renamed(language="en"):
    """Two factors and four arms whose names would like to be markup."""
    arms, levels = experiment(Factorial(2), planted)
    names = dict(zip(levels, HOSTILE, strict=False))
    arms = [dataclasses.replace(arm, name=names[arm.name]) for arm in arms]
    table = {
        names[arm]: dict(zip(HOSTILE[:2], row.values(), strict=False))
        for arm, row in levels.items()
    }
    return AblationReport(ablate(arms, table), arms, language=language)


def test_markup_in_names_stays_text(tmp_path):
    renamed().write(tmp_path)
    reader = page(tmp_path)
    assert reader.open == []
    tags = {tag for tag, _ in reader.elements}
    assert tags.isdisjoint({"script", "img", "iframe"})
    assert sum(tag == "style" for tag, _ in reader.elements) == 1
    for name in HOSTILE[:2]:
        assert name in reader.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_compiles(tmp_path, language):
    renamed(language).write(tmp_path)
    compile_report(tmp_path, language)
