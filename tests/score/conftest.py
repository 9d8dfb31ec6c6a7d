import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.networks.dense import linear_network
from support.pictures.digits import read_digits
from support.registered_model import RegisteredModel
from support.servers.tracking import tracking_server
from support.stacks.scoring import Scoring


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a network whose output differs for each image."""
    path = tmp_path_factory.mktemp("linear") / "linear.onnx"
    path.write_bytes(linear_network())
    return path


@pytest.fixture
def scoring(tmp_path: Path, linear: Path) -> Iterator[Scoring]:
    """Return what starts runs with that network, into a folder of the test's own."""
    scoring = Scoring(tmp_path, MODEL_FILE=str(linear))
    yield scoring
    scoring.kill()


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """Return images of MNIST, uint8 [10000, 784]."""
    return read_digits(10_000)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegisteredModel]:
    """Create a registered model without versions on a real tracking server."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tracking_server(tmp_path_factory.mktemp("mlflow")) as server:
        model = RegisteredModel(server, tmp_path_factory.mktemp("files"))
        yield model
        model.relay.cut()
