"""Arrays that people take for probabilities: converted, or told what they look like."""

import numpy as np
import pytest

from didithelp import probabilities

LOGITS = np.random.default_rng(0).normal(0, 3, (2, 50, 10)).astype(np.float32)


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def test_a_softmax_in_half_precision_sums_to_one_once_converted():
    half = np.random.default_rng(1).normal(0, 2, (20, 1000)).astype(np.float16)
    given = softmax(half)
    assert given.dtype == np.float16
    found = probabilities.as_float32(given)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(found.argmax(axis=1), given.argmax(axis=1))
    assert probabilities.problem(found) is None


def test_single_precision_is_taken_as_it_is():
    given = softmax(LOGITS)
    np.testing.assert_array_equal(probabilities.as_float32(given), given)


@pytest.mark.parametrize(
    ("numbers", "looks_like"),
    [
        (LOGITS, "these look like logits: apply softmax over the classes"),
        (np.abs(LOGITS), "these look like logits: apply softmax over the classes"),
        (np.log(softmax(LOGITS)), "probabilities = np.exp(x)"),
        (100 * softmax(LOGITS), "look like percentages: pass probabilities = x / 100"),
        (np.rint(20 * softmax(LOGITS)), "these look like counts or votes: pass"),
        (1.004 * softmax(LOGITS) * 0.999, "these look rounded to half precision"),
        (1 / (1 + np.exp(-LOGITS)), "if the classes have a sigmoid each"),
        (softmax(LOGITS) * np.nan, "must be finite"),
    ],
)
def test_it_is_said_what_numbers_look_like(numbers, looks_like):
    text = probabilities.problem(numbers.astype(np.float32))
    assert looks_like in text
    assert "\n" not in text


def test_the_line_for_logits_makes_probabilities():
    text = probabilities.problem(LOGITS)
    names = {"np": np, "x": LOGITS}
    exec(text[text.index("e = np") :], names)
    assert probabilities.problem(names["probabilities"]) is None


def test_only_answers_in_every_row_are_one_hot():
    answers = np.eye(10, dtype=np.float32)[LOGITS.argmax(axis=-1)]
    assert probabilities.is_one_hot(answers)
    saturated = softmax(200 * LOGITS)
    assert (saturated == 1).any() and not probabilities.is_one_hot(saturated)
    assert not probabilities.is_one_hot(np.zeros((0, 4, 3)))
