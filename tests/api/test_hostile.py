"""Clients that stall, idle, flood or vanish: the others are answered, and no worker dies."""

import contextlib
import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import BODY, Api, wait_until

POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEAD = POST + b"Content-Length: %d\r\n\r\n" % len(BODY)
BYTES = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    api = start_api(MODEL_FILE=str(seven), REQUEST_SECONDS="1").wait_ready()
    wait_until(lambda: api.log().count("ASGI server listening") == 2)
    return api


def begin(api: Api, content: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    connection.sendall(content)
    return connection


def end_of(connection: socket.socket) -> bytes:
    """Return all that still comes, once the server has closed."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            said += more
    return said


def goes_on(api: Api, workers: list[int]) -> None:
    """Check that requests are answered as ever, by the same workers."""
    assert api.everywhere(7)
    assert api.everywhere_ready()
    assert api.workers() == workers
    assert "Traceback" not in api.log()


@pytest.mark.parametrize(
    "half",
    [HEAD[:30], HEAD[:-2], HEAD + BODY[:99], POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
     BYTES + b"Content-Length: 200704\r\n\r\n" + bytes(5000)],
    ids=["head", "head but for its end", "body", "chunk", "large body"],
)  # fmt: skip
def test_a_request_that_stalls_is_refused_in_time(api: Api, half: bytes) -> None:
    with begin(api, half) as connection:
        answer = end_of(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer.lower()


def test_a_request_in_small_pieces_is_answered(api: Api) -> None:
    with begin(api, b"") as connection:
        for at in range(0, len(HEAD + BODY), 100):
            connection.sendall((HEAD + BODY)[at : at + 100])
            time.sleep(0.002)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert b'"prediction":7' in answer.read()


def test_300_halves_leave_the_others_alone(api: Api) -> None:
    workers = api.workers()
    halves = [HEAD + BODY[:50], HEAD[:40], POST + b"Transfer-Encoding: chunked\r\n\r\n"]
    waiting = [begin(api, halves[number % 3]) for number in range(300)]
    try:
        goes_on(api, workers)
        for connection in waiting:  # each is told, or at least let go
            end_of(connection)
        goes_on(api, workers)
    finally:
        for connection in waiting:
            connection.close()


def test_idle_connections_are_let_go_and_leave_the_others_alone(api: Api) -> None:
    workers = api.workers()
    waiting = [begin(api, b"") for _ in range(500)]
    try:
        goes_on(api, workers)
        assert end_of(waiting[0]) == end_of(waiting[-1]) == b""
    finally:
        for connection in waiting:
            connection.close()


def test_idle_connections_give_way_where_there_is_no_room(
    start_api: Callable[..., Api], seven: Path
) -> None:
    api = start_api("--worker-connections=20", MODEL_FILE=str(seven)).wait_ready()
    wait_until(lambda: api.log().count("ASGI server listening") == 2)
    workers = api.workers()
    waiting = [begin(api, b"") for _ in range(60)]
    try:
        wait_until(lambda: api.status() == 200)
        goes_on(api, workers)
    finally:
        for connection in waiting:
            connection.close()


def test_a_client_that_closes_its_half_gets_its_answer(api: Api) -> None:
    with begin(api, HEAD + BODY) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b'"prediction":7' in end_of(connection)


def test_clients_that_vanish_half_way_do_no_harm(api: Api) -> None:
    workers = api.workers()
    for content in (HEAD[:30], HEAD + BODY[:50], HEAD + BODY, b"GET /health HTTP/1.1\r\n\r\n"):
        for _ in range(20):
            begin(api, content).close()
    goes_on(api, workers)


@pytest.mark.parametrize("length", [b"Content-Length: 1073741824", b"Transfer-Encoding: chunked"])
def test_a_gigabyte_is_refused_and_not_taken_in(api: Api, length: bytes) -> None:
    workers = api.workers()
    sent = 0
    with begin(api, POST + length + b"\r\n\r\n") as connection:
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            while sent < 1024:
                connection.sendall(piece)
                sent += 1
        with contextlib.suppress(ConnectionError):
            assert b" 413 " in connection.recv(65536)
    assert sent < 200  # MB: far from all of it was taken
    goes_on(api, workers)


def test_a_client_that_takes_no_answers_is_not_asked_for_more(api: Api) -> None:
    workers = api.workers()
    with begin(api, b"") as connection:
        connection.settimeout(2)
        with pytest.raises(OSError, match=r"timed out|reset|Broken"):
            connection.sendall((HEAD + BODY) * 20_000)
        goes_on(api, workers)


@pytest.mark.parametrize(
    "content",
    [b"\x16\x03\x01\x02\x00\x01" * 20 + b"\r\n\r\n", b"POST /predict\n\n", b"\x00" * 100_000,
     HEAD.replace(b"HTTP/1.1", b"HTTP/9.9") + BODY,
     POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
     POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     POST + b"Content-Length: +5\r\n\r\n{}{}{}"],
    ids=["TLS", "bare line feeds", "zeros", "HTTP/9.9", "two lengths", "length and chunks", "+5"],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_connection_closed(api: Api, content: bytes) -> None:
    with begin(api, content) as connection:
        assert end_of(connection).startswith(b"HTTP/1.1 4")


def test_what_is_idle_does_not_hold_up_the_stop(api: Api) -> None:
    """Neither a connection that asked before, through either way, nor one that never did."""
    asked = [begin(api, content) for content in (b"", HEAD + BODY, b"GET /model HTTP/1.1\r\n\r\n")]
    for connection in asked[1:]:
        assert connection.recv(65536)
    time.sleep(0.2)
    api.process.terminate()
    assert api.process.wait(20) == 0
    assert "Waiting for" not in api.log()
    for connection in asked:
        connection.close()
