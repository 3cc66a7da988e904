"""What trials are expected to take."""

import dataclasses

import pytest

from lab.runs import keys, tags
from lab.runs.experiment import StoredRun
from lab.runs.trial_times import TrialTimes

HERE, THERE = {"x_train": "aa"}, {"x_train": "bb"}


def key_of(recipe, data=HERE):
    return keys.Key({}, {}, {"recipe": recipe}, data)


def stored(key, seconds, epochs):
    found = {tags.CACHE_KEY: key.digest, tags.CACHE_PARTS: key.to_json()}
    metrics = {"train_seconds": seconds, "actual_epochs": epochs}
    blank = dict.fromkeys(field.name for field in dataclasses.fields(StoredRun))
    return StoredRun(**blank | {"tags": found, "metrics": metrics})


def test_a_trial_takes_what_those_of_its_recipe_took():
    times = TrialTimes([stored(key_of("a"), 8, 4), stored(key_of("a"), 10, 5)])
    assert times.of(key_of("a"), 20) == pytest.approx(9)  # they stopped early


def test_of_a_new_recipe_an_epoch_takes_what_it_took_others_on_the_same_data():
    runs = [
        stored(key_of("a"), 10, 5),
        stored(key_of("b"), 40, 10),
        stored(key_of("a", THERE), 100, 1),
    ]
    assert TrialTimes(runs).of(key_of("c"), 20) == pytest.approx(60)


def test_nothing_is_known_without_a_trial_on_the_same_data():
    assert TrialTimes([stored(key_of("a", THERE), 9, 3)]).of(key_of("a"), 2) is None
