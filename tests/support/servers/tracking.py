"""Real tracking servers on SQLite, started by mlflow-server/start.py on free ports."""

import contextlib
import functools
import http.client
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.processes import ROOT, free_port, python_of, wait_until

FOLDER = ROOT / "mlflow-server"
PYTHON = python_of("mlflow-server")
START_SECONDS = 180  # the first start compiles all of MLflow
STOP_SECONDS = 20


def environ(folder: Path, **settings: str) -> dict[str, str]:
    """Return the variables of a server with its data in ``folder``."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BACKEND_STORE_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        **settings,
    }


@dataclass(frozen=True)
class HttpResponse:
    """The response to one request."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class TrackingServer:
    """One running server; ``process`` leads a process group of its own."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

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
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return HttpResponse(response.status, response.read().decode(), received)

    def is_healthy(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.send("GET", "/health").status == 200
        except OSError:
            return False


@functools.cache
def empty_database() -> bytes:
    """Return a new SQLite file with the schema: to make it once saves seconds a server."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        script = f"from database import prepare_database; prepare_database('sqlite:///{path}')"
        subprocess.run([PYTHON, "-c", script], cwd=FOLDER, check=True, capture_output=True)
        return path.read_bytes()


@contextlib.contextmanager
def tracking_server(
    folder: Path, *arguments: str, port: int = 0, **settings: str
) -> Iterator[TrackingServer]:
    """Run a server for the `with` block.

    With the folder and the ``port`` of one that was stopped, it is that server again.
    """
    port = port or free_port()
    log = folder / "server.log"
    if "BACKEND_STORE_URI" not in settings and not (folder / "mlflow.db").exists():
        (folder / "mlflow.db").write_bytes(empty_database())
    with log.open("a") as output:
        process = subprocess.Popen(
            [PYTHON, FOLDER / "start.py", *arguments],
            cwd=folder, env=environ(folder, PORT=str(port), **settings), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    server = TrackingServer(port, log, process)
    try:
        wait_until(server.is_healthy, START_SECONDS)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it has left
