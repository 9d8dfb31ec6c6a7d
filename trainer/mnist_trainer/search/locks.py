"""Which of several searchers does what: locks that the system takes back when a process ends.

However it ends: nothing has to be released after a kill, and no clock decides who is alive. The
searchers share a folder, on one machine or on a file system that hands locks on.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

JOURNAL, STUDY, BEST = range(3)  # places: writing, choosing the next trial, training the best
_TRIALS = 16  # the place of trial 0; those of the others follow


def of_trial(number: int) -> int:
    """Return the place of a trial."""
    return _TRIALS + number


class Claims:
    """Locks on single bytes, the places, of a file that holds none. Not for threads."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab")

    def close(self) -> None:
        """Give everything up."""
        self._file.close()

    def take(self, place: int) -> bool:
        """Take a place and tell whether that went; it does where this process has it already."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):  # which of the two depends on the system
            return False
        return True

    def free(self, place: int) -> None:
        """Give a place up."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def is_free(self, place: int) -> bool:
        """Tell whether no other process has a place; if this one had it, it has it no more."""
        taken = self.take(place)
        if taken:
            self.free(place)
        return taken

    @contextlib.contextmanager
    def held(self, place: int) -> Iterator[None]:
        """Wait for a place, and hold it for as long as the block lasts."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)
        try:
            yield
        finally:
            self.free(place)


class JournalLock:
    """The lock Optuna takes to write into its journal, in the form it asks for."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._held = contextlib.ExitStack()

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._held.enter_context(self._claims.held(JOURNAL))
        return True

    def release(self) -> None:
        """Give it up."""
        self._held.close()
