"""What a user of the library meets: importing it, arms from memory, and an answer."""

import dataclasses
import html
import inspect
import itertools
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import didithelp
from didithelp import ablating, comparing, front_door, trials_folder
from didithelp.report.report import Report
from lab import mlproject
from tests.didithelp.builders import (
    HOSTILE,
    SETTINGS,
    accuracies_only,
    baseline,
    improved,
    make_arm,
    pattern,
)

LABELS = [0, 1, 2, 1]
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [0.1, 0.8, 0.1]]
)


def python(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# --- importing ------------------------------------------------------------------------


def test_importing_the_package_loads_none_of_its_modules():
    program = """
import sys
import didithelp
print([name for name in sys.modules if name.startswith(("didithelp", "numpy"))])
"""
    assert python(program) == "['didithelp']\n"


def test_a_light_module_stays_light():
    program = """
import sys
from didithelp import scores
import didithelp.errors
print({"pandas", "scipy", "didithelp.front_door"} & set(sys.modules))
"""
    assert python(program) == "set()\n"


def test_the_names_for_users_are_those_of_the_front_door():
    names: dict = {}
    exec("from didithelp import *", names)
    assert set(front_door.__all__) == names.keys() - {"__builtins__"}
    assert set(front_door.__all__) <= set(dir(didithelp))
    for name in front_door.__all__:
        assert getattr(didithelp, name) is getattr(front_door, name)


@pytest.mark.parametrize("name", ["comparison_of", "trials_folder_", "__wrapped__"])
def test_other_names_are_missing_as_in_any_package(name):
    with pytest.raises(AttributeError, match=f"'didithelp' has no attribute '{name}'"):
        getattr(didithelp, name)


# --- arms -----------------------------------------------------------------------------


def test_an_arm_from_predictions():
    arm = didithelp.arm_from_predictions(
        "improved",
        {2: PROBABILITIES, 0: None, 1: PROBABILITIES.tolist()},
        LABELS,
        recipe={"dropout": 0.3},
        versions={"jax": "0.10"},
    )
    assert arm.seeds.tolist() == [1, 2]
    assert arm.metrics["status"].tolist() == ["diverged", "finished", "finished"]
    assert arm.metrics["test_accuracy"].tolist()[1:] == [0.75, 0.75]
    assert (arm.recipe, arm.versions) == ({"dropout": 0.3}, {"jax": "0.10"})


def test_an_arm_from_accuracies():
    accuracies = {1: 0.75, 0: 0.5, 2: None}
    arm = didithelp.arm_from_accuracies("improved", accuracies, recipe={"a": 1})
    assert arm.metrics["test_accuracy"].tolist()[:2] == [0.5, 0.75]
    assert arm.metrics["status"].tolist() == ["finished", "finished", "diverged"]
    assert not arm.has_predictions


@pytest.mark.parametrize(
    "make, expected",
    [
        (
            lambda: didithelp.arm_from_predictions("a", [PROBABILITIES], LABELS),
            "predictions must be given by seed, {0: ..., 1: ...}, got list; if the "
            "seeds are 0, 1, 2, ... pass dict(enumerate(predictions))",
        ),
        (
            lambda: didithelp.arm_from_accuracies("a", 0.9),
            "accuracies must be given by seed, {0: ..., 1: ...}, got float",
        ),
        (
            lambda: didithelp.arm_from_predictions("a", {}, LABELS),
            "a must have at least one run, got none",
        ),
        (
            lambda: didithelp.arm_from_accuracies("a", {0: 97.6}),
            "accuracy of seed 0 must be a fraction in [0, 1], got 97.6; pass 0.976",
        ),
    ],
)
def test_what_is_no_arm_is_refused_in_one_line(make, expected):
    with pytest.raises(didithelp.Refusal) as caught:
        make()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_arm_from_a_folder(tmp_path):
    trials_folder.save(make_arm([[1, 1, 0]]), tmp_path / "trials")
    assert didithelp.load_arm(str(tmp_path / "trials")).name == "baseline"


# --- answers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answer():
    """A candidate that is clearly better, and must be known with its warnings."""
    recipes = baseline(error=0.2), improved(error=0.05, epochs=9)
    return didithelp.compare(*recipes, **SETTINGS)


def test_the_defaults_are_those_of_the_entry_point():
    parameters = inspect.signature(didithelp.compare).parameters.values()
    declared = mlproject.defaults("compare")
    # The library has arms instead, and `Answer.meets` instead of an exit status.
    for name in ("baseline", "improved", "candidates", "require", "working_directory"):
        declared.pop(name, None)
    offered = {
        each.name: str(each.default)
        for each in parameters
        if each.default is not inspect.Parameter.empty
    }
    assert offered == declared


def test_an_answer_is_what_compare_finds(answer):
    reference, candidate = answer.arms
    found = comparing.compare(reference, [candidate], **SETTINGS)
    assert answer.comparison == found
    assert answer.to_json() == found.to_json()
    assert answer.verdict == found.verdict == "better"
    assert answer.sentence == found.sentence
    assert answer.warnings[: len(found.warnings)] == found.warnings
    assert str(answer).startswith(found.sentence)
    assert repr(answer) == "<Answer: better>"


def test_the_warnings_are_never_left_out():
    arms = (accuracies_only(arm) for arm in (baseline(0.2), improved(0.05)))
    answer = didithelp.compare(*arms, **SETTINGS)
    assert answer.warnings
    lines = str(answer).splitlines()
    assert lines == [answer.sentence, *(f"warning: {each}" for each in answer.warnings)]


def test_the_table_is_the_callers_own(answer):
    report = Report(answer.comparison, answer.arms, language="en")
    pd.testing.assert_frame_equal(answer.table, report.table)
    own = answer.table
    own["verdict"] = "ours"
    pd.testing.assert_frame_equal(answer.table, report.table)


def test_an_answer_is_written_as_compare_writes_it(answer, tmp_path):
    answer.write(str(tmp_path / "ours"))
    Report(answer.comparison, answer.arms, language="en").write(tmp_path / "theirs")
    names = {
        path.relative_to(tmp_path / "theirs")
        for path in (tmp_path / "theirs").rglob("*")
        if path.is_file()
    }
    assert len(names) > 8
    for name in names:
        ours, theirs = ((tmp_path / f / name).read_bytes() for f in ("ours", "theirs"))
        assert ours == theirs


def test_several_candidates_have_a_verdict_each():
    arms = baseline(0.2), improved(0.05), improved(0.2, name="same")
    answer = didithelp.compare(*arms, **SETTINGS)
    assert answer.verdict["improved"] == "better"
    assert answer.verdict.keys() == {"improved", "same"}
    assert all(name in answer.sentence for name in answer.verdict)


def test_an_answer_may_be_held_against_a_requirement(answer):
    assert answer.verdict == "better"
    assert answer.meets("better") and answer.meets("not-worse")
    assert not answer.meets("equivalent")
    for wrong in ("", "not_worse", None):
        with pytest.raises(ValueError, match="must be better, not-worse or equivalent"):
            answer.meets(wrong)
    without = didithelp.compare(*answer.arms, margin="none")
    assert without.meets("better")
    with pytest.raises(ValueError, match="equivalent takes a margin, got none"):
        without.meets("equivalent")


def test_an_answer_may_be_french(answer):
    french = didithelp.compare(*answer.arms, language="fr", **SETTINGS)
    assert french.to_json() == answer.to_json()
    assert "meilleur" in french.sentence
    assert 'lang="fr"' in french._repr_html_()
    assert french.warnings and french.warnings != answer.warnings


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"alpha": 5}, "alpha must be "),
        ({"margin": 1}, "margin must be "),
        ({"metric": "seed"}, "metric must be the name of a metric, such as test_acc"),
        ({"pairing": "seeds"}, "pairing must be seed or none, got 'seeds'"),
        (
            {"pairing": np.array(["seed", "none"])},
            "pairing must be seed or none, got a",
        ),
        ({"language": "de"}, "language must be one of en, fr, got 'de'"),
        ({"language": np.array(["en", "fr"])}, "language must be one of en, fr, got a"),
    ],
)
def test_a_wrong_parameter_is_told_in_one_line(answer, changes, expected):
    with pytest.raises(ValueError) as caught:
        didithelp.compare(*answer.arms, **changes)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers(answer):
    settings = {name: np.asarray(value)[()] for name, value in SETTINGS.items()}
    assert isinstance(settings["seed"], np.integer)
    assert didithelp.compare(*answer.arms, **settings).to_json() == answer.to_json()
    assert didithelp.compare(*answer.arms, alpha=np.float32(0.25)).verdict == "better"


