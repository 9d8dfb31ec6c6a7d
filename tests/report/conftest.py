"""A real tracking server with a run as the trainer writes one, with chosen numbers.

Run from the root: PYTHONPATH=trainer .../trainer-test/bin/python -m pytest tests/report
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer import library_logging

library_logging.configure(os.environ)  # before any test imports MLflow

from mlflow import MlflowClient  # noqa: E402 - only after the line above
from mlflow.entities import Metric, Param  # noqa: E402 - the same

from support.cases.run import CORRUPTED, METRICS, PARAMS  # noqa: E402 - the same
from support.report import collect, copy_report  # noqa: E402 - the same
from support.servers.tracking import tracking_server  # noqa: E402 - the same


def pytest_configure(config: pytest.Config) -> None:
    for allowed in (
        "ignore::DeprecationWarning:tensorflow",  # its own use of numpy and of Python's modules
        "ignore::DeprecationWarning:google",  # protobuf's C types under Python 3.12
        "ignore::FutureWarning:mlflow",  # of MLflow to itself
    ):
        config.addinivalue_line("filterwarnings", allowed)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with tracking_server(tmp_path_factory.mktemp("server")) as started:
        yield started.url


@pytest.fixture(scope="session")
def client(server: str) -> MlflowClient:
    return MlflowClient(server, server)


@pytest.fixture(scope="session")
def trained(client: MlflowClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a model whose promoted version has a run with metrics."""
    run = _log_run(client, METRICS, tmp_path_factory.mktemp("plots"))
    return _promote(client, "digits_&_more", run)


@pytest.fixture(scope="session")
def uncorrupted(client: MlflowClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, measured before there were corruptions."""
    former = {name: each for name, each in METRICS.items() if each not in CORRUPTED}
    run = _log_run(client, former, tmp_path_factory.mktemp("plots"))
    return _promote(client, "earlier", run)


@pytest.fixture(scope="session")
def bare(client: MlflowClient) -> str:
    """The name of a model whose promoted version has a run without metrics."""
    return _promote(client, "bare", client.create_run("0").info.run_id)


def _log_run(client: MlflowClient, metrics: Mapping[str, float], folder: Path) -> str:
    """Log parameters, ``metrics``, curves and plots as a training does; return the run's id."""
    from matplotlib.image import imsave

    run = client.create_run("0").info.run_id
    client.log_batch(run, params=[Param(*each) for each in PARAMS.items()])
    for name, value in metrics.items():
        client.log_metric(run, name, value)
    for step, accuracy in enumerate((0.95, 0.985, 0.98), start=1):
        now = int(time.time() * 1000)
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        client.log_batch(run, [Metric(name, accuracy, now, step) for name in names])
    confusion = np.diag([975] * 10)
    confusion[4, 9] = 25
    client.log_dict(run, {"rows_true_columns_guessed": confusion.tolist()}, "confusion.json")
    sizes = {  # as the trainer draws them, height and width
        "learning_curves": (704, 1280), "confusion_matrix": (1104, 1280),
        "reliability": (1024, 1280), "worst_mistakes": (1272, 1280),
        "first_layer_filters": (1296, 1280),
    }  # fmt: skip
    for name, size in sizes.items():
        imsave(folder / f"{name}.png", np.full((*size, 3), 0.9))
    client.log_artifacts(run, str(folder), "figures")
    return run


def _promote(client: MlflowClient, name: str, run: str) -> str:
    client.create_registered_model(name)
    source = client.get_run(run).info.artifact_uri
    version = client.create_model_version(name, source, run)
    client.set_registered_model_alias(name, "Production", version.version)
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the repository's report, for reports of one's own."""
    return copy_report(tmp_path)


@pytest.fixture(scope="session")
def collected(server: str, trained: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's report with the numbers of the run."""
    folder = copy_report(tmp_path_factory.mktemp("collected"))
    done = collect(folder, server, trained)
    assert done.returncode == 0, done.stderr
    return folder
