"""Starts, supervises and stops the programs of the local stack."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine needs no proxy
STOP_TIMEOUT = 15  # seconds from SIGTERM to SIGKILL; gunicorn closes its connections first
LINUX_PR_SET_PDEATHSIG = 1


class ProcessFailedError(Exception):
    """A program ended or never became ready; the message says which and shows its last lines."""


class StopRequestedError(Exception):
    """The process received SIGINT (Ctrl-C), SIGTERM or SIGHUP."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


@dataclass(frozen=True)
class Program:
    """One program: its name in messages, its command, and its log (None: standard output)."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    environ: Mapping[str, str]
    log: Path | None = None


@dataclass
class Supervisor:
    """Keeps a list of all processes that it started; leaving its `with` block stops them.

    Signals only set a flag, which every wait checks: an exception from a signal handler could be
    raised between the start of a process and its entry in the list.
    """

    signal_number: int = 0
    _stop_requested: threading.Event = field(default_factory=threading.Event)
    _running: list[tuple[Program, subprocess.Popen[bytes]]] = field(default_factory=list)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)
        return self

    def __exit__(self, *error: object) -> None:
        for program, process in reversed(self._running):
            _stop(program, process)

    def start(self, program: Program) -> None:
        """Start ``program`` in a session of its own, so that Ctrl-C does not signal it."""
        output = program.log.open("wb") if program.log else None
        with output or contextlib.nullcontext():
            process = subprocess.Popen(
                program.command,
                cwd=program.folder,
                env=program.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has a single thread
            )
        self._running.append((program, process))

    def run(self, program: Program) -> int:
        """Start ``program``, wait for its end and return its exit code."""
        self.start(program)
        process = self._running[-1][1]
        while process.poll() is None:
            self.pause(0.1)
        self._running.pop()
        return process.returncode

    def wait_until_ready(self, url: str, seconds: float) -> None:
        """Return once the response of ``url`` is 200.

        Raises ProcessFailedError if a program ends before, or after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not _is_ready(url):
            self.check()
            if time.monotonic() > deadline:
                program = self._running[-1][0]
                raise ProcessFailedError(
                    f"{program.name} did not become ready within {seconds:.0f} s."
                    + _last_lines(program)
                )
            self.pause(0.1)

    def supervise(self) -> NoReturn:
        """Check the programs until one ends (ProcessFailedError) or on StopRequestedError."""
        while True:
            self.check()
            self.pause(0.5)

    def check(self) -> None:
        """Raise ProcessFailedError if a program has ended."""
        for program, process in self._running:
            if process.poll() is not None:
                raise ProcessFailedError(
                    f"{program.name} ended with exit code {process.returncode}."
                    + _last_lines(program)
                )

    def pause(self, seconds: float) -> None:
        """Wait; raise StopRequestedError as soon as a signal has been received."""
        if self._stop_requested.wait(seconds):
            raise StopRequestedError(self.signal_number)

    def _request_stop(self, number: int, _frame: FrameType | None) -> None:
        self.signal_number = number
        self._stop_requested.set()


def end_with_parent() -> None:
    """Have Linux terminate the new process if this one is killed before it can stop it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(LINUX_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(program: Program, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        print(f"Stopping {program.name} ...", flush=True)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):  # its children that still run
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _is_ready(url: str) -> bool:
    try:
        with DIRECT.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_lines(program: Program) -> str:
    if program.log is None:
        return ""
    lines = program.log.read_text(errors="replace").splitlines()[-15:]
    return f" The last lines of {program.log}:\n" + "\n".join(f"  {line}" for line in lines)
