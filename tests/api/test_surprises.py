"""What nobody foresaw is logged with its trace and answered without it, at both doors."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from mnist_api.model.active import Served, Serving
from mnist_api.model.onnx_model import load_network
from mnist_api.model.version import Version
from mnist_api.server.asgi_app import Front
from mnist_api.web.app import create_app

BODY = b'{"image": [0' + b",0" * 783 + b"]}"
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def failing(seven: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """Serve a network that fails."""
    serving = Serving()
    network = load_network(seven.read_bytes())

    def fail(images: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(network, "predict", fail)
    version = Version("m", "1", None, None, None)
    serving.current = Served(network, version, "file", datetime.now(UTC))
    return serving


def ask_front(serving: Serving) -> httpx.Response:
    front = Front(create_app(serving, 10_000), serving, lambda: None, 10_000)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/predict", content=BODY, headers=HEADERS)

    return asyncio.run(ask())


def test_both_doors_answer_500_as_a_problem(
    failing: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    front = ask_front(failing)
    flask = create_app(failing, 10_000).test_client().post("/predict", data=BODY, headers=HEADERS)
    assert (front.status_code, front.content) == (flask.status_code, flask.data)
    assert front.status_code == 500
    assert front.headers["Content-Type"] == flask.headers["Content-Type"]
    assert json.loads(front.content)["status"] == 500
    assert "secret" not in front.text
    assert caplog.text.count("RuntimeError: a secret") == 2
    assert caplog.text.count("Traceback") == 2


def test_both_doors_answer_503_without_a_model() -> None:
    serving = Serving()
    front = ask_front(serving)
    flask = create_app(serving, 10_000).test_client().post("/predict", data=BODY, headers=HEADERS)
    assert (front.status_code, front.content) == (flask.status_code, flask.data)
    assert front.status_code == 503
    assert front.headers["Retry-After"] == flask.headers["Retry-After"]
