"""The server as a process: slow clients, signals, killed workers."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.processes import wait_until
from support.servers.api import Api

pytestmark = pytest.mark.slow

BODY = b'{"image": [0' + b",0" * 783 + b"]}"
HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    return start_api(MODEL_FILE=str(seven)).wait_ready()


def begin(api: Api, content: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    connection.sendall(content)
    return connection


def test_a_request_in_progress_is_completed_during_the_stop(api: Api) -> None:
    with begin(api, HEAD + BODY[:500]) as connection:
        time.sleep(0.3)  # until the worker has received it
        api.process.terminate()
        wait_until(lambda: "Shutting down\n" in api.log())
        connection.sendall(BODY[500:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert b'"prediction":7' in answer.read()
    assert api.process.wait(10) == 0


def test_an_idle_connection_does_not_delay_the_stop(api: Api) -> None:
    with begin(api, HEAD + BODY) as connection:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        api.process.terminate()
        assert api.process.wait(10) == 0


def test_a_killed_worker_is_replaced(api: Api) -> None:
    wait_until(api.all_ready)
    victim = api.workers()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in api.workers() and len(api.workers()) == 2)
    api.wait_ready()
    wait_until(lambda: api.log().count("Application startup complete") == 3)
    assert api.all_predict(7)


def test_slow_clients_do_not_delay_others(api: Api) -> None:
    """100 clients send half a request to each of three paths, and then nothing."""
    halves = [
        HEAD + BODY[:50],
        HEAD[:40],
        b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ]
    waiting = [begin(api, halves[number % 3]) for number in range(100)]
    try:
        for _ in range(10):
            assert api.status() == 200
            assert api.predict() == 7
    finally:
        for connection in waiting:
            connection.close()


def test_pipelined_requests_get_their_responses_in_order(api: Api) -> None:
    with begin(api, (HEAD + BODY) * 3) as connection:
        answers = b""
        while answers.count(b'"prediction":7') < 3:
            more = connection.recv(65536)
            assert more, answers
            answers += more


def test_a_large_body_in_pieces_and_the_next_request_succeed(api: Api) -> None:
    many = np.zeros((256, 784), np.uint8).tobytes()
    head = (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nAccept: application/octet-stream\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(many)
    )
    sent = head + many + HEAD + BODY
    with begin(api, b"") as connection:
        for at in range(0, len(sent), 30_000):
            connection.sendall(sent[at : at + 30_000])
            time.sleep(0.002)
        received = b""
        while b'"prediction":7' not in received:
            more = connection.recv(65536)
            assert more, received
            received += more
    first, _, rest = received.partition(b"\r\n\r\n")
    size = 256 * 10 * 4
    assert first.startswith(b"HTTP/1.1 200 ")
    assert np.allclose(np.frombuffer(rest[:size], "<f4").reshape(256, 10).sum(axis=1), 1, atol=1e-3)
    assert rest[size:].startswith(b"HTTP/1.1 200 ")
