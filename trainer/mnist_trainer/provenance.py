"""What a training was made with: packages, and the commit of the code where it is known."""

import platform
import subprocess
from pathlib import Path


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
    import keras
    import mlflow
    import numpy as np
    import onnx
    import onnxruntime
    import tensorflow as tf

    packages = (tf, keras, np, mlflow, onnx, onnxruntime)
    versions = {str(each.__name__): str(each.__version__) for each in packages}
    return {"python": platform.python_version()} | versions
