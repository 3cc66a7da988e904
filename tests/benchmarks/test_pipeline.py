"""The rivals of `main` give an answer, and their times are added up as they came."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import joblib_loop, pipeline


def test_only_whole_pairs_of_labs_are_added_up():
    runs = pd.DataFrame(
        [
            {"repeat": 1, "what": "lab_tp1", "models": 1, "wall": 2.0, "cpu": 1.0},
            {"repeat": 1, "what": "lab_tp2", "models": 1, "wall": 4.0, "cpu": 1.0},
            {"repeat": 2, "what": "lab_tp1", "models": 1, "wall": 9.0, "cpu": 1.0},
        ]
    )
    text = pipeline.summary(runs, pd.DataFrame())
    assert "| both labs, one after the other | 2 | 6 | 6 | 6 | 2 | 3 |" in text
    text = pipeline.summary(runs.tail(1), pd.DataFrame())
    assert "both labs" not in text


@pytest.mark.parametrize(
    ("gained", "word"), [(100, "better"), (0, "cannot tell"), (-100, "worse")]
)
def test_the_loop_over_seeds_says_which_recipe_is_better(gained, word):
    before = np.zeros((5, 1000), bool)
    before[:, :500] = True
    after = before.copy()
    for seed in range(5):
        extra = seed - 2 + gained
        after[seed, 500 : 500 + max(extra, 0)] = True
        after[seed, : max(-extra, 0)] = False
    assert joblib_loop.verdict(before, after).startswith(f"TP2 is {word}: ")


def test_main_runs_once_for_each_number_of_seeds_and_workers(tmp_path):
    found = pipeline.contestants(tmp_path / "x.npz", ["epochs=1"], ["5", "20"], ["1"])
    name = "main, seeds=20, workers=1"
    assert [*found] == ["main, seeds=5, workers=1", name, *pipeline.NAMES[1:]]
    assert found[name].models == 40
    assert found[name].command[-6:] == "-P seeds=20 -P workers=1 -P epochs=1".split()
