"""The parts of the steps and the driver that need neither MLflow nor training."""

import dataclasses
import functools
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from didithelp.comparison import Dataset
from didithelp.parameters import texts_of
from didithelp.requirement import Missed
from lab import command_line, mlproject
from lab.data.prepare import prepare
from lab.data.split import Split
from lab.host import cores
from lab.runs import keys
from lab.runs.plan import about
from lab.training import agreement, arm
from lab.training.seeds import Trials
from lab.training.trial import Trial
from lab.training.versions import versions
from pipelines import main, request
from steps import compare, prepare_data, train, verdicts, verify
from tests.didithelp.builders import (
    baseline,
    improved,
    judge,
    runs_only,
    with_primary,
)
from tests.make_data import make_images


def make_trial(seed, accuracy, *, status="finished", epochs=2):
    history = [
        {"epoch": epoch, "val_accuracy": 0.5, "val_cross_entropy": 1 / epoch}
        for epoch in range(1, epochs + 1)
    ]
    metrics = {"actual_epochs": epochs, "train_seconds": 1.0}
    if status == "finished":
        metrics |= {"test_accuracy": accuracy, "kept_epoch": epochs}
    return Trial(seed, status, metrics, history, None, None)


def test_aggregates_leave_diverged_trials_out_and_count_them():
    trials = [
        make_trial(0, 0.8),
        make_trial(1, None, status="diverged", epochs=1),
        make_trial(2, 0.9),
    ]
    table = arm.metrics_table(trials)
    assert list(table["status"]) == ["finished", "diverged", "finished"]
    assert math.isnan(table["test_accuracy"][1])
    found = arm.aggregates(table)
    assert found["test_accuracy"] == pytest.approx(0.85)
    assert found["test_accuracy_sd"] == pytest.approx(np.std([0.8, 0.9], ddof=1))
    assert found["actual_epochs"] == 2
    assert (found["num_seeds"], found["num_diverged"]) == (3, 1)


def test_one_seed_has_no_standard_deviation():
    assert math.isnan(
        arm.aggregates(arm.metrics_table([make_trial(0, 0.8)]))["test_accuracy_sd"]
    )


@pytest.mark.parametrize("name", ["", " ", "a" * 201, "a|b", "<b>", "a/b", "a\n", " a"])
def test_an_arm_needs_a_plain_name(name):
    given = mlproject.defaults("train_baseline") | {"arm": name}
    with pytest.raises(ValueError, match="arm must be 1 to 200"):
        command_line.build(train.Params, given)


@functools.cache
def judged():
    return judge(baseline(), improved())


def answer(**changes):
    numbers = {
        "delta": 0.01,
        "se": 0.002,
        "p": 0.01,
        "p_holm": 0.01,
        "mde80": None,
        "ci95": (0.005, 0.015),
        "reasons": (),
        "flags": ("exceeds_margin",),
        "candidate": "improved",
        "verdict": "better",
    }
    return with_primary(judged(), **numbers | changes)


def answer_about(*names):
    differences = tuple(answer(candidate=name).primary[0] for name in names)
    return dataclasses.replace(answer(), differences=differences)


def test_headlines_are_the_numbers_there_are():
    assert verdicts.headlines(answer()) == {
        "delta": 0.01,
        "p_holm": 0.01,
        "ci_low": 0.005,
        "ci_high": 0.015,
    }
    assert "ci_low" not in verdicts.headlines(answer(ci95=(None, None)))


def test_tags_have_the_verdict_and_a_fall_back():
    plain = verdicts.tags(answer())
    assert plain == {
        "verdict": "better",
        "verdict_flags": "exceeds_margin",
        "dataset": "mnist",
    }
    fallback = Dataset("mnist-5k", "no network", None, None, "mnist")
    replaced = verdicts.tags(dataclasses.replace(answer(), dataset=fallback))
    assert replaced["dataset_fallback"] == "no network"


def test_tags_say_whether_what_was_required_is_met():
    tags = {}
    step = SimpleNamespace(set_tags=tags.update)
    verdicts.insist(step, answer(), "")
    assert tags == {}
    verdicts.insist(step, answer(), "better")
    assert tags == {"requirement": "better", "requirement_met": "true"}
    with pytest.raises(Missed):
        verdicts.insist(step, answer(), "equivalent")
    assert tags == {"requirement": "equivalent", "requirement_met": "false"}


