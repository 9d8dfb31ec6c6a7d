"""The access log: a line of JSON for each request, with the id of the response."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from support.processes import wait_until
from support.servers.api import BODY, Api

JSON = {"Content-Type": "application/json"}
FIELDS = {"time", "id", "method", "path", "status", "bytes", "ms", "version", "client"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, seven: Path) -> Iterator[Api]:
    api = Api(tmp_path_factory.mktemp("log"), [], MODEL_FILE=str(seven))
    yield api.wait_ready()
    api.stop()


def lines(api: Api) -> list[dict[str, Any]]:
    return [json.loads(line) for line in api.log().splitlines() if line.startswith("{")]


def line_of(api: Api, request_id: str) -> dict[str, Any]:
    """Return the line with this id, once it is written."""
    wait_until(lambda: any(line["id"] == request_id for line in lines(api)))
    (found,) = [line for line in lines(api) if line["id"] == request_id]
    return found


def test_each_request_gets_an_id_and_a_line(api: Api) -> None:
    with httpx.Client(base_url=api.url) as client:
        answers = [
            client.post("/predict", content=BODY, headers=JSON),
            client.post("/predict", content=b"{}", headers=JSON),
            client.post("/predict", content=BODY),
            client.get("/health"),
            client.get("/nowhere?secret=1"),
        ]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(ids)) == len(ids)
    for answer, request_id in zip(answers, ids, strict=True):
        line = line_of(api, request_id)
        assert set(line) == FIELDS
        assert line["method"] == answer.request.method
        assert line["path"] == answer.request.url.path
        assert line["status"] == answer.status_code
        assert line["bytes"] == len(answer.content)
        assert line["ms"] >= 0
        assert (line["version"], line["client"]) == ("file", "127.0.0.1")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


@pytest.mark.parametrize("path", ["/predict", "/health", "/v2/health/live"])
def test_a_clients_id_is_kept(api: Api, path: str) -> None:
    given = f"order-17/4:a.b+c=~@_{path}"
    headers = JSON | {"X-Request-ID": given}
    answer = (
        httpx.post(api.url + path, content=BODY, headers=headers)
        if path == "/predict"
        else httpx.get(api.url + path, headers=headers)
    )
    assert answer.headers["X-Request-ID"] == given
    assert line_of(api, given)["path"] == path


@pytest.mark.parametrize("given", ["", "a b", 'x","status":200', "\\", "é", "a" * 129, "<b>"])
@pytest.mark.parametrize("path", ["/predict", "/health"])
def test_an_invalid_id_is_replaced(api: Api, given: str, path: str) -> None:
    headers = {"X-Request-ID": given.encode(), "Content-Type": "application/json"}
    answer = httpx.request(
        "POST" if path == "/predict" else "GET", api.url + path, content=BODY, headers=headers
    )
    made = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{20}", made)
    assert line_of(api, made)["status"] == 200


def test_no_request_can_forge_a_line(api: Api) -> None:
    """No path, header or method can end a line or a string in it."""
    tricks = [
        b"GET /%0A%7B%22id%22:%22forged%22%7D HTTP/1.1\r\nHost: api\r\nX-Request-ID: t1\r\n\r\n",
        b'GET /a"},{"id":"forged HTTP/1.1\r\nHost: api\r\nX-Request-ID: t2\r\n\r\n',
        b"GET /%22%5C%E2%80%A8%ff%00 HTTP/1.1\r\nHost: api\r\nX-Request-ID: t3\r\n\r\n",
        b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: api\r\nX-Request-ID: t4\r\n\r\n",
        b"QUERY /predict HTTP/1.1\r\nHost: api\r\nX-Request-ID: t5\r\n\r\n",
    ]
    for trick in tricks:
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
            connection.sendall(trick)
            assert b" 500 " not in connection.recv(4096)
    assert line_of(api, "t1")["path"] == '/\n{"id":"forged"}'
    assert len(line_of(api, "t4")["path"]) <= 256
    assert not [line for line in lines(api) if "forged" in line["id"]]
    assert all(set(line) == FIELDS for line in lines(api))


FORGED = "/v2/models/x%22%7D%0A%7B%22id%22:%22forged%22,%22status%22:200%7D%0A%7B%22/infer"
CONTROLS = "/v2/models/%1b%5B2J%00%0D%0A%7F%C2%9B31m%E2%80%AE%C3%28/infer"
SMALL, LARGE = BODY, BODY + b" " * 70_000  # answered by the fast path, and by the ASGI application


@pytest.mark.parametrize("body", [SMALL, LARGE, None], ids=["fast path", "ASGI", "Flask"])
@pytest.mark.parametrize("path", [FORGED, CONTROLS, f"/v2/models/{'a' * 2000}/infer"])
def test_every_server_logs_paths_escaped_and_truncated(
    api: Api, path: str, body: bytes | None
) -> None:
    method = "GET" if body is None else "POST"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body or b'')}\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"\r\n" + (body or b""))
        answer = connection.recv(4096)
    assert int(answer.split()[1]) in (404, 405)
    (made,) = re.findall(rb"(?i)x-request-id: (\w+)", answer)
    line = line_of(api, made.decode())
    assert line["method"] == method
    assert line["path"] == unquote(path)[:256]
    log = api.log()
    assert log.replace("\n", "").isascii()
    assert log.replace("\n", "").isprintable()
    assert not [line for line in lines(api) if "forged" in line["id"]]
    assert all(set(line) == FIELDS for line in lines(api))


def test_the_log_can_be_disabled(start_api: Callable[..., Api], seven: Path) -> None:
    api = start_api(MODEL_FILE=str(seven), ACCESS_LOG="false").wait_ready()
    answer = httpx.post(f"{api.url}/predict", content=BODY, headers=JSON)
    assert answer.headers["X-Request-ID"]
    assert api.stop() == 0
    assert lines(api) == []


def test_the_last_lines_are_written_at_the_stop(api: Api) -> None:
    made = [
        httpx.post(f"{api.url}/predict", content=BODY, headers=JSON).headers["X-Request-ID"]
        for _ in range(10)
    ]
    assert api.stop() == 0
    assert set(made) <= {line["id"] for line in lines(api)}
