"""Tells which code made a run, and the command that makes it again."""

import shlex
import subprocess

from didithelp.provenance import Provenance
from lab import mlproject
from lab.runs import tags
from lab.runs.errors import without_password
from lab.runs.experiment import Experiment, StoredRun


def source_of(run: StoredRun, experiment: Experiment) -> str | None:
    """Where the project came from.

    A nested run is told of the clone that it lies in, so its parent is asked.
    """
    if run.parent is not None:
        run = experiment.get(run.parent)
    return run.tags.get(tags.SOURCE)


def provenance_of(run: StoredRun, source: str | None) -> Provenance:
    """Which code made a run that came from `source`, and how to repeat it."""
    source = source or run.tags.get(tags.SOURCE)
    commit = run.tags.get(tags.COMMIT)
    return Provenance(
        source=without_password(source) if source else None,
        commit=commit,
        dirty=_has_uncommitted_changes() if commit else None,
        command=_command(run, source, commit),
    )


def _command(run: StoredRun, source: str | None, commit: str | None) -> str | None:
    """`mlflow run` with the parameters of a run that differ from their defaults."""
    entry_point = run.tags.get(tags.ENTRY_POINT)
    if entry_point is None:
        return None
    if source and not source.startswith(("file:", "/", ".")):
        place = [source, "-v", commit] if commit else [source]
    else:
        place = ["."]
    words = ["mlflow", "run", *place, "-e", entry_point, "--env-manager", "local"]
    usual = mlproject.defaults(entry_point)
    for name, quoted in run.params.items():
        value = "".join(shlex.split(quoted))  # MLflow records them ready for a shell
        if name != "working_directory" and value != usual.get(name):
            words += ["-P", f"{name}={value}"]
    return without_password(shlex.join(words))


def _has_uncommitted_changes() -> bool | None:
    """Of the project's work tree; None where it is none or git is missing."""
    command = ["git", "--no-optional-locks", "status", "--porcelain"]
    try:
        answer = subprocess.run(
            command,
            cwd=mlproject.PROJECT_DIRECTORY,
            capture_output=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(answer.stdout.strip())