def test_what_takes_a_margin_is_not_required_of_a_unit_that_has_none():
    percent = dataclasses.replace(answer(), margin=None)
    with pytest.raises(ValueError, match="not-worse takes a margin, got none; give"):
        verdicts.conclude(None, percent, [], None, required="not-worse")


def test_several_candidates_have_metrics_and_verdicts_of_their_own():
    found = answer_about("wide net", "β|2")
    assert verdicts.headlines(found)["delta.wide net"] == 0.01
    assert verdicts.headlines(found)["ci_low.β_2"] == 0.005
    tags = verdicts.tags(found)
    assert json.loads(tags["verdict"]) == {"wide net": "better", "β|2": "better"}
    assert json.loads(tags["verdict_flags"])["β|2"] == "exceeds_margin"
    found = with_primary(found, flags=())
    tags = verdicts.tags(found)
    assert json.loads(tags["verdict_flags"]) == {"β|2": "exceeds_margin"}
    assert "verdict_reasons" not in tags


def test_candidates_that_mlflow_could_not_tell_apart_are_numbered():
    names = ["a|b", "a?b", "x" * 300]
    metrics = verdicts.headlines(answer_about(*names))
    assert {"delta.1.a_b", "delta.2.a_b"} <= set(metrics)
    assert len(metrics) == 3 * len(verdicts.headlines(answer()))
    assert max(map(len, metrics)) <= 250  # MLflow's limit


def test_the_means_of_the_arms_are_metrics():
    found = answer()
    metrics = verdicts.means(found)
    assert list(metrics) == [
        f"{metric}/{arm}"
        for metric in ("test_accuracy", "test_cross_entropy")
        for arm in ("baseline", "improved")
    ]
    means = [arm.metrics.test_accuracy.mean for arm in found.arms]
    assert list(metrics.values())[:2] == means
    hidden = dataclasses.replace(found.arms[1], name="../a")
    renamed = dataclasses.replace(found, arms=(found.arms[0], hidden))
    assert "test_accuracy/_._a" in verdicts.means(renamed)  # MLflow takes no ".."


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (0.0107, "better, +1.07 points"),
        (-0.00571, "better, -0.57 points"),
        (-0.00001, "better, +0.00 points"),
    ],
)
def test_the_outcome_of_a_comparison_fits_a_name(delta, words):
    assert verdicts.outcome(answer(delta=delta)) == words


A, B = [40.0, 40.5, 41.0, 41.5], [37.2, 37.3, 37.9, 38.6]


def answer_on(metric, **runs):
    arms = (runs_only(name, **{metric: values}) for name, values in runs.items())
    return judge(*arms, metric=metric, margin="none")


def test_numbers_of_another_metric_are_named_after_it():
    found = answer_on("val/loss", a=[0.3, 0.31, 0.32], b=[0.2, 0.22, 0.21])
    headlines = verdicts.headlines(found)
    assert list(headlines) == [
        *("delta_val_loss", "p_holm_val_loss", "ci_low_val_loss", "ci_high_val_loss")
    ]
    assert headlines["delta_val_loss"] == pytest.approx(-0.1)
    assert verdicts.means(found) == {
        "val_loss/a": pytest.approx(0.31),
        "val_loss/b": pytest.approx(0.21),
    }
    runs = [0.3, 0.31, 0.32]
    several = verdicts.headlines(answer_on("val_loss", a=runs, b=runs, c=runs))
    assert "delta_val_loss.b" in several


@pytest.mark.parametrize(
    ("metric", "factor", "words"),
    [
        ("val_loss", 0.01, "better, -0.03000 nats"),
        ("fit_time", 1.0, "better, -3.000 s"),
        ("reward", 100.0, "worse, -300.0"),
        ("val_f1", 0.01, "worse, -3.00 points"),
    ],
)
def test_the_outcome_has_the_unit_of_the_metric(metric, factor, words):
    first, second = ([factor * run for run in runs] for runs in (A, B))
    assert verdicts.outcome(answer_on(metric, a=first, b=second)) == words


def test_the_outcome_of_several_candidates_counts_their_verdicts():
    found = answer_about("wide", "deep", "both")
    one = dataclasses.replace(found.differences[1], verdict="inconclusive")
    found = dataclasses.replace(
        found, differences=(found.differences[0], one, found.differences[2])
    )
    assert verdicts.outcome(found) == "2 better, 1 inconclusive"


