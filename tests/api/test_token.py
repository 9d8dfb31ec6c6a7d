"""With a token, every route but /health and the pages needs it, whatever the way in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_api.handlers.route import Route
from mnist_api.handlers.routes import ROUTES
from support.servers.api import BODY, Api

TOKEN = "correct-horse-battery-staple"  # noqa: S105 # of this test
OPEN = {"/health", "/", "/page/<file>", "/docs", "/docs/<file>", "/openapi.json"}
REFUSED = [
    None,
    "",
    TOKEN,
    "Bearer",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN} {TOKEN}",
    f"Bearer {TOKEN.upper()}",
    f"Basic {TOKEN}",
    f"Bearer é{TOKEN}",
]


@pytest.fixture(scope="module")
def apis(
    start_apis: Callable[..., Api], seven: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Api]:
    """Start the whole API, and its Flask app alone."""
    path = tmp_path_factory.mktemp("token") / "token"
    path.write_text(f"{TOKEN}\n")
    settings = {"MODEL_FILE": str(seven), "API_TOKEN_FILE": str(path)}
    whole = start_apis(**settings)
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return [whole.wait_ready(), flask.wait_ready()]


def send(
    api: Api, method: str, path: str, authorization: str | None, body: bytes = BODY
) -> tuple[int, dict[str, str], bytes]:
    headers = {b"Content-Type": b"application/json"}
    if authorization is not None:
        headers[b"Authorization"] = authorization.encode("latin-1")
    content = body if method == "POST" else None
    response = api.client.request(method, path, content=content, headers=headers)
    return response.status_code, dict(response.headers), response.content


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_only_health_and_the_pages_are_open(apis: list[Api], route: Route) -> None:
    path = route.template.replace("<file>", "index.html")
    path = path.replace("<name>", "mnist-classifier").replace("<version>", "1")
    for api in apis:
        status, headers, body = send(api, route.method, path, None)
        assert (status != 401) == (route.template in OPEN)
        if status == 401:
            assert headers["www-authenticate"] == "Bearer"
            assert b"Authorization: Bearer TOKEN" in body
        assert send(api, route.method, path, f"Bearer {TOKEN}")[0] != 401


@pytest.mark.parametrize("authorization", REFUSED)
def test_another_token_is_refused_on_the_fast_path_and_beside_it(
    apis: list[Api], authorization: str | None
) -> None:
    large = json.dumps({"image": [0.0] * 784, "padding": " " * 100_000}).encode()
    assert send(apis[0], "POST", "/predict", authorization, large)[0] == 401
    for api in apis:
        assert send(api, "POST", "/predict", authorization)[0] == 401
        assert send(api, "GET", "/model", authorization)[0] == 401


def test_a_connection_that_had_the_token_needs_it_again(apis: list[Api]) -> None:
    for api in apis:
        for _ in range(3):
            assert send(api, "POST", "/predict", f"bearer {TOKEN}")[0] == 200
            assert send(api, "POST", "/predict", None)[0] == 401


def test_no_token_is_in_the_log(apis: list[Api]) -> None:
    for api in apis:
        send(api, "GET", "/model", f"Bearer {TOKEN}")
        send(api, "GET", "/model", f"Bearer {TOKEN}x")
        api.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert TOKEN not in api.log()


@pytest.mark.parametrize("content", ["", "short", "white space in the token", "é" * 20, None])
def test_a_token_that_cannot_be_used_ends_the_start_in_a_sentence(
    start_api: Callable[..., Api], seven: Path, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    api = start_api(MODEL_FILE=str(seven), API_TOKEN_FILE=str(path))
    assert api.process.wait(timeout=60) != 0
    log = api.log()
    assert f"API_TOKEN_FILE is {str(path)!r}, but" in log
    assert not content or content not in log.replace(str(path), "")
    assert "Traceback" not in log
