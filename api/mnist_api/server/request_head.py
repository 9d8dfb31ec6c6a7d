"""Heads of requests that can be answered at once, as gunicorn's own parser reads them."""

from typing import Any, NamedTuple

from gunicorn.asgi.parser import (  # type: ignore[import-untyped] # it ships no types
    CallbackRequest,
    PythonProtocol,
)

from mnist_api.handlers.allowed_hosts import AllowedHosts
from mnist_api.handlers.router import check_headers, find_route
from mnist_api.http import Route, most_at_once
from mnist_api.telemetry.recorder import ID, Watch

MOST_KNOWN = 1024  # heads; a client's differ by little but their Content-Length
LONGEST_KNOWN = 1024  # bytes
OTHERWISE = {b"expect", b"upgrade", b"transfer-encoding"}  # gunicorn knows what to do with them


class Head(NamedTuple):
    """All that stands before the body of a POST."""

    route: Route
    number: int  # of the route's template, as it is counted
    path: str
    query: str
    headers: dict[bytes, bytes]
    length: int  # of the body, in bytes
    request_id: str | None


class Heads:
    """Reads heads, and remembers what it read: the same bytes mean the same again."""

    def __init__(
        self, watch: Watch, hosts: AllowedHosts, bound: int, limits: dict[str, Any]
    ) -> None:
        self._watch = watch
        self._hosts = hosts
        self._bound = bound  # of any body, in bytes
        self._limits = limits
        self._known: dict[bytes, Head] = {}

    def read(self, content: bytes) -> Head | None:
        """Return the head, up to its empty line; None if it is for gunicorn to answer."""
        head = self._known.get(content)
        if head is None:
            head = self._parse(content)
            if head and ID not in head.headers and len(content) <= LONGEST_KNOWN:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[content] = head
        return head

    def _parse(self, content: bytes) -> Head | None:
        parser = PythonProtocol(**self._limits)
        try:
            parser.feed(content)
            request = CallbackRequest.from_parser(parser)
        except Exception:  # whatever is wrong with it, gunicorn finds it again and says so
            return None
        headers = dict(request.headers_bytes)
        most = min(self._bound, most_at_once(headers.get(b"content-type", b"").decode("latin-1")))
        route = find_route(request.path) if request.method == "POST" else None
        if (
            route is None
            or request.version != (1, 1)
            or request.should_close()
            or not 0 < request.content_length <= most
            or any(name in OTHERWISE or b"_" in name for name in headers)
            or check_headers(route, headers, self._hosts) is not None
        ):
            return None
        number = self._watch.number_of("POST", request.path)
        given = self._watch.id_of(headers)
        return Head(
            route, number, request.path, request.query, headers, request.content_length, given
        )
