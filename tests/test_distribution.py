"""What an installation and a checkout contain."""

import os
import shutil
import subprocess

from lab import mlproject

ROOT = mlproject.PROJECT_DIRECTORY


def test_a_checkout_on_windows_leaves_scripts_that_linux_runs(tmp_path):
    scripts = ("docker-entrypoint.sh", ".ci/run")
    repository, checkout = tmp_path / "repository", tmp_path / "checkout"
    for name in (".gitattributes", *scripts):
        target = repository / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    git = ["git", "-c", "core.autocrlf=true", "-C", str(repository)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True, capture_output=True)
    command = [*git, "checkout-index", "--all", f"--prefix={checkout}/"]
    subprocess.run(command, check=True)
    for name in scripts:
        script = checkout / name
        assert b"\r" not in script.read_bytes()
        assert os.access(script, os.X_OK)
