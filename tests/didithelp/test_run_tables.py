"""Tables of trackers: their columns, states and cells, in the words of arms."""

from io import StringIO

import pandas as pd
import pytest

from didithelp import run_tables
from didithelp.arm import ArmError


def table(text):
    return pd.read_csv(StringIO(text))


def refusal(text) -> str:
    with pytest.raises(ArmError) as caught:
        run_tables.runs(table(text))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- columns --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Seed,Test Accuracy",
        "config/seed,test/acc",
        "params.seed,metrics.test_accuracy",
        "random_seed,test_acc",
        "SEED,test-accuracy",
    ],
)
def test_the_spellings_of_trackers_are_understood(header):
    found, remarks = run_tables.runs(table(f"{header}\n3,0.9\n1,0.8\n"))
    assert found["seed"].tolist() == [3, 1]
    assert found["test_accuracy"].tolist() == [0.9, 0.8]
    assert remarks == ()


def test_the_exact_name_goes_before_other_spellings():
    found, _ = run_tables.runs(table("Seed,seed,test_acc,test_accuracy\n9,0,0.1,0.9\n"))
    assert (found["seed"].tolist(), found["test_accuracy"].tolist()) == ([0], [0.9])


def test_two_columns_that_may_be_meant_are_refused():
    message = refusal("seed,test_acc,test/accuracy\n0,0.9,0.8\n")
    assert "one column test_accuracy, got test_acc, test/accuracy; rename" in message
    twice = table("seed,b,test_accuracy\n0,1,0.9\n").set_axis(
        ["seed", "seed", "test_accuracy"], axis=1
    )
    with pytest.raises(ArmError, match="one column seed, got seed, seed"):
        run_tables.runs(twice)


def test_a_log_by_step_is_described():
    message = refusal("epoch,step,val_loss,test_acc\n0,9,0.3,\n1,19,,0.9\n")
    assert "with seed and test_accuracy (or another metric); missing: seed" in message
    assert "found: epoch, step, val_loss, test_acc" in message
    assert "test_acc has an empty cell in row 1 below the header" in message
    assert "this looks like a log by step: write one row per run" in message


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([1, 2, "x"], "; reward has 'x' in row 3 below the header; write numbers such"),
        (["1,5", "2", "3"], "; reward has '1,5' in row 1 below the header; write"),
        ([None] * 3, "; reward has an empty cell in row 1 below the header; write"),
        (["a", "b", "c"], "found: seed, note, reward; write numbers such as 0.5, or"),
        ([], "found: seed, note, reward; write numbers such as 0.5, or"),
    ],
)
def test_what_is_no_number_in_the_only_metric_is_told(cells, told):
    seeds = pd.DataFrame({"seed": range(len(cells))})
    with pytest.raises(ArmError) as refused:
        run_tables.runs(seeds.assign(note="q", reward=cells))
    assert told in str(refused.value)


def test_a_wide_table_is_not_listed_whole():
    names = [f"metric_{number}" for number in range(50)]
    message = refusal(",".join(names) + "\n" + ",".join("0" * 50) + "\n")
    assert "metric_11, ...;" in message


# --- cells ----------------------------------------------------------------------------


def test_whole_floats_are_seeds():
    found, _ = run_tables.runs(table("seed,test_accuracy\n0.0,0.9\n7.0,0.8\n"))
    assert found["seed"].tolist() == [0, 7]
    assert found["seed"].dtype == "int64"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "0,0.9\nrun-1,0.8",
            "integers below 2**63, got 'run-1' in row 2",
        ),
        ("0,0.9\n,0.8", "got an empty cell in row 2 below the header"),
        ("0,0.9\n1.5,0.8", "got 1.5 in row 2"),
        ("18446744073709551615,0.9", "got 18446744073709551615 in row 1"),
        ("True,0.9", "got True in row 1"),
        ("0,True", "got True in row 1"),
        ("0,0.9\n1,n.a", "numbers or empty cells, got 'n.a' in row 2"),
        ("0,97.5%", "got '97.5%' in row 1 below the header; write percentages as"),
    ],
)
def test_the_first_bad_cell_is_named_with_its_row(rows, message):
    assert message in refusal(f"seed,test_accuracy\n{rows}\n")


