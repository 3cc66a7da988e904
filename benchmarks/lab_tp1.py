"""What the first lab's script does: train once, log to MLflow.

python benchmarks/lab_tp1.py IMAGES.npz
"""

import sys

import keras
import mlflow
import numpy as np

EPOCHS, BATCH_SIZE, DROPOUT_RATE = 5, 128, 0.2

images = np.load(sys.argv[1])
x_train = images["x_train"].reshape(-1, 784).astype("float32") / 255
x_test = images["x_test"].reshape(-1, 784).astype("float32") / 255
y_train, y_test = images["y_train"], images["y_test"]

with mlflow.start_run(run_name="TP1"):
    mlflow.log_params(
        {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "dropout_rate": DROPOUT_RATE}
    )
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(DROPOUT_RATE),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_split=0.1,
        verbose=0,
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    mlflow.log_metrics({"test_loss": loss, "test_accuracy": accuracy})
    mlflow.keras.log_model(model, name="model")
