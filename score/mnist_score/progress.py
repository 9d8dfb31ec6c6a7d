"""Progress: images, images a second and the time left, in a line every few seconds."""

import time
from datetime import timedelta
from threading import Lock

SECONDS = 5.0  # between two lines


class Progress:
    """Counts images from several threads."""

    def __init__(self, total: int) -> None:
        self.unread = 0  # pictures without a readable digit
        self._total = total
        self._done = 0
        self._begin = time.monotonic()
        self._lock = Lock()

    def add(self, images: int, unread: int = 0) -> None:
        """Count images that are scored, and those of them that could not be read."""
        with self._lock:
            self._done += images
            self.unread += unread

    def describe(self) -> str:
        """Return the line."""
        seconds = time.monotonic() - self._begin
        rate = self._done / seconds
        left = timedelta(seconds=round((self._total - self._done) / rate)) if rate else "unknown"
        return (
            f"{self._done:,} of {self._total:,} images ({self._done / self._total:.0%}), "
            f"{rate:,.0f} images/s, time left {left}"
        )
