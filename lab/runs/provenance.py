"""Finds out which code made a run, and the command that makes it again."""

import shlex
import subprocess

from didithelp.provenance import Provenance
from lab import mlproject
from lab.runs import tags
from lab.runs.errors import without_password
from lab.runs.experiment import Experiment, StoredRun


def source_of(run: StoredRun, experiment: Experiment) -> str | None:
    """Where the project came from: a path or the URL of a repository, if known.

    For a nested run the parent is asked, because its own tag names the folder that the
    project lies in, which may be a temporary clone.
    """
    if run.parent is not None:
        run = experiment.get(run.parent)
    return run.tags.get(tags.SOURCE)


def provenance_of(run: StoredRun, source: str | None) -> Provenance:
    """Describe the code that made a run, and the command that repeats it.

    Args:
        run: of which the tags and parameters are read.
        source: where the project came from; if None, the run's own tag says it.
    """
    source = source or run.tags.get(tags.SOURCE)
    commit = run.tags.get(tags.COMMIT)
    return Provenance(
        source=without_password(source) if source else None,
        commit=commit,
        dirty=_has_uncommitted_changes() if commit else None,
        command=_command(run, source, commit),
    )


def _command(run: StoredRun, source: str | None, commit: str | None) -> str | None:
    """The `mlflow run` that repeats a run; it names parameters that are no defaults."""
    entry_point = run.tags.get(tags.ENTRY_POINT)
    if entry_point is None:
        return None
    if source and not source.startswith(("file:", "/", ".")):
        place = [source, "-v", commit] if commit else [source]
    else:
        place = ["."]
    words = ["mlflow", "run", *place, "-e", entry_point, "--env-manager", "local"]
    defaults = mlproject.defaults(entry_point)
    for name, quoted in run.params.items():
        value = "".join(shlex.split(quoted))  # MLflow records them ready for a shell
        if name != "working_directory" and value != defaults.get(name):
            words += ["-P", f"{name}={value}"]
    return without_password(shlex.join(words))


def _has_uncommitted_changes() -> bool | None:
    """Whether the project's work tree has any; None if git cannot tell."""
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
