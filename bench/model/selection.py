"""Selects the ONNX model that every server serves."""

import subprocess
from pathlib import Path

from bench.environments import bin_of
from local.environments import ROOT

TRAINED = ROOT / "models" / "mnist_model.onnx"
RANDOM_MODEL = Path(__file__).with_name("random_model.py")


def select_model(given: Path | None, run_folder: Path) -> tuple[Path, str]:
    """Return an ONNX file, and its description for the table.

    The file is ``given``, else the last trained model, else one with random weights, which is
    written to ``run_folder``. Raises FileNotFoundError when ``given`` does not exist.
    """
    if given or TRAINED.is_file():
        path = (given or TRAINED).resolve(strict=True)
        return path, f"{path.name}, {path.stat().st_size / 1e6:.2f} MB"
    path = run_folder / "random.onnx"
    subprocess.run([bin_of("api-test") / "python", RANDOM_MODEL, path], check=True)
    return path, "784-256-128-10 with random weights, as nothing has been trained yet"
