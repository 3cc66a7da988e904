"""Data sets as inputs of runs."""

import threading

import mlflow
import numpy as np
import sqlalchemy
from mlflow.store.tracking.dbmodels.models import SqlDataset
from sqlalchemy.orm import Session

from lab.runs import datasets


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
            with mlflow.start_run():
                datasets._log_input(images, "training")
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