def test_thousands_of_rows_take_no_time():
    rows = "".join(f"{seed},a,0.9\n" for seed in range(20_000))
    found, _ = run_tables.runs(table("seed,Name,test_accuracy\n" + rows))
    assert len(found) == 20_000


# --- states ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    "finished FINISHED COMPLETED TERMINATED COMPLETE RunStatus.FINISHED".split(),
)
@pytest.mark.parametrize("column", ["status", "State", "state", "Status"])
def test_finished_runs_of_any_tracker_count(column, state):
    found, remarks = run_tables.runs(
        table(f"seed,test_accuracy,{column}\n0,0.9,{state}\n")
    )
    assert found["status"].tolist() == ["finished"]
    assert remarks == ()


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("crashed", "crashed"),
        ("FAILED", "failed"),
        ("Killed", "killed"),
        ("ERROR", "error"),
        ("TrialState.PRUNED", "pruned"),
        ("CANCELLED by 1000", "cancelled"),
        ("OUT_OF_MEMORY", "out_of_memory"),
        ("timed out", "timed_out"),
    ],
)
def test_runs_that_failed_count_as_started_only(state, word):
    found, (remark,) = run_tables.runs(
        table(f"State,seed,test_accuracy\nfinished,0,0.9\n{state},1,0.11\n")
    )
    assert found["status"].tolist() == ["finished", "diverged"]
    assert remark.code == "unfinished_runs"
    assert remark.values == {"seeds": [1], "states": [word]}


@pytest.mark.parametrize("state", ["running", "RUNNING", "SCHEDULED", "In Progress"])
def test_runs_that_go_on_count_as_started_only(state):
    found, (remark,) = run_tables.runs(
        table(f"State,seed,test_accuracy\nfinished,0,0.9\n{state},4,0.8\n")
    )
    assert found["status"].tolist() == ["finished", "diverged"]
    assert (remark.code, remark.values) == ("running_runs", {"seeds": [4]})


def test_our_own_states_need_no_remark():
    _, remarks = run_tables.runs(
        table("seed,test_accuracy,status\n0,0.9,finished\n1,,diverged\n")
    )
    assert remarks == ()


def test_an_empty_column_of_states_says_nothing():
    found, _ = run_tables.runs(table("State,seed,test_accuracy\n,0,0.9\n,1,\n"))
    assert found["status"].tolist() == ["finished", "diverged"]


def test_an_unknown_state_is_named():
    message = refusal("State,seed,test_accuracy\nfinished,0,0.9\nCA,1,0.9\n")
    assert "got 'CA' in row 2 below the header; rename the column" in message


# --- several runs of a seed -----------------------------------------------------------


def long_table(*columns):
    rows = [
        ",".join([*(f"{c}{(row >> place) % 2}" for place, c in enumerate(columns))])
        + f",id{row},{row >> len(columns)},0.{row + 10}"
        for row in range(4 << len(columns))
    ]
    return "\n".join([",".join([*columns, "run", "seed", "test_accuracy"]), *rows])


def test_the_column_that_tells_arms_apart_is_named():
    message = refusal(long_table("architecture"))
    assert "duplicate_seed: metrics must have one row per seed, seed 0 has" in message
    assert "they differ in architecture (architecture0, architecture1)" in message
    assert "table[(table['architecture'] == 'architecture0')].to_csv(" in message


def test_several_columns_that_tell_arms_apart_are_named():
    message = refusal(long_table("dataset", "fold"))
    assert "dataset (dataset0, dataset1) and fold (fold0, fold1)" in message
    assert "(table['dataset'] == 'dataset0') & (table['fold'] == 'fold0')" in message


def test_without_such_a_column_one_run_is_to_be_kept():
    message = refusal("seed,test_accuracy\n0,0.9\n0,0.8\n")
    assert message.endswith("seed 0 has several; keep one run of each seed")


def test_states_of_a_run_that_was_started_again_are_named():
    message = refusal("State,seed,test_accuracy\ncrashed,0,0.1\nfinished,0,0.9\n")
    assert "their states are crashed, finished; keep one run of each seed" in message