def test_only_arms_are_compared(answer):
    with pytest.raises(ValueError, match="compare takes arms, got dict; make one with"):
        didithelp.compare(answer.arms[0], {0: 0.9})
    with pytest.raises(ValueError, match="got list; pass them one by one: compare"):
        didithelp.compare(answer.arms[0], [answer.arms[1]])
    with pytest.raises(ValueError, match="got Recorder; pass what its method arm"):
        didithelp.compare(answer.arms[0], didithelp.Recorder("improved"))
    with pytest.raises(ValueError, match="at least one arm, got none"):
        didithelp.compare(answer.arms[0])


def test_arms_of_other_examples_are_refused(answer):
    reference, candidate = answer.arms
    other = dataclasses.replace(
        candidate, labels=candidate.labels[::-1].copy(), dataset=None
    )
    with pytest.raises(didithelp.Refusal) as caught:
        didithelp.compare(reference, other)
    assert caught.value.reason == "different_test_set"


# --- in a notebook --------------------------------------------------------------------


def test_a_notebook_shows_verdict_warnings_table_and_forest_plot(answer):
    markup = answer._repr_html_()
    assert markup.count("<table") == markup.count("<svg") == 1
    shown = html.unescape(re.sub("<[^>]*>", "", markup)).replace("\u00a0", " ")
    delta = 100 * answer.comparison.primary[0].delta
    for text in (answer.sentence, *answer.warnings, "Better", f"+{delta:.1f}"):
        assert text in shown


