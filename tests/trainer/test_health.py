"""The health check passes on a server without any experiment: a user can delete the first one."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mnist_trainer.tracking.health import check_health


class EmptyServer(BaseHTTPRequestHandler):
    """Answers as MLflow does after experiment 0 was deleted and collected."""

    def do_GET(self) -> None:
        found = self.path == "/health" or "/experiments/search" in self.path
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), EmptyServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_without_experiments_is_healthy(address: str) -> None:
    check_health(address)
