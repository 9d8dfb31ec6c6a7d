import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.digit_version import DigitVersion, make_version
from support.http_connection import Connection
from support.networks.dense import digit_network, linear_network
from support.registered_model import RegisteredModel
from support.servers.api import Api
from support.servers.tracking import TrackingServer, tracking_server


@pytest.fixture
def start_api(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Return a function that starts the API; it is stopped after the test."""
    started: list[Api] = []

    def start(*arguments: str, **settings: str) -> Api:
        settings.setdefault("MODEL_CACHE", str(tmp_path / "cache"))
        api = Api(tmp_path, list(arguments), **settings)
        started.append(api)
        return api

    yield start
    for api in started:
        api.stop()


@pytest.fixture(scope="module")
def start_apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Api]]:
    """Return a function that starts the API; it is stopped after the module's tests."""
    started: list[Api] = []

    def start(*arguments: str, **settings: str) -> Api:
        started.append(Api(tmp_path_factory.mktemp("api"), list(arguments), **settings))
        return started[-1]

    yield start
    for api in started:
        assert api.stop() == 0


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    """One worker that always predicts 7; a module may have an API of its own instead."""
    return start_apis(MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


@pytest.fixture
def connection(api: Api) -> Iterator[Connection]:
    """Open a connection to the module's API."""
    opened = Connection(api)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a network that always predicts 7."""
    path = tmp_path_factory.mktemp("seven") / "seven.onnx"
    path.write_bytes(digit_network(7))
    return path


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a network whose output differs for each image."""
    path = tmp_path_factory.mktemp("linear") / "linear.onnx"
    path.write_bytes(linear_network())
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """Run one tracking server for all tests; each test has its own registered model."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tracking_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def model(server: TrackingServer, tmp_path: Path) -> Iterator[RegisteredModel]:
    """Create a registered model without versions, behind a relay that can be cut."""
    model = RegisteredModel(server, tmp_path)
    yield model
    model.relay.cut()


@pytest.fixture(scope="session")
def digit_version(tmp_path_factory: pytest.TempPathFactory) -> DigitVersion:
    """Return a version that reads MNIST's digits, with its digit score and drift reference."""
    return make_version(tmp_path_factory.mktemp("digits"))
