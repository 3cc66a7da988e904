"""`judge` through `mlflow run`, on the trials that `main` has left."""

import json

import pytest


def comparison_of(place, run):
    folder = place.artifacts(run, "comparison")
    return json.loads((folder / "comparison.json").read_text("utf-8"))


def test_the_trials_of_main_are_runs_like_any(place, last):
    process = place.run(
        "judge",
        experiment="Default",
        filter=f"attributes.start_time <= {last['main'].info.end_time}",
        group_by="tags.arm",
        baseline="baseline",
        seed="tags.seed",
        write_back="True",
    )
    assert process.returncode == 0, process.stderr
    judged, compared = (
        comparison_of(place, run) for run in (place.last("judge"), last["compare"])
    )
    assert judged["comparisons"][0]["delta"] == pytest.approx(
        compared["comparisons"][0]["delta"]
    )
    # The runs of the two training steps have the tag and the metric, but no seed.
    left_out = [
        warning["values"]["runs"]
        for warning in judged["warning_codes"]
        if warning["code"] == "runs_without_seed"
    ]
    steps = [last[f"train_{arm}"].info.run_id for arm in ("baseline", "improved")]
    assert left_out == [[step] for step in steps]
    for arm in judged["arms"]:
        for run_id in arm["run_ids"]:
            tags = place.client.get_run(run_id).data.tags
            assert tags["didithelp.judged_by"] == place.last("judge").info.run_id
            assert tags["arm"] == arm["name"]
