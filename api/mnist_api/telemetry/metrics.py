"""The metrics: requests, their duration, predictions, scores, swaps, failures, connections."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from mnist_api.telemetry.shared_counters import TEXT, Cells, SharedCounters

OTHER = "other"  # requests that match no route
STATUSES = [status.value for status in HTTPStatus if status >= 200]
SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
)  # fmt: skip
IMAGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
DIGITS = 10

_STATUS = {status: index for index, status in enumerate(STATUSES)}
_UNKNOWN = _STATUS[500]
_BOUNDS = np.array(CONFIDENCES)


class Metrics:
    """One worker's counts, and the index of each in the row that it shares with the others.

    A histogram has a cell for each bound, one for +Inf, and one for the sum.
    """

    def __init__(self, routes: Iterable[str]) -> None:
        self.routes = [*sorted(routes), OTHER]
        self._number = {route: index for index, route in enumerate(self.routes)}
        self.requests = 0
        self.seconds = self.requests + len(self.routes) * len(STATUSES)
        self.images = self.seconds + len(self.routes) * (len(SECONDS) + 2)
        self.confidences = self.images + len(IMAGES) + 2
        self.digits = self.confidences + len(CONFIDENCES) + 2
        self.scores = self.digits + DIGITS
        self.swaps = self.scores + len(SCORES) + 2
        self.failures = self.swaps + 1
        self.refusals = self.failures + 1
        self.dropped = self.refusals + 1
        self.starts = self.dropped + 1
        self.connections = self.starts + 1
        self.created = self.connections + 1
        self.counters = SharedCounters(self.created + 1)
        self.start_time = time.time()  # before the fork: that of the API, not of a worker
        self._cells: Cells = memoryview(bytearray(8 * self.counters.cells)).cast(
            "d"
        )  # until acquire()
        self._text = memoryview(bytearray(TEXT))
        self._versions = {"active": "", "desired": "", "state": ""}
        self._lock = threading.Lock()  # requests and predictions come from several threads

    def acquire(self) -> None:
        """Count in this process from now on; what was counted before is discarded."""
        self._cells, self._text = self.counters.acquire()
        self._cells[self.starts] += 1
        self._cells[self.connections] = self._cells[self.created] = 0
        self._publish()

    def count_request(self, template: str, status: int, seconds: float) -> None:
        """Count a request that has its response, by its route's template."""
        route = self._number.get(template, len(self.routes) - 1)
        cells = self._cells
        at = self.seconds + route * (len(SECONDS) + 2)
        with self._lock:
            cells[route * len(STATUSES) + _STATUS.get(status, _UNKNOWN)] += 1
            cells[at + bisect_left(SECONDS, seconds)] += 1
            cells[at + len(SECONDS) + 1] += seconds

    def count_predictions(self, probabilities: NDArray[np.float32]) -> None:
        """Count one call of the model, float32 [n, 10], n at least 1."""
        images = len(probabilities)
        cells = self._cells
        with self._lock:
            cells[self.images + bisect_left(IMAGES, images)] += 1
            cells[self.images + len(IMAGES) + 1] += images
            if images == 1:
                row: list[float] = probabilities[0].tolist()
                highest = max(row)
                cells[self.digits + row.index(highest)] += 1
                cells[self.confidences + bisect_left(CONFIDENCES, highest)] += 1
                cells[self.confidences + len(CONFIDENCES) + 1] += highest
            else:
                self._count_many(probabilities)

    def count_score(self, score: float) -> None:
        """Count the digit score of one image, 0 to 1."""
        cells = self._cells
        with self._lock:
            cells[self.scores + bisect_left(SCORES, score)] += 1
            cells[self.scores + len(SCORES) + 1] += score

    def count_swap(self, version_id: str) -> None:
        """Count that another version is active, and publish its id."""
        self._cells[self.swaps] += 1
        self._publish(active=version_id)

    def set_created(self, timestamp: float | None) -> None:
        """Publish when the active version was registered, in seconds since 1970."""
        self._cells[self.created] = timestamp or 0

    def count_failure(self) -> None:
        """Count a poll of the registry that failed."""
        self._cells[self.failures] += 1

    def count_refusal(self) -> None:
        """Count a desired version that was refused."""
        self._cells[self.refusals] += 1

    def count_dropped(self, lines: int) -> None:
        """Count lines of the access log that were dropped."""
        self._cells[self.dropped] += lines

    def set_connections(self, number: int) -> None:
        """Publish the number of open connections."""
        self._cells[self.connections] = number

    def set_desired(self, version_id: str, state: str) -> None:
        """Publish the id of the desired version and whether it is active; "" for none."""
        self._publish(desired=version_id, state=state)

    def _publish(self, **versions: str) -> None:
        self._versions |= versions
        self._text[:] = "\n".join(self._versions.values()).encode()[:TEXT].ljust(TEXT, b"\0")

    def _count_many(self, probabilities: NDArray[np.float32]) -> None:
        highest = probabilities.max(axis=1)
        self._add(self.digits, probabilities.argmax(axis=1))
        self._add(self.confidences, np.searchsorted(_BOUNDS, highest))
        self._cells[self.confidences + len(CONFIDENCES) + 1] += float(highest.sum(dtype=np.float64))

    def _add(self, first: int, indices: NDArray[np.int64]) -> None:
        """Add the number of occurrences of each index to the cells from ``first`` on."""
        cells = self._cells
        for cell, count in enumerate(np.bincount(indices).tolist(), first):
            if count:
                cells[cell] += count
