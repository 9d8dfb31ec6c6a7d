"""A fake of the function that reads a URL: the registry's responses, by URL."""

import io
import json
from email.message import Message
from typing import Any, NamedTuple
from urllib.error import HTTPError

import pytest

from mnist_api.model.version import Version
from mnist_api.registry import mlflow_client
from mnist_api.registry.credentials import Credentials
from mnist_api.registry.mlflow_client import Registry

SERVER = "https://user@mlflow:5000/base"
API = f"{SERVER}/api/2.0/mlflow"
ALIAS = f"{API}/registered-models/alias?name=a%2Fb+%26c&alias=Production"
STAGED = f"{API}/registered-models/get-latest-versions?name=a%2Fb+%26c&stages=Production"
SOURCE = f"{API}/model-versions/get-download-uri?name=a%2Fb+%26c&version=7"
KNOWN = Credentials("Bearer secret")
VERSION = Version("a/b &c", "7", None, None, None)
FOUND = {"name": "a/b &c", "version": "7"}


class Failure(NamedTuple):
    """A response of another status than 200."""

    code: int
    body: bytes = b""


MISSING = Failure(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}')


class Server:
    """A fake of `read_url`: returns what it has for a URL, or raises it."""

    def __init__(self, responses: dict[str, Any]) -> None:
        self.responses = responses
        self.requests: list[tuple[str, int, float, Credentials]] = []
        self.sent: list[tuple[str, bytes]] = []

    def read_url(
        self, url: str, max_bytes: int, seconds: float, known: Credentials, body: bytes | None
    ) -> bytes:
        self.requests.append((url, max_bytes, seconds, known))
        if body is not None:
            self.sent.append((url, body))
        response = self.responses.get(url, MISSING)
        if isinstance(response, Failure):
            body = io.BytesIO(response.body)
            raise HTTPError(url, response.code, "Some Reason", Message(), body)
        if isinstance(response, Exception):
            raise response
        return response if isinstance(response, bytes) else json.dumps(response).encode()


def registry_with(
    monkeypatch: pytest.MonkeyPatch, responses: dict[str, Any]
) -> tuple[Registry, Server]:
    server = Server(responses)
    monkeypatch.setattr(mlflow_client, "read_url", server.read_url)
    return Registry(SERVER, "a/b &c", "Production", KNOWN), server
