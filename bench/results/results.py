"""The results of a run, as they are written to results.json, and their medians."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.load.measurement import Measurement
from bench.servers.request_bodies import BATCH_SIZE


@dataclass
class Results:
    """One run: its date, machine and model, and lists with one entry per round.

    ``onnxruntime_alone`` holds images per second.
    """

    date: str
    machine: str
    model: str
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)
    onnxruntime_alone: list[float] = field(default_factory=list)

    def median(self, server: str, metric: Callable[[Measurement], float]) -> float | None:
        """Return the median over the rounds of one server, None if it was never measured."""
        measurements = self.measurements.get(server)
        return statistics.median(map(metric, measurements)) if measurements else None

    def median_batch_images(self, server: str) -> float | None:
        """Return the median of images per second in batches, None if none were measured."""
        rates = [m.batch.rate * BATCH_SIZE for m in self.measurements.get(server, []) if m.batch]
        return statistics.median(rates) if rates else None

    def count_errors(self, server: str) -> int:
        """Return how many requests failed, over all rounds and both loads."""
        measurements = self.measurements.get(server, [])
        return sum(m.single.errors + (m.batch.errors if m.batch else 0) for m in measurements)
