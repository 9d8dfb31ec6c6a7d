"""GET requests that end: an answer is bounded in bytes and in time, however slowly it comes."""

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
    """The answer has more bytes than were asked for."""


def read_url(url: str, most_bytes: int, most_seconds: float) -> bytes:
    """Return what is at ``url``, http or https.

    Raises TooManyBytesError, TimeoutError, and what urlopen raises: OSError, HTTPException.
    """
    opened: list[socket.socket] = []
    opener = build_opener(_Handler(opened), _SecureHandler(opened))
    end = time.monotonic() + most_seconds
    timer = threading.Timer(most_seconds, _end, [opened])  # a head may come in drops
    timer.daemon = True
    timer.start()
    try:
        with opener.open(url, timeout=RECEIVE_SECONDS) as answer:
            content = _read(answer, most_bytes, end)
    except (OSError, HTTPException) as error:
        if time.monotonic() > end:
            raise _too_slow(most_seconds) from error
        raise
    finally:
        timer.cancel()
    if time.monotonic() > end:  # what was cut off may look complete
        raise _too_slow(most_seconds)
    return content


def _too_slow(seconds: float) -> TimeoutError:
    return TimeoutError(f"the answer takes longer than {seconds:g} s")


def _read(answer: HTTPResponse, most_bytes: int, end: float) -> bytes:
    if (answer.length or 0) > most_bytes:
        raise TooManyBytesError
    content = bytearray()
    while time.monotonic() <= end and (piece := answer.read1(PIECE)):
        content += piece
        if len(content) > most_bytes:
            raise TooManyBytesError
    if answer.length:
        raise ConnectionError("the answer ended half-way")
    return bytes(content)


def _end(connections: list[socket.socket]) -> None:
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
    """Return a connection that adds its socket to ``opened`` once it has one."""
    connection = kind(host, **settings)
    connect = connection.connect

    def connect_noted() -> None:
        connect()
        opened.append(connection.sock)

    connection.connect = connect_noted  # type: ignore[method-assign] # of this one alone
    return connection
