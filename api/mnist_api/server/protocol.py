"""One connection: uvicorn's protocol with a fast path, with bounds, and with errors of our form.

A POST whose head says that it is small is answered when its last byte has been parsed, without a
task. All other requests are uvicorn's.
"""

from time import perf_counter
from typing import Any, NamedTuple, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mnist_api.handlers.router import Match, check_headers, find_error_writer, find_route, respond
from mnist_api.http import Request, Response, max_fast_bytes
from mnist_api.problems import PROBLEM, ProblemError, head_too_large, malformed, too_slow
from mnist_api.server.body_budget import Reservation
from mnist_api.server.connections import Connections
from mnist_api.server.request_head import MAX_HEAD, MAX_HEADERS, MAX_TARGET, check_head

PIECE = 16384  # bytes that are parsed before other connections are served
DISCARDED_SECONDS = 2.0  # of a body after its response: a TCP reset would hide the response
DISCARDED_BYTES = 16 * 1024**2
MIN_RATE = 16384  # bytes a second; slower bodies and responses are ended after request_seconds


class FastRequest(NamedTuple):
    """A request on the fast path, before its body."""

    match: Match
    path: str
    query: str
    headers: dict[bytes, bytes]
    keep_alive: bool


class Flow(FlowControl):
    """Lets uvicorn resume reading only when more may be parsed."""

    def __init__(self, protocol: "Protocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Resume unless something that was received waits."""
        self._protocol.update_reading()


class Protocol(HttpToolsProtocol):
    """The requests of one connection, answered in their order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.all: Connections = self.app.connections  # type: ignore[attr-defined] # an AsgiApp
        self.since = self.all.now  # when the request began, or the last response was complete
        self._unparsed = b""  # what was received while parsing was blocked
        self._is_scheduled = False
        self._unreported = 0  # bytes since the parser last called us: a head, or trailers
        self._in_message = self._in_head = self._is_last = False
        self._fast: FastRequest | None = None
        self._body = bytearray()  # of a fast request
        self._received = 0  # bytes of any body
        self._hidden_framing = b""  # of a body that the parser does not parse
        self._reservation: Reservation | None = None  # of incomplete heads and small bodies
        self._refusal: ProblemError | None = None
        self._unsent = (0.0, 0)  # since when the client has not read everything, and how much
        self.url = b""

    def connection_made(self, transport: Any) -> None:
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        self.flow = Flow(self)
        self.all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection held."""
        self._reserve(0)
        self.all.remove(self)
        super().connection_lost(exc)

    # Receiving

    def data_received(self, data: bytes) -> None:
        """Parse a piece; the rest follows when other connections have been served."""
        self._unparsed = self._unparsed + data if self._unparsed else data
        if not self._is_scheduled:
            self._parse()

    def _parse(self) -> None:
        self._is_scheduled = False
        if self._is_blocked() or self.transport.is_closing():
            return
        piece, self._unparsed = self._unparsed[:PIECE], self._unparsed[PIECE:]
        self._unreported += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:  # HTTP/1.1 goes on: nothing else is offered
            self._unparsed = piece[upgrade.args[0] :] + self._unparsed
            self._reveal_body()
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, ProblemError) else malformed("It can't be parsed"))
        if self._unreported > MAX_HEAD:
            self.refuse(head_too_large())
        if self._in_head or self._fast is not None or self._reservation is not None:
            self._reserve(self._unreported + len(self._body) if self._in_message else 0)
        self.update_reading()

    def _is_blocked(self) -> bool:
        """Return whether what comes next has to wait for responses."""
        cycle = self.cycle
        return (
            self.flow.write_paused
            or bool(self.pipeline)
            or self._refusal is not None
            or (cycle is not None and len(cycle.body) > HIGH_WATER_LIMIT)
        )

    def update_reading(self) -> None:
        """Read and parse on, or pause, as the state allows."""
        if self._is_blocked():
            self.flow.pause_reading()
        elif self._unparsed:
            self.flow.pause_reading()
            if not self._is_scheduled:
                self._is_scheduled = True
                self.loop.call_soon(self._parse)
        elif self.flow.read_paused:
            FlowControl.resume_reading(self.flow)

    def pause_writing(self) -> None:
        """Parse nothing more for a client that does not read its responses."""
        super().pause_writing()
        self.update_reading()

    def resume_writing(self) -> None:
        """Parse on."""
        super().resume_writing()
        self.update_reading()

    def _reserve(self, size: int) -> None:
        if size == 0:
            if self._reservation is not None:
                self._reservation.release()
                self._reservation = None
            return
        if self._reservation is None:
            self._reservation = self.all.budget.open()
            self._reservation.on_evict = self.refuse
        try:
            self._reservation.resize(size)
        except ProblemError as problem:
            self.refuse(problem)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """Begin a request, unless the one before was the last."""
        if self._is_last:
            raise malformed("The connection is closed after the request before")
        super().on_message_begin()
        self._in_message = self._in_head = True
        self._received = 0
        self.since = self.all.now

    def on_url(self, url: bytes) -> None:
        """Collect the request's target."""
        if len(self.url) + len(url) > MAX_TARGET:
            raise ProblemError(414, f"The URL is longer than {MAX_TARGET} bytes.")
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers are ignored, and names that WSGI can't tell apart."""
        if self._in_head and b"_" not in name:
            if len(self.headers) == MAX_HEADERS:
                raise head_too_large()
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the request on the fast path, or leave it to uvicorn."""
        if self._hidden_framing:  # the head is the same one again
            return
        self._in_head, self._unreported = False, 0
        version = self.parser.get_http_version()
        headers = check_head(version, self.headers)
        keep_alive = version != "1.0" and self.parser.should_keep_alive() and not self.all.stopping
        self._is_last = not keep_alive
        if self.parser.should_upgrade():
            self._hide_body(headers)
        self._fast = self._find_fast(headers, keep_alive)
        if self._fast is None:
            super().on_headers_complete()
            self.cycle.keep_alive = keep_alive

    def _find_fast(self, headers: dict[bytes, bytes], keep_alive: bool) -> FastRequest | None:
        """Return the request if it is small and may be answered at once."""
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        length = int(headers.get(b"content-length", 0))
        if (
            self.parser.get_method() != b"POST"
            or not 0 < length <= min(max_fast_bytes(content_type), self.context.max_body_bytes)
            or b"expect" in headers
            or b"%" in self.url
            or (self.cycle is not None and not self.cycle.response_complete)
        ):
            return None
        url = httptools.parse_url(self.url)
        path = url.path.decode()
        match = find_route("POST", path)
        if match.route is None or check_headers(match.route, headers, self.context) is not None:
            return None
        return FastRequest(match, path, (url.query or b"").decode(), headers, keep_alive)
