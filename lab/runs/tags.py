"""Names of the tags of runs: those of this project, and MLflow's that it reads."""

from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_LOGGED_ARTIFACTS,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_PROJECT_ENTRY_POINT,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
)

# A run's key says what its result depends on (see `lab.runs.keys`).
CACHE_KEY, CACHE_PARTS = "cache_key", "cache_parts"
# The artifact folder that a run leaves, and the SHA-256 of its files.
OUTPUT, OUTPUT_DIGEST = "output", "output_sha256"
ARMS = "arms"  # the output of a run that has trained many arms
PROCESS = "process"  # identity of the process that runs, and has to end, the run
REUSED_FROM = "reused_from"  # the run that has the files of a trial
DATA_RUN = "data_run"  # the prepare_data run that an arm was trained on
DATASET_FALLBACK = "dataset_fallback"  # why another data set was taken
DATASET_WARNINGS = "dataset_warnings"  # what is odd about its images
ARM, SEED, MODEL_SEED = "arm", "seed", "model_seed"
# What a comparison asks whatever its seeds are, its seeds, and its planned looks.
QUESTION, COMPARED_SEEDS, LOOKS = "question", "compared_seeds", "looks"
ERROR = "error"  # why a run did not finish
# The name that we have given a run at first, and what came of it, in a few words.
ASKED, OUTCOME = "asked", "outcome"

# Tags of MLflow's own, under the names that we use.
COMMIT = MLFLOW_GIT_COMMIT
ENTRY_POINT = MLFLOW_PROJECT_ENTRY_POINT
LOGGED_TABLES = MLFLOW_LOGGED_ARTIFACTS
NAME = MLFLOW_RUN_NAME
NOTE = MLFLOW_RUN_NOTE
PARENT = MLFLOW_PARENT_RUN_ID
SOURCE = MLFLOW_SOURCE_NAME

# A tag of experiments that only MLflow's interface knows: what is done in them. Unless
# people choose there as well, it expects traces of language models.
EXPERIMENT_KIND, TRAINING = "mlflow.experimentKind", "custom_model_development"
