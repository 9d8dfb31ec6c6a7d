"""Unexpected errors are logged with a traceback, which the response does not contain."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mnist_api.handlers.context import Context
from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.onnx_model import load_model
from mnist_api.model.version import Version
from mnist_api.server.asgi_app import AsgiApp
from mnist_api.telemetry.recorder import RequestRecorder
from mnist_api.web.app import create_app

BODY = b'{"image": [0' + b",0" * 783 + b"]}"
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def failing(seven: Path, monkeypatch: pytest.MonkeyPatch) -> ActiveModel:
    """Return an active model whose network raises an error."""
    active = ActiveModel()
    network = load_model(seven.read_bytes())

    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(network, "predict", fail)
    version = Version("m", "1", None, None, None)
    active.current = LoadedModel(network, version, "file", datetime.now(UTC))
    return active


def make_flask(context: Context) -> tuple[Flask, RequestRecorder]:
    recorder = RequestRecorder(context.metrics, context.active, access_log=False)
    return create_app(context, recorder), recorder


def post_to_flask(active: ActiveModel) -> TestResponse:
    flask, _ = make_flask(Context(active))
    return flask.test_client().post("/predict", data=BODY, headers=HEADERS)


def post_to_asgi(active: ActiveModel) -> httpx.Response:
    context = Context(active)
    flask, recorder = make_flask(context)
    front = AsgiApp(flask, context, recorder, lambda: None)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/predict", content=BODY, headers=HEADERS)

    return asyncio.run(send())


def test_asgi_and_flask_respond_500_as_a_problem(
    failing: ActiveModel, caplog: pytest.LogCaptureFixture
) -> None:
    front = post_to_asgi(failing)
    flask = post_to_flask(failing)
    assert (front.status_code, front.content) == (flask.status_code, flask.data)
    assert front.status_code == 500
    assert front.headers["Content-Type"] == flask.headers["Content-Type"]
    assert json.loads(front.content)["status"] == 500
    assert "secret" not in front.text
    assert caplog.text.count("RuntimeError: a secret") == 2
    assert caplog.text.count("Traceback") == 2


def test_asgi_and_flask_respond_503_without_a_model() -> None:
    active = ActiveModel()
    front = post_to_asgi(active)
    flask = post_to_flask(active)
    assert (front.status_code, front.content) == (flask.status_code, flask.data)
    assert front.status_code == 503
    assert front.headers["Retry-After"] == flask.headers["Retry-After"]
