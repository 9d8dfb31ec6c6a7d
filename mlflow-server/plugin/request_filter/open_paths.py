"""Responds 404 to every path but those of tracking, registry, artifacts, traces and their UI.

MLflow mounts more: an assistant that runs shell commands, a gateway to paid model servers, jobs,
webhooks, scorers, a registry of MCP servers. This is an allow list, so that routes which a later
MLflow adds stay closed until they are reviewed.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PAGES = ("/static-files", "/get-artifact", "/model-versions/get-artifact", "/graphql")
PROBES = ("/health", "/version")
OPEN_TELEMETRY = ("/v1/traces",)  # where MLflow's client sends spans
# Below /api/ for clients, and below /ajax-api/ for the UI.
API = (
    "2.0/mlflow/artifacts",
    "2.0/mlflow/experiments",
    "2.0/mlflow/gateway-proxy",  # the UI's page of runs calls it; start.py sets no target for it
    "2.0/mlflow/get-trace-artifact",
    "2.0/mlflow/logged-models",
    "2.0/mlflow/metrics",
    "2.0/mlflow/model-versions",
    "2.0/mlflow/registered-models",
    "2.0/mlflow/runs",
    "2.0/mlflow/traces",
    "2.0/mlflow/upload-artifact",
    "2.0/mlflow-artifacts",
    "3.0/mlflow/get-trace-artifact",
    "3.0/mlflow/server-info",
    "3.0/mlflow/traces",
    # accounts, with `--app-name basic-auth` only
    "2.0/mlflow/users",
    "3.0/mlflow/roles",
    "3.0/mlflow/users",
)
ACCOUNTS = ("/signup",)
OPEN = tuple(
    f"{path}/"
    for path in (
        *PAGES,
        *PROBES,
        *OPEN_TELEMETRY,
        *ACCOUNTS,
        *(f"{root}/{path}" for root in ("/api", "/ajax-api") for path in API),
    )
)
CLOSED = {
    "error_code": "ENDPOINT_NOT_FOUND",
    "message": "This server offers MLflow's tracking, model registry, artifacts and traces only.",
}


def is_open(path: str) -> bool:
    """Return whether ``path``, decoded as for MLflow's routers, is in the list."""
    return path == "/" or (f"{path}/".startswith(OPEN) and ".." not in path.split("/"))


class OpenPaths:
    """ASGI middleware that passes requests for open paths to the app."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request, or pass it to the app."""
        if is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(CLOSED).encode()})
