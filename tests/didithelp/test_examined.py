"""Predictions are examined run by run, and the answer is that of all at once."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from didithelp import examined, scores, trials_folder
from didithelp.errors import ArmError
from tests.didithelp.builders import compare

SEEDS = np.array([4, 0, 9, 2, 7, 1])


def softmax(seed: int, num_examples: int, num_classes: int) -> np.ndarray:
    """Probabilities of six runs that are mostly right about `labels`."""
    logits = np.random.default_rng(seed).normal(0, 2, (6, num_examples, num_classes))
    places = np.arange(num_examples)
    logits[:, places, labels(num_examples, num_classes)] += 5
    chances = np.exp(logits)
    return (chances / chances.sum(axis=2, keepdims=True)).astype(np.float32)


def labels(num_examples: int, num_classes: int) -> np.ndarray:
    return np.arange(num_examples) % num_classes


def stored(folder: Path, probabilities: np.ndarray, *, save=np.savez) -> Path:
    folder.mkdir()
    _, num_examples, num_classes = probabilities.shape
    save(
        folder / "predictions.npz",
        seeds=SEEDS,
        labels=labels(num_examples, num_classes),
        probabilities=probabilities,
    )
    return folder


def test_runs_are_pooled_to_the_last_bit_like_their_stacked_examples(monkeypatch):
    monkeypatch.setattr(examined, "PART_SIZE", 1000)
    runs, truth = softmax(0, 4321, 10), labels(4321, 10)
    stacked = scores.reliability(np.concatenate(runs), np.tile(truth, len(runs)))
    per_seed = [scores.reliability(run, truth) for run in runs]
    pooled = examined.pool(per_seed, runs.max(axis=2))
    for found, expected in zip(pooled, stacked, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("metric", ["test_accuracy", "brier_score"])
@pytest.mark.parametrize("order", [np.ascontiguousarray, np.asfortranarray])
def test_an_arm_in_its_file_gets_the_answer_of_one_in_memory(tmp_path, metric, order):
    folders = [
        stored(tmp_path / name, order(softmax(seed, 501, 7)))
        for seed, name in enumerate(["reference", "candidate"])
    ]
    answers = []
    for mapped in (False, True):
        arms = [trials_folder.load(folder, mapped=mapped) for folder in folders]
        assert isinstance(arms[0].probabilities, np.memmap) == mapped
        answers.append(compare(*arms, metric=metric))
    assert answers[0] == answers[1]


def test_compressed_probabilities_are_read_into_memory(tmp_path):
    runs = softmax(0, 50, 4)
    folder = stored(tmp_path / "arm", runs, save=np.savez_compressed)
    found = trials_folder.load(folder, mapped=True).probabilities
    assert not isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, runs)


def test_a_damaged_file_is_refused_before_it_is_mapped(tmp_path):
    path = stored(tmp_path / "arm", softmax(0, 50, 4)) / "predictions.npz"
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("probabilities.npy").header_offset + 500
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArmError, match="Bad CRC-32"):
        trials_folder.load(tmp_path / "arm", mapped=True)


def test_a_comparison_holds_no_more_than_a_run_of_the_probabilities(tmp_path):
    runs = softmax(0, 2000, 200)
    folders = [stored(tmp_path / name, runs) for name in ("reference", "candidate")]
    num_bytes = runs.nbytes  # of one arm; a run has a sixth
    del runs
    tracemalloc.start()
    try:
        compare(*(trials_folder.load(folder, mapped=True) for folder in folders))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < num_bytes
