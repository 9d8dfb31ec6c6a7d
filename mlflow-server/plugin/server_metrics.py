"""The tracking server's metrics, at GET /metrics in Prometheus' format.

MLflow's own `--expose-prometheus` needs a further package, measures its Flask routes only, and does
not say whether the database responds. This middleware is in front of whatever MLflow serves.
"""

import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from database_probe import DatabaseProbe
from request_filter.open_paths import API, App, Receive, Scope, Send, is_open

METRICS_PATH = "/metrics"

REGISTRY = CollectorRegistry()  # not the default one, where MLflow registers its own
ProcessCollector(registry=REGISTRY)
REQUESTS = Histogram(
    "mlflow_request_seconds",
    "Time from a request's head to the end of its response",
    ["resource", "status"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
DATABASE = DatabaseProbe()  # for all connections, each of which has a middleware of its own
REGISTRY.register(DATABASE)


def name_resource(path: str) -> str:
    """Return what a path is about, such as "runs": one of a fixed number of names."""
    if not is_open(path):
        return "closed"
    root, _, rest = path.strip("/").partition("/")
    if root not in ("api", "ajax-api"):
        return "pages"
    return next(name.rpartition("/")[2] for name in API if f"{rest}/".startswith(f"{name}/"))


class ServerMetrics:
    """ASGI middleware that measures requests, and responds to GET /metrics itself."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure one request, or respond with the metrics."""
        if (scope["method"], scope["path"]) == ("GET", METRICS_PATH):
            await self._export(scope, send)
            return
        start, status = time.perf_counter(), "none"  # if the client does not wait for it

        async def send_and_note(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = str(message.get("status", status))
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            resource = name_resource(scope["path"])
            REQUESTS.labels(resource, status).observe(time.perf_counter() - start)

    async def _export(self, scope: Scope, send: Send) -> None:
        await DATABASE.update(self._app, scope)
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": generate_latest(REGISTRY)})
