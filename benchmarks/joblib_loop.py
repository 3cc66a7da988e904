"""What a careful person writes without this project: a loop over seeds and two tests.

python benchmarks/joblib_loop.py IMAGES.npz

Both labs' recipes with five seeds each, one Keras `fit` per core at a time; then the
paired t test over the seeds and McNemar's test of the first pair of networks.
"""

import os
import sys

import joblib
import numpy as np
from scipy import stats

NUM_SEEDS, ALPHA = 5, 0.05
BATCH_SIZE = 128
RECIPES = {
    "TP1": {"epochs": 5, "dropout_rate": 0.2},
    "TP2": {"epochs": 20, "dropout_rate": 0.3, "l2_lambda": 0.001, "patience": 5},
}


def train(path, seed, epochs, dropout_rate, l2_lambda=0.0, patience=None):
    """Which test images a network gets right, (images,) bool; TP2 has a penalty."""
    import keras
    import tensorflow as tf

    if not tf.config.threading.get_intra_op_parallelism_threads():  # first task
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(seed)
    images = np.load(path)
    x_train = images["x_train"].reshape(-1, 784).astype("float32") / 255
    x_test = images["x_test"].reshape(-1, 784).astype("float32") / 255
    penalty = keras.regularizers.l2(l2_lambda) if l2_lambda else None
    normalization = [keras.layers.BatchNormalization()] if l2_lambda else []
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, kernel_regularizer=penalty),
            *normalization,
            keras.layers.Activation("relu"),
            keras.layers.Dropout(dropout_rate),
            keras.layers.Dense(10, activation="softmax", kernel_regularizer=penalty),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=patience or epochs, restore_best_weights=True
    )
    model.fit(
        x_train,
        images["y_train"],
        epochs=epochs,
        batch_size=BATCH_SIZE,
        validation_split=0.1,
        callbacks=[stopping] if patience else [],
        verbose=0,
    )
    return model.predict(x_test, verbose=0).argmax(axis=1) == images["y_test"]


def verdict(before, after):
    """A sentence on networks that are right or wrong, (seeds, images) bool each."""
    points = 100 * (after.mean(axis=1) - before.mean(axis=1))
    over_seeds = stats.ttest_rel(after.mean(axis=1), before.mean(axis=1)).pvalue
    gained, lost = (after[0] > before[0]).sum(), (after[0] < before[0]).sum()
    over_images = stats.binomtest(min(gained, lost), max(gained + lost, 1)).pvalue
    word = "cannot tell"
    if over_seeds <= ALPHA:
        word = "better" if points.mean() > 0 else "worse"
    return (
        f"TP2 is {word}: {points.mean():+.2f} points; p = {over_seeds:.4f} by the"
        f" paired t test of {len(points)} seeds, {over_images:.4f} by McNemar's test of"
        " the first pair"
    )


def main():
    """Train ten networks, and print the verdict."""
    path, tasks = sys.argv[1], []
    # Before the workers begin, which inherit them.
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    for recipe in RECIPES.values():
        tasks += [(seed, recipe) for seed in range(NUM_SEEDS)]
    with joblib.parallel_config("loky", n_jobs=-1, inner_max_num_threads=1):
        rows = joblib.Parallel()(
            joblib.delayed(train)(path, seed, **recipe) for seed, recipe in tasks
        )
    right = np.array(rows).reshape(len(RECIPES), NUM_SEEDS, -1)
    print(verdict(*right))


if __name__ == "__main__":
    main()
