"""The responses of /predict and /health, and the network's probabilities in them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from mnist_api.handlers.context import Context
from mnist_api.handlers.router import find_route, respond
from mnist_api.http import Request, Response
from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.onnx_model import load_model
from mnist_api.model.trial import try_model
from mnist_api.model.version import Version
from mnist_api.telemetry.exposition import write_metrics
from mnist_api.telemetry.metrics import Metrics
from support.networks.costly import not_finite_network
from support.servers.api import IMAGE, Api


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    return start_api(MODEL_FILE=str(seven)).wait_ready()


def test_the_response_of_predict_has_its_promised_shape(api: Api) -> None:
    answer = httpx.post(f"{api.url}/predict", json={"image": IMAGE})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["prediction", "confidence", "probabilities"]
    probabilities = answer.json()["probabilities"]
    assert len(probabilities) == 10
    assert sum(probabilities) == pytest.approx(1, abs=1e-6)
    assert answer.json()["prediction"] == 7
    assert probabilities[7] == max(probabilities) == pytest.approx(0.99889, abs=1e-5)
    assert answer.json()["confidence"] == "99.89%"


def test_the_response_of_health_has_its_promised_shape(api: Api) -> None:
    answer = httpx.get(f"{api.url}/health")
    assert answer.status_code == 200
    assert answer.json() == {"model_loaded": True, "status": "ok"}


def test_a_model_file_is_active_without_a_registry(api: Api, seven: Path) -> None:
    model = api.model()
    since = datetime.fromisoformat(str(model.pop("since")))
    assert abs((datetime.now(UTC) - since).total_seconds()) < 60
    assert model.pop("refused") is model.pop("desired") is None
    assert set(model) == {"name", "version", "run_id", "test_accuracy", "sha256", "source"}
    assert model["source"] == "file"
    assert model["name"] == seven.name
    assert "mlflow" not in api.log()


def test_the_network_gets_the_pixels_unchanged(seven: Path) -> None:
    network = load_model(seven.read_bytes())
    active = ActiveModel()
    version = Version("m", "1", None, None, None)
    active.current = LoadedModel(network, version, "file", datetime.now(UTC))
    assert b'"confidence":"94.70%"' in send(active, b"1").body
    assert b'"confidence":"99.89%"' in send(active, b"0").body


def test_without_a_model_the_response_is_503() -> None:
    reply = send(ActiveModel(), b"0")
    assert reply.status == 503
    assert b"No model" in reply.body


def send(active: ActiveModel, pixel: bytes) -> Response:
    body = b'{"image": [' + pixel + (b"," + pixel) * 783 + b"]}"
    route = find_route("POST", "/predict").route
    assert route is not None
    return respond(
        route,
        Request("/predict", "", {b"content-type": b"application/json"}, body),
        Context(active),
    )


def test_an_output_that_is_not_finite_is_an_error_and_is_not_counted() -> None:
    """A trial cannot find the pixels that lead to it."""
    content = not_finite_network()
    try_model(content)
    active, metrics = ActiveModel(), Metrics([])
    metrics.acquire()
    active.attach(metrics)
    version = Version("m", "1", None, None, None)
    active.current = LoadedModel(load_model(content), version, "file", datetime.now(UTC))
    assert send(active, b"0").status == 200
    reply = send(active, b"0.5")
    assert reply.status == 500
    assert b"is not finite" in reply.body
    assert b"nan" not in write_metrics(metrics).lower()
