"""Confusions and flips, on predictions that can be counted by hand."""

import numpy as np

from didithelp import predictions

LABELS = np.array([0, 1, 2, 0])
# Two runs of the reference, three of the candidate; rows are runs.
REFERENCE = np.array([[0, 1, 1, 2], [0, 2, 1, 2]])
CANDIDATE = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [0, 1, 2, 1]])


def test_the_predicted_class_is_the_most_probable_and_the_lowest_in_a_tie():
    probabilities = np.array([[[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]])
    assert predictions.predicted_classes(probabilities).tolist() == [[1, 0]]


def test_confusion_is_a_mean_over_runs_with_true_classes_as_rows():
    found = predictions.confusion(REFERENCE, LABELS, 3)
    assert found.tolist() == [[1, 0, 1], [0, 0.5, 0.5], [0, 1, 0]]
    assert found.sum() == len(LABELS)


def test_labels_of_eight_bits_do_not_overflow_in_a_confusion():
    labels = np.arange(47, dtype=np.uint8)
    found = predictions.confusion(labels[np.newaxis].astype(int), labels, 47)
    np.testing.assert_array_equal(found, np.eye(47))


def test_flips_are_ordered_by_how_many_runs_changed():
    gained, lost = predictions.most_flipped(REFERENCE, CANDIDATE, LABELS, 5)
    assert [flip.index for flip in gained] == [2, 1]  # from 0/2 to 3/3; 1/2 to 3/3
    assert [flip.index for flip in lost] == [0]  # from 2/2 to 1/3; image 3 is no flip
    assert gained[0].label == 2
    assert gained[0].reference == predictions.Opinion(1, 2, 0)
    assert gained[0].candidate == predictions.Opinion(2, 3, 3)
    assert lost[0].candidate == predictions.Opinion(1, 2, 1)


def test_no_more_flips_than_asked_for_and_the_first_images_in_a_tie():
    labels = np.zeros(6, dtype=int)
    wrong, right = np.ones((2, 6), dtype=int), np.zeros((2, 6), dtype=int)
    gained, lost = predictions.most_flipped(wrong, right, labels, 3)
    assert [flip.index for flip in gained] == [0, 1, 2]
    assert lost == []
