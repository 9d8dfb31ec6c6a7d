"""Expensive requests don't block others, and end when their clients disconnect."""

import http.client
import json
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnist_api.server.scheduler import MAX_JOBS
from support.cases.request_samples import SAMPLES
from support.cases.slow_bodies import END, FORM, FORM_TYPE, HEAD, LIST, PART, SLOW, URL
from support.processes import wait_until
from support.servers.api import Api

pytestmark = pytest.mark.slow


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    return start_api(MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


def begin_form(api: Api, form: bytes = FORM, content_type: str = FORM_TYPE) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=60)
    connection.sendall(HEAD.format(content_type, len(form)).encode() + form)
    return connection


def send(api: Api, content: bytes = SAMPLES[0]) -> tuple[int, float, str | None]:
    """Send a picture; return status, seconds and Retry-After."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    connection.request("POST", "/predict", content, {"Content-Type": "image/png"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, time.monotonic() - begin, answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("body", "content_type"), [(FORM, FORM_TYPE), (LIST, "application/json")], ids=["form", "JSON"]
)
def test_other_requests_are_handled_during_many_slow_pictures(
    api: Api, body: bytes, content_type: str
) -> None:
    alone = send(api, SLOW)[1]
    with begin_form(api, body, content_type) as connection:
        time.sleep(0.2)
        for _ in range(5):
            status, seconds, _ = send(api)
            assert status == 200
            assert seconds < 5 * alone + 1  # not 64 times
            begin = time.monotonic()
            assert (api.status(), api.predict()) == (200, 7)
            assert time.monotonic() - begin < 3
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is still in progress
            connection.recv(1)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (SLOW, "image/jpg"),
        (SLOW, "application/octet-stream"),
        (json.dumps({"image": URL}).encode(), "application/json"),
    ],
    ids=["another name", "without a type", "in JSON"],
)
def test_a_slow_picture_does_not_block_the_event_loop(
    api: Api, body: bytes, content_type: str
) -> None:
    """However it is sent: while it is decoded, every other request is answered."""
    with begin_form(api, body, content_type) as connection:
        connection.setblocking(False)
        answered, end = 0, time.monotonic() + 20
        while time.monotonic() < end:
            try:
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
                break
            except BlockingIOError:
                answered += api.predict() == 7
    assert answered > 3


def test_a_form_is_abandoned_when_its_client_disconnects(api: Api) -> None:
    connection = begin_form(api)
    time.sleep(1)
    connection.close()
    wait_until(api.is_idle, 6)  # the form would take some 20 s
    assert send(api)[0] == 200
    wait_until(lambda: '"path":"/predict","status":408' in api.log())


def test_requests_beyond_the_queue_are_503_with_retry_after(api: Api) -> None:
    workers = api.workers()
    forms = [begin_form(api, PART % SLOW * 8 + END) for _ in range(MAX_JOBS + 1)]
    try:
        wait_until(lambda: bool(select.select(forms, [], [], 0)[0]))  # one is refused
        assert send(api)[::2] == (503, "2")
        assert (api.status(), api.predict()) == (200, 7)
    finally:
        for connection in forms:
            connection.close()
    wait_until(lambda: send(api)[0] == 200)
    assert api.workers() == workers


def test_many_pictures_at_the_same_time_all_succeed(api: Api) -> None:
    ready = threading.Barrier(16)

    def together() -> int:
        ready.wait()
        return send(api)[0]

    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(together) for _ in range(16)]
        assert [answer.result() for answer in answers] == [200] * 16
