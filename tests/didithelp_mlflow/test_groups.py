"""Runs are sorted by what they have in one column, however that is spelled."""

import pytest

from didithelp_mlflow import groups
from didithelp_mlflow.columns import Column
from tests.didithelp_mlflow.builders import make_run


def sort(*values, name="lr"):
    runs = [make_run({} if value is None else {name: value}) for value in values]
    return groups.sort(runs, Column("params", name))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("0.001", 0.001),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.0", 5),
        ("5", 5),
        ("-3", -3),
        ("True", True),
        ("false", False),
        ("1.10", "1.10"),  # a version is no number
        ("007", "007"),
        ("1.2.3", "1.2.3"),
        ("nan", "nan"),
        ("", ""),
        (".", "."),
        ("e5", "e5"),
        ("Adam", "Adam"),
    ],
)
def test_numbers_and_truths_mean_the_same_in_any_spelling(text, meaning):
    found = groups.meaning(text)
    assert found == meaning
    assert isinstance(found, bool) == isinstance(meaning, bool)


def test_spellings_of_one_value_are_one_group():
    found, without = sort("0.001", "0.01", "1e-3", None, "1.10", "1.1", "True", "1")
    assert [group.spellings for group in found] == [
        ("0.001", "1e-3"),
        ("0.01",),
        ("1.10",),
        ("1.1",),
        ("True",),
        ("1",),
    ]
    assert [len(group.runs) for group in found] == [2, 1, 1, 1, 1, 1]
    assert len(without) == 1


def test_a_group_has_a_name_that_speaks():
    found, _ = sort("0.001", "true", "adam", "two\nlines\x1b", "", name="p")
    names = [group.name for group in found]
    assert names == ["p=0.001", "p=true", "adam", "two lines", "p="]
    found, _ = sort("x" * 6000, "x" * 5999)
    assert [len(group.name) for group in found] == [100, 104]
    assert len({group.name for group in found}) == 2


@pytest.mark.parametrize("value", ["0.001", "1e-3", "0.0010000", "lr=0.001", "1E-3"])
def test_a_group_is_chosen_in_any_spelling(value):
    found, _ = sort("0.001", "0.01")
    if value == "0.0010000":  # superfluous zeros are no number of ours
        with pytest.raises(ValueError, match="must be a group"):
            groups.choose("baseline", value, found)
    else:
        assert groups.choose("baseline", value, found) is found[0]


def test_a_group_that_is_not_there_is_refused_with_those_that_are():
    found, _ = sort("adam", "adam", "sgd")
    with pytest.raises(ValueError) as refusal:
        groups.choose("baseline", "adm", found)
    assert str(refusal.value) == (
        "baseline must be a group of these runs, got 'adm'; did you mean 'adam'?; "
        "there are adam (2 runs), sgd (1 runs)"
    )


def test_a_group_is_suggested_in_its_own_spelling():
    found, _ = sort("Adam", "SGD")
    with pytest.raises(ValueError, match="got 'sgd'; did you mean 'SGD'"):
        groups.choose("baseline", "sgd", found)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", ["sgd", "a, b", "[512, 256]", "p=1"]),
        ("sgd", ["sgd"]),
        ("1, sgd", ["p=1", "sgd"]),
        ("a, b", ["a, b"]),
        ("[512, 256]", ["[512, 256]"]),
        ("['a, b', '[512, 256]', 1]", ["a, b", "[512, 256]", "p=1"]),
    ],
)
def test_candidates_may_be_listed_in_many_ways(text, chosen):
    found, _ = sort("adam", "sgd", "a, b", "[512, 256]", "1", name="p")
    names = [group.name for group in groups.candidates(text, found[0], found)]
    assert names == chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adam", "got 'adam', which is the baseline; leave it out"),
        ("sgd,sgd", "got 'sgd', which is listed before"),
        ("sgd,", "candidates must be a group of these runs, got ''"),
        ("[sgd", "got '.sgd'; did you mean 'sgd'"),
    ],
)
def test_candidates_that_cannot_be_compared_are_refused(text, message):
    found, _ = sort("adam", "sgd")
    with pytest.raises(ValueError, match=message):
        groups.candidates(text, found[0], found)
