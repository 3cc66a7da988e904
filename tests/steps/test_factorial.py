"""What factorial reads, and what it says of its answer besides the report."""

import json
import re

import pytest

from didithelp import levels as tables
from didithelp.factors import Factorial
from steps import factorial, verdicts
from tests.didithelp.test_ablating import ablate, experiment, interacting

ARMS = ["plain", "mixup", "cosine", "both"]
LEVELS = {
    "plain": {"mixup": 0, "cosine": 0},
    "mixup": {"mixup": 1, "cosine": 0},
    "cosine": {"mixup": 0, "cosine": 1},
    "both": {"mixup": 1, "cosine": 1},
}
ROWS = [{"arm": arm, **levels} for arm, levels in LEVELS.items()]
CELLS = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}


def cells(text, folder):
    read = tables.read_levels(factorial.read_levels(text, folder), ARMS)
    assert read.factors == ("mixup", "cosine")
    return read.arms


@pytest.mark.parametrize("text", [json.dumps(LEVELS), str(LEVELS), json.dumps(ROWS)])
def test_levels_are_json_or_what_python_writes(text, tmp_path):
    assert cells(text, tmp_path) == {cell: ARMS[n] for cell, n in CELLS.items()}


@pytest.mark.parametrize(
    "content",
    [
        "arm,mixup,cosine\nplain,0,0\nmixup,1,0\ncosine,0,1\nboth,1,1\n",
        ",mixup,cosine\nplain,0,0\nmixup,1,0\ncosine,0,1\nboth,1,1\n",  # pandas
        "name;mixup;cosine\nplain;off;off\nmixup;on;off\ncosine;off;on\nboth;on;on\n",
        "mixup,arm,cosine\n0,plain,0\n1,mixup,0\n0,cosine,1\n1,both,1\n",
    ],
)
def test_levels_may_be_a_table_as_people_save_it(content, tmp_path):
    (tmp_path / "levels.csv").write_text(content)
    assert cells("levels.csv", tmp_path) == {c: ARMS[n] for c, n in CELLS.items()}


def test_levels_may_be_a_json_file(tmp_path):
    path = tmp_path / "levels.json"
    path.write_text(json.dumps(LEVELS))
    assert cells(str(path), tmp_path / "elsewhere").keys() == CELLS.keys()


@pytest.mark.parametrize("names", [["None", "NA"], ["01", "1"], ["1.0", "1e0"]])
def test_the_names_in_a_table_are_as_they_are_written(names, tmp_path):
    plain, other = names
    (tmp_path / "levels.csv").write_text(f"arm,mixup\n{plain},0\n{other},1\n")
    read = tables.read_levels(factorial.read_levels("levels.csv", tmp_path), names)
    assert read.arms == {(False,): plain, (True,): other}


def test_a_name_given_twice_is_refused(tmp_path):
    text = json.dumps(LEVELS).replace(
        '"mixup": 1, "cosine": 0', '"mixup": 1, "mixup": 0'
    )
    with pytest.raises(ValueError, match="'mixup' is given twice in levels"):
        factorial.read_levels(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["absent.csv", "{plain: 0}", "[1, 2", "[" * 5000, "x" * 5000, "empty.csv"],
)
def test_other_levels_are_refused_in_one_line(text, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match="levels must be JSON such as") as caught:
        factorial.read_levels(text, tmp_path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


@pytest.fixture(scope="module")
def found():
    arms, levels = experiment(Factorial(4), interacting)
    return ablate(arms, levels)


def test_the_headlines_are_metrics_and_the_verdicts_tags_that_mlflow_takes(found):
    metrics, tags = factorial.headlines(found), factorial.tags(found)
    means = verdicts.means(found)
    assert len(means) == 2 * len(found.arms)
    for effects in found.primary.factors:
        name = verdicts.part_of_name(effects.factor)
        assert metrics[f"main_effect/{name}"] == effects.main.delta
        assert metrics[f"shapley_value/{name}"] == effects.shapley.delta
        assert metrics[f"p_holm/{name}"] == effects.main.estimate.p_holm
        assert tags[f"verdict.{name}"] == effects.main.verdict
    for name in (*metrics, *means, *tags):
        assert re.fullmatch(r"[\w./ -]+", name)
    assert verdicts.part_of_name("epochs+early_stopping_patience") == (
        "epochs_early_stopping_patience"
    )
