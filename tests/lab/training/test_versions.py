"""The versions that a trial was trained with."""

from lab.training.versions import versions


def test_versions_are_found_without_loading_anything():
    found = versions()
    assert {"python", "tensorflow", "keras", "numpy", "threads"} <= set(found)
    assert all(isinstance(value, str) for value in found.values())
