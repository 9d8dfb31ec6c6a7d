"""The results of bench.scaling, and their tables: medians over the rounds."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.load.oha import OpenLoopResult
from bench.load.wrk import LoadResult
from bench.results.targets import at_least, at_most
from bench.servers.bare_servers import AXUM, GRANIAN
from bench.servers.catalog import API

CLOSED_HEAD = """\
| server, 2 workers | single JSON /s | API's rate, median (range) | CPU µs a request | p50 ms \
| p99 ms |
|---|--:|--:|--:|--:|--:|"""
OPEN_HEAD = """\
| server | share of its highest rate | requests/s | p50 ms | p90 ms | p99 ms | p99.9 ms (range) |
|---|--:|--:|--:|--:|--:|--:|"""
HALF = "0.5"


@dataclass(frozen=True)
class ScalingMeasurement:
    """One measurement of one server: ``cpu`` in µs a request, ``fixed`` by share of the rate."""

    closed: LoadResult
    cpu: float
    fixed: dict[str, OpenLoopResult]


@dataclass
class ScalingResults:
    """One run: its date, machine and model, and a list with one entry per round."""

    date: str
    machine: str
    model: str
    measurements: dict[str, list[ScalingMeasurement]] = field(default_factory=dict)

    def ratios(self, server: str) -> list[float]:
        """Return the API's rate over that of ``server``, round by round."""
        pairs = zip(self.measurements[API], self.measurements[server], strict=True)
        return [api.closed.rate / peer.closed.rate for api, peer in pairs]

    def count_errors(self) -> int:
        """Return how many requests failed, over all loads."""
        every = [each for rounds in self.measurements.values() for each in rounds]
        return sum(m.closed.errors + sum(one.errors for one in m.fixed.values()) for m in every)


def write_scaling(results: ScalingResults) -> str:
    """Return the whole Markdown text."""
    names = list(results.measurements)
    shares = list(results.measurements[API][0].fixed)
    return "\n".join(
        [
            f"Measured on {results.date}: {results.machine}; rounds: "
            f"{len(results.measurements[API])}, medians shown; model: {results.model}.",
            f"\n{CLOSED_HEAD}",
            *(_closed_row(results, name) for name in names),
            f"\n{OPEN_HEAD}",
            *(_open_row(results, name, share) for name in names for share in shares),
            "\n| target | measured | |\n|---|--:|---|",
            *_targets(results),
            at_most("requests that failed", results.count_errors(), 0),
            "",
        ]
    )


def _targets(results: ScalingResults) -> list[str]:
    def share(name: str) -> float | None:
        return statistics.median(results.ratios(name)) if name in results.measurements else None

    halves = [each.fixed[HALF].p999 for each in results.measurements[API] if HALF in each.fixed]
    return [
        at_least("single JSON, times Granian", share(GRANIAN), 1.1),
        at_least("single JSON, share of the ceiling in Rust", share(AXUM), 0.6),
        at_most(
            "p99.9 at half of the highest rate, ms",
            statistics.median(halves) if halves else None,
            10,
        ),
    ]


def _closed_row(results: ScalingResults, name: str) -> str:
    def median(metric: Callable[[ScalingMeasurement], float]) -> float:
        return statistics.median(map(metric, results.measurements[name]))

    ratios = results.ratios(name)
    spread = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
    cells = [
        name,
        f"{median(lambda m: m.closed.rate):,.0f}",
        "" if name == API else spread,
        f"{median(lambda m: m.cpu):.0f}",
        f"{median(lambda m: m.closed.p50):.1f}",
        f"{median(lambda m: m.closed.p99):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _open_row(results: ScalingResults, name: str, share: str) -> str:
    loads = [each.fixed[share] for each in results.measurements[name]]
    p50, p90, p99, p999 = (
        statistics.median(getattr(load, which) for load in loads)
        for which in ("p50", "p90", "p99", "p999")
    )
    tails = [load.p999 for load in loads]
    rate = statistics.median(load.rate for load in loads)
    return (
        f"| {name} | {float(share):.0%} | {rate:,.0f} | {p50:.1f} | {p90:.1f} | {p99:.1f} | "
        f"{p999:.1f} ({min(tails):.1f} to {max(tails):.1f}) |"
    )
