"""Whether the tracking server's database responds, which each scrape of the metrics asks."""

import asyncio
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from healthcheck import DATABASE_ROUTE, find_account
from request_filter.open_paths import App, Scope

TIME_LIMIT = 5.0  # seconds, of the ten that Prometheus waits for a scrape
KEPT_SECONDS = 5.0  # for which scrapes have the same result; Prometheus' come each 30 seconds


class DatabaseProbe:
    """A collector of the latest search. Scrapes share it: there is one search at a time.

    A search cannot be cancelled: MLflow runs it in a thread, which waits for the database.
    """

    def __init__(self) -> None:
        self._search: asyncio.Task[None] | None = None
        self._is_up = False
        self._seconds = 0.0
        self._kept_until = 0.0

    async def update(self, app: App, scope: Scope) -> None:
        """Search, by a request like that of ``scope``, unless the result is new enough."""
        if time.monotonic() < self._kept_until:
            return
        if self._search is None or self._search.done():
            self._search = asyncio.create_task(self._measure(app, scope))
        await asyncio.wait({self._search}, timeout=TIME_LIMIT)
        if not self._search.done():
            self._keep(False, TIME_LIMIT)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges of the latest search."""
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
        self._keep(status == 200, time.perf_counter() - begin)

    def _keep(self, is_up: bool, seconds: float) -> None:
        self._is_up, self._seconds = is_up, seconds
        self._kept_until = time.monotonic() + KEPT_SECONDS


async def _search(app: App, scope: Scope) -> int | None:
    """Return the status of the app's response to a search, None if it raises."""
    statuses = []

    async def note(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status"))

    path, _, query = DATABASE_ROUTE.partition("?")
    headers = {"host": "localhost"} | find_account()  # whatever name this server is called
    search = {
        **scope,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    try:
        await app(search, _receive_nothing, note)
    except Exception:  # what MLflow raises is for its own log
        return None
    return statuses[0] if statuses else None


async def _receive_nothing() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
