"""Arms that are compared by a score of every run on every example."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

import didithelp
from didithelp import scores as scores_of_predictions
from didithelp import trials_folder
from didithelp.arm import ArmError
from didithelp.errors import Refusal
from didithelp.recorder import Recorder
from tests.didithelp.builders import (
    NUM_EXAMPLES,
    answers_only,
    baseline,
    compare,
    improved,
    pattern,
    primary,
)

IDS = np.array([f"q{number}" for number in range(60)])


def losses(seed, gain=0.0, num_seeds=5, num_examples=60):
    """(seeds, examples) of which some examples are harder and some seeds luckier."""
    rng = np.random.default_rng(seed)
    examples = np.random.default_rng(7).gamma(2, 0.5, num_examples)
    seeds = rng.normal(0, 0.02, (num_seeds, 1))
    return examples + seeds - gain + rng.normal(0, 0.1, (num_seeds, num_examples))


def arm(values, *, name="plain", metric="val_loss", seeds=None, **others):
    seeds = range(len(values)) if seeds is None else seeds
    by_seed = dict(zip(seeds, values, strict=True))
    settings = {"examples": IDS} | others if len(values[0]) == len(IDS) else others
    return didithelp.arm_from_scores(name, by_seed, metric=metric, **settings)


def asked(*arms, metric="val_loss", margin="auto", **changes):
    return compare(*arms, metric=metric, margin=margin, **changes)


def crossed(before, after, *, paired):
    """Delta, standard error and degrees of freedom by two-way analyses of variance."""

    def mean_squares(values):
        n, m = values.shape
        rows, columns = values.mean(1, keepdims=True), values.mean(0, keepdims=True)
        rest = values - rows - columns + values.mean()
        return (rest**2).sum() / ((n - 1) * (m - 1))

    m = before.shape[1]
    groups = [after - before] if paired else [before, after]
    seed = [each.mean(1).var(ddof=1) / len(each) for each in groups]
    rest = [mean_squares(each) / each.size for each in groups]
    item = (after.mean(0) - before.mean(0)).var(ddof=1) / m
    total = max(sum(seed), item, sum(seed) + item - sum(rest))
    terms = [item**2 / (m - 1)]
    for s, r, each in zip(seed, rest, groups, strict=True):
        terms += [s**2 / (len(each) - 1), r**2 / ((len(each) - 1) * (m - 1))]
    return after.mean() - before.mean(), total**0.5, total**2 / sum(terms)


# --- the answer -----------------------------------------------------------------------


@pytest.mark.parametrize("paired", [True, False])
def test_scores_are_compared_over_seeds_and_examples(paired):
    before, after = losses(1), losses(2, 0.1, 5 if paired else 4)
    result = asked(arm(before), arm(after, name="changed"))
    found = primary(result)
    delta, error, df = crossed(before, after, paired=paired)
    assert found["paired"] == paired
    assert found["num_examples"] == 60
    assert found["delta"] == pytest.approx(delta)
    assert found["se"] == pytest.approx(error)
    assert found["df"] == pytest.approx(df)
    assert found["p"] == pytest.approx(2 * stats.t.sf(abs(delta) / error, df))
    half = stats.t.ppf(0.975, df) * error
    assert found["ci95"] == pytest.approx([delta - half, delta + half])
    assert result["verdict"] == "better"
    assert "over new seeds and new examples of the same kind" in result["scope"]
    codes = [each["code"] for each in result["warning_codes"]]
    assert "unchecked_test_set" not in codes
    assert "one_number_per_run" not in codes


def test_right_and_wrong_are_the_accuracy_of_predictions():
    arms = baseline(0.2), improved(0.05)
    usual = primary(compare(*arms))
    scored = [
        arm(
            scores_of_predictions.right_or_wrong(each.probabilities, each.labels),
            name=each.name,
            metric="exact_match",
        )
        for each in arms
    ]
    result = asked(*scored, metric="exact_match", margin=0.02)
    found = primary(result)
    differing = {"metric", "scope", "calibration"}
    for key in usual.keys() - differing - {"sensitivity"}:
        assert found[key] == usual[key], key
    assert result["metric"]["unit"] == "share"
    assert "few_discordant_examples" not in found["reasons"]


def test_right_and_wrong_are_a_share_under_any_name_and_accuracy_without_one():
    values = pattern(1, 0.2), pattern(2, 0.05)
    named = [arm(each, metric="solved", name=str(n)) for n, each in enumerate(values)]
    result = asked(*named, metric="solved", direction="higher")
    assert result["metric"] == {
        "name": "solved",
        "higher_is_better": True,
        "unit": "share",
    }
    unnamed = [arm(each, metric=None, name=str(n)) for n, each in enumerate(values)]
    assert primary(compare(*unnamed))["delta"] == primary(result)["delta"]
    assert compare(*unnamed)["metric"]["name"] == "test_accuracy"


def test_few_examples_that_differ_are_inconclusive():
    right = np.ones((5, NUM_EXAMPLES))
    wrong = right.copy()
    wrong[:, :9] = 0
    arms = arm(wrong, metric="em"), arm(right, metric="em", name="b")
    assert primary(asked(*arms, metric="em"))["reasons"] == ["few_discordant_examples"]


def test_swapping_the_arms_changes_the_sign():
    arms = arm(losses(1)), arm(losses(2, 0.1), name="changed")
    found, back = primary(asked(*arms)), primary(asked(*arms[::-1]))
    assert back["delta"] == -found["delta"]
    assert back["ci95"] == [-bound for bound in found["ci95"][::-1]]
    assert back["p"] == found["p"]


@pytest.mark.parametrize("factor", [1e-9, 0.5, 1000.0, 1e30])
def test_another_unit_scales_the_answer_alone(factor):
    values = losses(1), losses(2, 0.1)
    first = [arm(each, metric="mse", name=str(n)) for n, each in enumerate(values)]
    other = [
        arm(factor * each, metric="mse", name=str(n)) for n, each in enumerate(values)
    ]
    found = primary(asked(*first, metric="mse", margin=0.01))
    again = primary(asked(*other, metric="mse", margin=0.01 * factor))
    for key in ("delta", "se", "se_seed", "se_item", "se_res", "mde80"):
        assert again[key] == pytest.approx(factor * found[key])
    assert again["ci95"] == pytest.approx([factor * bound for bound in found["ci95"]])
    for key in ("p", "p_tost", "df"):
        assert again[key] == pytest.approx(found[key])
    assert (again["verdict"], again["flags"]) == (found["verdict"], found["flags"])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_constant_gain_has_no_variance(dtype):
    before = losses(1).astype(dtype)
    result = asked(arm(before), arm(before - dtype(0.1), name="changed"))
    assert primary(result)["reasons"] == ["zero_variance"]
    assert primary(result)["delta"] == pytest.approx(-0.1, abs=1e-6)


def test_the_order_of_examples_and_seeds_changes_nothing():
    before, after = losses(1), losses(2, 0.1)
    examples, seeds = np.random.default_rng(0).permutation(60), [3, 1, 0, 4, 2]
    usual = asked(arm(before), arm(after, name="changed"))
    mixed = arm(
        after[seeds][:, examples], name="changed", seeds=seeds, examples=IDS[examples]
    )
    assert asked(arm(before), mixed)["comparisons"] == usual["comparisons"]


def test_runs_with_the_same_scores_are_copies():
    copied = losses(1)
    copied[3] = copied[1]
    result = asked(arm(copied), arm(losses(2), name="changed"))
    assert primary(result)["reasons"] == ["duplicate_predictions_within_arm"]
    assert result["arms"][0]["copied_seeds"] == [1, 3]
    same = asked(arm(losses(1)), arm(losses(1), name="changed"), margin=0.1)
    assert primary(same)["flags"] == ["identical_predictions"]


def test_scores_of_one_arm_alone_are_one_number_per_run():
    by_seed = {seed: {"val_loss": v} for seed, v in enumerate(losses(2).mean(axis=1))}
    other = didithelp.arm_from_metrics("changed", by_seed)
    found = primary(asked(arm(losses(1)), other))
    assert found["num_examples"] is None
    delta = losses(2).mean() - losses(1).mean()
    assert found["delta"] == pytest.approx(delta)


def test_accuracy_and_cross_entropy_are_told_beside_scores():
    before, after = baseline(0.2), improved(0.05)
    usual = compare(before, after)["comparisons"]
    scored = [
        dataclasses.replace(each, scores=arm(losses(n, 0.1 * n)).scores)
        for n, each in enumerate((before, after))
    ]
    found = asked(*scored)["comparisons"]
    assert [each["metric"] for each in found] == [
        "val_loss",
        "test_accuracy",
        "test_cross_entropy",
    ]
    assert (found[0]["num_examples"], found[1]["num_examples"]) == (60, 600)
    assert found[1]["ci95"] == usual[0]["ci95"]
    assert compare(*scored)["comparisons"] == usual


def test_scores_beside_answers_of_0_and_1_are_their_losses():
    def answering(given, seed):
        values = losses(seed, num_examples=NUM_EXAMPLES)
        scored = arm(values, metric="test_cross_entropy").scores
        return dataclasses.replace(answers_only(given), scores=scored)

    arms = answering(baseline(0.2), 1), answering(improved(0.05), 2)
    found = primary(asked(*arms, metric="test_cross_entropy"))
    before, after = (losses(seed, num_examples=NUM_EXAMPLES) for seed in (1, 2))
    assert found["delta"] == pytest.approx(after.mean() - before.mean())
    assert found["num_examples"] == NUM_EXAMPLES


def test_a_column_that_contradicts_the_scores_is_a_warning():
    first, second = arm(losses(1)), arm(losses(2), name="changed")
    wrong = dataclasses.replace(first, metrics=first.metrics.assign(val_loss=0.5))
    for reference, is_warned in ((first, False), (wrong, True)):
        result = asked(reference, second)
        codes = {each["code"] for each in result["warning_codes"]}
        assert ("scores_contradict_metrics" in codes) == is_warned
        assert primary(result)["delta"] == primary(asked(first, second))["delta"]


def test_predictions_and_scores_are_recorded_together(tmp_path):
    labels, probabilities = [0, 1], [[0.9, 0.1], [0.2, 0.8]]
    runs = Recorder("a", labels, metric="iou", examples=["x", "y"], clusters=[3, 4])
    runs.add(0, probabilities, scores=[0.5, 0.25])
    assert "every run or of none" in refusal(runs.add, 1, probabilities)
    runs.save(tmp_path / "a")
    found = Recorder.resume(tmp_path / "a").arm()
    assert found.scores.values.tolist() == [[0.5, 0.25]]
    assert found.clusters.tolist() == found.scores.clusters.tolist() == [3, 4]
    assert found.metrics["iou"].tolist() == [0.375]


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: arm(losses(2), examples=IDS[::-1].astype("U9")), None),
        (
            lambda: arm(losses(2)[:, 1:], examples=IDS[1:]),
            "different_test_set: both arms must hold scores of the same examples, got "
            "1 that one of them lacks, such as q0",
        ),
        (lambda: arm(losses(2), examples=np.arange(60)), "got 120 that one of them"),
        (lambda: arm(losses(2), metric="val_f1"), "must have the metric val_loss, got"),
        (lambda: arm(losses(2)[:, :1], examples=["a"]), "two examples or more, got 1"),
    ],
)
def test_arms_with_other_scores_are_refused(make, message):
    if message is None:
        assert asked(arm(losses(1)), make())
        return
    for arms in ((arm(losses(1)), make()), (make(), arm(losses(1)))):
        with pytest.raises(Refusal) as caught:
            asked(*arms)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_scores_that_nobody_named_are_no_accuracies_unless_they_could_be():
    arms = arm(losses(1), metric=None), arm(losses(2), metric=None, name="changed")
    with pytest.raises(Refusal, match="must be 0 or 1 to be those of test_accuracy"):
        compare(*arms)
    assert primary(asked(*arms))["num_examples"] == 60


@pytest.mark.parametrize(("gap", "num_examples"), [(1e-6, 60), (0.01, None)])
def test_scores_that_nobody_named_are_those_whose_means_the_runs_have(
    gap, num_examples
):
    arms = []
    for number, name in enumerate(("plain", "changed")):
        made = arm(losses(number), metric=None, name=name, seeds=[4, 0, 3, 1, 2])
        means = dict(
            zip(made.seeds, made.scores.values.mean(axis=1) + gap, strict=True)
        )
        metrics = made.metrics.assign(val_loss=made.metrics["seed"].map(means))
        arms.append(dataclasses.replace(made, metrics=metrics))
    assert primary(asked(*arms))["num_examples"] == num_examples


# --- recording ------------------------------------------------------------------------


def refusal(call, *args, **values):
    with pytest.raises(ArmError) as caught:
        call(*args, **values)
    assert "\n" not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, np.nan, 0.3], "scores must be finite and below 1e+100 in size, got nan"),
        ([0.1, 0.2], "must be one number per test example, (3,), got float64 (2,)"),
        ([[0.1, 0.2, 0.3]], "must be one number per test example"),
        (["a", "b", "c"], "scores of seed 1 must be integers or floats"),
        (None, "must have scores of every run or of none"),
    ],
)
def test_scores_that_cannot_be_used_are_refused(values, message):
    runs = Recorder("a", metric="em", examples=[1, 2, 3])
    runs.add(0, scores=[0.5, 0.25, 1])
    assert message in refusal(runs.add, 1, scores=values, metrics={"a": 1})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"examples": [1, 2, 2]}, "examples must have an id each, got 2 for several"),
        ({"examples": [0.5, 1.5]}, "examples must be integers or text (2,)"),
        (
            {"examples": [1, 2], "clusters": [1]},
            "clusters must be integers or text (2,)",
        ),
        ({"labels": [0, 1], "clusters": [1]}, "clusters must be integers or text (2,)"),
        ({"metric": "a\nb"}, "name of the scores must be one line of text"),
    ],
)
def test_wrong_ids_are_refused_before_the_first_run(settings, message):
    assert message in refusal(Recorder, "a", **settings)


def test_a_run_without_scores_comes_not_before_one_with():
    runs = Recorder("a", metric="em")
    runs.add(0, metrics={"f1": 0.5})
    assert "every run or of none" in refusal(runs.add, 1, scores=[1, 0])


@pytest.mark.parametrize("name", ["exact_match", None])
def test_a_killed_loop_goes_on_where_it_was(tmp_path, name):
    given = {"metric": name, "examples": IDS[:4], "clusters": [1, 1, 2, 3]}
    whole, killed = Recorder("a", **given), Recorder("a", **given)
    for seed in (3, 1):
        for runs in (whole, killed):
            runs.add(seed, scores=[0, 1, 1, 0.5], metrics={"seconds": 0.1})
    for runs in (whole, killed):
        runs.diverged(0)
    killed.save(tmp_path / "killed")
    resumed = Recorder.resume(tmp_path / "killed")
    for runs in (whole, resumed):
        runs.add(2, scores=[1, 1, 1, 0])
    whole.save(tmp_path / "whole")
    resumed.save(tmp_path / "killed")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes()


# --- files ----------------------------------------------------------------------------


def saved(tmp_path, **changes):
    """The folder of an arm whose scores.npz has other content."""
    folder = tmp_path / "arm"
    trials_folder.save(arm(losses(1), clusters=np.arange(60) // 5), folder)
    if changes:
        arrays = dict(np.load(folder / "scores.npz"))
        arrays |= changes
        kept = {name: array for name, array in arrays.items() if array is not None}
        np.savez(folder / "scores.npz", **kept)
    return folder


def test_what_is_saved_is_loaded(tmp_path):
    first = arm(losses(1), clusters=np.arange(60) // 5)
    found = trials_folder.load(saved(tmp_path)).scores
    assert found.name == "val_loss"
    for key in ("examples", "values", "clusters"):
        np.testing.assert_array_equal(getattr(found, key), getattr(first.scores, key))


def test_scores_alone_are_an_arm(tmp_path):
    folder = saved(tmp_path)
    expected = asked(trials_folder.load(folder), arm(losses(2), name="changed"))
    for name in ("metrics.csv", "history.csv", "arm.json"):
        (folder / name).unlink()
    found = asked(trials_folder.load(folder), arm(losses(2), name="changed"))
    assert found["comparisons"][0]["ci95"] == expected["comparisons"][0]["ci95"]


def test_rows_follow_their_seeds(tmp_path):
    order = [4, 2, 0, 1, 3]
    folder = saved(tmp_path, seeds=np.uint8(order), scores=losses(1)[order])
    np.testing.assert_array_equal(trials_folder.load(folder).scores.values, losses(1))


def test_numbers_and_ids_of_other_types_are_converted(tmp_path):
    folder = saved(
        tmp_path,
        scores=np.rint(losses(1)).astype(np.int8),
        examples=IDS.astype("S"),
        clusters=np.arange(60, dtype=np.uint16) // 5,
        name=None,
    )
    found = trials_folder.load(folder).scores
    assert found.values.dtype == np.float64
    assert found.examples.tolist() == IDS.tolist()
    assert (found.clusters.dtype, found.name) == (np.int64, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": None}, "scores.npz must hold seeds, examples, scores, got"),
        ({"scores": losses(1)[:4]}, "a row for each of the 5 seeds, got 4"),
        ({"scores": losses(1)[:, :9]}, "examples must be integers or text (9,)"),
        ({"scores": losses(1)[0]}, "scores must be floats (S, 60), a row per seed"),
        ({"scores": losses(1) * np.inf}, "scores must be finite and below 1e+100"),
        ({"scores": losses(1).astype(str)}, "scores must be floats (S, 60)"),
        ({"examples": IDS[[0, *range(59)]]}, "an id each, got q0 for several"),
        ({"clusters": np.arange(9)}, "clusters must be integers or text (60,)"),
        ({"seeds": np.arange(5) + 1}, "must be the finished seeds, [0, 1, 2, 3, 4]"),
        ({"seeds": np.zeros(5, int)}, "duplicate_seed: "),
        ({"seeds": np.arange(5) + 0.5}, "seeds must be int64 (S,)"),
        ({"name": np.array(["a", "b"])}, "name in scores.npz must be one text"),
        ({"name": np.array("a\nb")}, "name of the scores must be one line"),
        ({"name": np.array([None])}, "scores.npz must hold plain arrays"),
    ],
)
def test_wrong_files_are_explained(tmp_path, changes, message):
    folder = saved(tmp_path, **changes)
    with pytest.raises(ArmError) as caught:
        trials_folder.load(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_the_answer_is_stored_as_json():
    answer = didithelp.compare(
        arm(losses(1)), arm(losses(2, 0.1), name="changed"), metric="val_loss"
    )
    content = json.loads(answer.to_json())
    assert content["arms"][0]["other_metrics"]["val_loss"]["values"] == pytest.approx(
        losses(1).mean(axis=1).tolist()
    )
