"""GET requests whose response is bounded in bytes and in total time."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

RECEIVE_SECONDS = 5.0  # without a byte
PIECE = 65536


class TooManyBytesError(Exception):
    """The response is larger than allowed."""


def read_url(url: str, max_bytes: int, max_seconds: float) -> bytes:
    """Return what is at ``url``, http or https.

    Raises TooManyBytesError, TimeoutError, and what urlopen raises: OSError, HTTPException.
    """
    opened: list[socket.socket] = []
    opener = build_opener(_Handler(opened), _SecureHandler(opened))
    end = time.monotonic() + max_seconds
    # the timeout holds for each read: it does not limit the total time of slow headers
    timer = threading.Timer(max_seconds, _shut_down, [opened])
    timer.daemon = True
    timer.start()
    try:
        with opener.open(url, timeout=RECEIVE_SECONDS) as response:
            content = _read(response, max_bytes, end)
    except (OSError, HTTPException) as error:
        if time.monotonic() > end:
            raise _too_slow(max_seconds) from error
        raise
    finally:
        timer.cancel()
    if time.monotonic() > end:  # a response that was cut off may look complete
        raise _too_slow(max_seconds)
    return content


def _too_slow(seconds: float) -> TimeoutError:
    return TimeoutError(f"the response takes longer than {seconds:g} s")


def _read(response: HTTPResponse, max_bytes: int, end: float) -> bytes:
    if (response.length or 0) > max_bytes:
        raise TooManyBytesError
    content = bytearray()
    while time.monotonic() <= end and (piece := response.read1(PIECE)):
        content += piece
        if len(content) > max_bytes:
            raise TooManyBytesError
    if response.length:
        raise ConnectionError("the response is truncated")
    return bytes(content)


def _shut_down(connections: list[socket.socket]) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class _Handler(HTTPHandler):
    def __init__(self, opened: list[socket.socket]) -> None:
        super().__init__()
        self._opened = opened

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connect, HTTPConnection, self._opened), req)


class _SecureHandler(HTTPSHandler):
    def __init__(self, opened: list[socket.socket]) -> None:
        super().__init__()
        self._opened = opened

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connect, HTTPSConnection, self._opened), req)


def _connect(
    kind: Callable[..., HTTPConnection], opened: list[socket.socket], host: str, **settings: Any
) -> HTTPConnection:
    """Return a connection that adds its socket to ``opened`` when it connects."""
    connection = kind(host, **settings)
    connect = connection.connect

    def connect_and_add() -> None:
        connect()
        opened.append(connection.sock)

    connection.connect = connect_and_add  # type: ignore[method-assign] # of this instance alone
    return connection
