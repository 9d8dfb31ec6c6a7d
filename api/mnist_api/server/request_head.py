"""Request heads that the fast path takes, parsed by gunicorn's own parser."""

from typing import Any, NamedTuple

from gunicorn.asgi.parser import (  # type: ignore[import-untyped] # it ships no types
    CallbackRequest,
    PythonProtocol,
)

from mnist_api.handlers.allowed_hosts import AllowedHosts
from mnist_api.handlers.router import Route, check_headers, find_route
from mnist_api.http import max_fast_bytes
from mnist_api.telemetry.recorder import REQUEST_ID, RequestRecorder

MAX_CACHED = 1024  # heads; those of one client differ in little but their Content-Length
MAX_CACHED_BYTES = 1024  # of a head
UNSUPPORTED = {b"expect", b"upgrade", b"transfer-encoding"}  # left to gunicorn


class RequestHead(NamedTuple):
    """What precedes the body of a POST request."""

    route: Route
    number: int  # of the route's template, for the metrics
    path: str
    query: str
    headers: dict[bytes, bytes]
    length: int  # of the body, in bytes
    request_id: str | None


class RequestHeadParser:
    """Parses heads, with a cache: the same bytes mean the same again."""

    def __init__(
        self, recorder: RequestRecorder, hosts: AllowedHosts, bound: int, limits: dict[str, Any]
    ) -> None:
        self._recorder = recorder
        self._hosts = hosts
        self._bound = bound  # of any body, in bytes
        self._limits = limits
        self._cache: dict[bytes, RequestHead] = {}

    def parse(self, content: bytes) -> RequestHead | None:
        """Return the head, which ends with an empty line; None if gunicorn has to serve it."""
        head = self._cache.get(content)
        if head is None:
            head = self._parse(content)
            if head and REQUEST_ID not in head.headers and len(content) <= MAX_CACHED_BYTES:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[content] = head
        return head

    def _parse(self, content: bytes) -> RequestHead | None:
        parser = PythonProtocol(**self._limits)
        try:
            parser.feed(content)
            request = CallbackRequest.from_parser(parser)
        except Exception:  # gunicorn finds the same fault again and responds to it
            return None
        headers = dict(request.headers_bytes)
        most = min(self._bound, max_fast_bytes(headers.get(b"content-type", b"").decode("latin-1")))
        route = find_route(request.path) if request.method == "POST" else None
        if (
            route is None
            or request.version != (1, 1)
            or request.should_close()
            or not 0 < request.content_length <= most
            or any(name in UNSUPPORTED or b"_" in name for name in headers)
            or check_headers(route, headers, self._hosts) is not None
        ):
            return None
        number = self._recorder.route_number("POST", request.path)
        given = self._recorder.read_id(headers)
        return RequestHead(
            route, number, request.path, request.query, headers, request.content_length, given
        )
