"""Finds out which code made a run, and the command that makes it again."""

import importlib
import shlex
import subprocess
from collections.abc import Mapping

from didithelp.provenance import Provenance
from lab import command_line, mlproject
from lab.runs import keys, tags
from lab.runs.errors import without_password
from lab.runs.experiment import StoredRun


def source_of(run: StoredRun) -> str | None:
    """Where the project of a run came from: a path, or a URL without a password.

    A run that was launched names the folder that the project lies in, which may be a
    temporary clone: ask that of its driver.
    """
    source = run.tags.get(tags.SOURCE)
    return without_password(source) if source else None


def provenance_of(
    run: StoredRun, source: str | None, command: str | None, page: str | None
) -> Provenance:
    """Describe a run: its page, the code that made it, the command that repeats it."""
    commit = run.tags.get(tags.COMMIT)
    return Provenance(
        source=source,
        commit=commit,
        dirty=_has_uncommitted_changes() if commit else None,
        command=command,
        ablation=ablation(command) if command else None,
        run_id=run.run_id,
        pages={} if page is None else {run.run_id: page},
    )


def command(run: StoredRun, source: str | None, texts: Mapping[str, str]) -> str | None:
    """`mlflow run` with the parameters of a run that differ from their defaults.

    Args:
        run: as `mlflow run` has made it; for others there is no command.
        source: where the project came from.
        texts: the parameters. MLflow's own record of them is cut where it is long.
    """
    entry_point = run.tags.get(tags.ENTRY_POINT)
    if entry_point is None:
        return None
    place = ["."]
    if source and not source.startswith(("file:", "/", ".")):
        commit = run.tags.get(tags.COMMIT)
        place = [source, "-v", commit] if commit else [source]
    words = ["mlflow", "run", *place, "-e", entry_point, "--env-manager", "local"]
    step = importlib.import_module(keys.module_of(entry_point))
    defaults = command_line.canonical(step.Params, mlproject.defaults(entry_point))
    for name, text in texts.items():
        if name != "working_directory" and text != defaults.get(name):
            words += ["-P", f"{name}={text}"]
    return without_password(shlex.join(words))


def ablation(command: str) -> str | None:
    """The command of `ablate` with all that one of `main`, as made here, was given.

    Parameters that `ablate` does not have are left out; other entry points have none.
    """
    words = shlex.split(command)
    place = words.index("-e") + 1
    if words[place] != "main":
        return None
    options, given = words[place + 1 : place + 3], words[place + 4 :: 2]
    unknown = mlproject.defaults("main").keys() - mlproject.defaults("ablate").keys()
    kept = [text for text in given if text.partition("=")[0] not in unknown]
    pairs = [word for text in kept for word in ("-P", text)]
    return shlex.join([*words[:place], "ablate", *options, *pairs])


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
