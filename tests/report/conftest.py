"""A real tracking server with a run as the trainer writes one, with chosen numbers.

Run from the root: PYTHONPATH=trainer .../trainer-test/bin/python -m pytest tests/report
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer import library_logging

library_logging.configure(os.environ)  # before any test imports MLflow

from mlflow import MlflowClient  # noqa: E402 - only after the line above
from mlflow.entities import Metric, Param  # noqa: E402 - the same

ROOT = Path(__file__).resolve().parents[2]
SERVER_PYTHON = ROOT / ".local" / "environments" / "mlflow-server" / "bin" / "python"
BOOT = 120  # seconds that a server may take to start on a busy machine

PARAMS = {
    "recipe": "50%_&_more", "hidden": "(20, 10)", "epochs": "3", "batch_size": "512",
    "learning_rate": "0.0015", "warmup": "0.05", "beta_1": "0.9", "beta_2": "0.99",
    "label_smoothing": "0.05", "elastic": "0.8", "rotation": "10.0", "scale": "0.1",
    "shear": "0.1", "shift": "1.0", "seed": "7", "floor": "0.97", "training_images": "55000",
    "dataset": "mnist", "dataset_sha256": "ab" * 32,
    **{f"version_{name}": "1.2.3" for name in (
        "python", "tensorflow", "keras", "numpy", "mlflow", "onnx", "onnxruntime"
    )},
}  # fmt: skip
METRICS = {
    "training_seconds": 12.34, "test_loss": 0.0765, "test_images": 10000.0,
    "test_mistakes": 250.0, "calibration_error": 0.0432, "temperature": 0.62,
    "val_calibration_error_before": 0.0371, "val_calibration_error": 0.0035,
    "accuracy_turned_left": 0.8111, "accuracy_turned_right": 0.7222,
    "accuracy_thin": 0.6333, "accuracy_off_centre": 0.5444,
    "compared_with": 4.0, "digits_lost": 31.0, "digits_won": 42.0, "mcnemar_p": 0.2417,
    **{f"test_{what}_{digit}": 0.975 for what in ("precision", "recall") for digit in range(10)},
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    for allowed in (
        "ignore::DeprecationWarning:tensorflow",  # its own use of numpy and of Python's modules
        "ignore::DeprecationWarning:google",  # protobuf's C types under Python 3.12
        "ignore::FutureWarning:mlflow",  # of MLflow to itself
    ):
        config.addinivalue_line("filterwarnings", allowed)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "PORT": str(port),
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [SERVER_PYTHON, ROOT / "mlflow-server" / "start.py"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it and its worker; the data are thrown away
        process.wait()


def _wait(uri: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + BOOT
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=2).close()  # noqa: S310 - our own
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    pytest.fail("no tracking server")


@pytest.fixture(scope="session")
def client(server: str) -> MlflowClient:
    return MlflowClient(server, server)


@pytest.fixture(scope="session")
def trained(client: MlflowClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a model whose promoted version has a run with metrics; returns the name."""
    from matplotlib.image import imsave

    run = client.create_run("0").info.run_id
    client.log_batch(run, params=[Param(*each) for each in PARAMS.items()])
    for name, value in METRICS.items():
        client.log_metric(run, name, value)
    for step, accuracy in enumerate((0.95, 0.985, 0.98), start=1):
        now = int(time.time() * 1000)
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        client.log_batch(run, [Metric(name, accuracy, now, step) for name in names])
    confusion = np.diag([975] * 10)
    confusion[4, 9] = 25
    client.log_dict(run, {"rows_true_columns_guessed": confusion.tolist()}, "confusion.json")
    folder = tmp_path_factory.mktemp("plots")
    sizes = {  # as the trainer draws them, height and width
        "learning_curves": (704, 1280), "confusion_matrix": (1104, 1280),
        "reliability": (1024, 1280), "worst_mistakes": (1272, 1280),
        "first_layer_filters": (1296, 1280),
    }  # fmt: skip
    for name, size in sizes.items():
        imsave(folder / f"{name}.png", np.full((*size, 3), 0.9))
    client.log_artifacts(run, str(folder), "figures")
    return _promote(client, "digits_&_more", run)


@pytest.fixture(scope="session")
def bare(client: MlflowClient) -> str:
    """The name of a model whose promoted version has a run without metrics."""
    return _promote(client, "bare", client.create_run("0").info.run_id)


def _promote(client: MlflowClient, name: str, run: str) -> str:
    client.create_registered_model(name)
    source = client.get_run(run).info.artifact_uri
    version = client.create_model_version(name, source, run)
    client.set_registered_model_alias(name, "Production", version.version)
    return name


def copy_report(folder: Path) -> Path:
    generated = shutil.ignore_patterns("generated", "build", "main.pdf", "__pycache__")
    shutil.copytree(ROOT / "report", folder / "report", ignore=generated)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the repository's report, for reports of one's own."""
    return copy_report(tmp_path)


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


@pytest.fixture(scope="session")
def collected(server: str, trained: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's report with the numbers of the run."""
    folder = copy_report(tmp_path_factory.mktemp("collected"))
    done = collect(folder, server, trained)
    assert done.returncode == 0, done.stderr
    return folder
