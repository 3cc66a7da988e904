"""Which locations name runs."""

from lab.runs import locations


def test_names_and_urls_of_data_sets_are_no_runs():
    for location in ["mnist", "data/x.npz", "https://host/x.npz#sha256=0", "/a/b"]:
        assert not locations.names_run(location)
