"""Settings of the libraries, so that the terminal shows the trainer's own lines alone."""

import contextlib
import logging
import os
from collections.abc import Iterator, MutableMapping

VARIABLES = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",  # a notebook exports one of its own
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",  # MLflow looks for git, which an image may lack
}
# of a notebook or another project, for its own programs
FOREIGN = ("TF_USE_LEGACY_KERAS", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_REGISTRY_URI")
LOGGERS = ("tensorflow", "tf2onnx", "urllib3")
HTTP_LIMITS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


def configure(environment: MutableMapping[str, str]) -> None:
    """Set what the libraries read from the environment when they are imported, and silence loggers.

    MLflow's client retries for minutes by default; limits that are set already are kept.
    """
    environment.update(VARIABLES)
    for variable in FOREIGN:
        environment.pop(variable, None)
    for variable, value in HTTP_LIMITS.items():
        environment.setdefault(variable, value)
    for name in LOGGERS:  # what matters is raised as well
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def silence_stderr() -> Iterator[None]:
    """Discard what native code writes to stderr while it is imported; no setting prevents that."""
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)
