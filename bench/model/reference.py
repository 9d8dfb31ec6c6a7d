"""ONNX Runtime without a server: the expected predictions, and the highest possible throughput."""

import json
import os
import subprocess
import time
from pathlib import Path

from bench.environments import bin_of
from local.environments import ROOT
from local.processes import Program, Supervisor

ONNXRUNTIME_ALONE = Path(__file__).with_name("onnxruntime_alone.py")
START_DELAY = 2.0  # s until both processes have loaded the model


def predict(model: Path, images: Path) -> list[int]:
    """Return the predicted class of each image of a file of float32 (n, 784)."""
    done = subprocess.run(
        _command(model, images), env=_environ(), stdout=subprocess.PIPE, text=True, check=True
    )
    predictions: list[int] = json.loads(done.stdout)
    return predictions


def measure_throughput(model: Path, images: Path, seconds: float, run_folder: Path) -> float:
    """Return the images per second of two processes that run at the same time."""
    command = [*_command(model, images), str(time.time() + START_DELAY), str(seconds)]
    logs = [run_folder / f"onnxruntime-{number}.log" for number in (1, 2)]
    programs = [Program("ONNX Runtime", command, ROOT, _environ(), log) for log in logs]
    with Supervisor() as supervisor:
        supervisor.start(programs[0])
        if supervisor.run(programs[1]) != 0:
            raise RuntimeError(f"ONNX Runtime failed:\n{logs[1].read_text()}")
        deadline = time.monotonic() + 30
        while not logs[0].read_text().strip() and time.monotonic() < deadline:
            supervisor.pause(0.1)
    return sum(float(json.loads(log.read_text())) for log in logs)


def _command(model: Path, images: Path) -> list[str | Path]:
    return [bin_of("api") / "python", ONNXRUNTIME_ALONE, model, images]


def _environ() -> dict[str, str]:
    return {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
