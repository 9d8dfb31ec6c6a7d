"""What every test that starts processes needs: the repository, its environments, ports, waiting."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".local" / "environments"


def python_of(environment: str) -> Path:
    """Return the interpreter of one of the repository's environments."""
    return ENVIRONMENTS / environment / "bin" / "python"


def free_port() -> int:
    """Return a port that the kernel gives to nobody else; only who names it can listen on it."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()  # stays bound until this process ends
    return port


def wait_until(is_met: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; fail if it is not met in time."""
    end = time.monotonic() + seconds
    while not is_met():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def list_children(pid: int) -> list[int]:
    """Return the processes that the threads of a process have started."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(
            FileNotFoundError, ProcessLookupError
        ):  # the thread has ended meanwhile
            found += map(int, (thread / "children").read_text().split())
    return found


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process, so that all that happens meanwhile is new to it at once."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
