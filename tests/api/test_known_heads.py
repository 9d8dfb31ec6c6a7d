"""A head that the worker has parsed before is not parsed again: nobody can tell the difference."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cases.http import HOST, INVALID, JSON, LENGTH, LINE, VALID
from support.cases.request_samples import make_picture
from support.http_connection import FAST, Connection
from support.servers.api import BODY, Api

pytestmark = pytest.mark.slow

HEAD = LINE + HOST + JSON + LENGTH + b"\r\n"
HEADS = 15_000
MAX_GROWTH = 8_000  # kB; all heads would take over 30,000


@pytest.fixture
def connection(api: Api) -> Iterator[Connection]:
    """A connection on which the head of FAST is known."""
    opened = Connection(api)
    for _ in range(2):
        assert predict(opened, FAST) == 200
    yield opened
    opened.close()


def predict(connection: Connection, request: bytes) -> int:
    connection.send(request)
    response, body = connection.read()
    assert (b'"prediction":7' in body) == (response.status == 200)
    return int(response.status)


@pytest.mark.parametrize(("content", "status"), VALID.values(), ids=VALID)
def test_a_request_is_answered_each_time(
    connection: Connection, content: bytes, status: int
) -> None:
    method = "HEAD" if content.startswith(b"HEAD") else "GET"
    ids = set()
    for _ in range(3):
        connection.send(content)
        response, _body = connection.read(method)
        assert response.status == status
        ids.add(response.headers["X-Request-ID"])
    assert len(ids) == 1 if b"X-Request-ID" in content else 3
    assert predict(connection, FAST) == 200


@pytest.mark.parametrize(("content", "status"), INVALID.values(), ids=INVALID)
def test_an_invalid_request_is_refused(connection: Connection, content: bytes, status: int) -> None:
    connection.send(content)
    response, _ = connection.read()
    assert response.status == status
    assert connection.is_closed()


def test_another_body_has_its_own_response(connection: Connection) -> None:
    for body, status in ((b"{" * len(BODY), 400), (BODY.replace(b"0.0]", b"9.9]"), 422)):
        assert predict(connection, HEAD + body) == status
    assert predict(connection, FAST) == 200


def test_a_body_may_come_in_pieces_or_with_the_next_request(connection: Connection) -> None:
    for pieces in ((FAST[:-1], FAST[-1:]), (HEAD, BODY), (FAST + FAST[:9], FAST[9:])):
        for piece in pieces:
            connection.send(piece)
        for _ in range(b"".join(pieces).count(LINE)):
            response, body = connection.read()
            assert response.status == 200
            assert b'"prediction":7' in body


def test_a_picture_is_read_in_a_thread(connection: Connection) -> None:
    url = base64.b64encode(make_picture("PNG")).decode()
    body = json.dumps({"image": f"data:image/png;base64,{url}"}).encode()
    assert predict(connection, HEAD + body.ljust(len(BODY))) == 200
    assert predict(connection, FAST) == 200


def test_each_request_is_counted_and_logged(api: Api, connection: Connection) -> None:
    def count() -> int:
        line = r'mnist_api_requests_total\{route="/predict",status="200"\} (\d+)'
        found = re.search(line, api.client.get("/metrics").text)
        return int(found[1]) if found else 0

    before = count()
    for _ in range(5):
        assert predict(connection, FAST) == 200
    assert count() == before + 5


def test_few_heads_are_kept(api: Api, connection: Connection) -> None:
    status = Path(f"/proc/{api.workers()[0]}/status")

    def memory() -> int:
        found = re.search(r"VmRSS:\s+(\d+)", status.read_text())
        assert found
        return int(found[1])

    before = memory()
    for number in range(HEADS):
        padding = b"X-Number: %0900d\r\n" % number
        assert predict(connection, LINE + HOST + JSON + padding + LENGTH + b"\r\n" + BODY) == 200
    assert memory() < before + MAX_GROWTH
