"""`make local` with its own ports and state folder, so that it does not affect a real stack."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from support.processes import ROOT, free_port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def press_ctrl_c(process: subprocess.Popen[str]) -> str:
    """Signal the process group, as a terminal does; return the output, which is no trace."""
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode in (2, 130, -signal.SIGINT), output  # `make` has codes of its own
    assert "Traceback" not in output
    return output


class Stack:
    """One `make local`; its output is in a file, its processes share an environment variable."""

    def __init__(self, state: Path, root: Path = ROOT, **environ: str) -> None:
        self.root = root
        self.state, self.output = state, state.with_suffix(".out")
        self.mlflow_port, self.api_port = free_port(), free_port()
        self.environ = os.environ | {
            "MLFLOW_PORT": str(self.mlflow_port),
            "API_PORT": str(self.api_port),
            "LOCAL_STATE": str(state),
            "MODELS_DIR": str(state / "models"),
            "ARGS": "--recipe quick --epochs 3",
            **environ,
        }
        self.make: subprocess.Popen[bytes] | None = None

    def up(self, *command: str) -> None:
        """Start the stack, by default with `make local`."""
        with self.output.open("wb") as output:
            self.make = subprocess.Popen(
                command or ("make", "local"), cwd=self.root, env=self.environ, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def read_output(self) -> str:
        return self.output.read_text()

    def wait_for_output(self, words: str, seconds: float = 180) -> None:
        assert self.make
        deadline = time.monotonic() + seconds
        while words not in self.read_output():
            assert self.make.poll() is None, (
                f"ended before it printed {words!r}:\n{self.read_output()}"
            )
            assert time.monotonic() < deadline, f"did not print {words!r}:\n{self.read_output()}"
            time.sleep(0.1)

    def wait(self, seconds: float = 180) -> int:
        assert self.make
        return self.make.wait(seconds)

    def press_ctrl_c(self) -> None:
        assert self.make
        os.killpg(self.make.pid, signal.SIGINT)  # to the process group, as from a terminal

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command about the stack, in a process group of its own."""
        return subprocess.Popen(
            command, cwd=self.root, env=self.environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command about the stack."""
        return subprocess.run(
            command, cwd=self.root, env=self.environ, capture_output=True, text=True, check=False
        )

    def processes(self) -> list[str]:
        """Return the command lines of this stack's processes, found by their LOCAL_STATE."""
        mark = f"LOCAL_STATE={self.state}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may end meanwhile
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
        return found
