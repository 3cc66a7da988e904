"""What else the bits of a trial depend on, besides code, recipe, data and seed."""

import importlib.metadata
import platform
from pathlib import Path

# The distributions that train.
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy")

# Instruction sets that the kernels of TensorFlow choose between.
CPU_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile")


def versions() -> dict[str, str]:
    """Versions and features of this process and machine; loads no package for it."""
    here = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "precision": "float32",
        "threads": "1",
        "cpu_features": _cpu_features(),
    }
    for distribution in PACKAGES:
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        here[distribution.removesuffix("-cpu")] = version
    return here


def _cpu_features() -> str:
    """Those of CPU_FEATURES that this machine has, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:  # not Linux
        return platform.processor()
    flags = set(text.partition("flags")[2].partition("\n")[0].split())
    return " ".join(name for name in CPU_FEATURES if name in flags)
