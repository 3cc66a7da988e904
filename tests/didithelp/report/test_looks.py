"""The section on planned looks, and what else the report says of them."""

import pytest

from didithelp.caveats import looked_before
from didithelp.language import sentences
from didithelp.language.words import Words
from didithelp.report import looks
from didithelp.report.document import Plots, Table, Text
from didithelp.report.report import Report
from tests.didithelp.builders import baseline, improved, judge, with_primary

PLAN = (5, 10, 20)


def arms(error=0.149, num_runs=10, seconds=30.0):
    made = baseline(num_runs=num_runs), improved(error, num_runs=num_runs)
    for arm in made:
        arm.metrics["train_seconds"] = seconds
    return made


def report(*given, language="en", further=(), **changes):
    comparison = judge(*given, **{"looks": PLAN} | changes)
    return Report(comparison, given, language=language, further=further)


def section(*given, **changes):
    return looks.section(report(*given, **changes)._material)


def table(*given, **changes):
    (found,) = (b for b in section(*given, **changes) if isinstance(b, Table))
    return found


def test_without_a_plan_there_is_no_section(tmp_path):
    assert section(*arms(), looks=()) == []
    report(*arms(), looks=()).write(tmp_path)
    assert not (tmp_path / "figures" / "looks_1.png").exists()


def test_the_table_has_every_look():
    found = table(*arms())
    assert found.header == [
        *("seeds", "difference, points", "CI", "p", "p equivalence"),
        *("level", "chance", "verdict"),
    ]
    cells = {row[0]: row[1:] for row in found.rows}
    assert list(cells) == ["5", "10", "20"]
    assert cells["5"][-3:] == ["0.018", "100%", "not sure yet"]
    assert cells["10"][-3:] == ["0.018", "-", "equivalent"]
    assert cells["20"] == ["-", "-", "-", "-", "0.026", "-", "not needed"]
    assert "(96.4%)" in cells["10"][1] and "(98.2%)" in cells["5"][1]
    assert found.marks == ["", "equivalent", ""]
    assert "below 10% no further seed" in found.caption


def test_looks_to_come_are_told_from_those_that_are_not_needed():
    rows = table(*arms(num_runs=5)).rows
    assert [row[-1] for row in rows] == ["not sure yet", "to come", "to come"]


def test_several_candidates_are_told_apart():
    other = improved(0.05, num_runs=10, name="other")
    found = table(*arms(), other)
    assert found.header[1] == "arm"
    assert [row[:2] for row in found.rows[:2]] == [["5", "improved"], ["5", "other"]]
    (plots,) = (b for b in section(*arms(), other) if isinstance(b, Plots))
    assert [drawing.name for drawing in plots.drawings] == ["looks_1", "looks_2"]


def test_what_was_saved_is_told_with_its_minutes_where_they_are_known():
    (text,) = (b.text for b in section(*arms()) if isinstance(b, Text))
    assert "about 10.0 minutes of one core" in text  # 10 seeds of two arms, 30 s each
    for given in (arms(seconds=None), arms(num_runs=5), arms(num_runs=20)):
        assert not any(isinstance(block, Text) for block in section(*given))


def test_runs_that_do_not_vary_have_no_interval_to_draw():
    same = baseline(num_runs=10), baseline(num_runs=10, name="improved")
    found = table(*same, pairing="seed", looks=(5, 10))
    assert found.rows[0][-1] == "equivalent"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_form_of_the_answer_tells_of_the_looks(language, tmp_path):
    words = Words(language)
    made = report(*arms(), language=language)
    made.write(tmp_path)
    said = {
        "en": "was sure after 10 of 20 seeds. That saved 20 trainings.",
        "fr": "était sûre après 10 graines sur 20. Cela a épargné 20 entraînements.",
    }[language]
    assert said in " ".join(made.note().split())
    page = (tmp_path / "report.html").read_text("utf-8")
    assert said in page and page.count("looks_1") and words("look_level") in page
    latex = (tmp_path / "report.tex").read_text("utf-8")
    assert r"figures/looks_1.png" in latex
    assert (tmp_path / "figures" / "looks_1.png").exists()
    assert said in " ".join((tmp_path / "table.md").read_text("utf-8").split())


HARD = {"looks": (5, 20), "alpha": 0.001, "margin": 0.005}


@pytest.mark.parametrize(
    ("given", "changes", "words"),
    [
        (arms(num_runs=5), {}, "not sure yet after 5 of 20 seeds; the next look is at"),
        (arms(0.15, 20), {"margin": 0.002}, "given up after 10 of 20 seeds: the test"),
        (arms(0.147, 20), HARD, "not sure after all 20 seeds."),
        (arms(0.05), {"selected_on": "test"}, "cannot lift what forbids a verdict"),
    ],
)
def test_the_sentence_says_how_far_it_is(given, changes, words):
    assert words in report(*given, **changes).comparison.sentence


def test_runs_that_are_not_used_are_no_saved_ones():
    made = report(*arms(num_runs=20))
    assert "saved" not in made.comparison.sentence
    assert "20 runs are beyond the look that answers, at 10 seeds" in made.warnings[0]


def test_the_numbers_are_those_of_the_look_that_answers():
    made = report(*arms(num_runs=20))
    assert made.table["seeds_finished"].tolist() == [10, 10]
    assert made.table["seeds_started"].tolist() == [10, 10]


def test_p_is_written_so_that_it_stays_on_its_side_of_the_level(tmp_path):
    given = arms(0.147, 5)
    comparison = judge(*given, looks=PLAN, margin=0.012)
    near = with_primary(comparison, p=0.0183, p_holm=0.0183)
    made = Report(near, given, language="en")
    made.write(tmp_path)
    lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    (shown, *_) = (line.split("|")[2] for line in lines if line.startswith("| p "))
    assert shown.strip() == ".0183"
    assert "p = .0183" in " ".join(sentences.answers(near, Words("en")))


def test_further_warnings_come_first():
    made = report(*arms(), further=[looked_before(5, 10)])
    assert made.warnings[0].startswith("these recipes were compared before with 5 of")
    assert "looked_before" not in made.comparison.to_json()
