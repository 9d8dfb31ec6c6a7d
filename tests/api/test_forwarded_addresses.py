"""The client's address in the access log, directly and behind proxies."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cases.http import HOST, JSON, LENGTH, LINE
from support.http_connection import Connection
from support.processes import wait_until
from support.servers.api import BODY, Api

LARGE = b"Content-Type: application/octet-stream\r\nContent-Length: 1568000\r\n\r\n" + bytes(
    1568000
)
WAYS = {
    "fast path": (LINE, JSON + LENGTH + b"\r\n" + BODY, 200),
    "ASGI": (LINE, LARGE, 200),
    "Flask": (b"GET /health HTTP/1.1\r\n", b"\r\n", 200),
    "malformed body": (LINE, JSON + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
}
PEER = "127.0.0.1"
FORWARDED = [  # the settings, X-Forwarded-For, and the address that is logged
    ("", "203.0.113.7", PEER),
    ("10.0.0.1,192.168.0.0/16", "203.0.113.7", PEER),
    (PEER, "203.0.113.7", "203.0.113.7"),
    ("127.0.0.0/8, 10.0.0.0/8", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
    (PEER, "198.51.100.1, 203.0.113.7:4711", "203.0.113.7"),
    (PEER, "[2001:db8::1]:4711", "2001:db8::1"),
    (PEER, "2001:db8::1", "2001:db8::1"),
    (f"{PEER},203.0.113.7", "203.0.113.7", "203.0.113.7"),
    ("*", "203.0.113.7, 198.51.100.1", "203.0.113.7"),
    (PEER, "unknown", PEER),
    (PEER, "", PEER),
    (PEER, 'x","status":200,"client":"203.0.113.7', PEER),
    (PEER, "203.0.113.7\x85\xa0{}", PEER),
    (PEER, "fe80::1%" + "x" * 1000, PEER),
    (PEER, "9" * 10_000, PEER),
]


@pytest.fixture(scope="module")
def start(start_apis: Callable[..., Api], seven: Path) -> Callable[[str], Api]:
    """Return a function that returns the API with these trusted proxies."""
    started: dict[str, Api] = {}

    def start_once(proxies: str) -> Api:
        if proxies not in started:
            settings = {"MODEL_FILE": str(seven), "WEB_CONCURRENCY": "1"}
            started[proxies] = start_apis(**settings, FORWARDED_ALLOW_IPS=proxies).wait_ready()
        return started[proxies]

    return start_once


def find_line(api: Api, request_id: str) -> dict[str, Any]:
    wait_until(lambda: f'"id":"{request_id}"' in api.log())
    lines = [line for line in api.log().splitlines() if f'"id":"{request_id}"' in line]
    assert len(lines) == 1
    return json.loads(lines[0])


def send(connection: Connection, way: str, headers: bytes) -> str:
    """Send a request; return the id of its line in the log."""
    line, rest, status = WAYS[way]
    connection.send(line + HOST + headers + rest)
    response, _ = connection.read()
    assert response.status == status
    return response.headers["X-Request-ID"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("proxies", "forwarded", "client"), FORWARDED)
def test_the_log_has_the_last_address_that_no_trusted_proxy_has(
    start: Callable[[str], Api], proxies: str, forwarded: str, client: str, way: str
) -> None:
    """And the peer's where it is not trusted, or sends no address."""
    api = start(proxies)
    connection = Connection(api)
    header = b"X-Forwarded-For: %b\r\n" % forwarded.encode("latin-1")
    assert find_line(api, send(connection, way, header))["client"] == client
    connection.close()


def test_each_request_of_a_connection_has_its_own_client(start: Callable[[str], Api]) -> None:
    api = start(PEER)
    connection = Connection(api)
    clients = []
    for way in ("fast path", "Flask", "ASGI", "fast path"):
        for header in (b"X-Forwarded-For: 203.0.113.%d\r\n" % len(clients), b""):
            clients.append(find_line(api, send(connection, way, header))["client"])
    assert clients == ["203.0.113.0", PEER, "203.0.113.2", PEER, "203.0.113.4", PEER,
                       "203.0.113.6", PEER]  # fmt: skip
    connection.send(b"GET\r\n\r\n")
    response, _ = connection.read()
    assert find_line(api, response.headers["X-Request-ID"])["client"] == PEER
    connection.close()


def test_several_headers_count_as_one(start: Callable[[str], Api]) -> None:
    api = start(PEER)
    connection = Connection(api)
    headers = (
        b"X-Forwarded-For: 198.51.100.1\r\nX_Forwarded_For: ::1\r\nX-FORWARDED-FOR: 203.0.113.7\r\n"
    )
    assert find_line(api, send(connection, "fast path", headers))["client"] == "203.0.113.7"
    connection.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("line_break", [b"\n", b"\r", b"\r\n ", b"\r\n\t", b"\x0b", b"\x85"])
def test_a_line_break_forges_no_line(
    start: Callable[[str], Api], way: str, line_break: bytes
) -> None:
    """It is refused, or is no address."""
    api = start(PEER)
    forged = secrets.token_hex(8)
    line = b'203.0.113.7%b{"id":"%b"}' % (line_break, forged.encode())
    connection = Connection(api)
    head, rest, _ = WAYS[way]
    connection.send(head + HOST + b"X-Forwarded-For: " + line + b"\r\n" + rest)
    response, _ = connection.read()
    assert find_line(api, response.headers["X-Request-ID"])["client"] == PEER
    assert forged not in api.log()
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("10.0.0.1,*", "FORWARDED_ALLOW_IPS is '10.0.0.1,*', but must be"),
        ("proxy.lan", "Error: 'proxy.lan' does not appear to be"),  # gunicorn reads it, too
    ],
)
def test_the_server_does_not_start_with_what_is_no_address(
    start_api: Callable[..., Api], value: str, sentence: str
) -> None:
    api = start_api(FORWARDED_ALLOW_IPS=value)
    assert api.process.wait(20) != 0
    assert sentence in api.log()
    assert "Traceback" not in api.log()
