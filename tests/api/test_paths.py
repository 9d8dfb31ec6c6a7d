"""Paths without a route, methods that a path does not have, and a slash at a path's end."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases.json_bodies import image, request
from support.servers.api import Api


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], seven: Path) -> tuple[Api, Api]:
    """Start the whole API, and its Flask app alone."""
    settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1"}
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return start_apis(**settings).wait_ready(), flask.wait_ready()


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/page/..%2Fapp.py", 404, None),
        ("GET", "/docs/..%2Fapp.py", 404, None),
        ("POST", "/predict//", 404, None),
        ("GET", "/docs/", 404, None),
        ("GET", "/static/x", 404, None),
        ("GET", "/predict/", 405, {"POST", "OPTIONS"}),
        ("GET", "/predict", 405, {"POST", "OPTIONS"}),
        ("GET", "/digit", 405, {"POST", "OPTIONS"}),
        ("DELETE", "/predict", 405, {"POST", "OPTIONS"}),
        ("POST", "/health", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/metrics", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/model", 405, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_an_unknown_path_or_method_is_a_problem(
    apis: tuple[Api, Api], method: str, path: str, status: int, allowed: set[str] | None
) -> None:
    asgi, flask = (request(api, method, path) for api in apis)
    assert asgi[:3] == flask[:3]
    assert asgi[:2] == (status, "application/problem+json")
    assert json.loads(asgi[2])["status"] == status
    for answer in (asgi, flask):
        assert (set(answer[3].split(", ")) if answer[3] else None) == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/predict"),
        ("POST", "/invocations"),
        ("POST", "/v2/models/mnist-classifier/infer"),
        ("GET", "/health"),
        ("GET", "/v2"),
        ("GET", "/v2/models/mnist-classifier"),
        ("GET", "/openapi.json"),
        ("HEAD", "/ping"),
    ],
)
def test_a_slash_at_the_end_leads_to_the_same_handler(
    apis: tuple[Api, Api], method: str, path: str
) -> None:
    """Without a redirect, which would turn a POST into a GET; pages have relative links."""
    body = image() if method == "POST" else b""
    answers = [request(api, method, one, body) for api in apis for one in (path, path + "/")]
    assert answers[0] == answers[1]
    assert answers[2:] == answers[:2]
    assert answers[0][0] == (400 if path.endswith(("infer", "invocations")) else 200)