def test_a_notebook_is_neither_restyled_nor_made_to_ask_for_anything(answer):
    markup = answer._repr_html_()
    assert not re.findall(r"""(?:src|href)="[^#]|url\([^#]|@import""", markup)
    assert not {"script", "html", "body", "link"} & set(re.findall(r"<(\w+)", markup))
    (style,) = re.findall("<style>\\s*(.*?)\\s*</style>", markup, re.DOTALL)
    opening, rest = style.split("{", 1)
    assert opening.strip() == ".didithelp"
    depths = list(
        itertools.accumulate({"{": 1, "}": -1}.get(character, 0) for character in rest)
    )
    assert depths[-1] == -1 and min(depths[:-1]) == 0  # the first brace closes last


def test_two_answers_of_a_notebook_share_no_identifier_but_of_equal_parts(answer):
    """A browser takes the first element of an identifier, wherever it is used."""
    other = didithelp.compare(baseline(), improved(), **SETTINGS | {"margin": 0.3})
    parts = []
    for each in (answer, other):
        (svg,) = re.findall("<svg.*</svg>", each._repr_html_(), re.DOTALL)
        used = set(re.findall(r"""(?:href="|url\()#([\w-]+)""", svg))
        elements = ElementTree.fromstring(svg).iter()
        parts.append(
            {
                element.get("id"): ElementTree.tostring(element).strip()
                for element in elements
                if element.get("id") in used
            }
        )
    assert parts[0] and parts[1]
    for name in parts[0].keys() & parts[1].keys():
        assert parts[0][name] == parts[1][name]


