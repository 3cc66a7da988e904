"""Runs that frameworks log by themselves are judged as they are."""

import logging
import warnings

import mlflow
import numpy as np
import pytest

import didithelp

ASKED = {"experiment": "mine", "margin": "none"}


@pytest.fixture
def digits(sqlite):
    """Images of digits and their classes: to train on, to test on."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return train_test_split(*load_digits(return_X_y=True), test_size=0.8)


def test_scikit_learn(digits):
    from sklearn.tree import DecisionTreeClassifier

    x_train, x_test, y_train, y_test = digits
    mlflow.sklearn.autolog(log_models=False, log_post_training_metrics=False)
    try:
        for seed in range(5):
            for depth in (1, 8, None):
                with mlflow.start_run():
                    tree = DecisionTreeClassifier(max_depth=depth, random_state=seed)
                    tree.fit(x_train, y_train)
                    mlflow.log_metric("val_accuracy", tree.score(x_test, y_test))
    finally:
        mlflow.sklearn.autolog(disable=True)
    answer = didithelp.from_mlflow(
        group_by="max_depth",
        baseline=1,
        seed="random_state",
        metric="val_accuracy",
        **ASKED,
    )
    assert answer.verdict == {"max_depth=8": "better", "None": "better"}
    assert answer.comparison.primary[0].paired
    changes = answer.comparison.arms[1].changes
    assert changes["max_depth"] == (1, 8)
    codes = {caveat.code for caveat in answer.comparison.warning_codes}
    assert not codes & {"unnamed_data", "other_data", "mixed_runs"}


def test_the_parent_of_a_search_over_a_grid_is_left_out(digits):
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    x_train, _, y_train, _ = digits
    mlflow.sklearn.autolog(log_models=False, max_tuning_runs=None)
    grid = {"max_depth": [1, 8], "random_state": [0, 1, 2]}
    try:
        GridSearchCV(DecisionTreeClassifier(), grid, cv=2).fit(x_train, y_train)
    finally:
        mlflow.sklearn.autolog(disable=True)
    answer = didithelp.from_mlflow(
        group_by="params.max_depth",
        baseline=1,
        seed="params.random_state",
        metric="mean_test_score",
        direction="higher",
        **ASKED,
    )
    assert [arm.seeds for arm in answer.comparison.arms] == [(0, 1, 2)] * 2
    assert answer.verdict == "better"


@pytest.mark.usefixtures("one_thread")
def test_keras(digits):
    import keras

    x_train, x_test, y_train, y_test = (part[:300] for part in digits)
    mlflow.keras.autolog(log_models=False)
    try:
        for seed in range(3):
            for units in (1, 32):
                keras.utils.set_random_seed(seed)
                with mlflow.start_run():
                    mlflow.log_params({"seed": seed, "units": units})
                    network = keras.Sequential(
                        [keras.layers.Dense(units), keras.layers.Dense(10)]
                    )
                    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                    network.compile("adam", loss, metrics=["accuracy"])
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # what autologging runs into
                        network.fit(
                            x_train / 16,
                            y_train,
                            epochs=3,
                            verbose=0,
                            validation_data=(x_test / 16, y_test),
                        )
    finally:
        mlflow.keras.autolog(disable=True)
    answer = didithelp.from_mlflow(
        group_by="units", baseline=1, seed="seed", metric="val_loss", **ASKED
    )
    (difference,) = answer.comparison.primary
    assert not difference.higher_is_better and difference.delta < 0
    assert answer.comparison.arms[0].recipe["epochs"] == 3
    # The last of the values that were logged epoch by epoch is the one that counts.
    run_id = answer.comparison.arms[1].run_ids[0]
    history = mlflow.MlflowClient().get_metric_history(run_id, "val_loss")
    assert len(history) == 3
    assert history[-1].value == answer.comparison.arms[1].summary("val_loss").values[0]


def test_pytorch_lightning(digits):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lightning = pytest.importorskip("lightning", reason="Lightning is not installed")

    class Network(lightning.LightningModule):
        def __init__(self, units):
            super().__init__()
            layers = torch.nn.Linear(64, units), torch.nn.Linear(units, 10)
            self.layers = torch.nn.Sequential(*layers)

        def training_step(self, batch):
            loss = torch.nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
            self.log("train_loss", loss, on_epoch=True, on_step=False)
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.01)

    pair = digits[0].astype(np.float32) / 16, digits[2]
    data = torch.utils.data.TensorDataset(*map(torch.tensor, pair))
    mlflow.pytorch.autolog(log_models=False, checkpoint=False)
    try:
        for seed in range(3):
            for units in (1, 32):
                lightning.seed_everything(seed)
                with mlflow.start_run(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # Lightning's advice
                    mlflow.log_params({"seed": seed, "units": units})
                    trainer = lightning.Trainer(
                        max_epochs=3,
                        accelerator="cpu",
                        logger=False,
                        enable_checkpointing=False,
                        enable_progress_bar=False,
                    )
                    loader = torch.utils.data.DataLoader(data, batch_size=64)
                    trainer.fit(Network(units), loader)
    finally:
        mlflow.pytorch.autolog(disable=True)
    answer = didithelp.from_mlflow(
        group_by="units", baseline=1, seed="seed", metric="train_loss", **ASKED
    )
    assert answer.comparison.primary[0].delta < 0
