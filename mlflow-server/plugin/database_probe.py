"""Whether the tracking server's database responds, which each scrape of the metrics asks."""

import asyncio
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from request_filter.open_paths import App, Scope

# A search: whatever its users delete, the default experiment included, it finds the database.
PATH, QUERY = "/api/2.0/mlflow/experiments/search", b"max_results=1"
TIME_LIMIT = 5.0  # seconds, of the ten that Prometheus waits for a scrape
KEPT_SECONDS = 5.0  # for which scrapes have the same result; Prometheus' come each 30 seconds
UNAUTHENTICATED = (401, 403)  # the scrape has no account that may search


class DatabaseProbe:
    """A collector of the latest search. Scrapes share it: there is one search at a time.

    A search cannot be cancelled: MLflow runs it in a thread, which waits for the database.
    """

    def __init__(self) -> None:
        self._search: asyncio.Task[None] | None = None
        self._is_up: bool | None = None  # None: not known
        self._seconds = 0.0
        self._kept_until = 0.0

    async def update(self, app: App, scope: Scope) -> None:
        """Search, with the account of the request ``scope``, unless the result is new enough."""
        if time.monotonic() < self._kept_until:
            return
        if self._search is None or self._search.done():
            self._search = asyncio.create_task(self._measure(app, scope))
        await asyncio.wait({self._search}, timeout=TIME_LIMIT)
        if not self._search.done():
            self._keep(False, TIME_LIMIT)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges, or nothing if it is not known whether the database responds."""
        if self._is_up is not None:
            yield GaugeMetricFamily(
                "mlflow_database_up",
                f"1 if a search of experiments succeeds within {TIME_LIMIT:g} s, else 0",
                self._is_up,
            )
            yield GaugeMetricFamily(
                "mlflow_database_seconds", "Time that this search took", self._seconds
            )

    async def _measure(self, app: App, scope: Scope) -> None:
        begin = time.perf_counter()
        status = await _search(app, scope)
        if status in UNAUTHENTICATED:
            self._is_up = None
        else:
            self._keep(status == 200, time.perf_counter() - begin)

    def _keep(self, is_up: bool, seconds: float) -> None:
        self._is_up, self._seconds = is_up, seconds
        self._kept_until = time.monotonic() + KEPT_SECONDS


async def _search(app: App, scope: Scope) -> int | None:
    """Return the status of the app's response to a search, None if it raises."""
    statuses = []

    async def note(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status"))

    accounts = [pair for pair in scope["headers"] if pair[0] == b"authorization"]
    search = {
        **scope,
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": QUERY,
        "headers": [(b"host", b"localhost"), *accounts],  # whatever name this server is called
    }
    try:
        await app(search, _receive_nothing, note)
    except Exception:  # what MLflow raises is for its own log
        return None
    return statuses[0] if statuses else None


async def _receive_nothing() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
