"""Requests at the edges of HTTP/1.1, on new connections and behind other requests."""

import json
import re

import pytest

from support.cases.http import HOST, INVALID, JSON, LENGTH, LINE, MARK, VALID
from support.http_connection import FAST, SLOW, Connection, read_behind
from support.processes import wait_until
from support.servers.api import BODY, Api

BEHIND = {"alone": b"", "behind a fast one": FAST, "behind a slow one": SLOW}


@pytest.mark.parametrize("before", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize(("content", "status"), VALID.values(), ids=VALID)
def test_a_request_is_answered_and_the_next_one_too(
    connection: Connection, before: bytes, content: bytes, status: int
) -> None:
    connection.send(before + content + FAST)
    read_behind(connection, before)
    response, _ = connection.read("HEAD" if content.startswith(b"HEAD") else "GET")
    assert response.status == status
    assert response.headers["X-Request-ID"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Location" not in response.headers
    assert len(response.headers.get_all("Date")) == 1
    read_behind(connection, FAST)


@pytest.mark.parametrize("before", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize(("content", "status"), INVALID.values(), ids=INVALID)
def test_an_invalid_request_is_refused_and_recorded(
    api: Api, connection: Connection, before: bytes, content: bytes, status: int
) -> None:
    """In the route's form, with an id, a line in the log and a count; nothing is repeated."""
    connection.send(before + content)
    read_behind(connection, before)
    response, body = connection.read()
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == status
    assert MARK not in body.lower()
    assert "Traceback" not in api.log()
    number = response.headers["X-Request-ID"]
    wait_until(lambda: f'"id":"{number}"' in api.log())
    line = re.search(rf'.*"id":"{number}".*', api.log())
    assert line is not None
    assert json.loads(line[0])["status"] == status
    connection.send(FAST)
    assert connection.is_closed()


@pytest.mark.parametrize(
    ("path", "key"), [("/invocations", "error_code"), ("/v2/models/m/infer", "error")]
)
@pytest.mark.parametrize(
    "rest",
    [b"Transfer-Encoding: chunked\r\n\r\nx\r\n", b"Transfer-Encoding: gzip, chunked\r\n\r\n",
     b"X : a\r\n\r\n", b"Host: localhost\r\n\r\n"],
    ids=["chunk", "transfer encoding", "header", "two hosts"],
)  # fmt: skip
def test_a_refusal_has_the_form_of_the_route(
    connection: Connection, path: str, key: str, rest: bytes
) -> None:
    connection.send(b"POST %b HTTP/1.1\r\nHost: localhost\r\n" % path.encode() + JSON + rest)
    response, body = connection.read()
    assert response.status in (400, 501)
    assert key in json.loads(body)


def test_refusals_are_counted(api: Api, connection: Connection) -> None:
    def count() -> float:
        found = re.search(
            r'mnist_api_requests_total\{route="/invocations",status="501"\} (\S+)',
            api.client.get("/metrics").text,
        )
        return float(found[1]) if found else 0.0

    before = count()
    connection.send(
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n"
    )
    assert connection.read()[0].status == 501
    assert count() == before + 1


def test_http_1_0_needs_no_host_and_closes(connection: Connection) -> None:
    connection.send(LINE.replace(b"1.1", b"1.0") + JSON + LENGTH + b"\r\n" + BODY)
    response, body = connection.read()
    assert response.status == 200
    assert b'"prediction":7' in body
    assert connection.is_closed()


def test_what_follows_the_last_request_is_ignored(connection: Connection) -> None:
    last = LINE + HOST + JSON + b"Connection: close\r\n" + LENGTH + b"\r\n" + BODY
    connection.send(last + FAST)
    response, _ = connection.read()
    assert response.status == 200
    assert response.headers["Connection"] == "close"
    assert connection.is_closed()