def compare_params(**given):
    defaults = mlproject.defaults("compare") | {"baseline": "old"}
    return command_line.build(compare.Params, defaults | given)


def test_a_direction_in_the_words_of_another_tool_is_told_in_ours():
    given = compare_params(improved="new", direction="Maximize")
    assert given.direction == "higher"
    assert texts_of(verdicts.Options, given)["direction"] == "higher"


def test_the_arms_to_compare_are_improved_or_candidates():
    assert compare_params(improved="a,b").arms == ("old", "a,b")
    names = compare_params(candidates="my_torch,größer,日本").arms
    assert names[1:] == ("my_torch", "größer", "日本")
    assert compare_params(candidates="runs:/1/trials, b").arms == (
        *("old", "runs:/1/trials", "b"),
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs improved or candidates, got neither"),
        ({"improved": " "}, "got neither"),
        ({"improved": "a", "candidates": "b"}, "got both"),
        ({"candidates": "a,,b"}, "candidates must be different"),
        ({"candidates": "a,"}, "candidates must be different"),
        ({"candidates": "a, a"}, "candidates must be different"),
        ({"improved": "a", "pairing": "seeds"}, "did you mean 'seed'"),
        ({"improved": "a", "require": "not_worse"}, "did you mean 'not-worse'"),
        (
            {"improved": "a", "require": "equivalent", "margin": "none"},
            "takes a margin, got none; give",
        ),
        (
            {"improved": "a", "require": "not-worse", "metric": "val_loss"},
            "takes a margin, got none; give",
        ),
        ({"improved": "a", "selected_on": "train"}, "must be validation or test"),
    ],
)
def test_wrong_arms_and_choices_are_told_before_anything_loads(given, message):
    with pytest.raises(ValueError, match=message):
        compare_params(**given)


def test_wrong_data_parameters_are_told_before_any_data_is_read():
    given = mlproject.defaults("prepare_data")
    for changes, part in [
        (
            {"validation_fraction": "0.9"},
            r"validation_fraction must be a number in \(0, 0.5\]",
        ),
        ({"dataset": "minst"}, "mnist"),
        ({"train_size": "-1"}, "train_size must be a whole number >= 0"),
    ]:
        with pytest.raises(ValueError, match=part):
            command_line.build(prepare_data.Params, given | changes)


