import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.networks.dense import digit_network, linear_network
from support.servers.api import Api
from support.servers.tracking import Relay, tracking_server


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


class Model:
    """A registered model; versions are registered as by the trainer."""

    def __init__(self, port: int, log: Path, folder: Path) -> None:
        from mlflow import MlflowClient

        self.name = f"digits-{uuid.uuid4().hex[:8]}"
        self.relay = Relay(port)
        self._folder = folder
        self._log = log
        self._from = log.stat().st_size
        self.client = MlflowClient(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        self.client.create_registered_model(self.name)

    def settings(self) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.relay.port}",
            "MODEL_NAME": self.name,
            "MODEL_POLL_SECONDS": "0.5",
        }

    def register(
        self,
        content: bytes | None,
        sha256: str | None = "",
        promote: bool = True,
        experiment: str = "0",
    ) -> str:
        """Register ``content`` as a version; return its number. "" means its actual sha256."""
        client = self.client
        run = client.create_run(experiment)
        model = client.create_logged_model(experiment, source_run_id=run.info.run_id)
        if content is not None:
            files = self._folder / uuid.uuid4().hex / "extra_files"
            files.mkdir(parents=True)
            (files / "model.onnx").write_bytes(content)
            client.log_model_artifacts(model.model_id, str(files.parent))
        client.finalize_logged_model(model.model_id, "READY")
        tags = {"test_accuracy": "0.98", "gate": "passed"}
        if sha256 is not None:
            tags["sha256"] = sha256 or hashlib.sha256(content or b"").hexdigest()
        version = client.create_model_version(
            self.name,
            f"models:/{model.model_id}",
            run.info.run_id,
            tags=tags,
            model_id=model.model_id,
        ).version
        if promote:
            self.promote(version)
        return str(version)

    def promote(self, version: str) -> None:
        self.client.set_registered_model_alias(self.name, "Production", version)

    def downloads(self) -> int:
        """Return how often a model file was downloaded since the start of the test."""
        lines = self._log.read_text()[self._from :].splitlines()
        return sum("GET" in line and "extra_files/model.onnx HTTP" in line for line in lines)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Run one tracking server for all tests; each test has its own registered model."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tracking_server(tmp_path_factory.mktemp("mlflow")) as (port, log):
        yield port, log


@pytest.fixture
def model(mlflow_server: tuple[int, Path], tmp_path: Path) -> Iterator[Model]:
    """Create a registered model without versions, behind a relay that can be cut."""
    model = Model(*mlflow_server, tmp_path)
    yield model
    model.relay.cut()
