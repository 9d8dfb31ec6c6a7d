"""Runs a module of this package in a child process, which ends with its parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def run_child(
    module: str, arguments: list[str], environ: Mapping[str, str], content: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """Run ``module`` with ``content`` on standard input; return its exit code and its output.

    Raises OSError if it can't be started, TimeoutExpired if it took longer and was killed.
    """
    paths = [str(SOURCE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return subprocess.run(
        [sys.executable, "-P", "-m", f"mnist_api.{module}", str(os.getpid()), *arguments],
        env={**environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        input=content,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
        check=False,
    )


def read_arguments() -> list[str]:
    """In the child: return its arguments, and have the kernel kill it when its parent ends.

    If memory is short, the kernel kills this process before any other.
    """
    parent, *arguments = sys.argv[1:]
    with suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("The parent has ended.")
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    return arguments
