"""What the second lab's script does: the regularised recipe, trained once, logged.

python benchmarks/lab_tp2.py IMAGES.npz
"""

import sys

import keras
import mlflow
import numpy as np

EPOCHS, BATCH_SIZE, DROPOUT_RATE, L2_LAMBDA, PATIENCE = 20, 128, 0.3, 0.001, 5

images = np.load(sys.argv[1])
x_train = images["x_train"].reshape(-1, 784).astype("float32") / 255
x_test = images["x_test"].reshape(-1, 784).astype("float32") / 255
y_train, y_test = images["y_train"], images["y_test"]

with mlflow.start_run(run_name="TP2"):
    mlflow.log_params(
        {
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
            "dropout_rate": DROPOUT_RATE,
            "l2_lambda": L2_LAMBDA,
            "use_batch_norm": True,
            "early_stopping_patience": PATIENCE,
            "regularization_applied": True,
        }
    )
    penalty = keras.regularizers.l2(L2_LAMBDA)
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, kernel_regularizer=penalty),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(DROPOUT_RATE),
            keras.layers.Dense(10, activation="softmax", kernel_regularizer=penalty),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=PATIENCE, restore_best_weights=True
    )
    history = model.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_split=0.1,
        callbacks=[stopping],
        verbose=0,
    ).history
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    mlflow.log_metrics(
        {
            "test_loss": loss,
            "test_accuracy": accuracy,
            "final_val_accuracy": history["val_accuracy"][-1],
            "best_val_accuracy": max(history["val_accuracy"]),
            "final_val_loss": history["val_loss"][-1],
            "best_val_loss": min(history["val_loss"]),
            "actual_epochs": len(history["loss"]),
        }
    )
    mlflow.keras.log_model(model, name="model")