def test_the_same_answer_gives_a_notebook_the_same_bytes(answer):
    assert answer._repr_html_() == answer._repr_html_()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_cannot_write_into_a_notebook(name):
    html = didithelp.compare(baseline(), improved(name=name), **SETTINGS)._repr_html_()
    tags = set(re.findall(r"<([a-z]+)", html))
    plain = didithelp.compare(baseline(), improved(), **SETTINGS)._repr_html_()
    assert tags == set(re.findall(r"<([a-z]+)", plain))


# --- factorial ------------------------------------------------------------------------


def several(**changes):
    """Four arms of two factors, of which the first hurts, and their levels."""
    errors = {"none": 0.05, "a": 0.2, "b": 0.05, "both": 0.2}
    arms = [
        make_arm(pattern(place, error), name=name, **changes)
        for place, (name, error) in enumerate(errors.items())
    ]
    levels = {
        name: {"a": name in ("a", "both"), "b": name in ("b", "both")}
        for name in errors
    }
    return arms, levels


@pytest.fixture(scope="module")
def factorial():
    return didithelp.factorial(*several())


def test_a_factorial_answer_is_what_ablate_finds(factorial):
    arms, levels = several()
    found = ablating.ablate(
        arms,
        levels,
        alpha=0.05,
        metric="test_accuracy",
        direction="auto",
        margin="auto",
        selected_on="validation",
    )
    assert factorial.ablation == found
    assert factorial.to_json() == found.to_json()
    assert factorial.verdicts == {"a": "worse", "b": "inconclusive"}
    assert factorial.sentence == found.sentence
    assert factorial.warnings == found.warnings
    assert str(factorial).startswith(found.sentence)
    assert repr(factorial) == "<FactorialAnswer: {'a': 'worse', 'b': 'inconclusive'}>"


def test_a_factorial_answer_is_written_and_shown(factorial, tmp_path):
    factorial.write(tmp_path / "ablation")
    text = (tmp_path / "ablation" / "ablation.json").read_text(encoding="utf-8")
    assert text == factorial.to_json()
    assert (tmp_path / "ablation" / "report.html").is_file()
    assert list(factorial.table["factor"][:2]) == ["a", "b"]
    assert "a hurt" in html.unescape(factorial._repr_html_())


def test_the_defaults_of_factorial_are_those_of_compare():
    of_compare = inspect.signature(didithelp.compare).parameters
    of_factorial = inspect.signature(didithelp.factorial).parameters
    for name, parameter in of_factorial.items():
        if name not in ("arms", "levels", "control"):
            assert parameter.default == of_compare[name].default


def test_a_control_and_another_language_are_told(factorial):
    control = make_arm(pattern(9, 0.05), name="again", seeds=range(5, 10))
    found = didithelp.factorial(*several(), control=control, language="fr")
    assert "a a nui" in found.sentence and "face à lui-même" in found.sentence
    assert found.arms[-1] is control
    assert "itself" not in factorial.sentence


def test_numpy_numbers_and_no_margin_are_understood():
    found = didithelp.factorial(*several(), alpha=np.float64(0.05), margin=None)
    assert found.ablation.margin is None
    assert found.ablation.primary.total.p_tost is None


def test_another_metric_decides_where_it_is_asked_for():
    found = didithelp.factorial(*several(), metric="test_cross_entropy")
    assert found.verdicts["a"] == "worse"
    assert found.ablation.primary.total.delta > 0
    assert found.ablation.effects[1].metric == "test_accuracy"


def test_what_is_no_list_of_arms_is_refused():
    arms, levels = several()
    with pytest.raises(ValueError, match="factorial takes a list of arms, got one"):
        didithelp.factorial(arms[0], levels)
    with pytest.raises(ValueError, match="factorial takes arms, got list; pass all"):
        didithelp.factorial([arms], levels)
    with pytest.raises(ValueError, match="language must be one of"):
        didithelp.factorial(arms, levels, language="de")
