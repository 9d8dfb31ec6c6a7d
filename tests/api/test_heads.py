"""Heads that are refused with a reason, or parsed again because the parser takes them otherwise."""

import socket

import pytest

from support.cases.http import HOST, JSON, LENGTH, LINE, VALID
from support.http_connection import FAST, Connection, read_behind
from support.servers.api import BODY


def test_a_tunnel_is_refused_with_the_reason(connection: Connection) -> None:
    connection.send(b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n")
    response, body = connection.read()
    assert response.status == 400
    assert b"CONNECT" in body


@pytest.mark.parametrize(("version", "interim"), [(b"1.0", b""), (b"1.1", b"100 Continue")])
def test_only_http_1_1_has_a_100_continue(
    connection: Connection, version: bytes, interim: bytes
) -> None:
    line = LINE.replace(b"1.1", version)
    connection.send(line + HOST + JSON + LENGTH + b"Expect: 100-continue\r\n\r\n")
    if interim:
        assert interim in connection.socket.recv(25)
    else:
        connection.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.socket.recv(1)
        connection.socket.settimeout(10)
    connection.send(BODY)
    read_behind(connection, FAST)


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("name", ["a tab behind chunked", "upgrade with chunks"])
def test_a_head_that_is_parsed_again_may_come_in_small_pieces(
    connection: Connection, name: str, size: int
) -> None:
    content = VALID[name][0]
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(0, len(content), size):
        connection.send(content[at : at + size])
    read_behind(connection, FAST)
    connection.send(FAST)
    read_behind(connection, FAST)
