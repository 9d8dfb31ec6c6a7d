"""The API responds to allowed host names only, so that no other site's page has access."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from support.servers.api import BODY, Api

ALLOWED = [
    "localhost", "LOCALHOST:8000", "localhost.", "api", "api:8000", "127.0.0.1", "192.168.1.7:80",
    "[::1]", "[fe80::1]:8000", "mnist.lan", "mnist.lan:80", "digits.lan:8443", "a.b.school",
    "",
]  # fmt: skip
REFUSED = [
    "10.evil.example", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "api.x",
    "mnist.lan.evil.example", "digits.lan", "digits.lan:80", "school",
]  # fmt: skip
MALFORMED = ["localhost:x", "a b", "user@localhost", "localhost/evil", "[::1", "::1", "é"]
SETTING = "mnist.lan, digits.lan:8443, *.school"


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], seven: Path) -> tuple[Api, Api]:
    """Start the whole API, and its Flask app alone."""
    settings = {"MODEL_FILE": str(seven), "API_ALLOWED_HOSTS": SETTING}
    whole = start_apis(**settings)
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return whole.wait_ready(), flask.wait_ready()


def send(api: Api, method: str, path: str, host: str) -> tuple[int, str]:
    """Return status and body of a request with exactly this Host header."""
    body = BODY if method == "POST" else b""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(head.encode("latin-1") + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    answer_head, _, content = answer.partition(b"\r\n\r\n")
    return int(answer_head.split()[1]), content.decode()


ROUTES = [
    ("POST", "/predict"),
    ("POST", "/v2/models/mnist-classifier/infer"),
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize("host", ALLOWED)
def test_an_allowed_host_succeeds(apis: tuple[Api, Api], host: str) -> None:
    for api in apis:
        assert send(api, "POST", "/predict", host)[0] == 200
        assert send(api, "GET", "/health", host)[0] == 200
    assert send(apis[0], "GET", "/metrics", host)[0] == 200


@pytest.mark.parametrize("host", MALFORMED)
def test_a_malformed_host_is_refused(apis: tuple[Api, Api], host: str) -> None:
    whole, flask = (send(api, "GET", "/health", host)[0] for api in apis)
    assert whole == 400
    assert flask in (400, 403)  # 400 by servers that check it themselves


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_refuses_an_unknown_host(apis: tuple[Api, Api], method: str, path: str) -> None:
    for api in apis:
        for host in REFUSED:
            status, body = send(api, method, path, host)
            assert status == 403, (host, body)
            refusal = json.loads(body)
            assert "API_ALLOWED_HOSTS" in refusal.get("detail", refusal.get("error", ""))


def test_a_star_allows_every_host(start_api: Callable[..., Api], seven: Path) -> None:
    api = start_api(MODEL_FILE=str(seven), API_ALLOWED_HOSTS="*").wait_ready()
    assert send(api, "POST", "/predict", "evil.example")[0] == 200
    assert send(api, "GET", "/health", "evil.example")[0] == 200
