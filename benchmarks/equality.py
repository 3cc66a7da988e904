"""Does the engine train as well as `model.fit`? Answered by this project's comparison.

    python -m benchmarks.equality --dataset mnist --out FOLDER

Both arms have the improved recipe of MLproject, the same seeds, hence the same initial
weights, and the same validation images; batches and dropped units differ. FOLDER gets
`dataset/`, every trial in `trials.csv` and `summary.md` as soon as it is trained, an
arm each in `keras/` and `engine/`, and `comparison/`.
"""

import argparse
import dataclasses
import multiprocessing
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.results import Measurements, markdown, write_summary
from didithelp.parameters import names_of, values_of
from lab import command_line, mlproject
from lab.data import dataset as data
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.engines.processes import ProcessEngine
from lab.engines.protocol import Job, TrialDone
from lab.training import environment
from lab.training.trial import Trial
from lab.training.versions import versions
from steps import train, verdicts

MAIN = mlproject.defaults("main")
# Of each trial, as soon as it is trained; the arms hold all the rest.
TOLD = ("test_accuracy", "test_cross_entropy", "actual_epochs", "train_seconds")


def fit(params: train.Params, folder: Path, seed: int) -> Trial:
    """Train one trial by Keras; the trainer only makes the model and the metrics."""
    import keras

    from lab.training.model import LOSS
    from lab.training.optimizer import keras_optimizer
    from lab.training.trainer import Trainer

    environment.use_one_thread()
    recipe, dataset = params.recipe, data.load(folder)
    trainer = Trainer(recipe, dataset)
    trainer.reset(seed)
    keras.utils.set_random_seed(seed)
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.early_stopping_patience, restore_best_weights=True
    )
    trainer.model.compile(keras_optimizer(recipe), LOSS, metrics=["accuracy"])
    started = time.perf_counter()
    columns = trainer.model.fit(
        dataset.x_train,
        dataset.y_train,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation_data=(dataset.x_validation, dataset.y_validation),
        callbacks=[stopping],
        verbose=0,
    ).history
    seconds = time.perf_counter() - started
    history = [
        {"epoch": epoch, **dict(zip(columns, values, strict=True))}
        for epoch, values in enumerate(zip(*columns.values(), strict=True), start=1)
    ]
    metrics, probabilities = trainer.test()
    metrics |= {
        "actual_epochs": len(history),
        "best_epoch": stopping.best_epoch + 1,
        "kept_epoch": stopping.best_epoch + 1,
        "train_seconds": seconds,
    }
    weights = trainer.model.get_weights()
    return Trial(seed, "finished", metrics, history, probabilities, weights, versions())


def train_by_keras(params: train.Params, folder: Path) -> Iterator[Trial]:
    """Train all seeds by Keras, in as many processes as the engine gets."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(params.num_workers, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(partial(fit, params, folder), params.seeds)


def train_by_engine(params: train.Params, folder: Path) -> Iterator[Trial]:
    """Train all seeds by the engine, as the training step does."""
    jobs = [Job(params.recipe, seed, folder) for seed in params.seeds]
    with ProcessEngine(params.num_workers) as engine:
        for event in engine.train(jobs):
            if isinstance(event, TrialDone):
                yield event.trial


def main() -> None:
    """Train both arms, store and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default=MAIN["dataset"])
    parser.add_argument("--seeds", default=MAIN["seeds"])
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    given = parser.parse_args()
    os.environ.update(environment.VARIABLES)

    from didithelp import settings as decision
    from didithelp import trials_folder
    from didithelp.comparing import compare as compare_arms
    from didithelp.report.report import Report
    from lab.host import console
    from lab.training import arm

    split = command_line.build(Split, MAIN)
    dataset = prepare(given.dataset, split, Path.cwd())
    folder = given.out / "dataset"
    data.save(dataset, folder)

    settings = {"data": given.dataset, "seeds": given.seeds}
    improved = command_line.build(
        train.Params, mlproject.defaults("train_improved") | settings
    )
    arms, measured = [], Measurements(given.out / "trials.csv")
    for name, run in (("keras", train_by_keras), ("engine", train_by_engine)):
        params = dataclasses.replace(improved, arm=name)
        trials = []
        for trial in run(params, folder):
            trials.append(trial)
            told = {column: trial.metrics[column] for column in TOLD}
            measured.add(arm=name, seed=trial.seed, **told)
            write_summary(given.out, markdown(measured.table))
        trials.sort(key=lambda trial: trial.seed)
        arms.append(arm.assemble(params.arm, params.recipe, dataset, trials))
        trials_folder.save(arms[-1], given.out / name)
    options = command_line.build(
        verdicts.Options, {name: MAIN[name] for name in names_of(verdicts.Options)}
    )
    settings = values_of(decision.Settings, options)
    comparison = compare_arms(arms[0], arms[1:], **settings)
    report = Report(comparison, arms, language=options.language)
    report.write(given.out / "comparison")
    console.result(report.summary())


if __name__ == "__main__":
    main()
