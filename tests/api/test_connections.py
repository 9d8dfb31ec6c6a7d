"""Connections that are slow, or whose client does not read, are ended and delay nobody."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cases.http import BINARY, HEALTH, HOST, JSON, LENGTH, LINE, METRICS
from support.http_connection import FAST, SLOW, Connection
from support.processes import wait_until
from support.servers.api import BODY, Api

pytestmark = pytest.mark.slow

ENDED_SECONDS = 12  # REQUEST_SECONDS is 1; the sweep runs once a second, on a busy machine
INFER = b"POST /v2/models/x/infer HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n" + BODY
MEGABYTE = b"Content-Length: 1000000\r\n\r\n"


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1", "REQUEST_SECONDS": "1"}
    return start_apis(**settings).wait_ready()


@contextlib.contextmanager
def dripping(api: Api, head: bytes) -> Iterator[socket.socket]:
    """Send ``head``, and then a byte every 0.3 s until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        stop = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.3):
                    connection.sendall(b"1")

        connection.sendall(head)
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield connection
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    "head",
    [
        LINE + HOST + b"X: ",
        LINE + HOST + JSON + b"Content-Length: 5000\r\n\r\n",
        LINE + HOST + JSON + MEGABYTE,
        LINE + HOST + b"Content-Type: image/png\r\n" + MEGABYTE,
        BINARY + b"Content-Length: 800000\r\n\r\n",
        LINE + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n",
        LINE + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2;",
        LINE + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ",
        LINE + HOST + b"Content-Type: text/html\r\n" + MEGABYTE,
        b"GET /health HTTP/1.1\r\n" + HOST + MEGABYTE,
        b"POST /nothing HTTP/1.1\r\n" + HOST + MEGABYTE,
        b"POST /v2/models/x/infer HTTP/1.1\r\n" + HOST + MEGABYTE,
    ],
    ids=["head", "small body", "JSON", "picture", "numbers", "chunk", "extension", "trailer",
         "wrong type", "GET", "no route", "inference"],
)  # fmt: skip
def test_a_request_that_drips_is_ended(api: Api, head: bytes) -> None:
    begin = time.monotonic()
    with dripping(api, head) as connection, contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    assert time.monotonic() - begin < ENDED_SECONDS


@pytest.mark.parametrize(
    "request_bytes",
    [FAST, HEALTH, METRICS, INFER, SLOW],
    ids=["fast", "GET", "large", "error", "picture"],
)
def test_a_client_that_reads_nothing_is_disconnected(api: Api, request_bytes: bytes) -> None:
    """However many requests it pipelines; meanwhile the server reads little of them."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=1) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        many = memoryview(request_bytes * (4_000_000 // len(request_bytes)))
        with pytest.raises(OSError, match=r"reset|Broken"):
            send_for(connection, many, seconds=30)


def send_for(connection: socket.socket, content: memoryview, seconds: float) -> None:
    """Send ``content`` again and again."""
    left, end = content, time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            left = left[connection.send(left) :] or content


def test_ten_unread_responses_do_not_block_other_flask_routes(
    start_api: Callable[..., Api], seven: Path
) -> None:
    """They may stay unread for longer than the other response is waited for."""
    settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1", "REQUEST_SECONDS": "60"}
    api = start_api(**settings).wait_ready()
    page = b"GET /page/page.js HTTP/1.1\r\n" + HOST + b"\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", api.port))
            connection.sendall(page * 200)
        time.sleep(0.5)
        assert api.call("/model")[0] == 200


def test_a_worker_ends_after_max_requests_on_the_fast_path(
    start_api: Callable[..., Api], seven: Path
) -> None:
    api = start_api("--max-requests=20", MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()
    worker = api.workers()
    end = time.monotonic() + 20
    while api.workers() == worker and time.monotonic() < end:
        with contextlib.suppress(OSError):
            api.call("/predict", BODY)
    assert api.workers() != worker
    api.wait_ready()
    assert api.predict() == 7


def test_more_clients_than_file_descriptors_wait_or_are_refused(
    tmp_path: Path, seven: Path
) -> None:
    """The worker keeps descriptors for itself, however many connect at once."""
    limit = ["prlimit", "--nofile=400:400"]
    api = Api(tmp_path, [], prefix=limit, MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(900):
                connection = socket.create_connection(("127.0.0.1", api.port), timeout=20)
                stack.enter_context(connection)
            wait_until(lambda: api.status() == 200)  # in place of an idle one
        assert api.predict() == 7
        assert "Traceback" not in api.log()
    finally:
        assert api.stop() == 0


def test_a_connection_is_kept_while_it_is_used(api: Api) -> None:
    """For longer than gunicorn's keepalive of 5 s after a response of Flask."""
    connection = Connection(api)
    connection.send(HEALTH)
    assert connection.read()[0].status == 200
    end = time.monotonic() + 6.5
    while time.monotonic() < end:
        connection.send(FAST)
        assert connection.read()[0].status == 200
        time.sleep(0.2)
    connection.close()


@pytest.mark.parametrize("size", [60_000, 70_000, 300_000])
def test_a_body_that_nobody_reads_does_not_end_the_connection(api: Api, size: int) -> None:
    unread = b"POST /nothing HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    connection = Connection(api)
    for _ in range(3):
        connection.send(unread + bytes(size) + HEALTH)
        assert connection.read()[0].status == 404
        assert connection.read()[0].status == 200
    connection.close()
