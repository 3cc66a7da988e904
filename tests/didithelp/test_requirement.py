"""What meets a requirement, by verdict, interval and direction."""

import dataclasses
import itertools

import pytest

from didithelp.comparison import Dataset, Interval
from didithelp.requirement import REQUIREMENTS, Missed, enforce, failing
from tests.didithelp.builders import baseline, improved, judge, with_primary

MARGIN = 0.02


@pytest.fixture(scope="module")
def judged():
    return judge(baseline(), improved(), margin=MARGIN)


def met(comparison):
    return {word for word in REQUIREMENTS if not failing(comparison, word)}


@pytest.mark.parametrize(
    ("verdict", "reasons", "low", "high", "expected"),
    [
        ("better", (), 0.001, 0.09, {"better", "not-worse"}),
        ("equivalent", (), -0.019, 0.01, {"equivalent", "not-worse"}),
        ("equivalent", (), -0.019, -0.001, {"equivalent", "not-worse"}),
        ("worse", (), -0.09, -0.03, set()),
        ("worse", (), -0.019, -0.001, set()),  # Holm may leave it no equivalence
        ("inconclusive", ("interval_too_wide",), -0.0199, 0.3, {"not-worse"}),
        ("inconclusive", ("interval_too_wide",), -0.02, 0.3, set()),
        ("inconclusive", ("interval_too_wide",), -0.3, 0.3, set()),
        ("inconclusive", ("too_few_seeds",), -0.01, 0.3, set()),
        ("inconclusive", ("selected_on_test",), -0.01, 0.3, set()),
        ("inconclusive", ("few_discordant_examples",), -0.01, 0.3, set()),
        ("inconclusive", ("zero_variance",), None, None, set()),
    ],
)
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_what_an_answer_meets(
    judged, verdict, reasons, low, high, expected, higher_is_better
):
    if not higher_is_better and low is not None:
        low, high = -high, -low
    comparison = with_primary(
        judged,
        verdict=verdict,
        reasons=reasons,
        higher_is_better=higher_is_better,
        verdict_interval=Interval(0.95, low, high),
    )
    assert met(comparison) == expected


@pytest.mark.parametrize(
    ("before", "after"), [*itertools.product((0.05, 0.12, 0.15, 0.2), repeat=2)]
)
def test_real_verdicts_meet_what_they_imply(before, after):
    """Better and equivalent imply not worse; worse meets nothing."""
    comparison = judge(baseline(before), improved(after), margin=MARGIN)
    expected = {
        "better": [{"better", "not-worse"}],
        "equivalent": [{"equivalent", "not-worse"}],
        "worse": [set()],
        "inconclusive": [set(), {"not-worse"}],
    }
    assert met(comparison) in expected[comparison.verdict]


def test_without_a_margin_nothing_is_shown_to_be_not_worse(judged):
    better = with_primary(
        judged, verdict="better", verdict_interval=Interval(0.9, 0.1, 1)
    )
    assert met(dataclasses.replace(better, margin=None)) == {"better"}


def test_each_of_several_candidates_must_meet_it():
    arms = improved(0.02, name="a"), improved(0.3, name="b"), improved(0.03, name="c")
    comparison = judge(baseline(0.15), *arms, margin=MARGIN)
    assert failing(comparison, "better") == ("b",)
    with pytest.raises(Missed) as missed:
        enforce(comparison, "better")
    assert str(missed.value) == (
        "require=better is not met by b (worse); the answer is stored, and its report"
        " says how sure it is"
    )


def test_an_answer_about_other_data_meets_nothing():
    comparison = judge(baseline(0.2), improved(0.02))
    assert met(comparison) == {"better", "not-worse"}
    other = Dataset("mnist-5k", "no network", None, None, "mnist")
    replaced = dataclasses.replace(comparison, dataset=other)
    assert met(replaced) == set()
    with pytest.raises(
        Missed, match="improved .better., for the data set was replaced;"
    ):
        enforce(replaced, "better")


def test_nothing_required_is_always_met(judged):
    assert failing(with_primary(judged, verdict="worse"), "") == ()
    enforce(judged, "")
