"""Tells whether a process still lives, to tidy up after those that were killed.

A killed process leaves a run marked as running and a scratch folder. Both bear its
identity: host, number and start, for the system gives a number again to later
processes. So the next process sees that nobody owns them any more.
"""

import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.host import lifecycle, locks

SECONDS_BETWEEN_PARENT_CHECKS = 1.0
DRIVER = "TP2_DRIVER"  # environment variable: identity of the process that launches
SCRATCH_PREFIX = "tp2-"


def identity() -> str:
    """Host, number and start of this process, such as 'node7-1a2b3c4d 4711 93561'."""
    return f"{_host()} {_local_identity(os.getpid())}"


def is_alive(identity: str) -> bool | None:
    """Whether that process still runs; None for one of another host."""
    host, _, local = identity.partition(" ")
    if host != _host():
        return None
    return _local_identity(int(local.partition(" ")[0])) == local


def terminate(identity: str) -> None:
    """Send SIGTERM to that process, if it runs on this host."""
    if is_alive(identity):
        os.kill(int(identity.split(" ")[1]), signal.SIGTERM)


def claim(run_id: str) -> None:
    """Note in a file that this process owns a run, before MLflow is loaded.

    Once it is, the run's tag `process` says so, and the claim is dropped.
    """
    _claim(run_id).write_text(identity(), "utf-8")


def claimed_by(run_id: str) -> str | None:
    """Identity of the process on this host that has claimed a run, if any has."""
    try:
        return _claim(run_id).read_text("utf-8")
    except OSError:
        return None


def drop_claim(run_id: str) -> None:
    """Remove the claim on a run: its tag names the owner now, or it has ended."""
    _claim(run_id).unlink(missing_ok=True)


def _claim(run_id: str) -> Path:
    return locks.folder() / f"run-{run_id}"


def watch_parent() -> None:
    """Send this process SIGTERM when `mlflow run`, or the driver above it, dies.

    The driver gives its identity in the environment: it may have died before this
    process could look who its parent is.
    """
    driver = os.environ.get(DRIVER)

    def watch() -> None:
        while os.getppid() == lifecycle.PARENT_PROCESS:
            if driver is not None and is_alive(driver) is False:
                break
            time.sleep(SECONDS_BETWEEN_PARENT_CHECKS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder for temporary files; also remove those of killed processes.

    Raises:
        SystemExit: no folder for temporary files can be written.
    """
    try:
        parent = Path(tempfile.gettempdir())
    except OSError as error:
        lifecycle.fail(
            f"no folder for scratch files: {error}; set TMPDIR", lifecycle.EXIT_FAILURE
        )
    for leftover in parent.glob(f"{SCRATCH_PREFIX}*-*-*"):
        _, host, pid, start, *_ = [*leftover.name.split("-"), "", ""]
        is_ours = host == _host_mark() and pid.isdigit()
        if is_ours and _local_identity(int(pid)) != f"{pid} {start}":
            shutil.rmtree(leftover, ignore_errors=True)
    owner = f"{_host_mark()} {_local_identity(os.getpid())}".replace(" ", "-")
    folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH_PREFIX}{owner}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _host_mark() -> str:
    """The host in 8 characters, for names of folders that containers may share."""
    return hashlib.sha256(_host().encode()).hexdigest()[:8]


@functools.cache
def _host() -> str:
    """Name of the host, with a hash of machine and process namespace.

    Containers of one machine may share the name, but never the namespace.
    """
    parts = []
    for read, path in (
        (Path.read_text, "/etc/machine-id"),
        (Path.readlink, "/proc/self/ns/pid"),
    ):
        with suppress(OSError):  # not Linux
            parts.append(str(read(Path(path))))
    mark = hashlib.sha256("".join(parts).encode()).hexdigest()[:8]
    return f"{socket.gethostname().replace(' ', '-')}-{mark}"


def _local_identity(pid: int) -> str:
    """Number and start of a process, or the number alone if no such process lives."""
    return f"{pid} {_start(pid)}".rstrip()


def _start(pid: int) -> str:
    """When a process started, as the system tells it; empty if it does not live."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # After the name, which is in parentheses and may hold anything: state
            # (Z is a process that has ended), then 18 numbers, then the start.
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]  # macOS
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ".".join(shown.split())
