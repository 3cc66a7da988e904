"""Data sets as inputs of runs."""

import threading

import mlflow
import numpy as np
import sqlalchemy
from mlflow.store.tracking.dbmodels.models import SqlDataset
from sqlalchemy.orm import Session

from didithelp.dataset_description import ARRAYS, DatasetDescription
from lab.data.dataset import Dataset
from lab.runs import datasets, tags
from steps import prepare_data


def dataset_with(**findings):
    arrays = {name: np.zeros((2, 3, 3) if name[0] == "x" else 2) for name in ARRAYS}
    description = DatasetDescription(
        name="digits",
        requested="digits.npz",
        fallback=None,
        counts={"train": 2, "validation": 2, "test": 2},
        num_classes=2,
        sha256=dict.fromkeys(ARRAYS, "aa"),
        **findings,
    )
    return Dataset(**arrays, description=description)


def test_what_is_odd_about_images_is_a_tag(store):
    texts = []
    for findings in (
        {},
        {"duplicates": {"test_seen_images": 1}, "narrow_ranges": {"x_test": (0, 1)}},
    ):
        dataset = dataset_with(**findings)
        with mlflow.start_run() as run:
            datasets.log(run.info.run_id, dataset, prepare_data.warnings(dataset))
        run_tags = mlflow.get_run(run.info.run_id).data.tags
        texts.append(run_tags.get(tags.DATASET_WARNINGS))
    assert texts[0] is None
    assert texts[1].startswith("1 of 2 test images are in the training")
    assert "; the pixels of x_test use only 0 to 1 of 0 to 255" in texts[1]


def test_a_data_set_may_be_logged_by_many_at_once(store):
    """Each finds it missing, and only one can add it."""
    images = mlflow.data.from_numpy(np.zeros((2, 2)), name="images", digest="abc")
    barrier = threading.Barrier(3)
    waited, failures = set(), []

    def together(session, *_):
        thread = threading.get_ident()
        if thread not in waited and any(type(row) is SqlDataset for row in session.new):
            waited.add(thread)
            barrier.wait(30)

    def work():
        try:
            with mlflow.start_run() as run:
                datasets._log_input(run.info.run_id, images, "training")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    sqlalchemy.event.listen(Session, "before_flush", together)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sqlalchemy.event.remove(Session, "before_flush", together)
    assert (len(waited), failures) == (3, [])
    runs = mlflow.search_runs(output_format="list")
    assert {run.inputs.dataset_inputs[0].dataset.digest for run in runs} == {"abc"}
