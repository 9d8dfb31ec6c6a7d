"""The fast path: answers small POSTs when their last byte has been parsed, without a task."""

from time import perf_counter
from typing import Any, NamedTuple

import httptools

from mnist_api.handlers.route import Route
from mnist_api.handlers.router import check_headers, find_route, respond
from mnist_api.http import Request, max_fast_bytes
from mnist_api.server.bounded_protocol import BoundedProtocol


MAX_ANSWERS = 16  # before other connections are served


class FastRequest(NamedTuple):
    """A request on the fast path, before its body."""

    route: Route
    path: str
    query: str
    headers: dict[bytes, bytes]
    variables: Any


class FastPathProtocol(BoundedProtocol):
    """One connection; requests that are not small or not POST are uvicorn's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context = self.app.context  # type: ignore[attr-defined] # an AsgiApp
        self._request: FastRequest | None = None
        self._body = bytearray()
        self._answers = 0  # to requests in one piece

    def parse(self) -> None:
        """Parse a piece, and answer at most MAX_ANSWERS of its requests at once."""
        self._answers = 0
        super().parse()

    def begin_request(self, headers: dict[bytes, bytes]) -> None:
        """Take the request, or leave it to uvicorn."""
        self._request = self._find_request(headers)
        if self._request is None:
            super().begin_request(headers)

    def _find_request(self, headers: dict[bytes, bytes]) -> FastRequest | None:
        """Return the request if it is small, and no other has to be answered before it."""
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        most = min(max_fast_bytes(content_type), self._context.max_body_bytes)
        if (
            self.parser.get_method() != b"POST"
            or not 0 < int(headers.get(b"content-length", 0)) <= most
            or b"expect" in headers
            or b"%" in self.url
            or self._answers == MAX_ANSWERS
            or not (self.cycle is None or self.cycle.response_complete)
        ):
            return None
        url = httptools.parse_url(self.url)
        path = url.path.decode()
        route, _, variables = find_route("POST", path)
        if route is None or check_headers(route, headers, self._context) is not None:
            return None
        return FastRequest(route, path, (url.query or b"").decode(), headers, variables)

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body."""
        if self._request is None:
            super().on_body(body)
            return
        self._unreported = 0
        self._body += body
        self._held = self._received = len(self._body)

    def on_message_complete(self) -> None:
        """Answer the request; leave it to uvicorn if that would block the event loop."""
        if self._request is None or self._framing:
            super().on_message_complete()
            return
        begin = perf_counter()
        (route, path, query, headers, variables), self._request = self._request, None
        body, self._body, self._held = bytes(self._body), bytearray(), 0
        request = Request(path, query, headers, body, variables)
        if not route.is_fast(request):
            super().begin_request(headers)
            self.cycle.body += body
            super().on_message_complete()
            return
        response = respond(route, request, self._context)
        seconds = perf_counter() - begin
        self.write_response(response, "POST", path, route.template, headers, seconds)
        self._unreported, self._in_body, self._is_ours = 0, False, False
        self.since = self.all.now
        self.server_state.total_requests += 1
        self._answers += 1
        if self._is_last:
            self.finish()
