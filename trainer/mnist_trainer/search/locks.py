"""Locks that the processes of a search share: who runs which trial, who trains the best recipe.

The system releases a lock when its process ends, also after a kill. The processes share a folder,
on one machine or on a file system with locks.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

JOURNAL, STUDY, BEST = range(3)  # bytes: writing, choosing the next trial, training the best
_TRIALS = 16  # the byte of trial 0; those of the others follow


def trial_byte(number: int) -> int:
    """Return the byte that stands for a trial."""
    return _TRIALS + number


class Locks:
    """Locks on single bytes of an empty file. Not for threads."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab")

    def close(self) -> None:
        """Release all locks."""
        self._file.close()

    def acquire(self, byte: int) -> bool:
        """Lock a byte without waiting and return whether this process holds it now."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # which of the two depends on the system
            return False
        return True

    def release(self, byte: int) -> None:
        """Release the lock on a byte."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)

    def is_free(self, byte: int) -> bool:
        """Return whether no other process holds a byte; a lock of this process is released."""
        acquired = self.acquire(byte)
        if acquired:
            self.release(byte)
        return acquired

    def wait(self, byte: int) -> None:
        """Wait for the lock on a byte."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, byte)

    @contextlib.contextmanager
    def held(self, byte: int) -> Iterator[None]:
        """Wait for the lock on a byte, and hold it for the block."""
        self.wait(byte)
        try:
            yield
        finally:
            self.release(byte)


class JournalLock:
    """The lock for writing the journal, with the methods that Optuna calls.

    Optuna's own lock is a file that a killed process leaves behind: the others wait for 30 seconds.
    """

    def __init__(self, locks: Locks) -> None:
        self._locks = locks

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._locks.wait(JOURNAL)
        return True

    def release(self) -> None:
        """Release the lock."""
        self._locks.release(JOURNAL)
