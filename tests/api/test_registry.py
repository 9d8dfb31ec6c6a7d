"""Registry responses that are too large, too slow or truncated: each request ends with an error."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import IncompleteRead

import pytest

from mnist_api.registry import bounded_http
from mnist_api.registry.bounded_http import TooManyBytesError, read_url
from mnist_api.registry.mlflow_client import MAX_BYTES
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\n"
MOST, SECONDS = 100_000, 20.0


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that serves ``pieces`` on one connection and returns its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def start(*pieces: bytes, pause: float = 0.0) -> str:
        def answer() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    listener.close()


def one_by_one(content: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in content]


def test_a_response_is_read_completely(serve: Callable[..., str]) -> None:
    body = bytes(range(256)) * 300
    assert read_url(serve(HEAD + b"\r\n", body), MOST, SECONDS) == body
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert read_url(serve(chunked), MOST, SECONDS) == b"abcde"


SLOW = {
    "head": one_by_one(HEAD + b"X: " + b"x" * 500),
    "body": [HEAD + b"Content-Length: 500\r\n\r\n", *one_by_one(bytes(500))],
    "chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 500],
}


@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW)
def test_a_slow_response_times_out(serve: Callable[..., str], pieces: list[bytes]) -> None:
    """Each would take 25 s."""
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="longer than 1 s"):
        read_url(serve(*pieces, pause=0.05), MOST, 1.0)
    assert time.monotonic() - begin < 10


def test_a_missing_response_times_out(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "RECEIVE_SECONDS", 0.5)
    with pytest.raises(TimeoutError, match="timed out"):
        read_url(serve(HEAD, pause=20), MOST, 60)


LARGE = {
    "content length": [HEAD + b"Content-Length: 100001\r\n\r\n"],
    "untold": [HEAD + b"\r\n", bytes(MOST), b"x"],
    "chunked": [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        *[b"2710\r\n%b\r\n" % bytes(10**4)] * 11,
    ],
}


@pytest.mark.parametrize("pieces", LARGE.values(), ids=LARGE)
def test_reading_stops_at_the_size_limit(serve: Callable[..., str], pieces: list[bytes]) -> None:
    with pytest.raises(TooManyBytesError):
        read_url(serve(*pieces), MOST, SECONDS)


def test_a_truncated_response_is_an_error(serve: Callable[..., str]) -> None:
    with pytest.raises((OSError, IncompleteRead)):
        read_url(serve(HEAD + b"Content-Length: 9\r\n\r\nabc"), MOST, SECONDS)


def test_a_version_that_is_too_large_is_not_activated(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(bytes(MAX_BYTES + 1))
    api = start_api(**model.settings(), WEB_CONCURRENCY="1").wait_listening()
    wait_until(lambda: "Version 1 is not activated: its file has more than 32 MB" in api.log(), 60)
    wait_until(lambda: "more than 32 MB" in api.call("/model")[1]["detail"])
    model.register(digit_network(6))
    wait_until(lambda: api.status() == 200, 60)
    assert api.predict() == 6
