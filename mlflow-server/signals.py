"""Signals that stop a program: SystemExit, so that it cleans up; and how they are held back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def exit_on_signals() -> None:
    """Have the first signal raise SystemExit; those after it are ignored while that cleans up."""
    for each in STOPPING:
        signal.signal(each, _exit)


@contextmanager
def block_signals() -> Iterator[None]:
    """Have signals wait for the end of the `with` block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit(number: int, _frame: FrameType | None) -> None:
    for each in STOPPING:
        signal.signal(each, lambda *_: None)  # with SIG_IGN, Python reports one that is pending
    sys.exit(128 + number)
