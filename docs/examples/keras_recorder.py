"""Does dropout help a small Keras network to read digits? Three seeds each, seconds."""

import keras
from sklearn.datasets import load_digits

import didithelp

images, labels = load_digits(return_X_y=True)
images = images.astype("float32") / 16
train, test = slice(0, 900), slice(900, None)


def trained(recipe: dict, seed: int) -> keras.Model:
    """Train one network on the first 900 of the 1,797 digits."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(recipe["dropout"]),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[train], labels[train], epochs=recipe["epochs"], verbose=0)
    return model


arms = []
for name, dropout in (("plain", 0.0), ("dropout", 0.5)):
    recipe = {"dropout": dropout, "epochs": 15}
    recorder = didithelp.Recorder(name, labels[test], recipe=recipe)
    for seed in range(3):
        model = trained(recipe, seed)
        recorder.add(seed, model.predict(images[test], verbose=0))
    recorder.save(f"arms/{name}")  # for later, or for `mlflow run . -e compare`
    arms.append(recorder.arm())

answer = didithelp.compare(*arms)
print(answer)
answer.write("comparison")  # comparison/report.html is the whole report
