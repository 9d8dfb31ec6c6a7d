"""Variables of notebooks, terminals and other projects do not change a training."""

import logging
import os
import subprocess
import sys

from mnist_trainer import library_logging
from support.processes import ROOT


def test_variables_for_other_programs_are_replaced_or_removed() -> None:
    environ = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "KERAS_BACKEND": "torch",
        "TF_USE_LEGACY_KERAS": "1",
        "MLFLOW_RUN_ID": "0" * 32,
        "MLFLOW_TRACKING_USERNAME": "ann",
    }
    library_logging.configure(environ)
    assert (environ["MPLBACKEND"], environ["KERAS_BACKEND"]) == ("agg", "tensorflow")
    assert not {"TF_USE_LEGACY_KERAS", "MLFLOW_RUN_ID"} & set(environ)
    assert environ["MLFLOW_TRACKING_USERNAME"] == "ann", "the server's own are kept"
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.WARNING)


def test_a_terminal_without_accents_shows_an_accented_name() -> None:
    environ = {"PYTHONIOENCODING": "ascii", "MODEL_NAME": "é/", "PATH": os.environ["PATH"]}
    result = subprocess.run(
        [sys.executable, "-m", "mnist_trainer", "versions"],
        cwd=ROOT / "trainer",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, "\\xe9/" in result.stderr) == (2, True), result.stderr
    assert "Traceback" not in result.stderr
