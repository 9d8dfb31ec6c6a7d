"""A real tracking server for all tests, and a model name of its own for each.

Run from the repository's root, with the trainer-test environment's Python and PYTHONPATH=trainer:
python -m pytest tests/trainer
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mnist_trainer import library_logging
from mnist_trainer.data.dataset import SHIPPED

library_logging.configure(os.environ)  # before any test imports MLflow or TensorFlow

from mlflow import MlflowClient  # noqa: E402 - only after the line above

from mnist_trainer.settings import Settings, read_settings  # noqa: E402 - the same

ROOT = Path(__file__).resolve().parents[2]
SERVER_PYTHON = ROOT / ".local" / "environments" / "mlflow-server" / "bin" / "python"
BOOT = 120  # seconds that a server may take to start on a busy machine


def pytest_configure(config: pytest.Config) -> None:
    for allowed in (
        # MLflow warns, when imported, of a type hint of its own
        "ignore:.*Any type hint is inferred as AnyType:UserWarning",
        # Keras copies its variables in a way that numpy 2 is going to drop
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning",
    ):
        config.addinivalue_line("filterwarnings", allowed)


class Server(NamedTuple):
    """A tracking server that runs; ``process`` is ours to stop."""

    uri: str
    port: int
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def running_server(folder: Path, port: int = 0) -> Iterator[Server]:
    """Start the product's tracking server on SQLite and files in ``folder``, and stop it.

    With a ``port`` and the folder of one that was stopped before it is that one, come back.
    """
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    environment = os.environ | {
        "BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "PORT": str(port),
    }
    with (folder / "server.log").open("a") as log:
        process = subprocess.Popen(
            [SERVER_PYTHON, ROOT / "mlflow-server" / "start.py"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(uri, process, folder)
        yield Server(uri, port, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it and its worker; the data are thrown away
        process.wait()


def _wait_until_healthy(uri: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + BOOT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{uri}/health", timeout=2).close()  # noqa: S310 - our own
            return
        time.sleep(0.2)
    pytest.fail(f"No tracking server:\n{(folder / 'server.log').read_text()[-2000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tracking server that all tests share."""
    with running_server(tmp_path_factory.mktemp("server")) as started:
        yield started.uri


@pytest.fixture
def environment(server: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a trainer whose experiment, model and folder no other test uses."""
    name = tmp_path.name.strip("_")
    return {
        "MLFLOW_TRACKING_URI": server,
        "MLFLOW_EXPERIMENT_NAME": name,
        "MODEL_NAME": name,
        "MODELS_DIR": str(tmp_path / "models"),
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return read_settings(environment, SHIPPED)


@pytest.fixture
def client(server: str) -> MlflowClient:
    return MlflowClient(tracking_uri=server, registry_uri=server)


Command = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Command]:
    """Start `python -m mnist_trainer` as a user does; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: str, **changed: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mnist_trainer", *arguments],
            cwd=ROOT / "trainer",
            env=os.environ | environment | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.communicate()
