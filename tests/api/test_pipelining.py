"""Requests that are sent before the responses to earlier ones are read."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases.http import HEALTH, HOST, JSON, LINE, METRICS
from support.cases.slow_bodies import END, FORM_TYPE, PART
from support.cases.slow_bodies import HEAD as SLOW_HEAD
from support.cases.slow_bodies import SLOW as LARGE_PICTURE
from support.http_connection import FAST, SLOW, Connection
from support.processes import stopped
from support.servers.api import BODY, Api

pytestmark = pytest.mark.slow

FORM = PART % LARGE_PICTURE * 12 + END  # takes some 3 s


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1", "REQUEST_SECONDS": "1"}
    return start_apis(**settings).wait_ready()


@pytest.mark.parametrize("body", [BODY, b"{"], ids=["valid", "invalid"])
def test_six_pipelining_clients_do_not_delay_health(api: Api, body: bytes) -> None:
    request = LINE + HOST + JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body
    many = request * (4_000_000 // len(request))
    stop = threading.Event()

    def pipeline() -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
            reader = threading.Thread(target=lambda: list(iter(lambda: receive(connection), b"")))
            reader.start()
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    connection.sendall(many)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            reader.join()

    clients = [threading.Thread(target=pipeline) for _ in range(6)]
    for client in clients:
        client.start()
    try:
        time.sleep(0.5)
        slowest = 0.0
        for _ in range(10):
            begin = time.monotonic()
            assert api.client.get("/health").status_code == 200
            slowest = max(slowest, time.monotonic() - begin)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert slowest < 3


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def test_responses_have_the_order_of_the_requests(api: Api) -> None:
    mixed = (FAST, SLOW, FAST, HEALTH, SLOW, SLOW, FAST, METRICS, FAST)
    with contextlib.closing(Connection(api)) as connection:
        connection.send(b"".join(mixed))
        for request in mixed:
            response, body = connection.read()
            assert response.status == 200
            assert (b'"prediction":7' in body) == (request in (FAST, SLOW))
            assert (b"model_loaded" in body) == (request is HEALTH)


def test_hundreds_of_pipelined_requests_are_all_answered(api: Api) -> None:
    with contextlib.closing(Connection(api)) as connection:
        sender = threading.Thread(target=connection.send, args=((HEALTH * 3 + FAST) * 200,))
        sender.start()
        for number in range(800):
            response, body = connection.read()
            assert response.status == 200
            assert (b'"prediction":7' in body) == (number % 4 == 3)
        sender.join()


def test_a_request_that_waits_in_the_server_is_not_too_slow(api: Api) -> None:
    """The second one's head is read in two pieces, with seconds of work before the second piece."""
    slow = SLOW_HEAD.format(FORM_TYPE, len(FORM)).encode() + FORM
    with contextlib.closing(Connection(api)) as connection:
        connection.send(slow + HEALTH * 40)
        for _ in range(41):
            assert connection.read()[0].status == 200


def test_a_request_that_the_kernel_holds_is_not_too_slow(api: Api) -> None:
    """As when the machine sleeps, or the worker waits for a processor."""
    with contextlib.closing(Connection(api)) as connection:
        connection.send(FAST[:20])
        time.sleep(0.1)
        with stopped(api.workers()[0]):
            connection.send(FAST[20:])
            time.sleep(3)
        assert connection.read()[0].status == 200


def test_tiny_pipelined_requests_take_little_memory(api: Api) -> None:
    """Of each of 200 clients a few requests are parsed at a time."""
    tiny = b"GET / HTTP/1.1\r\nHost:\r\n\r\n" * 600
    status = Path(f"/proc/{api.workers()[0]}/status")

    def resident() -> int:
        return int(status.read_text().partition("VmRSS:")[2].split()[0])

    before = resident()
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", api.port)))
            connection.sendall(tiny)
        assert api.client.get("/health").status_code == 200
        assert resident() - before < 60_000  # kB
