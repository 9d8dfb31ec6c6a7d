"""The health check passes on a server without any experiment: a user can delete the first one."""

from collections.abc import Iterator
from http.server import HTTPServer

import pytest

from mnist_trainer.tracking.health import check_health
from support.servers.local_http import QuietHandler, run_server


class EmptyServer(QuietHandler):
    """Answers as MLflow does after experiment 0 was deleted and collected."""

    def do_GET(self) -> None:
        found = self.path == "/health" or "/experiments/search" in self.path
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def address() -> Iterator[str]:
    with run_server(HTTPServer(("127.0.0.1", 0), EmptyServer)) as address:
        yield address


def test_a_server_without_experiments_is_healthy(address: str) -> None:
    check_health(address)
