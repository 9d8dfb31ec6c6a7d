"""Tells MLflow of an origin only when it is another one than the server itself.

MLflow refuses a POST whose origin it does not know, its own UI's too when that was opened by a name
out of MLFLOW_ALLOWED_HOSTS. MLFLOW_SERVER_CORS_ALLOWED_ORIGINS is not the way: it is compared
with exact text in one place, shell patterns in another and regular expressions in the third, where
`http://mnist.lan:*` lets the pages of http://mnist.lan.evil.example read everything. The host has
been checked already when a request counts as the server's own.
"""

from request_filter.open_paths import App, Receive, Scope, Send


def is_same_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether the page that asks came from the host that is asked, by http or https."""
    hosts = [value for name, value in headers if name == b"host"]
    origins = [value.partition(b"://")[2] for name, value in headers if name == b"origin"]
    return len(hosts) == 1 and bool(origins) and set(origins) == set(hosts)


class SameOrigin:
    """An ASGI app that takes `Origin` off requests of the server's own pages."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        headers = scope["headers"]
        if is_same_origin(headers):
            others = [header for header in headers if header[0] != b"origin"]
            scope = {**scope, "headers": others}
        await self._app(scope, receive, send)
