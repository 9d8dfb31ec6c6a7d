"""CORS: pages of the origins in CORS_ORIGINS may call every route and read every response."""

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_api.handlers.routes import ROUTES
from support.cases.request_samples import SAMPLES
from support.servers.api import BODY, Api

PAGE, OTHER = "https://page.example", "https://other.example"
JSON = {"Content-Type": "application/json"}
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-request-id",
}
PATHS = [
    route.template.replace("<name>", "mnist-classifier").replace("<version>", "file")
    for route in ROUTES
]
REQUESTS = {  # with the status
    "fast": ("POST", "/predict", BODY, JSON, 200),
    "fast, refused": ("POST", "/predict", b"[", JSON, 400),
    "in a thread": ("POST", "/predict", SAMPLES[0], {"Content-Type": "image/png"}, 200),
    "refused by its type": ("POST", "/predict", b"", {"Content-Type": "image/gif"}, 415),
    "refused by its length": ("POST", "/predict", bytes(40_000), JSON, 413),
    "another protocol's error": ("POST", "/invocations", b"{", JSON, 400),
    "no model of that name": ("GET", "/v2/models/other", b"", {}, 404),
    "Flask's": ("GET", "/health", b"", {}, 200),
    "a file": ("GET", "/page/page.js", b"", {}, 200),
    "nothing there": ("GET", "/nothing", b"", {}, 404),
    "another method": ("GET", "/predict", b"", {}, 405),
    "another host": ("GET", "/health", b"", {"Host": "evil.example"}, 403),
    "another host, fast": ("POST", "/predict", BODY, JSON | {"Host": "evil.example"}, 403),
    "OPTIONS without a preflight": ("OPTIONS", "/predict", b"", {}, 200),
}


@pytest.fixture(scope="module")
def start(start_apis: Callable[..., Api], seven: Path) -> Callable[..., tuple[Api, Api]]:
    """Return a function that starts the whole API, and its Flask app alone."""

    def start_both(**more: str) -> tuple[Api, Api]:
        settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1", "MAX_CONTENT_LENGTH": "30000"}
        flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings | more)
        return start_apis(**settings | more).wait_ready(), flask.wait_ready()

    return start_both


@pytest.fixture(scope="module")
def apis(start: Callable[..., tuple[Api, Api]]) -> tuple[Api, Api]:
    return start(CORS_ORIGINS=f"http://localhost:3000, {PAGE}")


@pytest.fixture(scope="module")
def open_apis(start: Callable[..., tuple[Api, Api]]) -> tuple[Api, Api]:
    return start(CORS_ORIGINS="*")


@pytest.fixture(scope="module")
def closed_apis(start: Callable[..., tuple[Api, Api]]) -> tuple[Api, Api]:
    return start()


Sent = tuple[str, str, bytes, dict[str, str], int]


def send(api: Api, sent: Sent, origin: str | None) -> dict[str, str]:
    """Return the headers of CORS in the response, after checking its status."""
    method, path, body, headers, status = sent
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    try:
        connection.request(method, path, body, headers | ({"Origin": origin} if origin else {}))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        assert answer.headers["X-Request-ID"]
        return find_cors(answer.headers.items())
    finally:
        connection.close()


def find_cors(headers: list[tuple[str, str]]) -> dict[str, str]:
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names))
    pairs = [(name.lower(), value) for name, value in headers]
    return {name: value for name, value in pairs if name.startswith(("access-control", "vary"))}


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_every_response_has_the_headers(apis: tuple[Api, Api], sent: Sent) -> None:
    for api in apis:
        allowed = send(api, sent, PAGE)
        assert allowed["access-control-allow-origin"] == PAGE
        exposed = allowed["access-control-expose-headers"].split(", ")
        assert {"X-Request-ID", "Digit-Score"} <= set(exposed)
        assert allowed["vary"] == "Origin"
        assert "access-control-allow-credentials" not in allowed
        for origin in (OTHER, PAGE.upper(), f"{PAGE}:8000", f"{PAGE}/", "null", "*", None):
            assert send(api, sent, origin) == {"vary": "Origin"}


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_a_star_allows_every_origin(open_apis: tuple[Api, Api], sent: Sent) -> None:
    for api in open_apis:
        for origin in (PAGE, "null", None):
            assert send(api, sent, origin)["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_without_the_setting_nothing_is_added(closed_apis: tuple[Api, Api], sent: Sent) -> None:
    for api in closed_apis:
        assert send(api, sent, PAGE) == {}


@pytest.mark.parametrize("path", [*PATHS, "/predict/", "/nothing"])
def test_a_preflight_request_is_answered_on_every_route(apis: tuple[Api, Api], path: str) -> None:
    for api in apis:
        sent: Sent = ("OPTIONS", path, b"", PREFLIGHT, 204)
        allowed = send(api, sent, PAGE)
        assert allowed["access-control-allow-origin"] == PAGE
        assert "POST" in allowed["access-control-allow-methods"]
        assert "Content-Type" in allowed["access-control-allow-headers"]
        assert int(allowed["access-control-max-age"]) > 0
        assert "access-control-allow-origin" not in send(api, sent, OTHER)


def test_without_the_setting_a_preflight_request_is_an_ordinary_one(
    closed_apis: tuple[Api, Api],
) -> None:
    for api in closed_apis:
        assert send(api, ("OPTIONS", "/predict", b"", PREFLIGHT, 200), PAGE) == {}


REFUSED_EARLY = {
    "long target": (b"GET /%b HTTP/1.1\r\n" % (b"a" * 5000), b"\r\n", 414),
    "large header": (b"GET / HTTP/1.1\r\n", b"X: %b\r\n\r\n" % (b"a" * 100_000), 431),
    "malformed chunk": (
        b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        400,
    ),
}


@pytest.mark.parametrize(("line", "rest", "status"), REFUSED_EARLY.values(), ids=REFUSED_EARLY)
def test_an_error_before_the_application_has_the_headers(
    apis: tuple[Api, Api], line: bytes, rest: bytes, status: int
) -> None:
    head = b"Host: localhost\r\nOrigin: %b\r\n" % PAGE.encode()
    with socket.create_connection(("127.0.0.1", apis[0].port), timeout=10) as connection:
        connection.sendall(line + head + rest)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == status
        assert json.loads(answer.read())["status"] == status
    assert find_cors(answer.headers.items())["access-control-allow-origin"] == PAGE


def test_the_origin_of_one_request_is_not_that_of_the_next(apis: tuple[Api, Api]) -> None:
    for api in apis:
        for origin in (PAGE, OTHER, "http://localhost:3000"):
            answer = api.client.post("/predict", content=BODY, headers=JSON | {"Origin": origin})
            expected = None if origin == OTHER else origin
            assert answer.headers.get("access-control-allow-origin") == expected
