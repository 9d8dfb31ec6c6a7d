"""Real tracking servers on SQLite, started by mlflow-server/start.py on free ports."""

import contextlib
import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "mlflow-server"
PYTHON = ROOT / ".local" / "environments" / "mlflow-server" / "bin" / "python"
START_SECONDS = 180


def environ(folder: Path, **settings: str) -> dict[str, str]:
    """Return the variables of a server with its data in ``folder``."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPYCACHEPREFIX": str(ROOT / ".local" / "bytecode"),
        "BACKEND_STORE_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        **settings,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class HttpResponse:
    """The response to one request."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Server:
    """One running server."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(
        self, method: str, target: str, body: str | None = None, **headers: str
    ) -> HttpResponse:
        """Send a request with exactly this target; other arguments are headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            sent = {"Content-Type": "application/json", **headers}
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return HttpResponse(answer.status, answer.read().decode(), received)


@contextlib.contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """Run a server for the `with` block."""
    server = Server(free_port(), folder / "server.log")
    with server.log.open("w") as log:
        process = subprocess.Popen(
            [PYTHON, FOLDER / "start.py", *arguments],
            cwd=folder, env=environ(folder, PORT=str(server.port), **settings),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(server):
            assert process.poll() is None, server.log.read_text()
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _answers(server: Server) -> bool:
    try:
        return server.send("GET", "/health").status == 200
    except OSError:
        return False
