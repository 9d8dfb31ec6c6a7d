"""The tracking server as a process, and a relay to it that can be cut."""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from support.processes import BYTECODE, ROOT, free_port, wait_until

MLFLOW_PYTHON = ROOT / ".local" / "environments" / "mlflow-server" / "bin" / "python"


class Relay:
    """A TCP relay to a server; it can be cut and restored."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = free_port()
        self._open: set[socket.socket] = set()
        self.restore()

    def restore(self) -> None:
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
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {client, server}
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
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
    """Run MLflow on SQLite and files in ``folder``; yield its port and its log."""
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

        wait_until(ready, 180)  # the first start compiles all of MLflow
        yield port, log
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
