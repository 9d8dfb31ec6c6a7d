"""Locks a state folder while its stack runs, and stops that stack from another terminal."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

STOP_TIMEOUT = 60  # seconds


class RunningError(Exception):
    """A stack runs or is restored already, or does not stop; the message says what to do."""


@contextmanager
def lock_state(state: Path) -> Iterator[None]:
    """Lock ``state``, for one stack or restore at a time. Raises RunningError if there is one."""
    with (state / "running").open("a+") as lock_file:
        if not _try_lock(lock_file):
            raise RunningError(
                f"The stack of {state} runs already, or is being restored. Stop it by make down, "
                "or wait for the end."
            )
        lock_file.truncate(0)
        lock_file.write(str(os.getpid()))
        lock_file.flush()
        yield


def down(state: Path) -> int:
    """Stop the stack of ``state`` as Ctrl-C does, and return 0 once it has ended.

    Raises RunningError if it has not ended after a minute.
    """
    path = state / "running"
    if not path.exists():
        print("No local stack is running.")
        return 0
    with path.open("a+") as lock_file:
        if _try_lock(lock_file):
            print("No local stack is running.")
            return 0
        lock_file.seek(0)
        pid = int(lock_file.read())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while not _try_lock(lock_file):
            if time.monotonic() > deadline:
                raise RunningError(f"The stack does not end; it is process {pid}.")
            time.sleep(0.1)
    print("The local stack has stopped. Its data is kept.")
    return 0


def _try_lock(lock_file: TextIO) -> bool:
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
