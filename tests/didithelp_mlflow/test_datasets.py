"""Whether runs were given the same data, as far as they have logged it."""

import pytest

from didithelp.errors import Refusal
from didithelp_mlflow import datasets
from tests.didithelp_mlflow.builders import make_run

NAMES = ("old", "new")


def runs(*digests, context="testing", name="dataset"):
    """By seed, runs that were given the data with these digests; None for no data."""
    return {
        seed: make_run(data=[(context, name, digest)] if digest else [])
        for seed, digest in enumerate(digests)
    }


def found(reference, candidate, *, is_paired=True):
    remarks = datasets.remarks(NAMES, reference, candidate, is_paired=is_paired)
    return [(remark.code, remark.values) for remark in remarks]


def test_the_same_data_is_nothing_to_speak_of():
    assert found(runs("a", "b"), runs("a", "b")) == []
    assert found(runs("a", "a"), runs("a"), is_paired=False) == []


def test_data_that_a_seed_has_split_is_held_against_that_of_the_same_seed():
    (remark,) = found(runs("a", "b"), runs("b", "a"))
    assert remark == ("other_data", {"reference": "old", "contexts": ["testing"]})
    assert found(runs("a", "b"), runs("b", "a"), is_paired=False) == []


def test_runs_without_a_seed_in_common_are_held_against_each_other_as_a_whole():
    later = {9: make_run(data=[("testing", "dataset", "c")])}
    assert found(runs("a"), later)[0][0] == "other_data"


def test_data_that_was_not_logged_cannot_be_checked():
    for reference, candidate in (
        (runs(None), runs("a")),
        (runs("a"), runs("a", context="training")),
    ):
        assert datasets.remarks(NAMES, reference, candidate, is_paired=True) is None


def test_tests_on_data_of_another_name_are_refused():
    with pytest.raises(Refusal, match="got mnist in old and fashion in new .testing"):
        found(runs("a", name="mnist"), runs("b", name="fashion"))
    training = {"context": "training"}
    pair = runs("a", name="mnist", **training), runs("b", name="fashion", **training)
    assert found(*pair)[0][0] == "other_data"
    assert found(runs("a", name="mnist"), runs("a", name="fashion")) == []
    assert found(runs("a", name="mnist"), runs("b"))[0][0] == "other_data"
