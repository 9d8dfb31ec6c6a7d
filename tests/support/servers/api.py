"""The API as a process on a free port."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from support.processes import ROOT, free_port, list_children, wait_until

API = ROOT / "api"
IMAGE = [0.0] * 784
BODY = json.dumps({"image": IMAGE}).encode()


class Api:
    """A running gunicorn."""

    def __init__(
        self,
        folder: Path,
        arguments: list[str],
        cgroup: Path | None = None,
        prefix: list[str] | None = None,
        **settings: str,
    ) -> None:
        self.port = int(settings.setdefault("PORT", str(free_port())))
        self.concurrency = int(settings.get("WEB_CONCURRENCY", "2"))
        self.url = f"http://127.0.0.1:{self.port}"
        direct = {"trust_env": False, "verify": False}  # no proxy, no TLS
        self.client = httpx.Client(base_url=self.url, timeout=20, **direct)
        self._log = folder / f"api-{self.port}.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        inside = (
            ["sh", "-c", 'echo $$ > "$0" && exec "$@"', cgroup / "cgroup.procs"] if cgroup else []
        )
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*inside, *(prefix or []), Path(sys.executable).with_name("gunicorn"), *arguments],
                cwd=API,
                env=inherited | settings,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        """Return its whole lines: the API writes several at once, of which a part may be there."""
        text = self._log.read_text()
        return text[: text.rfind("\n") + 1]

    def call(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """Send a request on a new connection, to any worker; return status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            method = "GET" if body is None else "POST"
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def status(self) -> int:
        """Return the status of /health, 0 if the port is closed."""
        try:
            return self.call("/health")[0]
        except OSError:
            return 0

    def wait_ready(self) -> "Api":
        wait_until(lambda: self.status() == 200 or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        return self

    def wait_all_ready(self) -> "Api":
        """Wait for every worker: each loads a version of the registry by itself."""
        wait_until(lambda: self.all_ready() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        return self

    def wait_listening(self) -> "Api":
        wait_until(lambda: self.status() != 0)
        return self

    def predict(self) -> int:
        """Return the predicted digit."""
        status, prediction = self.call("/predict", BODY)
        assert status == 200, prediction
        return prediction["prediction"]

    def model(self) -> dict[str, Any]:
        return self.call("/model")[1]

    def all_predict(self, digit: int) -> bool:
        """Return whether 12 connections, spread over the workers, all predict ``digit``."""
        return all(self.predict() == digit for _ in range(12))

    def all_ready(self) -> bool:
        """Return whether 12 connections, spread over the workers, are all healthy."""
        if self.log().count("Application startup complete") < self.concurrency:
            return False  # a worker that starts later would have no model yet
        return all(self.status() == 200 for _ in range(12))

    def workers(self) -> list[int]:
        return list_children(self.process.pid)

    def is_idle(self) -> bool:
        """Return whether the only worker uses next to no CPU time for half a second."""
        before = self._cpu_seconds()
        time.sleep(0.5)
        return self._cpu_seconds() - before < 0.1

    def _cpu_seconds(self) -> float:
        (worker,) = self.workers()
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / 100

    def stop(self) -> int:
        """Terminate it and return its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
