"""Calls of the programs that the checks need."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from audit.errors import AuditFailedError
from local.environments import ROOT


def read_output(command: Sequence[str | Path], failure: str) -> bytes:
    """Return what a program prints to its standard output.

    Raises AuditFailedError, with ``failure`` and the cause, if it is not installed or fails.
    """
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except FileNotFoundError:
        cause = f"{Path(command[0]).name} is not installed."
    except subprocess.CalledProcessError as error:
        cause = error.stderr.decode(errors="replace").strip()
    raise AuditFailedError(f"{failure}: {cause}")
