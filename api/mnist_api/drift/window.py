"""The newest samples of all workers, in shared memory."""

import time
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.active import LoadedModel
from mnist_api.model.drift_reference import FEATURES
from mnist_api.telemetry.shared_counters import Cells, SharedCounters

SAMPLES = 1200  # further ones replace the oldest
SECONDS = 3600.0  # after which a sample no longer counts
WIDTH = 2 + len(FEATURES)  # of a sample: its time, its version's key, its features


class Window:
    """A ring of samples for each worker: the number of samples so far, then the samples.

    It is created before the workers fork. A worker that starts continues the ring of one that has
    ended.
    """

    def __init__(self) -> None:
        self._rings = SharedCounters(1 + SAMPLES * WIDTH)
        self._cells: Cells = None  # until acquire()

    def acquire(self) -> None:
        """Take a ring for this process."""
        self._cells, _ = self._rings.acquire()

    def append(self, loaded: LoadedModel, features: Sequence[float]) -> None:
        """Store the features of an image that ``loaded`` has just classified."""
        cells = self._cells
        start = 1 + int(cells[0]) % SAMPLES * WIDTH
        for cell, value in enumerate((time.time(), _key(loaded), *features), start):
            cells[cell] = value
        cells[0] += 1

    def read(self, loaded: LoadedModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the times [n] and the features [n, 9] of ``loaded``'s samples, the oldest first.

        Those since it became active, of all workers, the last hour and the last 1,200.
        """
        rings = [
            np.array(cells[1 : 1 + min(int(cells[0]), SAMPLES) * WIDTH])
            for (cells, _), _ in self._rings.rows()
            if cells[0]
        ]
        samples = np.concatenate([np.empty(0), *rings]).reshape(-1, WIDTH)
        times, keys = samples[:, 0], samples[:, 1]
        begin = max(time.time() - SECONDS, loaded.since.timestamp())
        samples = samples[(times >= begin) & (keys == _key(loaded))]
        samples = samples[np.argsort(samples[:, 0])][-SAMPLES:]
        return samples[:, 0], samples[:, 2:]


def _key(loaded: LoadedModel) -> int:
    """Return a number that differs between versions, and is exact as a float64."""
    version = loaded.version
    return crc32(f"{version.id} {version.sha256}".encode())
