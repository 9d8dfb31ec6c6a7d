"""Starting, watching and stopping the programs of the local stack."""

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

PATIENCE_SECONDS = 15  # for a program to stop by itself; gunicorn drains its connections first
LINUX_PR_SET_PDEATHSIG = 1


class ProcessFailedError(Exception):
    """A program ended or never became ready; the message says which and shows its last lines."""


class StopRequestedError(Exception):
    """Somebody pressed Ctrl-C, or the process was told to end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


@dataclass(frozen=True)
class Program:
    """One program: its name for people, what is run, and where its output goes (None: here)."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    environ: Mapping[str, str]
    log: Path | None = None


@dataclass
class Supervisor:
    """Holds every process that was started, so that leaving its `with` block leaves none behind.

    Signals only set a flag, which every wait looks at: an exception out of a signal handler could
    come between starting a process and noting it.
    """

    signal_number: int = 0
    _asked: threading.Event = field(default_factory=threading.Event)
    _running: list[tuple[Program, subprocess.Popen[bytes]]] = field(default_factory=list)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        return self

    def __exit__(self, *error: object) -> None:
        for program, process in reversed(self._running):
            _stop(program, process)

    def start(self, program: Program) -> None:
        """Start ``program`` in a process group of its own, out of Ctrl-C's reach."""
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
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has a single thread
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
        """Return once ``url`` answers 200.

        Raises ProcessFailedError when a program ends instead, or time is up.
        """
        deadline = time.monotonic() + seconds
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                program = self._running[-1][0]
                raise ProcessFailedError(
                    f"{program.name} did not become ready within {seconds:.0f} s."
                    + _last_lines(program)
                )
            self.pause(0.1)

    def watch(self) -> NoReturn:
        """Return never: raise ProcessFailedError or StopRequestedError when it is over."""
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
        """Wait; raise StopRequestedError as soon as a signal asks for the end."""
        if self._asked.wait(seconds):
            raise StopRequestedError(self.signal_number)

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signal_number = number
        self._asked.set()


def _end_with_parent() -> None:
    """Have Linux end the new process when this one is killed without a chance to stop it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(LINUX_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(program: Program, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        print(f"Stopping {program.name} ...", flush=True)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # sweep up what it may have left behind
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http on 127.0.0.1
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_lines(program: Program) -> str:
    if program.log is None:
        return ""
    lines = program.log.read_text(errors="replace").splitlines()[-15:]
    return f" The last lines of {program.log}:\n" + "\n".join(f"  {line}" for line in lines)
