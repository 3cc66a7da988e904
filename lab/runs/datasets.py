"""Records which images a run was given, as MLflow's data set inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset import Dataset as MlflowDataset
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from lab.runs import tags

if TYPE_CHECKING:
    from lab.data import dataset as data

CONTEXTS = {"train": "training", "validation": "validation", "test": "testing"}


def log(run_id: str, dataset: "data.Dataset", warnings: Sequence[str]) -> None:
    """Record the three splits as inputs of a run, and their digests as tags.

    The digests are those of `dataset.json`, because MLflow's own cover only the first
    10,000 elements of an array.

    Args:
        run_id: of the run.
        dataset: what the run makes, or trains on.
        warnings: what is odd about its images, in words.
    """
    from mlflow.data.numpy_dataset import from_numpy  # loads pandas

    digests = dataset.description.digests
    for split, context in CONTEXTS.items():
        images = from_numpy(
            getattr(dataset, f"x_{split}"),
            targets=getattr(dataset, f"y_{split}"),
            source=_source(dataset),
            name=f"{dataset.name}-{split}",
            digest=digests[f"x_{split}"][:16],
        )
        _log_input(run_id, images, context)
    tag_texts = {
        "dataset": dataset.name,
        "test_images_sha256": digests["x_test"],
        "train_images_sha256": digests["x_train"],
    }
    if dataset.fallback:
        tag_texts[tags.DATASET_FALLBACK] = dataset.fallback
    if warnings:
        tag_texts[tags.DATASET_WARNINGS] = "; ".join(warnings)
    entries = [RunTag(name, text) for name, text in tag_texts.items()]
    mlflow.MlflowClient().log_batch(run_id, tags=entries)


def _log_input(run_id: str, images: MlflowDataset, context: str) -> None:
    """Add a data set to a run; try again once.

    MLflow 3.17 first looks whether the store has the data set, then adds it. Of two
    runs that do so at once the later fails; when it tries again, the data set is there.
    """
    client = mlflow.MlflowClient()
    entity = Dataset(**images.to_dict())
    entries = [DatasetInput(entity, [InputTag(MLFLOW_DATASET_CONTEXT, context)])]
    try:
        client.log_inputs(run_id, entries)
    except MlflowException:
        client.log_inputs(run_id, entries)


def _source(dataset: "data.Dataset") -> DatasetSource:
    """Where the images came from; what is no URL is recorded as text."""
    source = dataset.description.source
    if source.startswith("https://"):
        return HTTPDatasetSource.from_dict({"url": source})
    return CodeDatasetSource({"source": source})
