"""Runs of `python -m mnist_score` in processes of their own."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from support.processes import ROOT, python_of

SECONDS = 60


class Scoring:
    """Starts runs whose output is ``output``; ``settings`` are environment variables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.settings = {"MODEL_CACHE": str(folder / "cache"), **settings}
        self._started: list[subprocess.Popen[str]] = []

    def save(self, images: np.ndarray, name: str = "images.npy") -> Path:
        path = self.folder / name
        np.save(path, images)
        return path

    def start(self, *arguments: str | Path, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [python_of("score-test"), "-m", "mnist_score", *arguments, "--output", self.output],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "PYTHONPATH": os.pathsep.join((str(ROOT / "score"), str(ROOT / "api"))),
                **self.settings,
                **settings,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *arguments: str | Path, code: int = 0, **settings: str) -> str:
        """Wait for a run to end with ``code``; return what it printed."""
        process = self.start(*arguments, **settings)
        output, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == code, output + errors
        return output + errors

    def parts(self) -> list[Path]:
        return sorted(self.output.glob("part-*.parquet"))

    def read(self) -> pa.Table:
        """Return the rows of all parts, in the order of the parts, as users read them."""
        return pq.read_table(self.output)

    def kill(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()
