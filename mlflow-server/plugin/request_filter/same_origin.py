"""Removes the header `Origin` from requests of the server's own pages.

MLflow refuses a POST whose origin is not in its list, even from its own UI if that was opened by a
name in MLFLOW_ALLOWED_HOSTS. MLFLOW_SERVER_CORS_ALLOWED_ORIGINS is no solution: MLflow compares it
as exact text in one place, as shell patterns in another and as regular expressions in a third,
where `http://mnist.lan:*` allows pages of http://mnist.lan.evil.example to read all responses.
MLflow still checks the host of a request whose origin has been removed.
"""

from request_filter.open_paths import App, Receive, Scope, Send


def is_same_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether `Origin` is the host in `Host`, with http or https."""
    hosts = [value for name, value in headers if name == b"host"]
    origins = [value.partition(b"://")[2] for name, value in headers if name == b"origin"]
    return len(hosts) == 1 and bool(origins) and set(origins) == set(hosts)


class SameOrigin:
    """ASGI middleware that removes `Origin` from requests of the server's own pages."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request to the app."""
        headers = scope["headers"]
        if is_same_origin(headers):
            others = [header for header in headers if header[0] != b"origin"]
            scope = {**scope, "headers": others}
        await self._app(scope, receive, send)
