"""TensorFlow in tests as it is in a worker: quiet, on the CPU, one thread."""

import os

import pytest

from lab.trials import WORKER_ENVIRONMENT

os.environ.update(WORKER_ENVIRONMENT)


@pytest.fixture(scope="session")
def one_thread():
    """For every test that computes with TensorFlow in this process."""
    from lab import training

    training.use_one_thread()
