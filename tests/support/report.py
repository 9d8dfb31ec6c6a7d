"""A copy of the report, and its programs, run as `make report` does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.processes import ROOT


def copy_report(folder: Path) -> Path:
    generated = shutil.ignore_patterns("generated", "build", "main.pdf", "__pycache__")
    shutil.copytree(ROOT / "report", folder / "report", ignore=generated)
    return folder


def run(module: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the report in ``folder`` as `make report` does in the repository."""
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "trainer")} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def collect(folder: Path, server: str, model: str) -> subprocess.CompletedProcess[str]:
    # port 9 is for discarding: no API answers there
    settings = {"MLFLOW_TRACKING_URI": server, "MODEL_NAME": model, "AUTHOR": "Ada & Léa"}
    return run("report.collect", folder, API_URL="http://127.0.0.1:9", **settings)
