"""What a report needs from other runs."""

import hashlib
import io

import numpy as np

from tests.lab.runs.steps import execute, leave_folder

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def leave_images(store):
    """A prepare_data run with test images, and a training run that names it."""

    def prepare(step):
        np.save(step.scratch / "x_test.npy", IMAGES)
        step.log_folder(step.scratch, "dataset")

    data_run = execute(store, prepare)[1].info.run_id
    train = execute(store, lambda step: step.set_tags(data_run=data_run))[1]
    return train.info.run_id


def digest_of(images):
    file = io.BytesIO()
    np.save(file, images)
    return hashlib.sha256(file.getvalue()).hexdigest()


def ask(store, seeds, plan="none", question="which"):
    """A comparison: the seeds of those before it, as it finds them."""
    found = []

    def function(step):
        step.answers.tag_question(question, seeds, plan)
        found.extend(step.answers.seeds_before(question, plan))

    assert execute(store, function)[0] == 0
    return found


def test_comparisons_of_one_question_find_the_ones_before_them(store):
    assert ask(store, (0, 1, 2)) == []
    assert ask(store, (0, 1, 2), question="another") == []
    assert ask(store, (7,)) == [(0, 1, 2)]
    assert ask(store, (0, 1), "5..20") == [(7,), (0, 1, 2)]
    assert ask(store, (0, 1), "5..20") == [(7,), (0, 1, 2)]
    assert ask(store, (0, 1), "5..40") == [(0, 1), (0, 1), (7,), (0, 1, 2)]
    everything = tuple(range(1, 4001, 2))
    assert len(ask(store, everything)) == 5
    assert len(ask(store, (1,))) == 5  # too many seeds for a tag: they are not kept


def test_test_images_are_those_that_the_training_run_was_given(store):
    location = f"runs:/{leave_images(store)}/trials"

    def function(step):
        found = step.answers.test_images(location, digest_of(IMAGES))
        np.testing.assert_array_equal(found, IMAGES)

    assert execute(store, function)[0] == 0


def test_a_report_does_without_test_images_that_are_not_at_hand(store):
    known, untagged = leave_images(store), leave_folder(store)
    gone = execute(store, lambda step: step.set_tags(data_run="0" * 32))[1]
    digest = digest_of(IMAGES)

    def function(step):
        for location, sha256 in [
            (known, digest_of(IMAGES + 1)),
            (known, None),
            (untagged, digest),
            (gone.info.run_id, digest),
            ("a folder", digest),
            ("0" * 32, digest),
        ]:
            assert step.answers.test_images(location, sha256) is None

    assert execute(store, function)[0] == 0
