"""What a training was made with: packages, and the commit of the code where it is known."""

import platform
import subprocess
from importlib import import_module
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "numpy", "mlflow", "onnx", "onnxruntime")


def find_commit(given: str | None) -> str | None:
    """Return the commit ``given`` or, in a repository, the one checked out; None where unknown."""
    if given:
        return given
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here
        return None
    return asked.stdout.strip() or None


def list_packages() -> dict[str, str]:
    """Return the versions of Python and of what decides a training's outcome."""
    versions = {name: str(import_module(name).__version__) for name in PACKAGES}
    return {"python": platform.python_version()} | versions
