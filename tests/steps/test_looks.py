"""What `compare` keeps of its looks in the store, and finds there."""

import json

import mlflow
import pytest

from didithelp import trials_folder
from didithelp.arm import with_seeds
from lab import command_line, mlproject
from lab.host import process
from lab.runs import execution
from steps import compare
from tests.didithelp.builders import baseline, improved, undescribed

# Few images, so that five seeds are not sure, and recipes that differ.
ARMS = {
    "a": baseline(num_runs=12),
    "b": improved(0.147, num_runs=12, epochs=9),
    "clear": improved(0.05, num_runs=12, epochs=8),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a store of its own, in which comparisons are made."""
    monkeypatch.setattr(process, "watch_parent", lambda: None)
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("tests", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment("tests")
    yield tmp_path
    mlflow.set_tracking_uri(previous)


def ask(folder, num_seeds, capsys, change=lambda arm: arm, candidate="b", **given):
    """Compare the first seeds of two arms; the run, and what was printed."""
    for name in ("a", candidate):
        arm = change(with_seeds(ARMS[name], range(num_seeds)))
        trials_folder.save(arm, folder / f"{name} {num_seeds}")
    places = {"baseline": f"a {num_seeds}", "improved": f"{candidate} {num_seeds}"}
    texts = mlproject.defaults("compare") | places | {"working_directory": str(folder)}
    params = command_line.build(compare.Params, texts | {"margin": "0.012"} | given)
    execution.execute(compare.run, params, name="compare")
    (run,) = mlflow.MlflowClient().search_runs(
        [mlflow.get_experiment_by_name("tests").experiment_id], max_results=1
    )
    return run, " ".join(capsys.readouterr().out.split())


def test_more_of_the_same_seeds_are_another_look_unless_it_was_planned(folder, capsys):
    _, first = ask(folder, 5, capsys)
    run, again = ask(folder, 5, capsys)
    assert "compared before" not in first + again
    assert run.data.tags["compared_seeds"] == "5"
    _, more = ask(folder, 10, capsys)
    assert "warning: these recipes were compared before with 5 of these 10" in more
    note = run.data.tags["mlflow.note.content"]
    assert "compared before" not in note
    _, planned = ask(folder, 10, capsys, looks="5..12")
    assert "compared before with 5 of these 10 seeds" in planned
    _, other = ask(folder, 12, capsys, candidate="clear")
    assert "compared before" not in other


def test_looks_by_one_plan_are_no_further_ones(folder, capsys):
    run, five = ask(folder, 5, capsys, looks="5..12")
    assert "is not sure yet after 5 of 12 seeds; the next look is at 10." in five
    assert run.data.tags["looks"] == "5..12"
    run, ten = ask(folder, 10, capsys, looks="5..12")
    assert "compared before" not in ten
    path = mlflow.artifacts.download_artifacts(
        f"runs:/{run.info.run_id}/comparison/comparison.json", dst_path=str(folder)
    )
    with open(path, encoding="utf-8") as file:
        looks = json.load(file)["looks"]
    assert looks["planned"] == [5, 10, 12]
    assert [look["num_seeds"] for look in looks["taken"]] == [5, 10]


def test_without_recipe_and_data_nobody_knows_what_was_asked(folder, capsys):
    for num_seeds in (5, 10):
        run, printed = ask(folder, num_seeds, capsys, undescribed)
        assert "compared before" not in printed
        assert "question" not in run.data.tags


def test_the_answer_of_a_plan_is_that_of_its_first_seeds(folder, capsys):
    run, printed = ask(folder, 12, capsys, candidate="clear", looks="5..12")
    assert "sure after 5 of 12 seeds." in printed
    assert "14 runs are beyond the look that answers, at 5 seeds" in printed
    assert run.data.tags["compared_seeds"] == "5"
    assert run.data.metrics["p_holm"] <= 0.0207
