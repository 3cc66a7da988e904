"""Who is alive: processes that can be told from later ones with the same number.

A process that is killed cannot tidy up. What it leaves (a run marked as running, a
scratch folder) bears its identity, so that a later one can see that nobody owns it.
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
DRIVER = "TP2_DRIVER"  # variable with the identity of who launches a step
SCRATCH_PREFIX = "tp2-"


def identity() -> str:
    """Host, process id and start of this process, such as 'node7 4711 93561'."""
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
    """Note whose a run is, before MLflow is loaded and can be told."""
    _claim(run_id).write_text(identity(), "utf-8")


def claimed_by(run_id: str) -> str | None:
    """Identity of the process on this host that has claimed a run, if any has."""
    try:
        return _claim(run_id).read_text("utf-8")
    except OSError:
        return None


def drop_claim(run_id: str) -> None:
    """The run itself says now whose it is, or nobody's."""
    _claim(run_id).unlink(missing_ok=True)


def _claim(run_id: str) -> Path:
    return locks.folder() / f"run-{run_id}"


def watch_parent() -> None:
    """Stop when `mlflow run` or the driver dies: nobody would be left to stop us.

    A driver says who it is, because its number alone would be too late where it dies
    while this process is still being started.
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
    """A folder for temporary files; those of killed processes are removed."""
    try:
        parent = Path(tempfile.gettempdir())
    except OSError as error:
        lifecycle.fail(
            f"no folder for scratch files: {error}; set TMPDIR", lifecycle.EXIT_FAILURE
        )
    for left in parent.glob(f"{SCRATCH_PREFIX}*-*-*"):
        _, host, pid, start, *_ = [*left.name.split("-"), "", ""]
        is_ours = host == _host_mark() and pid.isdigit()
        if is_ours and _local_identity(int(pid)) != f"{pid} {start}":
            shutil.rmtree(left, ignore_errors=True)
    owner = f"{_host_mark()} {_local_identity(os.getpid())}".replace(" ", "-")
    folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH_PREFIX}{owner}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _host_mark() -> str:
    """Containers may share a folder for temporary files, but not their processes."""
    return hashlib.sha256(_host().encode()).hexdigest()[:8]


@functools.cache
def _host() -> str:
    """Name, machine and process namespace: containers may share all but the last."""
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
    """The process's number and start, or the number alone if there is none."""
    return f"{pid} {_start(pid)}".rstrip()


def _start(pid: int) -> str:
    """A text that no other process with this number has had since the last boot."""
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
