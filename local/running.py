"""The one local stack of a state folder: held while it runs, and stopped from another terminal."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

STOP_SECONDS = 60


class RunningError(Exception):
    """A stack runs already, or does not stop; the message says what to do."""


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold ``state``: two stacks on one database would be a fight. Raises RunningError."""
    with (state / "running").open("a+") as guard:
        if not _take(guard):
            raise RunningError(f"The stack of {state} runs already. Stop it first: make down")
        guard.truncate(0)
        guard.write(str(os.getpid()))
        guard.flush()
        yield


def down(state: Path) -> int:
    """Stop the stack of ``state`` as Ctrl-C does, and return 0 once it has ended.

    Raises RunningError if it has not after a minute.
    """
    path = state / "running"
    if not path.exists():
        print("No local stack is running.")
        return 0
    with path.open("a+") as guard:
        if _take(guard):
            print("No local stack is running.")
            return 0
        guard.seek(0)
        pid = int(guard.read())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while not _take(guard):
            if time.monotonic() > deadline:
                raise RunningError(f"The stack does not end; it is process {pid}.")
            time.sleep(0.1)
    print("The local stack has stopped; everything it knows is kept.")
    return 0


def _take(guard: TextIO) -> bool:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
