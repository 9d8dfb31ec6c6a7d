"""The fast path: answers small POSTs when their last byte has been parsed, without a task."""

from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import unquote

import httptools

from mnist_api.handlers.route import Route
from mnist_api.handlers.router import Match, check_headers, find_route, respond
from mnist_api.http import Request, max_fast_bytes
from mnist_api.server.connections import Stage
from mnist_api.server.protocol.bounded import BoundedProtocol
from mnist_api.server.protocol.request_head import Head
from mnist_api.server.protocol.response_writer import write_response

PIECE_OVERHEAD = 64  # bytes of an object in memory
END_OF_HEAD = b"\r\n\r\n"
MAX_KNOWN_HEADS = 256
MAX_KNOWN_BYTES = 1024  # of a head


class FastRequest(NamedTuple):
    """A request on the fast path, before its body."""

    route: Route
    path: str
    query: str
    head: Head
    headers: dict[bytes, bytes]
    variables: Any
    body_length: int


class FastPathProtocol(BoundedProtocol):
    """One connection; requests that are not small or not POST are uvicorn's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context = self.app.context
        self._request: FastRequest | None = None
        self._pieces: list[bytes] = []  # of its body
        self._answered: FastRequest | None = None  # the last one
        self._known_heads = self.worker_connections.known_heads

    def data_received(self, data: bytes) -> None:
        """Answer a request with the same head as an earlier one, or parse it and keep its head.

        Clients repeat their heads; parsing one takes longer than everything else but the model.
        """
        if not self._may_skip_parsing():
            super().data_received(data)
            return
        end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
        known = self._known_heads.get(data[:end])
        if known and len(data) == end + known.body_length and self._answer(known, data[end:]):
            return
        self._answered = None
        super().data_received(data)
        self._keep_head(data, end)

    def _may_skip_parsing(self) -> bool:
        is_stopping = self.worker_connections.is_stopping
        return not (self.flow.write_paused or self.is_from_proxy or is_stopping) and self.is_idle()

    def _keep_head(self, data: bytes, end: int) -> None:
        """Keep the head of ``data`` if that was one request, answered here."""
        request = self._answered
        if request is None or len(data) != end + request.body_length or self.is_last:
            return
        if len(self._known_heads) >= MAX_KNOWN_HEADS:
            self._known_heads.clear()
        if end <= MAX_KNOWN_BYTES:
            self._known_heads[data[:end]] = request

    def begin_request(self, head: Head, headers: dict[bytes, bytes]) -> None:
        """Take the request, or leave it to uvicorn."""
        self._request = self._find_request(head, headers)
        if self._request is None:
            super().begin_request(head, headers)
        else:
            self.stage = Stage.COLLECTED_BODY

    def _find_request(self, head: Head, headers: dict[bytes, bytes]) -> FastRequest | None:
        """Return the request if it is small, and no other has to be answered before it."""
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        most = min(max_fast_bytes(content_type), self._context.max_body_bytes)
        if (
            not 0 < self.body_length <= most
            or self.parser.get_method() != b"POST"
            or b"expect" in headers
            or not self.is_answered()
        ):
            return None
        path, query, (route, _, variables) = parse_target(self.url)
        if route is None or check_headers(route, headers, self._context) is not None:
            return None
        return FastRequest(route, path, query, head, headers, variables, self.body_length)

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body."""
        if self._request is None:
            super().on_body(body)
            return
        self.bytes_since_callback = 0
        self._pieces.append(body)
        self.body_received += len(body)
        self.collected_bytes += len(body) + PIECE_OVERHEAD

    def on_message_complete(self) -> None:
        """Answer the request; leave it to uvicorn if that would block the event loop."""
        if self._request is None:
            super().on_message_complete()
            return
        fast, self._request = self._request, None
        body, self._pieces, self.collected_bytes = b"".join(self._pieces), [], 0
        if not self._answer(fast, body):
            super().begin_request(fast.head, fast.headers)
            self.cycle.body += body
            super().on_message_complete()

    def _answer(self, fast: FastRequest, body: bytes) -> bool:
        """Answer a request; return False if that would block the event loop."""
        begin = perf_counter()
        route, path, query, _, headers, variables, _ = fast
        request = Request(path, query, headers, body, variables)
        if not route.is_fast(request):
            return False
        response = respond(route, request, self._context)
        self.origin = headers.get(b"origin", b"")
        given_id = headers.get(b"x-request-id")
        seconds = perf_counter() - begin
        write_response(self, response, "POST", path, route.template, given_id, seconds)
        self.bytes_since_callback, self.stage = 0, Stage.NOTHING
        self.timer_start = self.worker_connections.now
        self.server_state.total_requests += 1
        self._answered = fast
        if self.is_last:
            self.finish()
        return True


@lru_cache(1024)
def parse_target(target: bytes) -> tuple[str, str, Match]:
    """Return the path and the query of a POST request's target, and the route.

    Raises HttpParserInvalidURLError and UnicodeDecodeError.
    """
    url = httptools.parse_url(target)
    path = unquote((url.path or b"").decode("ascii"))
    return path, (url.query or b"").decode("latin-1"), find_route("POST", path)
