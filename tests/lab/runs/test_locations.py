"""Which locations name runs."""

from lab.runs import locations


def test_the_run_around_a_path_is_found():
    run_id = "0123456789abcdef" * 2
    inside = f"mlruns/0/{run_id}/artifacts"
    for location in [
        inside,
        f"{inside}/trials",
        f"file:///a/{inside}/",
        f"s3://{inside}",
    ]:
        assert locations.run_around(location) == run_id
    for location in [run_id, f"runs:/{run_id}/artifacts2", f"a{run_id}/artifacts", "a"]:
        assert locations.run_around(location) is None


def test_names_and_urls_of_data_sets_are_no_runs():
    for location in ["mnist", "data/x.npz", "https://host/x.npz#sha256=0", "/a/b"]:
        assert not locations.names_run(location)
