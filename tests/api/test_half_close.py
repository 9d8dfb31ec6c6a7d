"""The end of a connection: clients that half-close, and that still send after the last request."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases.http import BINARY, HEALTH, HOST, JSON, LENGTH, LINE
from support.cases.slow_bodies import FORM, FORM_TYPE, HEAD
from support.http_connection import FAST, SLOW, Connection
from support.processes import wait_until
from support.servers.api import BODY, Api

pytestmark = pytest.mark.slow

LARGE = (
    BINARY + b"Accept: application/octet-stream\r\nContent-Length: 1568000\r\n\r\n" + bytes(1568000)
)
PAGE = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
WRONG_TYPE = LINE + HOST + b"Content-Type: text/html\r\n" + LENGTH + b"\r\n" + BODY
SLOW_FORM = HEAD.format(FORM_TYPE, len(FORM)).encode() + FORM  # some 20 s
REQUESTS = {
    "fast": (FAST, 200), "health": (HEALTH, 200), "page": (PAGE, 200), "picture": (SLOW, 200),
    "large": (LARGE, 200), "wrong type": (WRONG_TYPE, 415),
}  # fmt: skip
INCOMPLETE = {
    "head": LINE + HOST, "fast": FAST[:-1], "large": LARGE[:-1], "picture": SLOW[:-1],
    "nothing": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    return start_apis(MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


def half_close(api: Api, content: bytes) -> Connection:
    connection = Connection(api)
    connection.send(content)
    connection.socket.shutdown(socket.SHUT_WR)
    return connection


def is_at_end(connection: Connection) -> bool:
    """Return whether the server has closed the connection without a TCP reset."""
    return connection.socket.recv(1) == b""


def send_slowly(connection: Connection, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection.socket.sendall(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize(("content", "status"), REQUESTS.values(), ids=REQUESTS)
def test_a_client_that_half_closes_gets_its_response(api: Api, content: bytes, status: int) -> None:
    connection = half_close(api, content)
    assert connection.read()[0].status == status
    assert is_at_end(connection)
    connection.close()


def test_all_complete_requests_before_a_half_close_are_answered(api: Api) -> None:
    for end in (b"", FAST[:-1]):
        connection = half_close(api, FAST + SLOW + HEALTH + FAST + SLOW + end)
        for request in (FAST, SLOW, HEALTH, FAST, SLOW):
            response, body = connection.read()
            assert response.status == 200
            assert (b"model_loaded" in body) == (request is HEALTH)
        assert is_at_end(connection)
        connection.close()


def test_an_error_before_a_half_close_comes_after_the_responses(api: Api) -> None:
    for before in (FAST, SLOW):
        connection = half_close(api, before + b"GET\r\n\r\n")
        assert connection.read()[0].status == 200
        assert connection.read()[0].status == 400
        assert is_at_end(connection)
        connection.close()


@pytest.mark.parametrize("content", INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_request_before_a_half_close_ends_the_connection(
    api: Api, content: bytes
) -> None:
    connection = half_close(api, content)
    begin = time.monotonic()
    connection.is_closed()
    assert time.monotonic() - begin < 15  # not 30, the default of REQUEST_SECONDS
    connection.close()


def find_status(api: Api, request_id: str) -> int | None:
    """Return the status in the access log, None if the request is not there."""
    lines = [json.loads(line) for line in api.log().splitlines() if request_id in line]
    return lines[0]["status"] if lines else None


@pytest.mark.parametrize("behind", [b"", FAST, HEALTH * 3], ids=["alone", "before one", "three"])
@pytest.mark.parametrize("half", [False, True], ids=["closes", "half-closes"])
def test_long_work_is_abandoned_soon_after_the_client_closes(
    api: Api, behind: bytes, half: bool
) -> None:
    """Also where further requests wait, and also if it half-closes: the time is bound."""
    request_id = secrets.token_hex()
    form = SLOW_FORM.replace(b"\r\n", b"\r\nX-Request-ID: %b\r\n" % request_id.encode(), 1)
    connection = half_close(api, form + behind)
    if not half:
        connection.close()
    wait_until(lambda: find_status(api, request_id) == 408, 15)
    wait_until(api.is_idle, 6)  # the form would take some 20 s
    assert api.predict() == 7
    connection.close()


@pytest.mark.parametrize(("content", "status"), REQUESTS.values(), ids=REQUESTS)
def test_a_client_that_sends_on_after_its_last_request_gets_the_response(
    api: Api, content: bytes, status: int
) -> None:
    """On every path: the connection is not reset while the response is on its way."""
    connection = Connection(api)
    line, _, rest = content.partition(b"\r\n")
    connection.send(line + b"\r\nConnection: close\r\n" + rest)
    wait_until(lambda: connection.socket.recv(1, socket.MSG_PEEK) != b"")
    for _ in range(4):
        time.sleep(0.1)
        connection.socket.sendall(bytes(1000))
    response, _ = connection.read()
    assert response.status == status
    assert response.headers["Connection"] == "close"
    assert is_at_end(connection)
    connection.close()


def test_a_connection_after_its_last_response_is_closed_in_bounded_time(api: Api) -> None:
    """However long the client sends; 16 MB and 2 s are read."""
    connection = Connection(api)
    connection.send(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    with pytest.raises(OSError, match=r"reset|Broken"):
        send_slowly(connection, seconds=10)
    connection.close()


def test_nothing_behind_the_last_request_is_answered(api: Api) -> None:
    """What follows the last request waits for no response."""
    last = SLOW.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    connection = Connection(api)
    connection.send(last + FAST + LINE + HOST + JSON)
    assert connection.read()[0].status == 200
    assert is_at_end(connection)
    connection.close()
