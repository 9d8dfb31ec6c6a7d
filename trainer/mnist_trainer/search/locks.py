"""Locks that the processes of a search share: who runs which trial, who trains the best recipe.

A lock is a number, and is released when its process ends, also after a kill.
"""

import contextlib
import fcntl
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

JOURNAL, STUDY, BEST = range(3)  # writing, choosing the next trial, training the best
_TRIALS = 16  # the lock of trial 0; those of the others follow
_INTERVAL = 0.1  # seconds between two attempts


def trial_lock(number: int) -> int:
    """Return the lock that stands for a trial."""
    return _TRIALS + number


class Locks(ABC):
    """The locks of one process. Not for threads."""

    @abstractmethod
    def acquire(self, lock: int) -> bool:
        """Acquire a lock without waiting and return whether this process holds it now."""

    @abstractmethod
    def release(self, lock: int) -> None:
        """Release a lock."""

    def is_free(self, lock: int) -> bool:
        """Return whether no other process holds a lock; one of this process may be released."""
        acquired = self.acquire(lock)
        if acquired:
            self.release(lock)
        return acquired

    def wait(self, lock: int) -> None:
        """Wait for a lock."""
        while not self.acquire(lock):
            time.sleep(_INTERVAL)

    @contextlib.contextmanager
    def held(self, lock: int) -> Iterator[None]:
        """Wait for a lock, and hold it for the block."""
        self.wait(lock)
        try:
            yield
        finally:
            self.release(lock)


class FileLocks(Locks):
    """Locks on single bytes of an empty file, on one machine or a file system with locks."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab")

    def close(self) -> None:
        """Release all locks."""
        self._file.close()

    def acquire(self, lock: int) -> bool:
        """Acquire a lock without waiting and return whether this process holds it now."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, lock)
        except (BlockingIOError, PermissionError):  # which of the two depends on the system
            return False
        return True

    def release(self, lock: int) -> None:
        """Release a lock."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, lock)

    def wait(self, lock: int) -> None:
        """Wait for a lock."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, lock)


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