def test_images_that_are_odd_are_framed_on_the_terminal(tmp_path, capsys):
    images, labels = make_images(60, seed=1)
    split = Split(validation_fraction=0.2, split_seed=0, train_size=0)
    for tested, framed in [
        (images // 16, True),
        (images[::-1], True),
        (~images, False),
    ]:
        arrays = {"x_train": images, "y_train": labels}
        np.savez(tmp_path / "a.npz", **arrays, x_test=tested, y_test=labels)
        dataset = prepare("a.npz", split, tmp_path)
        prepare_data.describe(dataset, prepare_data.warnings(dataset))
        assert ("!" * 78 in capsys.readouterr().err) == framed


def test_a_validation_set_that_is_not_used_is_told(tmp_path, capsys):
    images, labels = make_images(60, seed=1)
    arrays = {"train_images": images, "train_labels": labels[:, None]}
    arrays |= {"test_images": ~images, "test_labels": labels[:, None]}
    np.savez(tmp_path / "a.npz", **arrays, val_images=images, val_labels=labels)
    split = Split(validation_fraction=0.2, split_seed=0, train_size=0)
    prepare_data.describe(prepare("a.npz", split, tmp_path), [])
    assert "val_images and val_labels not used" in capsys.readouterr().err


def test_the_plan_names_every_difference_between_the_recipes():
    given = mlproject.defaults("main") | {"seeds": "3", "working_directory": "."}
    text = main.outline(
        command_line.build(main.Params, given), *request.recipes({"l2_lambda": "1e-4"})
    )
    assert "3 trials of up to 5 epochs" in text
    assert "3 trials of up to 20 epochs" in text
    assert "l2_lambda 0.0 -> 0.0001" in text
    assert "batch_size" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("text", ["", "None", " "])
def test_nothing_may_be_required(text):
    assert compare_params(improved="a", require=text).require == ""


def test_what_main_requires_changes_no_key():
    """It is held against the answer by main itself, also where that is reused."""
    launches = []

    class Noting:
        def launch(self, launch):
            launches.append(launch)
            return "runs:/1"

        def launch_all(self, launches):
            return [self.launch(launch) for launch in launches]

    for text in ("", "better"):
        given = mlproject.defaults("main") | {"require": text}
        main.launch_all(
            command_line.build(main.Params, given), Noting(), {}, lambda _: False
        )
    half = len(launches) // 2
    assert launches[:half] == launches[half:]
    assert "require" not in launches[-1].parameters


def planned(**given):
    """The parameters of main, from what a person types."""
    texts = mlproject.defaults("main") | {"seeds": "5..20"} | given
    return command_line.build(main.Params, main.with_looks(texts))


def test_dots_between_numbers_of_seeds_plan_looks():
    params = planned()
    assert (params.seeds, params.looks) == (tuple(range(20)), (5, 10, 20))
    assert params.stages == [tuple(range(size)) for size in (5, 10, 20)]
    assert planned(seeds="5") == command_line.build(
        main.Params, mlproject.defaults("main")
    )
    own = planned(seeds="9,8,7,6,5,4", looks="5,6")
    assert own.stages == [(9, 8, 7, 6, 5), (9, 8, 7, 6, 5, 4)]


def test_the_plan_says_how_many_trials_there_may_be():
    text = main.outline(planned(), *request.recipes({}))
    assert "5, 10 or 20 trials of up to 5 epochs" in text


@pytest.mark.parametrize(
    ("ends", "trained"),
    [((True,), [5]), ((False, True), [5, 10]), ((False, False), [5, 10, 20])],
)
def test_each_look_trains_the_seeds_up_to_it_until_one_ends_it(ends, trained):
    launches, seen, left = [], [], list(ends)

    class Noting:
        def launch(self, launch):
            launches.append(launch)
            return f"runs:/{len(launches)}"

        def launch_all(self, launches):
            return [self.launch(launch) for launch in launches]

    def is_over(arms):
        seen.append(arms)
        return left.pop(0)

    answer = main.launch_all(planned(), Noting(), {"l2_lambda": "0"}, is_over)
    steps = [launch.entry_point for launch in launches]
    arms = ["train_baseline", "train_improved"]
    assert steps == ["prepare_data", *arms * len(trained), "compare"]
    seeds = [launch.parameters.get("seeds") for launch in launches[1:-1:2]]
    assert seeds == [str(size) for size in trained]
    names = [launch.name for launch in launches[1:3]]
    assert names == ["train_baseline 5 seeds", "train_improved 5 seeds"]
    assert [launch.parameters.get("l2_lambda") for launch in launches[1:3]] == [
        None,
        "0",
    ]
    compared = launches[-1].parameters
    assert compared["looks"] == "5..20"
    assert answer == f"runs:/{len(launches)}"
    last = {
        "baseline": f"runs:/{len(launches) - 2}",
        "improved": f"runs:/{len(launches) - 1}",
    }
    assert compared.items() >= last.items()
    assert len(seen) == len(ends) and (trained[-1] == 20 or seen[-1] == last)


class Looking:
    """A step whose artifacts are arms by URI."""

    def __init__(self, **arms):
        self.artifacts = self
        self.arms = arms

    def load(self, uri, name, read):
        return self.arms[uri]


@pytest.mark.parametrize(
    ("error", "is_over", "says"),
    [
        (0.01, True, "look at 5 of 20 seeds: better (p < .001, level 0.018)"),
        (0.147, False, "look at 5 of 20 seeds: not sure yet (p = "),
    ],
)
def test_a_look_says_what_it_sees_and_whether_that_is_enough(
    error, is_over, says, capsys
):
    step = Looking(a=baseline(), b=improved(error))
    for each in step.arms.values():
        each.metrics["train_seconds"] = 60.0
    assert (
        main.look(planned(margin="0.012"), step, {"baseline": "a", "improved": "b"})
        == is_over
    )
    printed = " ".join(capsys.readouterr().err.split())
    assert says in printed
    saved = f"stopped: 30 trainings saved, {about(15 * 120 / len(cores.available()))}"
    assert (saved in printed) == is_over


def test_main_passes_on_what_it_was_given():
    given = mlproject.defaults("main") | {"seeds": "7,", "workers": "auto"}
    params = command_line.build(main.Params, given)
    assert texts_of(Trials, params) == {"seeds": "7,", "workers": "auto"}
    assert params.working_directory == Path(".")


def trained(*, seed=0, status="finished"):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(3), 10).astype(np.float32)
    weights = [rng.normal(size=(4, 3)).astype(np.float32), np.zeros(3, np.float32)]
    history = [{"epoch": 1, "loss": math.nan if status == "diverged" else 0.5}]
    if status == "diverged":
        return Trial(seed, status, {}, history, None, None, versions())
    return Trial(seed, status, {}, history, probabilities, weights, versions())


