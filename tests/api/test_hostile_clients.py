"""Clients that stall, idle, flood or disconnect do not affect other requests or workers."""

import contextlib
import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.http_connection import begin, read_to_end
from support.processes import wait_until
from support.servers.api import BODY, Api

pytestmark = pytest.mark.slow

POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEAD = POST + b"Content-Length: %d\r\n\r\n" % len(BODY)
BYTES = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    api = start_api(MODEL_FILE=str(seven), REQUEST_SECONDS="1").wait_ready()
    wait_until(lambda: api.log().count("Application startup complete") == 2)
    return api


def check_unaffected(api: Api, workers: list[int]) -> None:
    """Check that requests succeed, and that the workers are the same."""
    assert api.all_predict(7)
    assert api.all_ready()
    assert api.workers() == workers
    assert "Traceback" not in api.log()


@pytest.mark.parametrize(
    "half",
    [HEAD[:30], HEAD[:-2], HEAD + BODY[:99], POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
     BYTES + b"Content-Length: 200704\r\n\r\n" + bytes(5000)],
    ids=["head", "head but for its end", "body", "chunk", "large body"],
)  # fmt: skip
def test_a_stalled_request_times_out(api: Api, half: bytes) -> None:
    with begin(api, half) as connection:
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer.lower()


def test_a_request_in_small_pieces_succeeds(api: Api) -> None:
    with begin(api, b"") as connection:
        for at in range(0, len(HEAD + BODY), 400):
            connection.sendall((HEAD + BODY)[at : at + 400])
            time.sleep(0.002)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert b'"prediction":7' in answer.read()


def test_300_incomplete_requests_do_not_delay_others(api: Api) -> None:
    workers = api.workers()
    halves = [HEAD + BODY[:50], HEAD[:40], POST + b"Transfer-Encoding: chunked\r\n\r\n"]
    waiting = [begin(api, halves[number % 3]) for number in range(300)]
    try:
        check_unaffected(api, workers)
        for connection in waiting:  # each gets an error, or is at least closed
            read_to_end(connection)
        check_unaffected(api, workers)
    finally:
        for connection in waiting:
            connection.close()


def test_idle_connections_are_closed_and_do_not_delay_others(api: Api) -> None:
    workers = api.workers()
    waiting = [begin(api, b"") for _ in range(500)]
    try:
        check_unaffected(api, workers)
        assert read_to_end(waiting[0]) == read_to_end(waiting[-1]) == b""
    finally:
        for connection in waiting:
            connection.close()


def test_idle_connections_are_closed_for_new_ones_at_the_limit(
    start_api: Callable[..., Api], seven: Path
) -> None:
    api = start_api("--worker-connections=20", MODEL_FILE=str(seven)).wait_ready()
    wait_until(lambda: api.log().count("Application startup complete") == 2)
    workers = api.workers()
    waiting = [begin(api, b"") for _ in range(60)]
    try:
        wait_until(lambda: api.status() == 200)
        check_unaffected(api, workers)
    finally:
        for connection in waiting:
            connection.close()


def test_a_client_that_half_closes_gets_its_response(api: Api) -> None:
    with begin(api, HEAD + BODY) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b'"prediction":7' in read_to_end(connection)


def test_disconnects_in_mid_request_have_no_effect_on_others(api: Api) -> None:
    workers = api.workers()
    for content in (
        HEAD[:30],
        HEAD + BODY[:50],
        HEAD + BODY,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        for _ in range(20):
            begin(api, content).close()
    check_unaffected(api, workers)


@pytest.mark.parametrize("length", [b"Content-Length: 1073741824", b"Transfer-Encoding: chunked"])
def test_a_gigabyte_is_refused_without_being_read(api: Api, length: bytes) -> None:
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
    assert sent < 200  # MB, of 1000
    check_unaffected(api, workers)


def test_requests_of_a_client_that_reads_no_responses_are_not_read(api: Api) -> None:
    workers = api.workers()
    with begin(api, b"") as connection:
        connection.settimeout(2)
        with pytest.raises(OSError, match=r"timed out|reset|Broken"):
            connection.sendall((HEAD + BODY) * 20_000)
        check_unaffected(api, workers)


@pytest.mark.parametrize(
    "content",
    [b"\x16\x03\x01\x02\x00\x01" * 20 + b"\r\n\r\n", b"POST /predict\n\n", b"\x00" * 100_000,
     HEAD.replace(b"HTTP/1.1", b"HTTP/9.9") + BODY,
     POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
     POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     POST + b"Content-Length: +5\r\n\r\n{}{}{}"],
    ids=["TLS", "bare line feeds", "zeros", "HTTP/9.9", "two lengths", "length and chunks", "+5"],
)  # fmt: skip
def test_an_invalid_request_is_refused_and_the_connection_closed(api: Api, content: bytes) -> None:
    with begin(api, content) as connection:
        assert read_to_end(connection).startswith(b"HTTP/1.1 4")


def test_idle_connections_do_not_delay_the_stop(api: Api) -> None:
    """With connections after a request, on either path, and without one."""
    with contextlib.ExitStack() as stack:
        contents = (b"", HEAD + BODY, b"GET /model HTTP/1.1\r\nHost: localhost\r\n\r\n")
        asked = [stack.enter_context(begin(api, content)) for content in contents]
        for connection in asked[1:]:
            assert connection.recv(65536)
        time.sleep(0.2)
        api.process.terminate()
        assert api.process.wait(20) == 0
    assert "timeout graceful shutdown exceeded" not in api.log()
