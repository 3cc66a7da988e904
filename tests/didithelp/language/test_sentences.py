"""The answer in words: the comparison's own in English, the same in French."""

import re

import numpy as np
import pytest

from didithelp.comparison import Caveat
from didithelp.language import sentences
from didithelp.language.words import Words
from tests.didithelp.builders import (
    baseline,
    improved,
    judge,
    make_arm,
    runs_only,
    with_primary,
)


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


# --- other metrics --------------------------------------------------------------------


LOSSES = {
    "a": [0.341, 0.346, 0.338, 0.343, 0.344],
    "b": [0.312, 0.31, 0.313, 0.308, 0.311],
}


def judged(metric, values, **changes):
    arms = [runs_only(name, **{metric: runs}) for name, runs in values.items()]
    return judge(*arms, **{"metric": metric, "margin": "none"} | changes)


def times(factor, values):
    return {name: [factor * run for run in runs] for name, runs in values.items()}


# A metric and its runs → the answer in English and in French.
ANSWERS = {
    "a lower loss is better": (
        judged("val_loss", LOSSES, margin=0.005),
        "b is better than a by 0.0316 nats (95% CI 0.0259 to 0.0373; 5 paired seeds, "
        "these data only; p < .001): val_loss 0.3424 to 0.3108 nats (lower is better). "
        "The difference is shown to exceed the margin of 0.005 nats.",
        "b est meilleur que a de 0,0316 nat (IC à 95 % de 0,0259 à 0,0373 ; 5 graines "
        "appariées, ces données seulement ; p < 0,001) : val_loss de 0,3424 à 0,3108 "
        "nat (plus bas, c'est mieux). Il est montré que la différence dépasse la marge "
        "de 0,005 nat.",
    ),
    "more seconds are worse": (
        judged("fit_time", times(100, {"a": LOSSES["b"], "b": LOSSES["a"]})),
        "b is worse than a by 3.16 s (95% CI 2.59 to 3.73; 5 paired seeds, these data "
        "only; p < .001): fit_time 31.08 to 34.24 s (lower is better).",
        "b est moins bon que a de 3,16 s (IC à 95 % de 2,59 à 3,73 ; 5 graines "
        "appariées, ces données seulement ; p < 0,001) : fit_time de 31,08 à 34,24 s "
        "(plus bas, c'est mieux).",
    ),
    "a large reward has thousands and no decimals": (
        judged("reward", times(-10_000, LOSSES), pairing="none", margin=300),
        "b is better than a by 316 (95% CI 278 to 354; 5 and 5 unpaired runs, these "
        "data only; p < .001): reward -3,424 to -3,108 (higher is better). The "
        "difference is not shown to exceed the margin of 300.",
        "b est meilleur que a de 316 (IC à 95 % de 278 à 354 ; 5 et 5 essais non "
        "appariés, ces données seulement ; p < 0,001) : reward de -3 424 à -3 108 "
        "(plus haut, c'est mieux). Il n'est pas montré que la différence dépasse la "
        "marge de 300.",
    ),
    "a share is in points": (
        judged("val_f1", LOSSES, margin=0.05),
        "b is equivalent to a within the margin of 5 points: -3.16 points (90% CI "
        "-3.59 to -2.73; 5 paired seeds, these data only; equivalence p < .001): "
        "val_f1 34.24% to 31.08% (higher is better). A difference is detectable "
        "(p < .001), but smaller than the margin declared to matter.",
        "b est équivalent à a à la marge de 5 points près : -3,16 points (IC à 90 % de "
        "-3,59 à -2,73 ; 5 graines appariées, ces données seulement ; équivalence p < "
        "0,001) : val_f1 de 34,24 % à 31,08 % (plus haut, c'est mieux). Une différence "
        "est décelable (p < 0,001), mais plus petite que la marge déclarée importante.",
    ),
    "without a margin nothing is said of one": (
        judged("perplexity", {"a": [35.2, 34.8, 35.5], "b": [35.0, 35.3, 34.9]}),
        "Inconclusive: b is not shown to differ from a: -0.10 (95% CI -1.48 to 1.28; 3 "
        "paired seeds, these data only; p = .785). With these runs a difference of 1.8 "
        "would be found 4 times in 5.",
        "Non concluant : il n'est pas montré que b diffère de a : -0,10 (IC à 95 % de "
        "-1,48 à 1,28 ; 3 graines appariées, ces données seulement ; p = 0,785). Avec "
        "ces essais, une différence de 1,8 serait trouvée 4 fois sur 5.",
    ),
    "one run each": (
        judged("val_loss", {"a": [0.341], "b": [0.312]}),
        "Inconclusive: an arm has fewer than 3 finished runs, the least for a verdict; "
        "with one seed the variance between seeds is unknown. Estimate of b minus a: "
        "-0.0290 nats (1 paired seed, these data only).",
        "Non concluant : un bras a moins de 3 essais finis, le minimum pour un "
        "verdict ; avec une seule graine, la variance entre graines est inconnue. "
        "Estimation de b moins a : -0,0290 nat (1 graine appariée, ces données "
        "seulement).",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_the_answer_on_any_metric_has_its_unit_its_digits_and_its_direction(case):
    result, english, french = ANSWERS[case]
    assert result.sentence == english
    (answer,) = sentences.answers(result, Words("fr"))
    assert answer.replace("\u00a0", " ").replace("\u202f", " ") == french


def test_the_question_names_the_metric():
    result = judged("val_loss", LOSSES)
    assert sentences.title(result, Words("en")) == "val_loss of b against a"
    assert sentences.title(result, Words("fr")) == "val_loss de b face à a"


def test_the_choices_name_the_metric_and_its_margin():
    result = judged("val_loss", LOSSES, margin=0.005)
    assert "margin 0.005 nats of val_loss" in sentences.choices(result, Words("en"))
    assert "marge de 0,005 nat pour val_loss" in sentences.choices(result, Words("fr"))
    result = judged("val_loss", LOSSES)
    assert ", no margin, " in sentences.choices(result, Words("en"))
    notes = sentences.notes(result, Words("en"))
    assert notes[0] == "metric: val_loss, nats; lower is better"
    assert not any("seeds needed" in note or "test images" in note for note in notes)


def test_the_margin_of_an_accuracy_may_be_none():
    result = judge(baseline(0.2), improved(0.05), margin="none")
    assert result.sentence.endswith("error 20.70% to 4.97%.")
    result = judge(baseline(), improved(), margin="none")
    assert result.sentence.startswith("Inconclusive: improved is not shown to differ")


def test_what_stands_beside_the_metric_is_said_to_be_secondary():
    result = judge(baseline(), improved(), metric="test_cross_entropy", margin="none")
    assert sentences.secondary_notes(result, Words("en")) == [
        "other metrics (accuracy) are secondary: not adjusted for there being several, "
        "no margin of equivalence, no say in the verdict"
    ]
    assert sentences.secondary_notes(judged("val_loss", LOSSES), Words("en")) == []
