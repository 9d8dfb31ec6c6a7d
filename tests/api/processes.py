"""The real programs, as processes on free ports of this machine."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
API = ROOT / "api"
MLFLOW_PYTHON = ROOT / ".local" / "environments" / "mlflow-server" / "bin" / "python"
IMAGE = [0.0] * 784
BODY = json.dumps({"image": IMAGE}).encode()
BYTECODE = str(ROOT / ".local" / "bytecode")  # compiled once, not at each of many starts


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


class Api:
    """A running gunicorn."""

    def __init__(
        self, folder: Path, arguments: list[str], cgroup: Path | None = None, **settings: str
    ) -> None:
        self.port = int(settings.setdefault("PORT", str(free_port())))
        self.concurrency = int(settings.get("WEB_CONCURRENCY", "2"))
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, verify=False, timeout=20)  # noqa: S501 # no TLS
        self._log = folder / f"api-{self.port}.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ = inherited | {"PYTHONPYCACHEPREFIX": BYTECODE}
        inside = (
            ["sh", "-c", 'echo $$ > "$0" && exec "$@"', cgroup / "cgroup.procs"] if cgroup else []
        )
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*inside, Path(sys.executable).with_name("gunicorn"), *arguments],
                cwd=API,
                env=environ | settings,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        return self._log.read_text()

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """Return status and JSON over a connection of its own, so that any worker may answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            method = "GET" if body is None else "POST"
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def status(self) -> int:
        """Return /health's status, 0 where nobody answers."""
        try:
            return self.ask("/health")[0]
        except OSError:
            return 0

    def wait_ready(self) -> "Api":
        wait_until(lambda: self.status() == 200 or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        return self

    def wait_up(self) -> "Api":
        wait_until(lambda: self.status() != 0)
        return self

    def predict(self) -> int:
        """Return the digit seen."""
        status, answer = self.ask("/predict", BODY)
        assert status == 200, answer
        return answer["prediction"]

    def model(self) -> dict[str, Any]:
        return self.ask("/model")[1]

    def everywhere(self, digit: int) -> bool:
        """Say whether each of 12 connections, spread over the workers, meets ``digit``."""
        return all(self.predict() == digit for _ in range(12))

    def everywhere_ready(self) -> bool:
        """Say whether each of 12 connections, spread over all the workers, finds it healthy."""
        if self.log().count("ASGI server listening") < self.concurrency:
            return False  # one that is still to come would be met later, before it has a model
        return all(self.status() == 200 for _ in range(12))

    def workers(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Relay:
    """A way to a server that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = free_port()
        self._open: set[socket.socket] = set()
        self.mend()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        for one in (self._listener, *list(self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {near, far}
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)


@contextlib.contextmanager
def tracking_server(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run MLflow on SQLite and files in ``folder``; give its port and its log."""
    port, log = free_port(), folder / "mlflow.log"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPYCACHEPREFIX": BYTECODE,
        "BACKEND_STORE_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "PORT": str(port),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [MLFLOW_PYTHON, ROOT / "mlflow-server" / "start.py"],
            env=environ,
            stdout=output,
            stderr=output,
            cwd=folder,
        )
    try:

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, 90)
        yield port, log
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
