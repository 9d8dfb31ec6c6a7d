"""Messages for a tracking server that answers with errors."""

from collections.abc import Iterator
from http.server import HTTPServer

import pytest

from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from support.servers.local_http import QuietHandler, run_server


class Failing(QuietHandler):
    """Answers 500 to everything."""

    def do_GET(self) -> None:
        """Fail."""
        self.send_error(500)


@pytest.fixture
def failing() -> Iterator[str]:
    """A server that answers 500 to everything."""
    with run_server(HTTPServer(("127.0.0.1", 0), Failing)) as address:
        yield address


def test_a_server_that_fails_is_not_reported_as_unreachable(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(ServerError, match=r"answers 500, again and again"):
        Registry(failing, "mnist-classifier", "Production").versions()