def nudged(trial, amount):
    weights = [trial.weights[0] + np.float32(amount), *trial.weights[1:]]
    return dataclasses.replace(trial, weights=weights)


@pytest.mark.parametrize(
    ("again", "word"),
    [
        (trained(), "bitwise equal"),
        (nudged(trained(), 1e-6), "numerically equal"),
        (nudged(trained(), 1e-3), "different"),
        (trained(seed=1), "different"),
        (trained(status="diverged"), "different"),
    ],
)
def test_a_repeated_trial_is_equal_nearly_equal_or_different(again, word):
    finding = agreement.compare(trained(), again)
    assert finding.word == word
    assert (finding.weights == 0) == (word == "bitwise equal")
    assert word in agreement.describe(finding, 10)


def test_a_trial_that_diverges_again_is_equal():
    one, other = trained(status="diverged"), trained(status="diverged")
    assert agreement.compare(one, other).word == "bitwise equal"


def test_changed_predictions_are_counted():
    trial = trained()
    swapped = trial.probabilities.copy()
    swapped[:2] = np.roll(swapped[:2], 1, axis=1)
    again = dataclasses.replace(trial, probabilities=swapped)
    assert agreement.compare(trial, again).changed_predictions == 2


def test_causes_are_what_is_other_than_it_was():
    stored = dataclasses.replace(
        trained(), versions=versions() | {"keras": "1.0", "threads": "8"}
    )
    key = keys.Key({"lab/training/trainer.py": "1"}, {"keras": "1.0"}, {}, {})
    now = keys.Key(
        {"lab/training/trainer.py": "2"}, {"keras": versions()["keras"]}, {}, {}
    )
    assert verify.causes(stored, key, now) == (
        f"what changed: keras 1.0 -> {versions()['keras']}; threads 8 -> 1;"
        " lab/training/trainer.py changed"
    )
    assert "nothing that can be seen" in verify.causes(trained(), key, key)


def test_an_arm_has_the_versions_of_its_trials():
    here, there = trained(), trained(seed=1)
    assert arm.common_versions([here, there]) == versions()
    there = dataclasses.replace(there, versions=versions() | {"cpu_features": "avx2"})
    found = arm.common_versions([here, there])["cpu_features"]
    assert found == f"{versions()['cpu_features']} and avx2"


# --- main -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "overrides", "name"),
    [
        ({}, {}, "main"),
        ({"workers": "1", "cache": "off", "language": "fr"}, {}, "main"),
        ({"seeds": "0,1,2,3,4"}, {"l2_lambda": "1e-3"}, "main"),  # as by default
        ({}, {"l2_lambda": "1e-4"}, "l2_lambda=0.0001"),
        ({"seeds": "20", "looks": "5,10,20"}, {}, "looks=5..20"),
        ({"seeds": "9,8,7,6,5,4", "looks": "5,6"}, {}, "seeds=9,8,7,6,5,4, looks=5..6"),
        (
            {"seeds": "10", "plan": "true"},
            {"epochs": "5", "hidden_units": "64,32"},
            "hidden_units=64,32, epochs=5, seeds=10, plan=true",
        ),
        (
            {"dataset": f"https://host/a/b.npz?key=secret#sha256={'0' * 64}"},
            {},
            "main on b.npz",
        ),
        (
            {"seeds": ",".join(map(str, range(7, 500)))},
            {},
            "seeds=" + ",".join(map(str, range(7, 500)))[:144] + "...",
        ),
    ],
)
def test_a_run_of_main_is_named_after_what_it_is_asked(given, overrides, name):
    params = command_line.build(main.Params, mlproject.defaults("main") | given)
    assert request.question("main", params, request.recipes(overrides)[1]) == name
