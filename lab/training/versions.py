"""Versions of packages and features of the processor: a trial's bits depend on them."""

import platform
from pathlib import Path

from lab.host.packages import installed

# The distributions that decide the weights of a trial.
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy")

# Instruction sets that TensorFlow chooses its kernels by, as /proc/cpuinfo names them.
CPU_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile")


def versions() -> dict[str, str]:
    """What this process trains with: Python, packages, precision, threads, processor.

    `tensorflow-cpu` is called tensorflow, for it computes the same.
    """
    here = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "precision": "float32",
        "threads": "1",
        "cpu_features": _cpu_features(),
    }
    for distribution, version in installed(PACKAGES).items():
        here[distribution.removesuffix("-cpu")] = version
    return here


def _cpu_features() -> str:
    """Those of CPU_FEATURES that this machine has; elsewhere the processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:  # not Linux
        return platform.processor()
    flags = set(text.partition("flags")[2].partition("\n")[0].split())
    return " ".join(name for name in CPU_FEATURES if name in flags)
