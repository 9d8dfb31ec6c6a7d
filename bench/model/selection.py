"""Which network is served, and what it says itself: the answer every server has to give."""

import json
import os
import subprocess
from pathlib import Path

from bench.environments import bin_of
from local.environments import ROOT

TRAINED = ROOT / "models" / "mnist_model.onnx"
HERE = Path(__file__).parent


def choose_network(given: Path | None, work: Path) -> tuple[Path, str]:
    """Return the ONNX file to serve, and what to call it in the table.

    That is ``given``, else the last one trained, else one of random weights made in ``work``.
    """
    if given or TRAINED.is_file():
        path = (given or TRAINED).resolve(strict=True)
        return path, f"{path.name}, {path.stat().st_size / 1e6:.2f} MB"
    path = work / "random.onnx"
    _run("api-test", "random_model.py", path)
    return path, "784-256-128-10 with random weights, as nothing has been trained yet"


def ask_network(network: Path, images: Path) -> list[int]:
    """Return onnxruntime's own prediction for each image of a file of float32 (n, 784)."""
    predictions: list[int] = json.loads(_run("api", "onnxruntime_alone.py", network, images))
    return predictions


def _run(environment: str, program: str, *arguments: Path) -> str:
    quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    command = [bin_of(environment) / "python", HERE / program, *arguments]
    return subprocess.run(command, env=quiet, stdout=subprocess.PIPE, text=True, check=True).stdout
