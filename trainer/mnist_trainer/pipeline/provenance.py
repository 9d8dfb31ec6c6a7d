"""Provenance of a training: versions of packages, and the commit of the code."""

import platform
import subprocess
from importlib import import_module
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "numpy", "mlflow", "onnx", "onnxruntime")


def find_commit(given: str | None) -> str | None:
    """Return ``given`` or the commit of the repository around this file; None where unknown."""
    if given:
        return given
    try:
        completed = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):  # git is not installed
        return None
    return completed.stdout.strip() or None


def list_packages() -> dict[str, str]:
    """Return the versions of Python and of the packages on which a training's result depends."""
    versions = {name: str(import_module(name).__version__) for name in PACKAGES}
    return {"python": platform.python_version()} | versions
