"""All figures of a run, as they are kept, and the medians that are compared."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.load.measurement import Visit
from bench.servers.request_bodies import COUNT


@dataclass
class Results:
    """One run: when, on what, with which network, and what each round found.

    ``engine`` is images a second of the bare engine, ``cached_starts`` seconds to ready.
    """

    date: str
    machine: str
    network: str
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)
    engine: list[float] = field(default_factory=list)
    cached_starts: list[float] = field(default_factory=list)

    def median(self, name: str, figure: Callable[[Visit], float]) -> float | None:
        """Return the median over the rounds of one server, None if it was never measured."""
        visits = self.visits.get(name)
        return statistics.median(map(figure, visits)) if visits else None

    def images(self, name: str) -> float | None:
        """Return the median of images a second, sent 256 at once."""
        rates = [v.batch.rate * COUNT for v in self.visits.get(name, []) if v.batch]
        return statistics.median(rates) if rates else None

    def errors(self, name: str) -> int:
        """Return how many requests failed, over all rounds and both loads."""
        visits = self.visits.get(name, [])
        return sum(v.single.errors + (v.batch.errors if v.batch else 0) for v in visits)
