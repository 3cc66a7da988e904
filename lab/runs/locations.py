"""Tells whether a location that a person or a step has given names a run."""

import re

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_URI_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/")


def is_run_id(location: str) -> bool:
    """Whether it is a run id, 32 hexadecimal digits, and nothing more."""
    return bool(_RUN_ID.fullmatch(location))


def names_run(location: str) -> bool:
    """Whether it is a run id or an artifact URI, and so no path, web address or name.

    MLflow is asked for such locations alone.
    """
    is_web = location.startswith(("http://", "https://"))
    is_uri = bool(_URI_SCHEME.match(location)) and not is_web
    return is_run_id(location) or is_uri


def listed(text: str) -> list[str]:
    """The locations in a text with commas between them: 'a, b' → ['a', 'b']."""
    return [part.strip() for part in text.split(",")]


def run_of(location: str) -> str | None:
    """The run id in "<run id>/..." or "runs:/<run id>/..."; None for anything else."""
    named = re.match(r"(?:runs:/)?([0-9a-f]{32})(?:/|$)", location)
    return named[1] if named else None


def run_around(location: str) -> str | None:
    """The id in ".../<run id>/artifacts/...", as MLflow keeps the files of a run."""
    inside = re.search(r"(?:^|/)([0-9a-f]{32})/artifacts(?:/|$)", location)
    return inside[1] if inside else None
