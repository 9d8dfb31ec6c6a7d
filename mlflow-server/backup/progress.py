"""Progress on standard error, as standard output has the archive."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 5.0  # between two lines


class Progress:
    """Counts the files and bytes of one step."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._files = self._bytes = 0
        self._next = time.monotonic() + SECONDS

    def add_file(self) -> None:
        """Count one file, whose bytes are counted."""
        self._files += 1

    def add_bytes(self, size: int) -> None:
        """Count bytes of a file, and print a line every few seconds."""
        self._bytes += size
        if time.monotonic() > self._next:
            self.print()
            self._next = time.monotonic() + SECONDS

    def print(self) -> None:
        """Print the present numbers."""
        print(
            f"{self._step}: {self._files} files, {self._bytes / 1e6:.1f} MB",
            file=sys.stderr,
            flush=True,
        )


@contextmanager
def progress(step: str) -> Iterator[Progress]:
    """Give the counter of a step, whose last numbers are printed when it succeeds."""
    counter = Progress(step)
    yield counter
    counter.print()
