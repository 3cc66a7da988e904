"""The answer in words: the comparison's own in English, the same in French."""

import re

import numpy as np
import pytest

from didithelp.comparison import Caveat
from didithelp.language import sentences
from didithelp.language.words import Words
from tests.didithelp.builders import baseline, improved, judge, make_arm, with_primary


def few_discordant():
    wrong = np.ones((5, 600), dtype=int)
    wrong[:, :9] = 0
    return make_arm(wrong), make_arm(np.ones((5, 600), dtype=int), name="improved")


def without_predictions(arm, **changes):
    return make_arm(
        np.ones((5, 9)), metrics=arm.metrics, labels=None, probabilities=None, **changes
    )


def french_warnings(result):
    return [sentences.warning(each, Words("fr")) for each in result.warning_codes]


# Every way an answer can end: name → (reference, candidate, changed settings).
ENDINGS = {
    "better": (baseline(0.2), improved(0.05), {}),
    "worse": (baseline(0.05), improved(0.2), {}),
    "within the margin": (baseline(0.2), improved(0.05), {"margin": 0.14}),
    "equivalent": (baseline(), improved(), {"margin": 0.05}),
    "detectable": (baseline(0.2), improved(0.05), {"margin": 0.5}),
    "identical": (baseline(), baseline(name="copy"), {"margin": 0.05}),
    "undecided": (baseline(), improved(), {"margin": 0.001}),
    "seeds needed": (baseline(num_runs=3), improved(num_runs=3), {"margin": 0.015}),
    "one seed": (baseline(num_runs=1), improved(num_runs=1), {}),
    "diverged": (baseline(), improved(num_runs=4, diverged=(4,)), {}),
    "few images": (*few_discordant(), {"margin": 0.0001}),
    "chosen on test": (baseline(), improved(), {"selected_on": "test"}),
    "accuracies alone": (
        without_predictions(baseline()),
        without_predictions(improved(), name="improved"),
        {"margin": 0.001},
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_english_answer_is_that_of_the_comparison(ending):
    reference, candidate, changes = ENDINGS[ending]
    result = judge(reference, candidate, **changes)
    assert " ".join(sentences.answers(result, Words("en"))) == result.sentence
    told = [sentences.warning(each, Words("en")) for each in result.warning_codes]
    assert tuple(told) == result.warnings


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_french_answer_has_the_same_numbers(ending):
    reference, candidate, changes = ENDINGS[ending]
    result = judge(reference, candidate, **changes)
    answer = " ".join(sentences.answers(result, Words("fr")))
    assert not re.search(r"\d\.\d", answer)  # decimal comma
    assert not re.search(r" [:;%]", answer)  # spaces that do not break
    plain = answer.replace("\u202f", "").replace(",", ".")
    numbers = set(re.findall(r"\d*\.\d+", result.sentence))
    for number in numbers:
        assert re.search(rf"(?<!\d)0?{re.escape(number)}(?!\d)", plain), number


def test_the_french_answer_reads_well():
    result = judge(baseline(0.2), improved(0.05))
    (answer,) = sentences.answers(result, Words("fr"))
    assert answer.replace("\u00a0", " ").replace("\u202f", " ") == (
        "improved est meilleur que baseline de 15,7 points (IC à 95 % de 13,5 à 18,0 ; "
        "5 graines appariées, 600 images ; p < 0,001) : erreur de 20,70 % à 4,97 %. "
        "Il est montré que la différence dépasse la marge de 2 points."
    )


def test_french_warnings_are_french_and_whole():
    result = judge(baseline(num_runs=4), improved(num_runs=3, diverged=(3,)))
    warnings = [
        text.replace("\u00a0", " ").replace("\u202f", " ")
        for text in french_warnings(result)
    ]
    assert len(warnings) == len(result.warnings)
    assert (
        "1 des 4 essais de improved ont divergé ; les chiffres montrent les autres"
        in warnings
    )
    assert "baseline n'a que 4 graines finies ; il en faudrait au moins 5" in warnings


def test_seeds_are_names_and_have_no_thousands():
    caveat = Caveat("copied_runs", {"arm": "a", "seeds": [12345, 67890]})
    assert "graines 12345, 67890 de a" in sentences.warning(caveat, Words("fr"))
    caveat = Caveat(
        "part_of_training_data", {"num_examples": 54000, "train_size": 60000}
    )
    assert "54\u202f000 exemples" in sentences.warning(caveat, Words("fr"))


def test_a_reason_in_english_is_quoted_in_french():
    data = {"name": "mnist-5k", "fallback": "mnist could not be downloaded"}
    result = judge(baseline(dataset=data), improved(dataset=data))
    assert french_warnings(result)[0].replace("\u00a0", " ") == (
        "données de remplacement : la réponse porte sur mnist-5k, pas sur mnist, qui "
        "n'était pas disponible (« mnist could not be downloaded »)"
    )


@pytest.mark.parametrize(
    ("margin", "english", "french"),
    [
        (0.001, "margin 0.1 point of accuracy", "marge de 0,1 point d'exactitude"),
        (0.01, "margin 1 point of accuracy", "marge de 1 point d'exactitude"),
        (0.02, "margin 2 points of accuracy", "marge de 2 points d'exactitude"),
    ],
)
def test_the_margin_of_the_decision_is_singular_or_plural(margin, english, french):
    result = judge(baseline(), improved(), margin=margin)
    assert english in sentences.choices(result, Words("en"))
    assert french in sentences.choices(result, Words("fr"))


def test_a_p_that_misses_alpha_is_not_rounded_to_it():
    result = judge(baseline(), improved(), margin=0.001)
    result = with_primary(result, p_holm=0.0503)
    (answer,) = sentences.answers(result, Words("en"))
    assert "p = .0503" in answer


def test_several_candidates_get_an_answer_each():
    candidates = [improved(0.05), improved(0.1, name="third")]
    result = judge(baseline(0.2), *candidates)
    answers = sentences.answers(result, Words("en"))
    assert [answer.split()[0] for answer in answers] == ["improved", "third"]
    assert sentences.title(result, Words("en")) == (
        "improved and third against baseline on mnist"
    )
    assert sentences.title(result, Words("fr")) == (
        "improved et third face à baseline sur mnist"
    )


def test_a_fallback_comes_first_in_the_title():
    data = {"name": "mnist-5k", "fallback": "mnist could not be downloaded"}
    result = judge(baseline(dataset=data), improved(dataset=data))
    assert sentences.title(result, Words("en")) == (
        "FALL-BACK DATA, NOT mnist: improved against baseline on mnist-5k"
    )
    assert sentences.title(result, Words("fr")).startswith(
        "DONNÉES DE REMPLACEMENT, PAS mnist"
    )
