"""Requests whose response is bounded in bytes and in total time."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from mnist_api.registry.credentials import NO_CREDENTIALS, Credentials

RECEIVE_SECONDS = 5.0  # without a byte
PIECE = 65536


class TooManyBytesError(Exception):
    """The response is larger than allowed."""


def read_url(
    url: str,
    max_bytes: int,
    max_seconds: float,
    credentials: Credentials = NO_CREDENTIALS,
    json: bytes | None = None,
) -> bytes:
    """Return what is at ``url``, http or https, or what responds to a POST of ``json`` there.

    Raises TooManyBytesError, TimeoutError, and what urlopen raises: OSError, HTTPException.
    """
    opened: list[socket.socket] = []
    opener = OpenerDirector()  # without the handlers of files and FTP, which are not bounded
    opener.add_handler(_Handler(opened, credentials.tls))
    for kind in HANDLERS:
        opener.add_handler(kind())
    request = Request(url, json)  # noqa: S310 # no other handlers
    if json is not None:
        request.add_header("Content-Type", "application/json")
    if credentials.authorization:
        request.add_header("Authorization", credentials.authorization)
    end = time.monotonic() + max_seconds
    # the timeout holds for each read: it does not limit the total time of slow headers
    timer = threading.Timer(max_seconds, _shut_down, [opened])
    timer.daemon = True
    timer.start()
    try:
        with opener.open(request, timeout=RECEIVE_SECONDS) as response:
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


def is_same_server(url: str, other: str) -> bool:
    """Return whether the two URLs have the same scheme, and the same host and port."""
    return urlsplit(url)[:2] == urlsplit(other)[:2]


def is_neighbour(host: str) -> bool:
    """Return whether ``host``, with or without a port, is a loopback address or has no dot.

    A proxy can resolve no name without a dot, such as localhost or mlflow-server.
    """
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return "." not in name


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
    """Opens http and https connections, and adds their sockets to ``opened``."""

    https_request = HTTPHandler.http_request

    def __init__(self, opened: list[socket.socket], tls: SSLContext | None) -> None:
        super().__init__()
        self._opened, self._tls = opened, tls

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connect, HTTPConnection, self._opened), req)

    def https_open(self, req: Request) -> HTTPResponse:
        connect = partial(_connect, HTTPSConnection, self._opened, context=self._tls)
        return self.do_open(connect, req)


class _ProxyHandler(ProxyHandler):
    """Uses the proxy of the environment, but not for this machine and its neighbours."""

    def proxy_open(self, req: Request, proxy: str, type: str) -> HTTPResponse | None:  # noqa: A002
        if is_neighbour(req.host):
            return None
        return super().proxy_open(req, proxy, type)


class _RedirectHandler(HTTPRedirectHandler):
    """Follows redirects, but with credentials only to the same server, or from http to https."""

    def redirect_request(self, req: Request, *response: Any) -> Request | None:
        request = super().redirect_request(req, *response)
        if request is not None:
            old, new = urlsplit(req.full_url), urlsplit(request.full_url)
            is_upgrade = (old.scheme, old.hostname, new.scheme) == ("http", new.hostname, "https")
            if not is_upgrade and not is_same_server(req.full_url, request.full_url):
                request.remove_header("Authorization")
        return request


HANDLERS = (
    _ProxyHandler,
    UnknownHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    _RedirectHandler,
)


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
