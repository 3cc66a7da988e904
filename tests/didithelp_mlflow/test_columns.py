"""What users write for a parameter, a tag or a name, and what it means among runs."""

import pytest

from didithelp_mlflow import columns
from didithelp_mlflow.columns import Column
from tests.didithelp_mlflow.builders import make_run

RUNS = [
    make_run({"optimizer": "adam", "both": 1, "model.depth": 2}),
    make_run(tags={"variant": "a", "both": "b", "mlflow.user": "me"}),
]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("params.optimizer", "params", "optimizer"),
        (" optimizer ", "params", "optimizer"),
        ("parameter.optimizer", "params", "optimizer"),
        ("params.`optimizer`", "params", "optimizer"),
        ("variant", "tags", "variant"),
        ("Tag.variant", "tags", "variant"),
        ('tags."both"', "tags", "both"),
        ("tags.mlflow.user", "tags", "mlflow.user"),
        ("model.depth", "params", "model.depth"),
        ("params.model.depth", "params", "model.depth"),
        ("attributes.run_name", "attributes", "run_name"),
        ("attributes.Run Name", "attributes", "run_name"),
        ("run_name", "attributes", "run_name"),
    ],
)
def test_a_column_is_found_in_whatever_spelling(text, kind, name):
    assert columns.is_column(text)
    assert columns.find("group_by", text, RUNS) == Column(kind, name)


@pytest.mark.parametrize("text", ["", " ", "params.", "attributes.status", "tags.``"])
def test_what_groups_no_runs_is_no_column(text):
    assert not columns.is_column(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params.optimiser", r"got 'params.optimiser'.*mean 'params.optimizer'"),
        ("optimiser", "none of the 2 has; did you mean 'params.optimizer'"),
        ("params.variant", "did you mean 'tags.variant'"),
        ("both", "a parameter and a tag .*; write params.both or tags.both"),
        ("zzz", "give another; there are params.both, params.model.depth, params.opt"),
    ],
)
def test_a_column_that_is_not_there_is_refused_with_those_that_are(text, message):
    with pytest.raises(ValueError, match=message):
        columns.find("group_by", text, RUNS)


def test_a_column_says_what_a_run_has_there():
    run = RUNS[0]
    assert Column("params", "optimizer").of(run) == "adam"
    assert Column("tags", "variant").of(run) is None
    assert Column("attributes", "run_name").of(run) == run.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("metrics.val_loss", "val_loss"),
        ("metrics.`val/loss`", "val/loss"),
        (" val.loss ", "val.loss"),
    ],
)
def test_a_metric_may_be_written_as_a_search_writes_it(text, name):
    assert columns.metric_name(text) == name


def test_a_long_list_says_how_many_more_there_are():
    assert columns.listed([]) == "none"
    assert columns.listed(map(str, range(14))).endswith("10, 11 and 2 more")
