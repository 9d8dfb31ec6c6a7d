"""Connections that send bytes and read responses, and two requests to send on them."""

import contextlib
import http.client
import io
import socket

from support.cases.http import HOST, JSON, LENGTH, LINE
from support.cases.request_samples import make_picture
from support.servers.api import BODY, Api

FAST = LINE + HOST + JSON + LENGTH + b"\r\n" + BODY
PICTURE = make_picture("PNG")
SLOW = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    b"Content-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
)


class OpenFile(io.BufferedReader):
    """What several responses are read from; HTTPResponse would close it after the first."""

    def close(self) -> None:
        """Do nothing."""


class Connection:
    """A connection that sends bytes and reads responses."""

    def __init__(self, api: Api) -> None:
        self.socket = socket.create_connection(("127.0.0.1", api.port), timeout=30)
        self._raw = socket.SocketIO(self.socket, "r")
        self._file = OpenFile(self._raw)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self._file

    def close(self) -> None:
        io.BufferedReader.close(self._file)
        self.socket.close()

    def send(self, content: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # refused before everything was sent
            self.socket.sendall(content)

    def read(self, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
        response = http.client.HTTPResponse(self, method=method)  # type: ignore[arg-type] # has makefile
        response.begin()
        return response, response.read()

    def is_closed(self) -> bool:
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True


def read_behind(connection: Connection, before: bytes) -> None:
    """Read the response to the request before, which has to come first."""
    if before:
        response, body = connection.read()
        assert response.status == 200
        assert b'"prediction":7' in body


def begin(api: Api, content: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    connection.sendall(content)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            received += more
    return received
