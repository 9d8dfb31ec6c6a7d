"""Commands that run as processes of their own: their output and exit codes."""

import subprocess
from collections.abc import Callable

import pytest

Command = Callable[..., subprocess.Popen[str]]

LONG = ["train", "--limit=600", "--epochs=10000", "--hidden=16", "--batch-size=100", "--floor=0"]
SHORT = ["train", "--limit=200", "--epochs=1", "--hidden=16", "--batch-size=50", "--floor=0"]
SECONDS = 120  # less than the minutes that MLflow tries by default, enough on a busy machine


def ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """Return stdout and stderr of a command, after it has ended with ``code``."""
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, out + err
    return out, err


def sentence(err: str) -> str:
    """Return stderr, after checking that it is one line and no traceback."""
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    return err


def await_line(process: subprocess.Popen[str], start: str) -> None:
    """Read a command's output up to the line that begins with ``start``."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return
    pytest.fail(f"No {start!r}: {process.communicate()[1]}")
