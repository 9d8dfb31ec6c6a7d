"""The API's speed: measured for a bounded time, on this machine alone."""

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from report import speed
from report.speed import NotMeasuredError, measure_speed
from support.servers.local_http import QuietHandler, run_server

IMAGE = [0.0] * 784


class Answers(QuietHandler):
    """Answers as the API does, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = self.path == "/predict" and len(request["image"]) == 784
        answer = b'{"prediction": 7}' + b" " * 100
        self.send_response(self.status if good else 400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(speed, "SECONDS", 0.3)
    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), Answers)) as address:
        yield address


def test_a_service_is_measured_alone_and_together(url: str) -> None:
    found = measure_speed(url, IMAGE)
    assert 0 < found.median <= found.slowest
    assert found.alone > 0
    assert found.together > 0


def test_errors_are_not_counted_as_answers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "status", 503)
    with pytest.raises(NotMeasuredError, match="503"):
        measure_speed(url, IMAGE)


def test_where_nothing_answers_nothing_is_measured() -> None:
    with pytest.raises(NotMeasuredError, match="does not answer"):
        measure_speed("http://127.0.0.1:9", IMAGE)


@pytest.mark.parametrize("url", ["http://192.0.2.1:8000", "https://127.0.0.1", "nonsense"])
def test_no_other_machine_is_put_under_load(url: str) -> None:
    with pytest.raises(NotMeasuredError, match="only an API on this machine"):
        measure_speed(url, IMAGE)
