"""The numerical and the book-keeping parts; see the README for what is where."""

import os

# MLflow 3.17 sends telemetry from a thread that sets and removes a variable of the
# environment, which every HTTP request iterates over: requests fail at random then.
# It must be off before MLflow is imported, by whatever module of ours.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
