"""The record of a trial."""

from lab.training.trial import versions


def test_versions_are_found_without_loading_anything():
    found = versions()
    assert {"python", "tensorflow", "keras", "numpy", "threads"} <= set(found)
    assert all(isinstance(value, str) for value in found.values())
