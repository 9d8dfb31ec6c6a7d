"""Keeps the terminal for the trainer's own lines."""

import contextlib
import os
from collections.abc import Iterator, MutableMapping

VARIABLES = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",  # MLflow looks for git, which an image need not have
}
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


def prepare(environment: MutableMapping[str, str]) -> None:
    """Set what the libraries read from the environment when they are imported.

    A client of MLflow tries for minutes by default; whoever set that already keeps it.
    """
    environment.update(VARIABLES)
    for variable, value in PATIENCE.items():
        environment.setdefault(variable, value)


@contextlib.contextmanager
def mute() -> Iterator[None]:
    """Drop what native code writes to stderr, for an import that greets whatever it is told."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
