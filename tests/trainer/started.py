"""Commands that run as processes of their own: what they say, and how they end."""

import subprocess

import pytest

LONG = ["train", "--limit=600", "--epochs=10000", "--hidden=16", "--batch-size=100", "--floor=0"]
SHORT = ["train", "--limit=200", "--epochs=1", "--hidden=16", "--batch-size=50", "--floor=0"]
SECONDS = 90  # less than the minutes that MLflow tries by default, enough on a busy machine


def ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """Return what a command said, after it has ended with ``code``."""
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, out + err
    return out, err


def sentence(said: str) -> str:
    """Return what was said on stderr, after checking that it is one line and no traceback."""
    assert said.endswith(".\n")
    assert said.count("\n") == 1
    return said


def await_line(process: subprocess.Popen[str], start: str) -> None:
    """Read what a command says up to the line that begins with ``start``."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return
    pytest.fail(f"No {start!r}: {process.communicate()[1]}")
